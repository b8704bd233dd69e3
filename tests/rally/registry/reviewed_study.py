"""A study with a review, and the chain in which people sign it."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from rally.decisions.content_parsing import Content
from rally.decisions.contents import (
    REVIEW_AREAS,
    DecisionKind,
    Person,
    ReviewDecision,
    ReviewImport,
    ReviewResult,
    ReviewSignature,
    Revocation,
    Risk,
    Role,
    Suspension,
)
from rally.decisions.entry import Entry
from rally.decisions.signers import Signer
from rally.decisions.verifying import read_chain
from rally.decisions.writing import approve, decide
from rally.registry.approvals import Approvals, SchemaApproval
from rally.registry.intervals import Interval
from rally.registry.registry import Registry
from rally.registry.review_files import cover, dump_review, placeholder_review
from rally.registry.reviews import Review
from rally.registry.study import Document
from rally.times import midnight
from tests.fakes.memory_store import MemoryStore
from tests.support.people import signer
from tests.support.stores import FOUNDED, found_platform

if TYPE_CHECKING:  # its fixture makes one of a folder
    from tests.rally.registry.conftest import Folder

STEWARD, PRIVACY, DATA, LEGAL, SECURITY = REVIEW_AREAS

STUDY = "rally-x"
LOW, HIGH = "joined.1", "visit.1"
"""A document of category 1, and one of category 3 beside an id, which makes it 4."""

RAISED = "category 3 -> 4 (web addresses or stored content beside a persistent id)"
"""What faults say of the second."""

INSTANT = timedelta(microseconds=1)
FIRST, LAST = date(2022, 3, 10), date(2022, 12, 31)
SIGNED = datetime(2022, 3, 1, 12, tzinfo=UTC)
"""When people sign, where a test does not care."""

START, END = midnight(FIRST), midnight(date(2023, 1, 1))
WHOLE = (Interval(START, END),)


def at(text: str) -> datetime:
    """The beginning of a day."""
    return midnight(date.fromisoformat(text))


class ReviewedStudy:
    """The study of the tests with a review r1, which nobody has signed yet.

    Attributes:
        records: Reviews by id, as they stand in the registry. They are requests: what
            reviewers answered stands in the chain alone.
    """

    def __init__(self, folder: "Folder") -> None:
        self.folder = folder
        for name in ("ending_announced", "collect_through", "analysis_until"):
            folder.drop(name)
        folder.says[HIGH] = {"category": 3}
        self.platform = MemoryStore()
        found_platform(self.platform)
        self.records: dict[str, Review] = {}
        self.request("r1")

    def request(
        self,
        id: str,
        first: date = FIRST,
        last: date | None = LAST,
        names: Iterable[str] = (LOW, HIGH),
    ) -> Review:
        """Adds a record that covers these documents on these days."""
        study = self.registry().studies[STUDY]
        covers = [cover(study.documents[name], first, last) for name in names]
        review = placeholder_review(id, study, covers, first)
        permanent = review.permanent if last is None else None
        made = replace(review, steward=None, sign_offs=None, permanent=permanent)
        self.records[id] = made
        return made

    def change(self, id: str = "r1", **changes: object) -> None:
        """Changes a record."""
        self.records[id] = replace(self.records[id], **changes)  # type: ignore[arg-type]

    def complete(self, id: str = "r1") -> None:
        """Adds the answers of everybody to a record that has none."""
        review = self.records[id]
        if review.steward is None:
            study = self.registry().studies[STUDY]
            on = min(each.first for each in review.covers)
            made = placeholder_review(id, study, review.covers, on)
            self.change(id, steward=made.steward, sign_offs=made.sign_offs)

    def decide(
        self, by: str | Signer, kind: DecisionKind, content: Content, when: datetime
    ) -> Entry:
        who = signer(by) if isinstance(by, str) else by
        return decide(self.platform, who, kind, content, when)

    def sign(
        self,
        area: Role,
        when: datetime = SIGNED,
        id: str = "r1",
        by: str | Signer | None = None,
        result: ReviewResult = ReviewResult.APPROVE,
        **changes: object,
    ) -> Entry:
        """Signs for an area what the record says, but for these changes of it."""
        review = self.records[id]
        content = ReviewSignature(
            STUDY, id, review.digest, area, result, review.covers, Risk.LOW, ""
        )._replace(**changes)
        return self.decide(by or area.value, DecisionKind.SIGN_REVIEW, content, when)

    def sign_all(
        self,
        when: datetime = SIGNED,
        id: str = "r1",
        areas: Iterable[Role] = REVIEW_AREAS,
    ) -> None:
        """Signs for several areas, at one time."""
        for area in areas:
            self.sign(area, when, id)

    def attest(
        self, when: datetime = SIGNED, id: str = "r1", **changes: object
    ) -> Entry:
        """The registrar attests that a review was completed elsewhere."""
        self.complete(id)
        review = self.records[id]
        content = ReviewImport(
            STUDY, id, review.attested, review.covers, "https://example.org/", ""
        )._replace(**changes)
        return self.decide("registrar", DecisionKind.IMPORT_REVIEW, content, when)

    def confirm(
        self, when: datetime, id: str = "r1", by: str | Signer = "author"
    ) -> Entry:
        content = ReviewDecision(STUDY, id, "still needed")
        return self.decide(by, DecisionKind.CONFIRM_REVIEW, content, when)

    def withdraw(self, when: datetime, id: str = "r1", by: str = "privacy") -> Entry:
        content = ReviewDecision(STUDY, id, "it was wrong")
        return self.decide(by, DecisionKind.WITHDRAW_REVIEW, content, when)

    def suspend(self, when: datetime, document: str = LOW) -> Entry:
        content = Suspension(STUDY, document, "a leak")
        return self.decide("stop", DecisionKind.SUSPEND, content, when)

    def release(self, when: datetime, document: str = LOW) -> Entry:
        content = Suspension(STUDY, document, "mended")
        return self.decide("decide", DecisionKind.RELEASE, content, when)

    def admit(self, name: str, *roles: Role) -> Signer:
        """Two owners admit somebody with several roles."""
        who = signer(name)
        person = Person(name, tuple(sorted(roles)), who.key.public)
        entry = self.decide("owner-1", DecisionKind.ADD_PERSON, person, FOUNDED)
        approve(self.platform, signer("owner-2"), entry.number, FOUNDED)
        return who

    def revoke(self, name: str) -> None:
        """Two owners let somebody sign no more."""
        content = Revocation(name, "left")
        entry = self.decide("owner-1", DecisionKind.REVOKE_PERSON, content, SIGNED)
        approve(self.platform, signer("owner-2"), entry.number, SIGNED)

    def registry(self) -> Registry:
        """The registry with the records as they are now."""
        for id, review in self.records.items():
            name = f"{STUDY}/reviews/{id}.yaml"
            self.folder.texts[name] = dump_review(review)
        return self.folder.load()

    def approvals(self, remembered: Iterable[Entry] = ()) -> Approvals:
        """What counts now."""
        chain = read_chain(self.platform)
        return Approvals.of_chain(self.registry(), chain, remembered)

    def document(self, name: str) -> Document:
        registry = self.registry()
        return registry.documents(registry.studies[STUDY])[name]

    def approval(self, name: str) -> SchemaApproval:
        """What counts of a document's one schema."""
        [approval] = self.approvals().of(self.document(name))
        return approval

    def windows(self) -> Mapping[str, tuple[Interval, ...]]:
        """When each declared document may be collected."""
        approvals = self.approvals()
        return {name: approvals.windows(self.document(name)) for name in (LOW, HIGH)}
