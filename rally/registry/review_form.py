"""The form of a data review: Markdown that people complete in a bug, and read back.

It asks what Mozilla's forms ask, in our words, with the same numbers. What the registry
knows is filled in. A line of a fact is `Name: value`; below a heading with a number
stands the answer to that question.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import takewhile

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
"""Largest size of a form."""

_HEADING = re.compile(r"(#{1,3}) +(.+?) *#* *")
_NUMBERED = re.compile(r"([0-9]{1,2})\. .*")
_FACT = re.compile(r"([A-Z][a-z]+): *(.*)")
_CELL = re.compile(r"(?<!\\)\|")
_BAR = r"\|"
_WHOLE = re.compile("[0-9]{1,9}")
_DATE = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_COVERS, _REQUEST, _REVIEW, _SIGN_OFFS = "Covers", "Request", "Review", "Sign-offs"
_NOTICE, _RECIPIENTS = "Notice", "Recipients"
_SECTIONS = (_COVERS, _RECIPIENTS, _REQUEST, _NOTICE, _REVIEW, _SIGN_OFFS)
_COVERED = (
    "document",
    "fingerprint",
    "from",
    "until",
    "retention_days",
    "report_until",
)
_RECIPIENT = ("group", "agreement", "until")
_NOTHING = "-"


def write_form(study: Study, review: Review) -> str:
    """Writes the form of a review, with all that its record has."""
    return "\n".join([*_form(study, review), ""])


def _form(study: Study, review: Review) -> Iterator[str]:
    yield f"# Data review {review.id} of {study.namespace}"
    yield ""
    yield f"{study.name}. What says {OPEN} is open: write the answer in its place."
    yield ""
    for heading, lines in (
        (_COVERS, _write_covers(study, review)),
        (_RECIPIENTS, _write_recipients(review)),
        (_REQUEST, _write_request(review)),
        (_NOTICE, _write_notice(review)),
        (_REVIEW, _write_review(review)),
        (_SIGN_OFFS, _write_sign_offs(review)),
    ):
        yield f"## {heading}"
        yield ""
        yield from lines


def _write_covers(study: Study, review: Review) -> Iterator[str]:
    yield "Rows go when they are so many days old, or else once the study is concluded."
    yield "Through the last day of a report, what pings have beyond the schema is left"
    yield "out and counted; else such pings fail."
    yield ""
    yield from _head(_COVERED)
    for each in review.covers:
        days = each.document, each.fingerprint, each.first, each.last
        yield _row(*days, each.retention_days, each.report_until)
    yield ""
    for document, schema in _documents(study, review):
        yield from _measured(study, document, schema)


def _write_recipients(review: Review) -> Iterator[str]:
    yield "Who may read the data, under which agreement, and until when."
    yield ""
    yield from _head(_RECIPIENT)
    for each in review.request.recipients:
        yield _row(each.group, each.agreement, each.until)
    yield ""


def _write_request(review: Review) -> Iterator[str]:
    request = review.request
    yield f"Requester: {request.requester}"
    yield f"Owner: {request.owner}"
    yield f"Date: {request.on}"
    if request.renews:
        yield f"Renews: {request.renews}"
    if review.incremental:
        yield f"Incremental: {review.incremental.of}"
    if request.analysis_until:
        yield f"Conclusion: {request.analysis_until}"
    yield ""
    if review.incremental is None:
        questions = RENEWAL_QUESTIONS if request.renews else QUESTIONS
        yield from _answers(questions, request.answers)


def _write_notice(review: Review) -> Iterator[str]:
    told, notice = review.announcement, review.notice
    yield "Of category 4: where people are told in advance and since when, and the"
    yield "privacy notice with the SHA-256 of its text."
    yield ""
    yield f"Announced: {told.where if told else OPEN}"
    yield f"Since: {told.on if told else OPEN}"
    yield f"Notice: {notice.where if notice else OPEN}"
    yield f"Hash: {notice.sha256 if notice else OPEN}"
    yield ""


def _write_review(review: Review) -> Iterator[str]:
    steward = review.steward
    yield f"By: {steward.by if steward else OPEN}"
    yield f"Date: {steward.on if steward else OPEN}"
    yield f"Result: {steward.result if steward else f'{OPEN} + or -'}"
    yield f"Reason: {steward.reason if steward else OPEN}"
    yield ""
    if review.incremental is None:
        yield from _answers(REVIEW_QUESTIONS, steward.answers if steward else ())


def _write_sign_offs(review: Review) -> Iterator[str]:
    if review.incremental:
        yield "None: a steward's review is enough for what is incremental."
        yield ""
        return
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
    yield from _head(("field", "category", "what it is", "purpose"))
    for each in schema.fields:
        row = _row(each.path, each.category, each.doc, each.purpose)
        yield f"{row}{_marks(each)}"
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


def _head(names: Sequence[str]) -> Iterator[str]:
    yield _row(*(name.replace("_", " ") for name in names))
    yield _row(*["---"] * len(names))


def _row(*cells: object) -> str:
    texts = (_NOTHING if cell is None else str(cell) for cell in cells)
    return f"| {' | '.join(text.replace('|', _BAR) for text in texts)} |"


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
    if "conclusion" in request:
        request["analysis_until"] = request.pop("conclusion")
    if recipients := _read_rows(sections[_RECIPIENTS], _RECIPIENT):
        request["recipients"] = recipients
    covers = _read_rows(sections[_COVERS], _COVERED)
    for covered in covers:
        covered |= _read_number(covered, "retention_days")
    found: dict[str, object] = {"request": request, "covers": covers}
    if "incremental" in request:
        found["incremental"] = {"of": request.pop("incremental")}
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
    if answers:
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


def _read_rows(lines: Sequence[str], names: Sequence[str]) -> list[dict[str, object]]:
    """Reads the rows of the table that has these columns, up to its end."""
    head, line_below = _head(names)
    if head not in lines:
        return []
    found = list[dict[str, object]]()
    for line in takewhile(_is_row, lines[lines.index(head) + 1 :]):
        cells = [each.strip().replace(_BAR, "|") for each in _CELL.split(line)][1:-1]
        if line != line_below:
            named = zip(names, cells, strict=False)  # what lacks is a fault, later
            found.append({name: _value(it) for name, it in named if it != _NOTHING})
    return found


def _is_row(line: str) -> bool:
    return line.lstrip().startswith("|")


def _read_number(covered: Mapping[str, object], name: str) -> dict[str, object]:
    """Reads a number as a number, where there is one."""
    value = covered.get(name)
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return {name: int(value)}
    return {}


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
