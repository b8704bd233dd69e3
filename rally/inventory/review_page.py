"""Makes the page of a data review: who asked for what, and who answered what."""

from collections.abc import Iterable, Iterator, Sequence

from rally.inventory.layout import (
    Page,
    external_link,
    facts,
    review_path,
    section,
    stranger,
    study_path,
)
from rally.inventory.records import StudyEntry
from rally.inventory.wording import say_day, say_result
from rally.pages.markup import Markup, element, join
from rally.pages.tables import data_table
from rally.registry.categories import RULES
from rally.registry.review_files import (
    QUESTIONS,
    RENEWAL_QUESTIONS,
    REVIEW_QUESTIONS,
)
from rally.registry.reviews import Escalation, Review, StewardReview
from rally.registry.study import Study

_LEAD = (
    "Before anything is collected, a data steward who did not ask for it has to "
    "approve it; privacy, data, legal and security sign, too, where data is sensitive."
)
_NO_ANSWER = "Nobody has answered it yet."
_REASONS = {rule.name: rule.why for rule in RULES}


def make_review_page(entry: StudyEntry, review: Review) -> Page:
    """Returns the page of one review of a study."""
    study = entry.study
    return Page(
        path=review_path(study, review.id),
        title=f"Review {review.id}",
        above=(study_path(study), study.name),
        lead=(_LEAD,),
        sections=tuple(_sections(study, review)),
    )


def _sections(study: Study, review: Review) -> Iterator[Markup]:
    request = review.request
    yield section("In short", _in_short(review))
    yield section("What it covers", _covers(study, review))
    yield section("How long rows stay", _retention(review))
    if review.incremental is None:
        questions = RENEWAL_QUESTIONS if request.renews else QUESTIONS
        yield section("What was asked", _answers(questions, request.answers))
    yield section("What the data steward answered", _steward(review.steward))
    if review.sign_offs:
        yield section("Who signed off", _sign_offs(review))
    if review.exemptions:
        yield section("Why a rule does not apply", _exemptions(review))
    if review.escalations:
        yield section("What was disputed", join(map(_escalation, review.escalations)))


def _in_short(review: Review) -> Markup:
    request = review.request
    pairs: list[tuple[str, str]] = [
        ("Asked for by", stranger(request.requester)),
        ("Answers for the data", stranger(request.owner)),
        ("Asked for on", say_day(request.on)),
    ]
    if former := review.rests_on:
        link = element("a", f"Review {former}", href=f"{former}.html")
        pairs.append(("Incremental to" if review.incremental else "Renews", link))
    if readers := request.recipients:
        words = "; ".join(
            f"{it.group}, under {it.agreement}, until {say_day(it.until)}"
            for it in readers
        )
        pairs.append(("May be read by", stranger(words)))
    if request.analysis_until:
        pairs.append(("At the end, by", say_day(request.analysis_until)))
    if told := review.announcement:
        words = f"Announcement of {say_day(told.on)}"
        pairs.append(("People were told", external_link(told.where, words)))
    if notice := review.notice:
        link = external_link(notice.where, "Privacy notice")
        digest = element("code", notice.sha256, class_="under")
        pairs.append(("Under", join([link, digest])))
    if public := review.public:
        words = f"Review, public since {say_day(public.on)},"
        pairs.append(("Elsewhere", external_link(public.where, words)))
    if kept := review.permanent:
        words = join([stranger(kept.person), ": ", stranger(kept.reason)])
        pairs.append(("Kept without an end by", words))
    return facts(pairs)


def _covers(study: Study, review: Review) -> Markup:
    rows = (
        (
            _document(study, each.document),
            say_day(each.first),
            say_day(each.last) if each.last else "no end",
            element("code", each.fingerprint[:12]),
        )
        for each in review.covers
    )
    head = ("Document", "From", "Through", "Fingerprint")
    return data_table(head, rows, ("", "", "", ""), "What it covers", "cards")


def _retention(review: Review) -> Markup:
    rows = (
        (stranger(each.document), _days(each.retention_days)) for each in review.covers
    )
    return data_table(("Document", "Rows stay"), rows, ("", ""), "How long rows stay")


def _days(days: int | None) -> str:
    return "to the end" if days is None else f"{days:,} days"


def _document(study: Study, name: str) -> Markup:
    if name not in study.documents:
        return element("code", name)
    return element("a", name, href=f"../{name}.html")


def _answers(questions: Sequence[str], answers: Sequence[str]) -> Markup:
    pairs = zip(questions, answers, strict=True)
    numbered = enumerate(pairs, 1)
    return facts(
        (
            (f"{number}. {asked}", stranger(answer))
            for number, (asked, answer) in numbered
        ),
        "pairs questions",
    )


def _steward(answer: StewardReview | None) -> Markup:
    if answer is None:
        return element("p", _NO_ANSWER)
    pairs: Iterable[tuple[str, str]] = (
        ("Data steward", stranger(answer.by)),
        ("Answer", f"{say_result(answer.result)} on {say_day(answer.on)}"),
        ("Reason", stranger(answer.reason)),
    )
    if not answer.answers:
        return facts(pairs)
    return join([facts(pairs), _answers(REVIEW_QUESTIONS, answer.answers)])


def _sign_offs(review: Review) -> Markup:
    rows = (
        (
            area.capitalize(),
            stranger(each.by),
            f"{say_result(each.result)} on {say_day(each.on)}",
            f"{each.risk}",
            stranger(each.mitigations),
        )
        for area, each in (review.sign_offs or {}).items()
    )
    head = ("Area", "By", "Answer", "Risk left to people", "What is done against it")
    return data_table(head, rows, ("", "", "", "", ""), "Sign-offs", "cards")


def _exemptions(review: Review) -> Markup:
    return facts(
        (_REASONS.get(each.rule, each.rule).capitalize(), stranger(each.reason))
        for each in review.exemptions
    )


def _escalation(dispute: Escalation) -> Markup:
    pairs: list[tuple[str, str]] = [
        ("Question", stranger(dispute.question)),
        ("Raised by", stranger(dispute.raised_by)),
        *(
            ("Position", join([stranger(each.by), ": ", stranger(each.position)]))
            for each in dispute.positions
        ),
        ("Decided by", stranger(dispute.decided_by)),
        ("Decision", stranger(dispute.decision)),
        ("On", say_day(dispute.on)),
    ]
    return facts(pairs)
