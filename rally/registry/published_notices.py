"""What participants of a study were told, and when: entries of the chain."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import TYPE_CHECKING, NamedTuple

from rally.decisions.contents import DecisionKind
from rally.decisions.notice_contents import NoticeKind, NoticePublication
from rally.times import midnight

if TYPE_CHECKING:
    from rally.decisions.chain import Chain


class PublishedNotice(NamedTuple):
    """A notice, and who says that it was published.

    Attributes:
        number: Number of its entry in the chain.
        content: Subject, place, day and hash.
        by: Name of who signed.
        signed: Time of the signature, UTC.
    """

    number: int
    content: NoticePublication
    by: str
    signed: datetime

    @property
    def told(self) -> datetime:
        """The time from which participants are taken to know it.

        Nobody can say afterwards that something was told before.
        """
        return max(self.signed, midnight(self.content.on))


def published_in(chain: "Chain", namespace: str | None = None) -> list[PublishedNotice]:
    """Gives the notices that count, in the order of the chain.

    Args:
        chain: Chain of decisions.
        namespace: Namespace of a study; None is all.
    """
    found = list[PublishedNotice]()
    for entry in chain.of(DecisionKind.PUBLISH_NOTICE):
        what = entry.content
        assert isinstance(what, NoticePublication)  # rally.decisions.content_parsing
        if namespace in (None, what.namespace):
            found.append(PublishedNotice(entry.number, what, entry.by, entry.when))
    return found


def ending_told_on(notices: Iterable[PublishedNotice]) -> date | None:
    """Gives the first day on which the end of a study was told; None if it never was.

    Args:
        notices: Notices of the study.
    """
    return min((each.content.on for each in _of_end(notices)), default=None)


def told_last_day(notices: Iterable[PublishedNotice], by: date) -> date | None:
    """Gives the earliest last day that participants were told of by a day.

    Args:
        notices: Notices of the study.
        by: Day by which they were told.
    """
    told = (it.content.last for it in _of_end(notices) if it.content.on <= by)
    return min((each for each in told if each), default=None)


def _of_end(notices: Iterable[PublishedNotice]) -> Iterator[PublishedNotice]:
    return (each for each in notices if each.content.kind is NoticeKind.ENDING)
