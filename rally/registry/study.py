"""Records of the registry: what a study promised, and what it may collect.

They are made from `schemas/<namespace>/study.yaml` and the Avro schemas beside it, and
only after every rule of the registry held (design: "The registry").
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from rally.errors import in_one_line
from rally.registry.about import About
from rally.registry.collected_fields import CollectedField
from rally.registry.notices import ConsentNotice
from rally.registry.reviews import Review


class StudyKind(StrEnum):
    """Whether a namespace is a study's, or belongs to the platform itself."""

    STUDY = "study"
    PLATFORM = "platform"


class Means(StrEnum):
    """Meaning of a document.

    DATA: what a study collects. JOINS and LEAVES: that someone does. DELETION_ID: who
    removed the add-on. CONSENTS: what someone agrees to, or does not. ACCESS_REQUEST:
    that someone asks for a copy of what is held about them.
    """

    DATA = "data"
    JOINS = "joins"
    LEAVES = "leaves"
    DELETION_ID = "deletion-id"
    CONSENTS = "consents"
    ACCESS_REQUEST = "access-request"


WITHOUT_ROWS = (Means.LEAVES, Means.DELETION_ID, Means.CONSENTS)
"""Documents that become events, and leave no row that holds more."""


class Keep(StrEnum):
    """Which of a person's rows of a document compaction keeps."""

    ALL = "all"
    LATEST = "latest"


class AfterEnd(StrEnum):
    """Rule for the rows of a person who leaves a study that has ended."""

    DEFER = "defer"
    DELETE = "delete"


class Unmatched(StrEnum):
    """Rule for a withdrawal of somebody of whom no enrolment is known."""

    DELETE = "delete"
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class Policy:
    """Promises of a study on whose data it takes.

    Attributes:
        enrolment_required: Rows need an enrolment; False on the platform's own only.
        refuse_do_not_track: A ping sent with DNT 1 is refused, enrolled or not.
        private_browsing: JSON pointer to a boolean of the clear payload, true is
            refused; None where the client enforces it.
        countries: Two-letter codes from which people may enrol; empty is everywhere.
        minimum_age: Age in years, as the client checked it; nothing here acts on it.
        after_end: Rule for the rows of whoever leaves after the end.
        unmatched_withdrawals: Rule for the request of whoever leaves without
            having joined.
        refuse_automation: A ping that its client marks as not real is refused.
    """

    enrolment_required: bool
    refuse_do_not_track: bool
    private_browsing: str | None
    countries: frozenset[str]
    minimum_age: int | None
    after_end: AfterEnd
    unmatched_withdrawals: Unmatched = Unmatched.DELETE
    refuse_automation: bool = True


@dataclass(frozen=True, slots=True)
class PayloadSchema:
    """An Avro schema of a clear payload, with our own properties in it.

    Attributes:
        json: The schema as parsed JSON.
        participant: JSON pointer to the rally id; None in a deletion-id document.
        deletion_id: JSON pointer to the deletion id, where the document has one.
        recipient: JSON pointer to an age public key, where the document has one.
        fingerprint: SHA-256, in hex, of what a review approves of it; see
            rally.registry.collected_fields.
        fields: Leaves of the payload, each with what it says of itself.
    """

    json: Any
    participant: str | None
    deletion_id: str | None
    fingerprint: str
    fields: tuple[CollectedField, ...] = ()
    recipient: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentPlaces:
    """JSON pointers to what someone agrees to, in the payload of a document.

    Attributes:
        purpose: Place of the purpose; see rally.consent.records.ConsentPurpose.
        choice: Place of `given`, `refused` or `withdrawn`.
        notice_version: Place of the version of the notice that was read.
        notice_sha256: Place of the hash of its text.
        time: Place of the time of the choice. A sealed ping can be sent again at any
            time, so the edge's clock does not say when somebody gave something.
        fields: Place of a map from fields to whether the choice is about them; None
            where it is always about the whole purpose.
    """

    purpose: str
    choice: str
    notice_version: str
    notice_sha256: str
    time: str
    fields: str | None = None


@dataclass(frozen=True, slots=True)
class KeptBy:
    """A person who answers for rows of the platform that no retention ends, and why."""

    person: str
    reason: str


@dataclass(frozen=True, slots=True)
class Document:
    """One document type in one version of one namespace.

    Attributes:
        scope: JSON pointers to the study's name in what joins, leaves or consents,
            tried in order; empty is the document's own namespace.
        delete_after_days: Rows go when this many days old; None keeps them until the
            study is concluded.
        buckets: Number of buckets of a compacted partition, a power of two.
        schema: The newest schema.
        older: The schemas before it under the same version, the newest first: pings of
            clients that are not yet updated may have them, and stored rows.
        kept_by: Person who keeps rows of the platform that nothing else ends.
        consent: Pointers to what someone agrees to; of consents alone.
        is_built_in: Whether the protocol brings it, and no study's wish.
        sent: Occasions on which clients send it, in words; None where nobody said.
    """

    namespace: str
    type: str
    version: int
    means: Means
    scope: tuple[str, ...]
    delete_after_days: int | None
    keep: Keep
    buckets: int
    purpose: str
    schema: PayloadSchema
    kept_by: KeptBy | None = None
    older: tuple[PayloadSchema, ...] = ()
    consent: ConsentPlaces | None = None
    is_built_in: bool = False
    sent: str | None = None

    @property
    def name(self) -> str:
        """The document's name in the registry and in the store: `user-journey.1`."""
        return f"{self.type}.{self.version}"

    @property
    def revisions(self) -> tuple[PayloadSchema, ...]:
        """All schemas of the document, each of another fingerprint; newest first."""
        return (self.schema, *self.older)


@dataclass(frozen=True, slots=True)
class Access:
    """Researchers who may read a study's data, and under which agreement."""

    group: str
    agreement: str
    since: date
    until: date


@dataclass(frozen=True, slots=True)
class Study:
    """A namespace: its dates, its promises and its documents.

    Attributes:
        aliases: Other names by which clients know the study.
        starts: The first day of collection, in UTC.
        ending_announced: The day on which participants were told of the end.
        collect_through: The last day of collection; None is no end.
        analysis_until: The day by which the study should have been concluded.
        derived: URIs of researchers' own tables, which deletion must know of.
        documents: The documents by their names (`user-journey.1`).
        about: Words of the study to people who may join it.
        reviews: Data reviews, sorted by their ids.
        notices: Notices that people read before they joined, sorted by day.
    """

    namespace: str
    kind: StudyKind
    name: str
    aliases: tuple[str, ...]
    starts: date
    ending_announced: date | None
    collect_through: date | None
    analysis_until: date | None
    policy: Policy
    access: tuple[Access, ...]
    derived: tuple[str, ...]
    documents: Mapping[str, Document]
    about: About | None = None
    reviews: tuple[Review, ...] = ()
    notices: tuple[ConsentNotice, ...] = ()

    def closed(self, faults: tuple[str, ...]) -> "UnavailableStudy":
        """What it is when it counts as not loading, one line for each reason."""
        return UnavailableStudy(faults, self.kind, self.aliases, self.derived)


@dataclass(frozen=True, slots=True)
class UnavailableStudy:
    """A registered namespace whose study does not load: nothing of it can be judged.

    Its rows, letters and keys stay as they are until it loads. What is legible of it
    says whose withdrawals it may concern.

    Attributes:
        faults: Reasons for which it does not load, one line each; at least one.
        kind: A study or the platform's own; None where neither this is legible nor what
            follows.
        aliases: Other names by which clients know it.
        derived: URIs of researchers' own tables.
    """

    faults: tuple[str, ...]
    kind: StudyKind | None = None
    aliases: tuple[str, ...] = ()
    derived: tuple[str, ...] = ()

    @property
    def fault(self) -> str:
        """All of it in one line."""
        return in_one_line(self.faults)


def all_faults(unavailable: Iterable[UnavailableStudy]) -> Iterator[str]:
    """Why some studies do not load, one line each."""
    for study in unavailable:
        yield from study.faults
