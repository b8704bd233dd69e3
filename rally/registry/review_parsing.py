"""Reads the records of data reviews strictly, and tells all faults of one at once."""

from collections.abc import Callable
from functools import partial

from rally.decisions.content_fields import (
    MOST_COVERED,
    document_name,
    person_name,
    record_id,
)
from rally.decisions.contents import (
    REVIEW_AREAS,
    CoveredSchema,
    ReviewResult,
    Risk,
    Role,
)
from rally.errors import ConfigurationError
from rally.fields import (
    AllFields,
    Place,
    Reader,
    T,
    choice,
    day,
    hexadecimal,
    https_address,
    many,
    positive,
    raise_all,
    text,
    word,
)
from rally.registry.collected_fields import OPEN
from rally.registry.reviews import (
    DATE,
    RENEWAL_QUESTIONS,
    REPORT_DAYS,
    REQUEST_QUESTIONS,
    REVIEW_QUESTIONS,
    Announcement,
    Escalation,
    Exemption,
    Incremental,
    Notice,
    Permanence,
    Position,
    Recipient,
    Request,
    Review,
    SignOff,
    StewardReview,
)

_MOST_ENTRIES = 50


def read_review(place: Place, id: str, value: object) -> Review:
    """Reads a review's record.

    Args:
        place: Its file.
        id: Name of the file.
        value: Its content.

    Raises:
        ConfigurationError: it is none; all faults are told. A question without an
            answer is no fault: the review is open.
    """
    fields = AllFields(place, value)
    incremental = fields.maybe("incremental", _incremental)
    is_whole = incremental is None
    review = Review(
        id=fields.attempt(lambda: record_id(place, id)),
        request=fields.need("request", partial(_request, is_whole=is_whole)),
        covers=fields.need("covers", many(_covered, MOST_COVERED)),
        steward=fields.maybe("review", partial(_steward_review, is_whole=is_whole)),
        sign_offs=fields.maybe("sign_offs", _sign_offs),
        announcement=fields.maybe("announcement", _announcement),
        notice=fields.maybe("notice", _notice),
        public=fields.maybe("public", _announcement),
        exemptions=fields.maybe("exemptions", many(_exemption, _MOST_ENTRIES)) or (),
        permanent=fields.maybe("permanent", _permanent),
        escalations=fields.maybe("escalations", many(_escalation, _MOST_ENTRIES)) or (),
        incremental=incremental,
    )
    if not is_whole:
        fields.attempt(
            partial(_check_incremental, place, review),
            *(review.request, review.sign_offs, review.exemptions),
        )
    fields.attempt(partial(_check_covers, place, review), review.covers)
    fields.attempt(
        partial(_check_people, place, review),
        *(review.request, review.steward, review.sign_offs),
    )
    fields.close()
    return review


def _record(make: Callable[..., T], **entries: Reader[object]) -> Reader[T]:
    """Reads a mapping that has exactly these entries, and tells all faults."""

    def read(place: Place, value: object) -> T:
        fields = AllFields(place, value)
        found = make(
            **{
                name: fields.need(DATE if name == "on" else name, read_entry)
                for name, read_entry in entries.items()
            }
        )
        fields.close()
        return found

    return read


_incremental = _record(Incremental, of=record_id)
_recipient = _record(Recipient, group=word, agreement=text, until=day)
_announcement = _record(Announcement, where=https_address, on=day)
_notice = _record(Notice, where=https_address, sha256=hexadecimal(64))
_exemption = _record(Exemption, rule=text, reason=text)
_permanent = _record(Permanence, person=person_name, reason=text)
_position = _record(Position, by=text, position=text)
_escalation = _record(
    Escalation,
    raised_by=text,
    question=text,
    positions=many(_position, _MOST_ENTRIES),
    decided_by=text,
    decision=text,
    on=day,
)
_sign_off = _record(
    SignOff,
    by=person_name,
    on=day,
    result=choice(ReviewResult),
    risk=choice(Risk),
    mitigations=text,
)


def _request(place: Place, value: object, *, is_whole: bool) -> Request:
    fields = AllFields(place, value)
    renews = fields.maybe("renews", record_id)
    count = RENEWAL_QUESTIONS if renews else REQUEST_QUESTIONS
    request = Request(
        requester=fields.need("requester", person_name),
        owner=fields.need("owner", person_name),
        on=fields.need(DATE, day),
        renews=renews,
        answers=fields.need("answers", answers(count)) if is_whole else (),
        recipients=fields.maybe("recipients", many(_recipient, _MOST_ENTRIES)) or (),
        analysis_until=fields.maybe("analysis_until", day),
    )
    fields.close()
    return request


def _steward_review(place: Place, value: object, *, is_whole: bool) -> StewardReview:
    given = {"answers": answers(REVIEW_QUESTIONS)} if is_whole else {}
    make = StewardReview if is_whole else partial(StewardReview, answers=())
    return _record(
        make,
        by=person_name,
        on=day,
        result=choice(ReviewResult),
        reason=text,
        **given,
    )(place, value)


def answers(count: int) -> Reader[tuple[str, ...]]:
    """Reads the answers to questions 1 to `count`; one that is missing is open."""

    def read(place: Place, value: object) -> tuple[str, ...]:
        _check_numbers(place, value, count)
        assert isinstance(value, dict)
        found, faults = list[str](), list[str]()
        for number in range(1, count + 1):
            at = place.at(number)
            try:
                found.append(text(at, value.get(number, OPEN)))
            except ConfigurationError as error:
                faults.append(str(error))
        raise_all(faults)
        return tuple(found)

    return read


def _check_numbers(place: Place, value: object, count: int) -> None:
    """Answers stand under the numbers of their questions, which are whole numbers."""
    if not isinstance(value, dict):
        raise place.error("must be a mapping of the questions' numbers to answers")
    raise_all(
        [
            str(place.at(name).error(f"is no question; they are 1 to {count}"))
            for name in value
            if type(name) is not int or not 1 <= name <= count
        ]
    )


def _covered(place: Place, value: object) -> CoveredSchema:
    fields = AllFields(place, value)
    covered = CoveredSchema(
        document=fields.need("document", document_name),
        fingerprint=fields.need("fingerprint", hexadecimal(64)),
        first=fields.need("from", day),
        last=fields.maybe("until", day),
        retention_days=fields.maybe("retention_days", positive),
        report_until=fields.maybe("report_until", day),
    )
    fields.close()
    if covered.last is not None and covered.first > covered.last:
        raise place.at("until").error("must not be before from")
    if covered.report_until is not None:
        days = (covered.report_until - covered.first).days
        if not 0 <= days <= REPORT_DAYS:
            what = f"must be one of the {REPORT_DAYS} days after from"
            raise place.at("report_until").error(what)
    return covered


def _sign_offs(place: Place, value: object) -> dict[Role, SignOff]:
    fields = AllFields(place, value)
    found = {
        area: signed
        for area in REVIEW_AREAS[1:]
        if (signed := fields.maybe(area, _sign_off)) is not None
    }
    fields.close()
    return found


def _check_covers(place: Place, review: Review) -> None:
    faults = list[str]()
    if not review.covers:
        faults.append(str(place.at("covers").error("is empty; say which schemas")))
    for number, each in enumerate(review.covers):
        if each.last is None and review.permanent is None:
            what = "is missing; say it, or who keeps it for ever, permanent: {person: …"
            faults.append(
                str(place.at("covers", number, "until").error(f"{what}, reason: …}}"))
            )
    raise_all(faults)


def _check_incremental(place: Place, review: Review) -> None:
    """A steward alone signs what is incremental; who wants more asks for a review."""
    faults = [
        str(place.at(*path).error("is not for an incremental change; remove it"))
        for path, given in (
            (("request", "renews"), review.request.renews),
            (("sign_offs",), review.sign_offs),
            (("exemptions",), review.exemptions),
        )
        if given
    ]
    raise_all(faults)


def _check_people(place: Place, review: Review) -> None:
    """Nobody reviews what they asked for, nor signs for two areas of one review."""
    asking = {review.request.requester, review.request.owner}
    answering = dict[str, str]()
    faults = list[str]()
    for area, answer in review.answers.items():
        part = ("review",) if area is Role.STEWARD else ("sign_offs", area)
        at = place.at(*part, "by")
        if answer.by in asking:
            what = "asked for it, or owns it; have somebody else answer"
            faults.append(str(at.error(what)))
        elif answer.by in answering:
            what = f"answers for {answering[answer.by]}, too; have somebody else answer"
            faults.append(str(at.error(what)))
        answering.setdefault(answer.by, area)
    raise_all(faults)
