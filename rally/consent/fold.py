"""The fold of consents: what one person's records, joining and leaving say, at a time.

One function for researchers' releases, a person's copy and the audit. The order in
which records arrive changes nothing, and neither does a copy of one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import NamedTuple

from rally.consent.records import ConsentChoice, ConsentPurpose, ConsentRecord
from rally.registry.notices import (
    ConsentNotice,
    NoticeName,
    find_notice,
    notices_in_force,
)
from rally.times import from_micros

_DAY = timedelta(days=1) // timedelta(microseconds=1)
_PROTECTION = list(ConsentChoice)


class ConsentState(StrEnum):
    """How a consent stands."""

    GIVEN = "given"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class Evidence(StrEnum):
    """How a consent is known.

    EXPLICIT: the person's client said so, with the notice that was read. INFERRED: the
    person joined, while a notice of the study was in force.
    """

    EXPLICIT = "explicit"
    INFERRED = "inferred"


class Consent(NamedTuple):
    """How one person's consent stands, for one purpose of one study.

    Attributes:
        state: State.
        since: Time since which it stands so, microseconds.
        evidence: Kind of the evidence.
        notice: Notice that was read, or in force; None where nobody knows it.
    """

    state: ConsentState
    since: int
    evidence: Evidence
    notice: NoticeName | None

    @property
    def opens(self) -> bool:
        """Whether it permits what it is about: given, and of a known notice."""
        return self.state is ConsentState.GIVEN and self.notice is not None


@dataclass(frozen=True, slots=True)
class StudyTerms:
    """What a study says of the consents to it.

    Attributes:
        notices: Notices of the study, sorted by day.
        concluded: Time from which the study is concluded, microseconds; None of one
            that goes on.
    """

    notices: Sequence[ConsentNotice] = ()
    concluded: int | None = None


@dataclass(frozen=True, slots=True)
class PersonInStudy:
    """What the logs have of one person about one study.

    Attributes:
        records: Choices of the person about the study.
        joined: Times at which the person joined the study, microseconds.
        left: Times at which the person left the study or Rally.
    """

    records: Iterable[ConsentRecord] = ()
    joined: Iterable[int] = ()
    left: Iterable[int] = ()


class _Said(NamedTuple):
    """A choice at a time, by which the newest is found."""

    at: int
    protection: int
    choice: ConsentChoice
    evidence: Evidence
    named: NoticeName | None


def fold_consent(
    person: PersonInStudy,
    terms: StudyTerms,
    purpose: ConsentPurpose,
    field: str,
    as_of: int,
) -> Consent | None:
    """Tells how a consent stands at a time.

    The newest choice decides, of equal times the one that protects more. Who leaves the
    study or Rally withdraws what was given up to then, and what is given after that
    until the person joins the study again. What was given lasts as long as its notice
    says, and at most to the study's conclusion.

    Args:
        person: What the logs have of the person.
        terms: What the study says.
        purpose: Purpose of the consent.
        field: Field that it is about; "" asks for a consent to the whole purpose.
        as_of: Time, microseconds.

    Returns:
        The consent; None where the person never said anything of it.
    """
    said = [*_explicit(person.records, purpose, field)]
    if purpose is ConsentPurpose.STUDY:
        given, inferred = ConsentChoice.GIVEN, Evidence.INFERRED
        said += (_Said(at, 0, given, inferred, None) for at in person.joined)
    said = [each for each in said if each.at <= as_of]
    if not said:
        return None
    newest = max(said, key=_order)
    notice = _find_notice(newest, terms)
    name = None
    if notice is not None:
        name = NoticeName(notice.version, _hash_of(newest, notice, terms))
    found = Consent(ConsentState(newest.choice), newest.at, newest.evidence, name)
    if newest.choice is not ConsentChoice.GIVEN:
        return found
    left = _find_leave(person, newest.at, as_of)
    ends = _end(newest.at, notice, terms)
    if left is not None and (ends is None or left <= ends):
        return found._replace(state=ConsentState.WITHDRAWN, since=left)
    if ends is not None and ends <= as_of:
        return found._replace(state=ConsentState.EXPIRED, since=ends)
    return found


def _find_leave(person: PersonInStudy, given: int, as_of: int) -> int | None:
    """Finds the leave that withdraws what was given, in microseconds; None without one.

    It is the last one before, of somebody who did not join since; or the first after.
    """
    left = sorted(each for each in person.left if each <= as_of)
    joined = max((each for each in person.joined if each <= as_of), default=None)
    before = [each for each in left if each <= given]
    if before and (joined is None or joined <= before[-1]):
        return before[-1]
    return next((each for each in left if each >= given), None)


def fields_named(records: Iterable[ConsentRecord]) -> dict[ConsentPurpose, list[str]]:
    """Gives the fields that records name, sorted, by purpose; "" stands for all."""
    found: dict[ConsentPurpose, set[str]] = {}
    for each in records:
        found.setdefault(each.purpose, set()).update(each.fields or ("",))
    return {purpose: sorted(found[purpose]) for purpose in sorted(found)}


def _explicit(
    records: Iterable[ConsentRecord], purpose: ConsentPurpose, field: str
) -> Iterable[_Said]:
    """Gives the choices about a field; of copies of a ping the first one's.

    Anybody who has seen a sealed ping can send it again: a later copy says nothing new.
    """
    first: dict[tuple[str, ConsentChoice, tuple[str, ...]], ConsentRecord] = {}
    for each in records:
        if each.purpose is not purpose or (each.fields and field not in each.fields):
            continue
        key = each.document_id, each.choice, each.fields
        known = first.setdefault(key, each)
        if _received(each) < _received(known):
            first[key] = each
    for each in first.values():
        protection = _PROTECTION.index(each.choice)
        explicit = Evidence.EXPLICIT
        yield _Said(each.at, protection, each.choice, explicit, each.notice)


def _received(record: ConsentRecord) -> tuple[int, int, NoticeName]:
    notice = record.notice or NoticeName("")
    return record.submission_timestamp, record.at, notice


def _order(said: _Said) -> tuple[int, int, bool, NoticeName]:
    """The order of choices; what is explicit comes after what is inferred."""
    is_explicit = said.evidence is Evidence.EXPLICIT
    return said.at, said.protection, is_explicit, said.named or NoticeName("")


def _find_notice(said: _Said, terms: StudyTerms) -> ConsentNotice | None:
    time = from_micros(said.at)
    if said.evidence is Evidence.EXPLICIT:
        return find_notice(terms.notices, said.named, time)
    return next(iter(notices_in_force(terms.notices, time)), None)


def _hash_of(said: _Said, notice: ConsentNotice, terms: StudyTerms) -> str:
    """Gives the hash of the text; "" of one of several, in a language nobody knows."""
    if said.evidence is Evidence.EXPLICIT:
        return notice.sha256
    texts = notices_in_force(terms.notices, from_micros(said.at))
    return notice.sha256 if len(texts) == 1 else ""


def _end(given: int, notice: ConsentNotice | None, terms: StudyTerms) -> int | None:
    """Gives when a consent ends by itself, microseconds; None of one without an end."""
    ends = [] if terms.concluded is None else [max(given, terms.concluded)]
    if notice is not None and notice.lasts_days is not None:
        ends.append(given + notice.lasts_days * _DAY)
    return min(ends, default=None)
