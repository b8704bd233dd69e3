"""Writes the records of data reviews, as rally.registry.reviews reads them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from enum import StrEnum
from hashlib import sha256
from types import MappingProxyType
from typing import Any, Protocol

import yaml

from rally.decisions.contents import (
    REVIEW_AREAS,
    CoveredSchema,
    ReviewResult,
    Risk,
    Role,
)
from rally.registry.categories import category_of
from rally.registry.collected_fields import OPEN
from rally.registry.reviews import (
    DATE,
    REQUEST_QUESTIONS,
    Announcement,
    Incremental,
    Notice,
    Permanence,
    Recipient,
    Request,
    Review,
    SignOff,
    StewardReview,
)
from rally.registry.study import Document, PayloadSchema, Study

QUESTIONS = (
    "Which questions shall the data answer?",
    "Why do they need an answer, and what do people have of it?",
    "Which other ways were considered, and why are they not enough?",
    "Can data that is collected already answer them?",
    "What is measured, and in which category of data is each field?",
    "Where is the data documented for the public?",
    "How long is it collected?",
    "Of whom is it collected: countries, ages, browsers?",
    "How do people turn it off?",
    "How will it be analysed?",
    "Where will results be shared?",
    "Do tools or servers of others take part?",
)
"""Questions of a request, in our words, with the numbers of Mozilla's form."""

RENEWAL_QUESTIONS = (
    "Which review is renewed?",
    "Until when shall the data be collected?",
    "Why was the time so far not enough?",
)

REVIEW_QUESTIONS = (
    "Is there public documentation of all fields, complete and right?",
    "Can people turn the collection on and off?",
    "If it is permanent: who watches over it?",
    "Which category of data is it?",
    "Is it on or off by default?",
    "Are there new identifiers?",
    "Does the privacy notice cover it?",
    "Do tools or servers of others take part?",
)
"""Questions of the steward's review, likewise."""

AREA_QUESTIONS = {
    "privacy": "How can people be recognised, and what is done against it?",
    "data": "Is no more collected than the questions need?",
    "legal": "Do notice and consent cover it?",
    "security": "Who could read it, and what is done against it?",
}


class NamedTupleLike(Protocol):
    """A record that gives its entries by name."""

    def _asdict(self) -> dict[str, Any]: ...


def cover(
    document: Document,
    first: date,
    last: date | None,
    schema: PayloadSchema | None = None,
) -> CoveredSchema:
    """Makes the entry of a review for a schema of a document.

    Args:
        document: Document, which says how long its rows stay.
        first: First day.
        last: Last day; None of a permanent collection.
        schema: Schema; by default the newest.
    """
    fingerprint = (schema or document.schema).fingerprint
    days = document.delete_after_days
    return CoveredSchema(document.name, fingerprint, first, last, days)


def draft_answers(
    study: Study, documents: Sequence[Document], last: date | None
) -> tuple[str, ...]:
    """Answers those questions of a request to which the registry knows the answer.

    The others are left open.

    Args:
        study: Study that asks.
        documents: Documents that are asked for.
        last: Last day of the collection; None of a permanent one.
    """
    answers = dict.fromkeys(range(1, REQUEST_QUESTIONS + 1), OPEN)
    answers[5] = "; ".join(_measured(study, documents))
    answers[7] = (
        f"Until {last}." if last else "Permanently; permanent says who keeps it."
    )
    answers[8] = _population(study)
    answers[9] = (
        "It is off by default. People join by consent; who leaves sends a deletion"
        " request, and their data is deleted."
    )
    answers[12] = "No; pings come through the platform's own edge."
    return tuple(answers.values())


def _measured(study: Study, documents: Iterable[Document]) -> Iterable[str]:
    for document in documents:
        category = category_of(study, document, document.schema)
        count = len(document.schema.fields)
        yield f"{document.name}: {count} fields, category {category}"


def _population(study: Study) -> str:
    policy = study.policy
    countries = ", ".join(sorted(policy.countries)) or "all countries"
    age = f", from {policy.minimum_age} years on" if policy.minimum_age else ""
    joined = "people who enrolled" if policy.enrolment_required else "everybody"
    return f"Of {joined}: {countries}{age}."


def recipients_of(study: Study) -> tuple[Recipient, ...]:
    """Gives who may read a study's data, as its study.yaml says it."""
    return tuple(
        Recipient(each.group, each.agreement, each.until) for each in study.access
    )


def draft_review(
    id: str,
    study: Study,
    covers: Sequence[CoveredSchema],
    requester: str,
    owner: str,
    on: date,
    permanent: Permanence | None = None,
) -> Review:
    """Drafts the record of a first review, whose open questions somebody answers."""
    names = dict.fromkeys(each.document for each in covers)
    documents = [study.documents[name] for name in names]
    last = max((each.last for each in covers if each.last), default=None)
    answers = draft_answers(study, documents, last)
    return Review(
        id=id,
        request=Request(
            requester,
            owner,
            on,
            None,
            answers,
            recipients_of(study),
            study.analysis_until,
        ),
        covers=tuple(covers),
        permanent=permanent,
    )


def rest_on(review: Review, former: str, *, is_renewal: bool) -> Review:
    """Makes a draft one that renews a review, or is incremental to it.

    Args:
        review: Draft of a first review.
        former: Id of the review that it rests on.
        is_renewal: Whether it renews that one.
    """
    request = review.request
    if not is_renewal:
        request = request._replace(answers=())
        return replace(review, request=request, incremental=Incremental(former))
    until = request.answers[6]  # how long it is collected
    answers = (former, until, OPEN)
    return replace(review, request=request._replace(renews=former, answers=answers))


def placeholder_review(
    id: str,
    study: Study,
    covers: Sequence[CoveredSchema],
    on: date,
    reviewers: Mapping[Role, str] = MappingProxyType({}),
) -> Review:
    """Makes a complete record that plainly stands for one: of a platform to try out.

    Args:
        id: Name of the record.
        study: Study whose documents it covers.
        covers: Schemas and days.
        on: Day of all that is in it.
        reviewers: Names of the people who answer; by default the development
            platform's, who are called as their areas.
    """
    names = {area: reviewers.get(area, area.value) for area in REVIEW_AREAS}
    words = "Placeholder: this review stands for one."
    review = draft_review(
        id, study, covers, "requester", "author", on, Permanence("owner", words)
    )
    answers = tuple(words if each == OPEN else each for each in review.request.answers)
    page = Announcement("https://example.org/", on)
    return replace(
        review,
        request=review.request._replace(answers=answers),
        steward=StewardReview(
            names[Role.STEWARD],
            on,
            ReviewResult.APPROVE,
            words,
            (words,) * len(REVIEW_QUESTIONS),
        ),
        sign_offs={
            area: SignOff(names[area], on, ReviewResult.APPROVE, Risk.LOW, words)
            for area in REVIEW_AREAS[1:]
        },
        announcement=page,
        notice=Notice(page.where, sha256(words.encode()).hexdigest()),
        public=page,
    )


class _Dumper(yaml.SafeDumper):
    """Writes each value where it stands, however often it does."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def dump_review(review: Review) -> str:
    """Writes a record as YAML, in the order in which people read it."""
    content = _plain_request(review)
    if steward := review.steward:
        content["review"] = _plain_answers(steward)
    if review.sign_offs:
        content["sign_offs"] = {
            area.value: _plain(signed) for area, signed in review.sign_offs.items()
        }
    for name in ("announcement", "notice", "public", "permanent"):
        if value := getattr(review, name):
            content[name] = _plain(value)
    for name in ("exemptions", "escalations"):
        if values := getattr(review, name):
            content[name] = [_plain(each) for each in values]
    return yaml.dump(
        content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=88
    )


def _plain_request(review: Review) -> dict[str, object]:
    request = _plain_answers(review.request)
    if not review.request.recipients:
        del request["recipients"]
    part = {"incremental": _plain(review.incremental)} if review.incremental else {}
    return {
        "request": request,
        **part,
        "covers": [
            {
                name: value
                for name, value in (
                    ("document", each.document),
                    ("fingerprint", each.fingerprint),
                    ("from", each.first),
                    ("until", each.last),
                    ("retention_days", each.retention_days),
                    ("report_until", each.report_until),
                )
                if value is not None
            }
            for each in review.covers
        ],
    }


def _plain_answers(part: Request | StewardReview) -> dict[str, object]:
    """Gives a part of a record with its answers by their numbers, if it has some."""
    plain = _plain(part)
    plain["answers"] = _numbered(part.answers)
    if not part.answers:
        del plain["answers"]
    return plain


def _plain(record: NamedTupleLike) -> dict[str, object]:
    """Gives a record as YAML has it: without what is not there."""
    found = dict[str, object]()
    for name, value in record._asdict().items():
        if isinstance(value, StrEnum):
            value = value.value
        elif isinstance(value, tuple) and value and hasattr(value[0], "_asdict"):
            value = [_plain(each) for each in value]
        if value is not None:
            found[DATE if name == "on" else name] = value
    return found


def _numbered(answers: Iterable[str]) -> dict[int, str]:
    return dict(enumerate(answers, 1))
