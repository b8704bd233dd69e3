"""A job that ingests pings and replays dead letters, with one store."""

from dataclasses import replace
from datetime import date

from rally.dead_letters import list_dead_letters, read_sealed, unseal
from rally.ingestion.replay import Replay
from rally.ingestion.setup import make_intake, make_unsealer, make_writer
from rally.initialisation.development_reviews import REGISTRAR, import_reviews
from rally.keys import names
from rally.registry.registry import Registry
from rally.registry.review_files import cover, dump_review, placeholder_review
from rally.storage.container import read_rows
from rally.storage.objectstore.open_store import open_store
from rally.times import midnight
from tests.rally.withdrawal.lists import publish
from tests.support.people import signer

ID = "65f58083-cefe-4201-832f-0505c3b73d76"


class Job:
    """Ingests and replays with one store; keys and registry may change between."""

    def __init__(self, small_rally, root):
        self.small_rally = small_rally
        self.settings = small_rally.start_job(
            root, platform_keys=small_rally.platform_keys_uri
        )
        self.platform = open_store(f"{root}/platform")
        self.root = root

    def change(self, **settings):
        self.settings = replace(self.settings, **settings)

    def ingest(self, *envelopes, malformed=()):
        intake = make_intake(self.settings)
        writer = make_writer(self.settings, lambda: intake.counter)
        for envelope in envelopes:
            if row := intake.take(envelope):
                writer.add(*row)
        for origin in malformed:
            intake.take_malformed(origin)
        writer.flush()
        intake.flush()

    def sign_reviews(self, day):
        """The registrar attests on this day what nobody has attested yet."""
        registry, at = (
            Registry.load(self.settings.studies),
            midnight(date.fromisoformat(day)),
        )
        list(import_reviews(self.platform, registry, signer(REGISTRAR), lambda _: at))

    def publish(self, counter, *records):
        key = self.small_rally.platform_keys.signer(names.Job.DELETE)
        publish(self.platform, counter, *records, key=key)

    def objects(self):
        return list(list_dead_letters(self.platform))

    def replay(self, reason=None, objects=None):
        """What became of each object, and the counts."""
        intake = make_intake(self.settings)
        job = Replay(
            intake,
            make_writer(self.settings, lambda: intake.counter),
            self.platform,
            make_unsealer(self.settings),
            reason,
        )
        work = self.objects() if objects is None else objects
        done = [job.replay(*each) for each in work]
        return done, {count.name: number for count, number in intake.counts.items()}

    def sealed(self):
        return [
            sealed
            for _, info in self.objects()
            for sealed in read_sealed(self.platform.read(info.name))
        ]

    def letters(self):
        unsealer = make_unsealer(self.settings)
        return [
            unseal(sealed, place, unsealer)
            for place, info in self.objects()
            for sealed in read_sealed(self.platform.read(info.name))
        ]

    def rows(self):
        return [
            row
            for path in sorted(self.root.glob("data/**/*.avro"))
            for row in read_rows(path.read_bytes())
        ]


def write_review(root, name, first):
    """Adds a review of a document's newest schema from a day on."""
    study = Registry.load(str(root)).studies["rally-x"]
    first = date.fromisoformat(first)
    covered = cover(study.documents[name], first, study.collect_through)
    review = placeholder_review("new", study, [covered], first)
    (root / "rally-x/reviews/new.yaml").write_text(dump_review(review))


def ids(number):
    return f"{ID[:-1]}{number:x}"
