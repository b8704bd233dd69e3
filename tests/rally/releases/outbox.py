"""A platform with a result, and a place where results leave."""

from rally.decisions.contents import ReviewResult
from rally.keys.names import Job
from rally.releases.placing import folder_of, place, result_of_draft
from rally.releases.seen_ledger import stores_with_views
from rally.releases.verifying import verify_releases
from tests.fakes.memory_store import MemoryStore
from tests.rally.releases.drafts import RELEASE, STUDY
from tests.rally.releases.release_desk import NOW, Desk
from tests.support.ledger_lines import publish_view
from tests.support.memory_deployment import MemoryStores
from tests.support.people import job_key

KEY, DELETE = job_key(Job.RELEASE), job_key(Job.DELETE)
FOLDER = folder_of(STUDY, RELEASE)


class Outbox(Desk):
    """A platform with a result, and a place where results leave."""

    def __init__(self, registry, platform=None):
        super().__init__(registry, platform=platform)
        self.draft = self.run()
        self.releases = MemoryStore()
        self.stores = MemoryStores(MemoryStore(), self.platform)

    def sign(self, by="steward", result=ReviewResult.APPROVE):
        self.signed.sign_result(by, RELEASE, self.draft.sha256, result)

    def place(self, releases=None):
        chain = self.signed.chain
        result = result_of_draft(self.platform, chain, STUDY, RELEASE)
        place = releases or self.releases
        return self.put(result, place)

    def put(self, result, releases=None):
        chain, releases = self.signed.chain, releases or self.releases
        return place(self.platform, chain, releases, result, KEY, NOW)

    def verify(self):
        chain = self.signed.chain
        views = stores_with_views(self.stores, chain, NOW)
        return verify_releases(self.platform, chain, self.releases, views)

    def publish_view(self, end, key=DELETE):
        """Publishes a view that names an end of the ledger."""
        publish_view(self.stores, STUDY, end, key)

    @property
    def placed(self):
        return {
            each.name: self.releases.read(each.name) for each in self.releases.list()
        }


def overwrite(store, name, data):
    store.replace(name, data, store.stat(name).generation)


def remove(store, name):
    store.delete(name, store.stat(name).generation)
