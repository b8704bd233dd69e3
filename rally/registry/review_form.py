"""The form of a data review: Markdown that people complete in a bug, and read back.

It asks what Mozilla's forms ask, in our words, with the same numbers. What the registry
knows is filled in. A line of a fact is `Name: value`; below a heading with a number
stands the answer to that question.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import date

from rally.decisions.contents import REVIEW_AREAS, ReviewResult, Risk
from rally.fields import Place
from rally.registry.categories import category_of
from rally.registry.collected_fields import OPEN, CollectedField
from rally.registry.review_files import (
    AREA_QUESTIONS,
    QUESTIONS,
    RENEWAL_QUESTIONS,
    REVIEW_QUESTIONS,
)
from rally.registry.reviews import Review
from rally.registry.study import Document, PayloadSchema, Study

MAX_BYTES = 256 * 1024
"""Of a form."""

_HEADING = re.compile(r"(#{1,3}) +(.+?) *#* *")
_NUMBERED = re.compile(r"([0-9]{1,2})\. .*")
_FACT = re.compile(r"([A-Z][a-z]+): *(.*)")
_CELL = re.compile(r"(?<!\\)\|")
_DATE = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_COVERS, _REQUEST, _REVIEW, _SIGN_OFFS = "Covers", "Request", "Review", "Sign-offs"
_NOTICE = "Notice"
_SECTIONS = (_COVERS, _REQUEST, _NOTICE, _REVIEW, _SIGN_OFFS)
_NOTHING = "-"


def write_form(study: Study, review: Review) -> str:
    """Writes the form of a review, with all that its record has."""
    return "\n".join([*_form(study, review), ""])


def _form(study: Study, review: Review) -> Iterator[str]:
    request, documents = review.request, _documents(study, review)
    yield f"# Data review {review.id} of {study.namespace}"
    yield ""
    yield f"{study.name}. What says {OPEN} is open: write the answer in its place."
    yield ""
    yield f"## {_COVERS}"
    yield ""
    yield "| document | fingerprint | from | until |"
    yield "| --- | --- | --- | --- |"
    for each in review.covers:
        last = each.last or _NOTHING
        yield f"| {each.document} | {each.fingerprint} | {each.first} | {last} |"
    yield ""
    for document, schema in documents:
        yield from _measured(study, document, schema)
    yield f"## {_REQUEST}"
    yield ""
    yield f"Requester: {request.requester}"
    yield f"Owner: {request.owner}"
    yield f"Date: {request.on}"
    if request.renews:
        yield f"Renews: {request.renews}"
    yield ""
    questions = RENEWAL_QUESTIONS if request.renews else QUESTIONS
    yield from _answers(questions, request.answers)
    yield f"## {_NOTICE}"
    yield ""
    yield "Of category 4: where people are told in advance and since when, and the"
    yield "privacy notice with the SHA-256 of its text."
    yield ""
    told, notice = review.announcement, review.notice
    yield f"Announced: {told.where if told else OPEN}"
    yield f"Since: {told.on if told else OPEN}"
    yield f"Notice: {notice.where if notice else OPEN}"
    yield f"Hash: {notice.sha256 if notice else OPEN}"
    yield ""
    yield f"## {_REVIEW}"
    yield ""
    steward = review.steward
    yield f"By: {steward.by if steward else OPEN}"
    yield f"Date: {steward.on if steward else OPEN}"
    yield f"Result: {steward.result if steward else f'{OPEN} + or -'}"
    yield f"Reason: {steward.reason if steward else OPEN}"
    yield ""
    yield from _answers(REVIEW_QUESTIONS, steward.answers if steward else ())
    yield f"## {_SIGN_OFFS}"
    yield ""
    yield "Of categories 3 and 4 alone; leave out the others. Privacy and data sign"
    yield "before legal and security."
    yield ""
    for area in REVIEW_AREAS[1:]:
        signed = (review.sign_offs or {}).get(area)
        yield f"### {area}"
        yield ""
        yield AREA_QUESTIONS[area]
        yield ""
        yield f"By: {signed.by if signed else OPEN}"
        yield f"Date: {signed.on if signed else OPEN}"
        yield f"Result: {signed.result if signed else f'{OPEN} + or -'}"
        yield f"Risk: {signed.risk if signed else f'{OPEN} ' + ', '.join(Risk)}"
        yield f"Mitigations: {signed.mitigations if signed else OPEN}"
        yield ""


def _documents(
    study: Study, review: Review
) -> Iterator[tuple[Document, PayloadSchema]]:
    for covered in review.covers:
        document = study.documents.get(covered.document)
        for schema in document.revisions if document else ():
            if document and schema.fingerprint == covered.fingerprint:
                yield document, schema


def _measured(study: Study, document: Document, schema: PayloadSchema) -> Iterator[str]:
    yield f"What {document.name} has, category {category_of(study, document, schema)}:"
    yield ""
    yield "| field | category | what it is | purpose |"
    yield "| --- | --- | --- | --- |"
    for each in schema.fields:
        cells = (each.path, str(each.category), each.doc, each.purpose)
        yield f"| {' | '.join(_escaped(cell) for cell in cells)} |{_marks(each)}"
    yield ""


def _marks(field: CollectedField) -> str:
    marks = [
        name for name, is_so in (("id", field.identifier), ("SDK", field.sdk)) if is_so
    ]
    return f" <!-- {', '.join(marks)} -->" if marks else ""


def _answers(questions: Iterable[str], answers: Iterable[str]) -> Iterator[str]:
    given = [*answers]
    for number, question in enumerate(questions, 1):
        yield f"### {number}. {question}"
        yield ""
        yield given[number - 1] if number <= len(given) else OPEN
        yield ""


def _escaped(cell: str) -> str:
    return cell.replace("|", "\\|")


def read_form(place: Place, text: str) -> dict[str, object]:
    """Reads a completed form, as `read_review` takes the content of a record.

    A part in which nobody has answered anything is left out.

    Args:
        place: The form's file, for messages.
        text: Its text.

    Raises:
        ConfigurationError: a section is missing, or stands twice.
    """
    sections = _sections(place, text)
    request = _read_part(sections[_REQUEST])
    found: dict[str, object] = {
        "request": request,
        "covers": _read_covers(sections[_COVERS]),
    }
    found |= _read_notice(_read_facts(sections[_NOTICE]))
    review = _read_part(sections[_REVIEW])
    if not _is_open(review):
        found["review"] = review
    areas = {
        area: part
        for area, lines in _parts(sections[_SIGN_OFFS])
        if not _is_open(part := _read_facts(lines))
    }
    if areas:
        found["sign_offs"] = areas
    return found


def _sections(place: Place, text: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in text.splitlines():
        heading = _HEADING.fullmatch(line)
        if heading and heading[1] == "##":
            name = heading[2]
            if name in found:
                raise place.error(f'"{name}" stands twice; keep one')
            lines = found[name] = []
        else:
            lines.append(line)
    if missing := [name for name in _SECTIONS if name not in found]:
        raise place.error(f"has no section {', '.join(missing)}; it is no form of ours")
    return found


def _parts(lines: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    """Yields what stands below each heading of the third level, by its words."""
    part: list[str] | None = None
    name = ""
    for line in lines:
        heading = _HEADING.fullmatch(line)
        if heading and heading[1] == "###":
            if part is not None:
                yield name, part
            name, part = heading[2], []
        elif part is not None:
            part.append(line)
    if part is not None:
        yield name, part


def _read_part(lines: list[str]) -> dict[str, object]:
    """Reads facts and, below headings with numbers, answers."""
    found = _read_facts(lines)
    answers: dict[int, object] = {}
    for name, part in _parts(lines):
        if match := _NUMBERED.fullmatch(name):
            answers[int(match[1])] = " ".join(" ".join(part).split()) or OPEN
    found["answers"] = answers
    return found


def _read_notice(facts: dict[str, object]) -> dict[str, object]:
    """Gives announcement and notice, where somebody has completed them."""
    said = {name: value for name, value in facts.items() if value != OPEN}
    found: dict[str, object] = {}
    if "announced" in said:
        found["announcement"] = _renamed(said, where="announced", date="since")
    if "notice" in said:
        found["notice"] = _renamed(said, where="notice", sha256="hash")
    return found


def _renamed(said: dict[str, object], **names: str) -> dict[str, object]:
    return {name: said[fact] for name, fact in names.items() if fact in said}


def _read_facts(lines: Iterable[str]) -> dict[str, object]:
    found: dict[str, object] = {}
    for line in lines:
        if _HEADING.fullmatch(line):
            break
        if match := _FACT.fullmatch(line.rstrip()):
            name = match[1].lower()
            found[name] = _value(match[2])
    return found


def _read_covers(lines: Iterable[str]) -> list[dict[str, object]]:
    found = list[dict[str, object]]()
    for line in lines:
        cells = [each.strip() for each in _CELL.split(line)]
        if len(cells) != 6 or not re.fullmatch("[0-9a-f]{64}", cells[2]):
            continue
        named = zip(
            ("document", "fingerprint", "from", "until"), cells[1:5], strict=True
        )
        found.append({name: _value(cell) for name, cell in named if cell != _NOTHING})
    return found


def _value(text: str) -> object:
    """Reads a date as a date, and all else as text."""
    if _DATE.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            return text
    return text


def _is_open(part: dict[str, object]) -> bool:
    """Tells whether nobody has completed a part: it has no result."""
    return part.get("result") not in set(ReviewResult)
