"""People's decisions on recipes and results, on a platform of their own."""

from datetime import UTC, datetime

from rally.decisions.contents import DecisionKind, Person, ReviewResult, Role
from rally.decisions.entry import Entry
from rally.decisions.release_contents import (
    Allotment,
    RecipeSignature,
    ResultSignature,
    Submission,
)
from rally.decisions.verifying import read_chain
from rally.decisions.writing import approve, decide
from rally.releases.recipe import Recipe
from rally.storage.objectstore.interface import ObjectStore
from tests.fakes.memory_store import MemoryStore
from tests.rally.releases.birds import BIRDS
from tests.support.people import signer
from tests.support.stores import found_platform

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
APPROVE, REFUSE = ReviewResult.APPROVE, ReviewResult.REFUSE


class SignedReleases:
    """A platform on which people sign for rally-birds."""

    def __init__(self, platform: ObjectStore | None = None) -> None:
        self.platform = platform or MemoryStore()
        found_platform(self.platform)

    @property
    def chain(self):
        return read_chain(self.platform)

    def decide(self, by, kind, content) -> Entry:
        return decide(self.platform, signer(by), kind, content, NOW)

    def approve(self, by: str, number: int) -> Entry:
        return approve(self.platform, signer(by), number, NOW)

    def admit(self, name: str, *roles: Role) -> None:
        """Two owners admit somebody, or give them other roles."""
        person = Person(name, tuple(sorted(roles)), signer(name).key.public)
        entry = self.decide("owner-1", DecisionKind.ADD_PERSON, person)
        self.approve("owner-2", entry.number)

    def sign_recipe(
        self, signed: Recipe, area=Role.STEWARD, by="", result=APPROVE, **changes
    ) -> Entry:
        content = RecipeSignature(
            signed.namespace, signed.id, signed.fingerprint, area, result, ""
        )._replace(**changes)
        return self.decide(by or area.value, DecisionKind.SIGN_RECIPE, content)

    def submit(
        self,
        by="author",
        sha256="1" * 64,
        name="table.csv",
        reason="a regression's table",
    ) -> Entry:
        content = Submission(BIRDS, name, sha256, 2048, reason)
        return self.decide(by, DecisionKind.SUBMIT_RESULT, content)

    def sign_result(
        self, by, release="table.csv", sha256="1" * 64, result=APPROVE, study=BIRDS
    ) -> Entry:
        content = ResultSignature(study, release, sha256, result, "")
        return self.decide(by, DecisionKind.SIGN_RESULT, content)

    def allot(self, rho: str, study=BIRDS) -> Entry:
        content = Allotment(study, rho, "")
        return self.decide("decide", DecisionKind.ALLOT_BUDGET, content)
