"""What a person may be told of their requests: plain text, made of receipts."""

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import groupby

from rally.events import RALLY
from rally.receipts.receipt import Receipt, Section, SectionOutcome
from rally.registry.registry import Registry
from rally.times import from_micros
from rally.withdrawal.fold import RequestStatus
from rally.withdrawal.withdrawal_list import Withdrawal

_WIDTH = 78
_INDENT = "    "
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_WAITING = {
    RequestStatus.ACTIVE: "We are working on it. There is no receipt yet.",
    RequestStatus.HELD: "One of us has to look at it first. There is no receipt yet.",
    RequestStatus.REJECTED: "One of us decided that it does not count. Ask us why.",
}


def render(receipts: Iterable[Receipt], registry: Registry) -> str:
    """Says what was deleted, what was not and why, and which receipts to quote.

    Several requests to leave the same at the same time are told as one.
    """
    ordered = sorted(receipts, key=_leaving)
    return "\n".join(
        _told(list(members), registry) for _, members in groupby(ordered, _leaving)
    )


def render_rest(
    withdrawals: Iterable[Withdrawal], receipts: Iterable[Receipt], registry: Registry
) -> str:
    """Says how those requests stand of which none of the receipts tells."""
    answered = set(map(_leaving, receipts))
    rest = {
        _leaving(each): _left(each.scope, each.received, registry)
        + _paragraph(_standing(each))
        for each in withdrawals
        if _leaving(each) not in answered
    }
    return "\n".join(rest[leaving] for leaving in sorted(rest))


def _standing(withdrawal: Withdrawal) -> str:
    if withdrawal.receipts:
        return "This is done, so long ago that the receipts are no longer kept."
    return _WAITING[withdrawal.status]


def _leaving(each: Receipt | Withdrawal) -> tuple[int, str]:
    return each.received, each.scope


def _told(receipts: Sequence[Receipt], registry: Registry) -> str:
    numbers = sorted(receipt.number for receipt in receipts)
    return "".join(
        [
            _left(receipts[0].scope, receipts[0].received, registry),
            *_studies(receipts, registry),
            *_old_copies(receipts),
            _paragraph(f"If you ask us about this, please quote {_quoted(numbers)}."),
        ]
    )


def _left(scope: str, received: int, registry: Registry) -> str:
    return f"You left {_name(scope, registry)} on {_moment(received)}.\n"


def _studies(receipts: Sequence[Receipt], registry: Registry) -> Iterator[str]:
    """A paragraph for all studies of which the same is to be said."""
    sections: dict[str, list[Section]] = {}
    for receipt in sorted(receipts, key=lambda each: each.number):
        for section in receipt.sections:
            sections.setdefault(section.namespace, []).append(section)
    alike: dict[tuple[str, ...], list[str]] = {}
    scope = receipts[0].scope
    for namespace, found in sections.items():
        if scope not in (RALLY, namespace):
            rows = sum(section.rows for section in found)
            yield _paragraph(
                f"{_name(namespace, registry)}: {_records(rows)} deleted, which said "
                "that you had joined."
            )
            continue
        alike.setdefault(tuple(_sentences(found)), []).append(namespace)
    for namespaces in alike.values():
        names = _listed([_name(each, registry) for each in namespaces])
        text = _sentences(sections[namespaces[0]], several=len(namespaces) > 1)
        yield _paragraph(f"{names}: {' '.join(text)}")


def _sentences(sections: Sequence[Section], *, several: bool = False) -> Iterator[str]:
    """What became of one study's rows, or of several's; the last receipt counts."""
    last, rows = sections[-1], sum(section.rows for section in sections)
    if rows:
        yield f"{_records(rows)} deleted{' from each' if several else ''}."
    if last.outcome is SectionOutcome.DEFERRED:
        yield from _deferred(last.until, rows, several)
        return
    if not rows:
        yield "No records of yours were found."
    times = [section.verified.time for section in sections if section.verified]
    if times:
        yield (
            f"On {_moment(max(times))} we read again all that is stored, and found "
            "nothing of yours from before you left."
        )
    else:
        yield "We have not checked this yet."


def _deferred(until: date | None, rows: int, several: bool) -> Iterator[str]:
    which = "your other records" if rows else "your records"
    studies, whose = ("studies", "their") if several else ("study", "its")
    yield (
        f"The {studies} had ended when you left, and {which} stay as they are while "
        f"{whose} results are worked out."
    )
    by = f", by {_day(until)} at the latest" if until else ""
    study = "their study" if several else "the study"
    yield f"They are deleted when {study} is concluded{by}."


def _old_copies(receipts: Sequence[Receipt]) -> Iterator[str]:
    days = [each.old_copies_until for each in receipts if each.old_copies_until]
    if days:
        yield _paragraph(
            "Where our files are stored, copies of deleted files are kept for a time. "
            f"The last of them is gone after {_day(max(days))}."
        )


def _quoted(numbers: Sequence[int]) -> str:
    return f"receipt{'s' if len(numbers) > 1 else ''} {_listed(map(str, numbers))}"


def _listed(words: Iterable[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last


def _records(count: int) -> str:
    return "1 record of yours was" if count == 1 else f"{count:,} records of yours were"


def _name(scope: str, registry: Registry) -> str:
    study = registry.study(scope)
    if study:
        return study.name
    return "Rally" if scope == RALLY else scope


def _moment(micros: int) -> str:
    time = from_micros(micros)
    return f"{_day(time.date())} at {time:%H:%M} UTC"


def _day(day: date) -> str:
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def _paragraph(text: str) -> str:
    filled = textwrap.fill(
        text, _WIDTH, initial_indent=_INDENT, subsequent_indent=_INDENT
    )
    return f"\n{filled}\n"
