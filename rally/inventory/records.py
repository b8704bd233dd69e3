"""Records of the inventory: what Rally's studies collect, for whoever may take part."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, NamedTuple

from rally.disclosure import Disclosed
from rally.registry.approvals import SchemaApproval
from rally.registry.collected_fields import CollectedField
from rally.registry.reviews import Review
from rally.registry.study import Document, Means, Study
from rally.registry.transitions import StudyAction, StudyState

if TYPE_CHECKING:
    from rally.releases.published import PublishedResult, StudyReleases


class StudyEvent(NamedTuple):
    """A decision that somebody signed on a study; who it was stays in the platform.

    Attributes:
        action: Decision.
        at: Time from which it holds, UTC.
    """

    action: StudyAction
    at: datetime


class ExpungeEntry(NamedTuple):
    """What two people ordered to be taken out of a study; who stays in the platform.

    Attributes:
        on: Day from which the order counts, UTC.
        document: Name of the document.
        field: Path of the field; None of whole messages.
        first: First submission date, UTC.
        last: Last submission date.
        note: Reason, in the words of who ordered it.
    """

    on: date
    document: str
    field: str | None
    first: date
    last: date
    note: str


@dataclass(frozen=True, slots=True)
class DocumentEntry:
    """One kind of message that a study takes.

    Attributes:
        document: The registry's record.
        is_built_in: Whether every study takes it, since the first add-on sends it.
        approvals: Approvals of its schemas, the newest first.
        is_approved: Whether one of them covers it at the inventory's time.
    """

    document: Document
    is_built_in: bool
    approvals: tuple[SchemaApproval, ...]
    is_approved: bool

    @property
    def approval(self) -> SchemaApproval:
        """What the reviews say of its newest schema."""
        return self.approvals[0]

    @property
    def reviews(self) -> tuple[str, ...]:
        """Ids of the reviews that are about any of its schemas, each once."""
        found = (id for each in self.approvals for id in each.reviews)
        return tuple(dict.fromkeys(found))

    @property
    def fields(self) -> tuple[CollectedField, ...]:
        """All fields of its newest schema."""
        return self.document.schema.fields

    @property
    def own_fields(self) -> list[CollectedField]:
        """The fields that the study declares."""
        return [each for each in self.fields if each.sdk is None]

    @property
    def sdk_fields(self) -> list[CollectedField]:
        """The fields that a library adds to each of its messages."""
        return [each for each in self.fields if each.sdk is not None]

    @property
    def category(self) -> int | None:
        """The category of its data, as a combination may raise it; None without any."""
        return self.approval.category.level if self.fields else None

    @property
    def is_data(self) -> bool:
        """Whether it holds data, rather than that somebody joins or leaves."""
        return self.document.means is Means.DATA


@dataclass(frozen=True, slots=True)
class StudyEntry:
    """A study, or the platform's own namespace.

    Attributes:
        study: The registry's record.
        state: State on the inventory's day.
        events: Signed decisions up to that day, in the order of their times.
        documents: Documents in the order of study.yaml; the built-in ones last.
        reviews: Reviews that are public or whose days have begun, sorted by their ids.
        expunges: What was ordered to be taken out up to that day, in the order of the
            decisions.
        participants: People who take part now, as their number may be shown; None
            where no platform was named, and before and after the study.
        releases: Tables and files that were published of it, and what they may tell of
            a person together; None of a study without any and without a budget, and
            where no platform was named.
    """

    study: Study
    state: StudyState
    events: tuple[StudyEvent, ...]
    documents: tuple[DocumentEntry, ...]
    reviews: tuple[Review, ...]
    expunges: tuple[ExpungeEntry, ...] = ()
    participants: Disclosed | None = None
    releases: "StudyReleases | None" = None

    @property
    def category(self) -> int | None:
        """The highest category of all that it collects."""
        return highest(self.documents)

    @property
    def results(self) -> tuple["PublishedResult", ...]:
        """Tables and files that were published of it."""
        return self.releases.results if self.releases else ()


@dataclass(frozen=True, slots=True)
class Inventory:
    """Collection of all studies of a registry, as of one day.

    Attributes:
        day: Day for which it is true, UTC.
        version: Version of this software.
        decisions_known: Whether a platform's signed decisions were read; otherwise
            states follow the dates of study.yaml alone, and reviews are taken at their
            word.
        development: Whether the platform is for development only.
        studies: Studies and platform namespaces, in the order of their namespaces.
        unavailable: Namespaces that are registered and whose files have a fault.
    """

    day: date
    version: str
    decisions_known: bool
    development: bool
    studies: tuple[StudyEntry, ...]
    unavailable: tuple[str, ...]


def highest(documents: Iterable[DocumentEntry]) -> int | None:
    """Returns the highest category of some documents; None where they have no field."""
    found = (each.category for each in documents)
    return max((each for each in found if each is not None), default=None)
