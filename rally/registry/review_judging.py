"""Judges one review for one schema: when it counts, and else why it does not."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from rally.decisions.contents import (
    REVIEW_AREAS,
    CoveredSchema,
    ReviewResult,
    Role,
)
from rally.registry.categories import (
    HIGHEST,
    SIGNED_CATEGORIES,
    Category,
    category_of,
)
from rally.registry.intervals import ALWAYS, BEGIN, END, Interval, intersection, union
from rally.registry.review_evidence import Answer, ReviewEvidence
from rally.registry.review_limits import find_unapproved
from rally.registry.reviews import Review
from rally.registry.study import Document, PayloadSchema, Study
from rally.times import midnight

CONFIRMED_FOR = timedelta(days=365)
"""How long a signature, or its owner's confirmation, carries a review."""

LAPSED_FOR = timedelta(days=14)
"""How long after a review's end its pings wait, sealed, for somebody who renews it."""

_OUT_OF_ORDER = "privacy and data must not sign after legal and security"
_FIRST = (Role.PRIVACY, Role.DATA)
_THEN = (Role.LEGAL, Role.SECURITY)
_STEWARD = REVIEW_AREAS[:1]


class _Needed(NamedTuple):
    """The areas that sign, and for what in words."""

    what: str
    areas: Sequence[Role]


@dataclass(frozen=True, slots=True)
class ReviewJudgement:
    """Worth of one review for one schema.

    Attributes:
        windows: Times that it covers.
        lapses: Times, after windows that ended by themselves, for which pings wait.
        faults: Reasons for which it does not count, or not for all of its days.
        last: End of its last day; END where it has none.
        confirmed_until: End of what signatures and confirmations carry; END where
            nobody is asked to confirm.
        counts: Whether it is complete and signed, be it for days that are over.
    """

    windows: tuple[Interval, ...] = ()
    lapses: tuple[Interval, ...] = ()
    faults: tuple[str, ...] = ()
    last: datetime = END
    confirmed_until: datetime = END
    counts: bool = False


class Basis(NamedTuple):
    """Review that another rests on, as it renews it or is incremental to it.

    Attributes:
        beyond: Additions of the review to that one, one line each.
        windows: Times for which that one counts; an incremental change counts for no
            others.
        lapses: Times after those for which pings wait.
        confirmed_until: Time by which its owner has to confirm that one.
    """

    beyond: Sequence[str] = ()
    windows: Sequence[Interval] = ()
    lapses: Sequence[Interval] = ()
    confirmed_until: datetime = END


def judge_review(
    study: Study,
    document: Document,
    schema: PayloadSchema,
    covered: CoveredSchema,
    review: Review,
    evidence: ReviewEvidence,
    founded: datetime | None,
    basis: Basis,
) -> ReviewJudgement:
    """Judges a review for one schema that it covers.

    Args:
        study: Study whose document it is.
        document: Document.
        schema: Schema of the document that has the fingerprint.
        covered: Entry of the review for it.
        review: Record of the review.
        evidence: Evidence of the review.
        founded: Time at which the platform was founded; None where signatures are not
            checked: then nobody is asked to confirm.
        basis: What the review rests on.
    """
    category = category_of(study, document, schema, review.exempt)
    needed = _find_needed(review, category)
    gaps = [*_find_gaps(review)]
    if review.incremental is None:
        gaps += _find_gaps_of_category(study, covered, review, category)
    gaps += basis.beyond
    gaps += find_unapproved(study, document, covered, review.request)
    faults = [*gaps]
    answers = _sort_answers(review, covered, evidence.answers, faults)
    imports = [each for each in answers if each.area is None]
    if imports:
        signed = _find_imported(needed, review, answers, founded, faults)
        complete = [each.at for each in imports]
    else:
        signed, complete = _find_signed(needed, answers, faults)
    if gaps or (faults and not signed):
        return ReviewJudgement(faults=tuple(faults))
    last = END if covered.last is None else midnight(covered.last + timedelta(days=1))
    possible = [Interval(midnight(covered.first), last)]
    possible = [*intersection(possible, _public_times(review))]
    if evidence.withdrawn:
        signed = intersection(signed, [Interval(BEGIN, evidence.withdrawn)])
        faults.append(f"was withdrawn on {evidence.withdrawn:%Y-%m-%d}")
    possible = [*intersection(possible, signed)]
    if review.incremental:
        return ReviewJudgement(
            intersection(possible, basis.windows),
            intersection(basis.lapses, signed),
            tuple(faults),
            last,
            basis.confirmed_until,
            counts=True,
        )
    owner = review.request.owner
    said = [each.at for each in evidence.confirmations if each.by == owner]
    confirmed = _confirmed_times([*complete, *said], founded)
    windows = intersection(possible, confirmed)
    ends = {last, *(each.end for each in confirmed)} - {END}
    lapses = tuple(
        waiting
        for end in sorted(ends & {each.end for each in windows})
        for waiting in intersection([Interval(end, end + LAPSED_FOR)], signed)
    )
    until = confirmed[-1].end
    return ReviewJudgement(windows, lapses, tuple(faults), last, until, counts=True)


def _find_gaps(review: Review) -> Iterator[str]:
    """Finds what a record lacks, whoever signs it."""
    if review.open:
        yield f"not answered: {', '.join(review.open)}"
    if review.public is None:
        yield "is not public; say where and since when it can be read"


def _find_gaps_of_category(
    study: Study, covered: CoveredSchema, review: Review, category: Category
) -> Sequence[str]:
    """Finds what a record lacks for data of its category."""
    faults = list[str]()
    if category.level in SIGNED_CATEGORIES and covered.last is None:
        faults.append(f"data of category {category} is never permanent")
    if category.level == HIGHEST:
        needed = {
            "a notice": review.notice,
            "an announcement": review.announcement,
            "consent (policy.enrolment: required)": study.policy.enrolment_required,
        }
        missing = [name for name, given in needed.items() if not given]
        if missing:
            what = f"data of category {category} needs {', '.join(missing)}"
            faults.append(what)
    return faults


def _sort_answers(
    review: Review,
    covered: CoveredSchema,
    answers: Iterable[Answer],
    faults: list[str],
) -> list[Answer]:
    """Gives the answers that are about this, of people who may give them."""
    found = list[Answer]()
    areas = dict[str, Role | None]()
    asking = {review.request.requester, review.request.owner}
    for answer in answers:
        what = f"{answer.area or 'import'} by {answer.by}"
        signed = review.attested if answer.area is None else review.digest
        if answer.request != signed:
            faults.append(f"{what}: the record is another than was signed")
        elif covered not in answer.covers:
            faults.append(f"{what}: other schemas or days were signed")
        elif answer.by in asking:
            faults.append(f"{what}: nobody signs what they asked for, or own")
        elif areas.setdefault(answer.by, answer.area) != answer.area:
            faults.append(f"{what}: nobody signs two areas of one review")
        else:
            found.append(answer)
    return found


def _find_imported(
    needed: _Needed,
    review: Review,
    answers: Sequence[Answer],
    founded: datetime | None,
    faults: list[str],
) -> tuple[Interval, ...]:
    """Finds the times for which a registrar attests all that is needed.

    That is from their signature on, and before the platform was founded; not before
    the last answer that the record has, and not after a reviewer refused it here.
    """
    given = {
        area: (Interval(midnight(each.on), END),)
        for area, each in review.answers.items()
        if each.result is ReviewResult.APPROVE
    }
    if missing := [area for area in needed.areas if area not in given]:
        faults.append(f"{needed.what}: imported without {', '.join(missing)}")
        return ()
    if not _is_in_order(given):
        faults.append(_OUT_OF_ORDER)
        return ()
    attested = [Interval(BEGIN, founded or BEGIN)]
    attested += [Interval(each.at, END) for each in answers if each.area is None]
    refused = min((it.at for it in answers if it.area and not it.approves), default=END)
    signed = intersection(union(attested), [Interval(BEGIN, refused)])
    for area in needed.areas:
        signed = intersection(signed, given[area])
    return signed


def _find_needed(review: Review, category: Category) -> _Needed:
    if review.incremental:
        return _Needed("an incremental change", _STEWARD)
    signs_all = category.level in SIGNED_CATEGORIES
    return _Needed(f"category {category}", REVIEW_AREAS if signs_all else _STEWARD)


def _find_signed(
    needed: _Needed, answers: Sequence[Answer], faults: list[str]
) -> tuple[tuple[Interval, ...], list[datetime]]:
    """Finds the times for which all that is needed is signed, and since when it is."""
    given = {area: _approved_times(area, answers) for area in needed.areas}
    if missing := [area for area in needed.areas if not given[area]]:
        faults.append(f"{needed.what}: not signed: {', '.join(missing)}")
        return (), []
    if not _is_in_order(given):
        faults.append(_OUT_OF_ORDER)
        return (), []
    signed: tuple[Interval, ...] = ALWAYS
    for intervals in given.values():
        signed = intersection(signed, intervals)
    return signed, [each.start for each in signed]


def _approved_times(area: Role, answers: Iterable[Answer]) -> tuple[Interval, ...]:
    """Gives the times between a "+" of an area and its next "-"."""
    found, since = list[Interval](), None
    for answer in answers:
        if answer.area is not area:
            continue
        if answer.approves:
            since = since or answer.at
        elif since is not None:
            found.append(Interval(since, answer.at))
            since = None
    if since is not None:
        found.append(Interval(since, END))
    return union(found)


def _is_in_order(given: Mapping[Role, tuple[Interval, ...]]) -> bool:
    if not all(area in given for area in (*_FIRST, *_THEN)):
        return True
    before = max(given[area][0].start for area in _FIRST)
    return all(before <= given[area][0].start for area in _THEN)


def _public_times(review: Review) -> tuple[Interval, ...]:
    """Gives the times at which people can read the review, and were told."""
    days = [each.on for each in (review.public, review.announcement) if each]
    return (Interval(midnight(max(days)), END),) if days else ()


def _confirmed_times(
    confirmations: Iterable[datetime], founded: datetime | None
) -> tuple[Interval, ...]:
    """Gives the times that a signature or a confirmation of the year before carries.

    What was sent before the platform was founded nobody can confirm in time.
    """
    if founded is None:
        return ALWAYS
    carried = (Interval(each, each + CONFIRMED_FOR) for each in confirmations)
    return union([Interval(BEGIN, founded), *carried])
