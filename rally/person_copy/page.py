"""Makes index.html of a person's copy: what is held of them, for their own eyes.

It has the look of the inventory, runs no script and loads nothing. Strangers' words and
the person's own are escaped.
"""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from rally.inventory.layout import (
    category_mark,
    external_link,
    facts,
    field_path,
    paragraphs,
    section,
    stranger,
)
from rally.inventory.wording import (
    RELEASES,
    STATES,
    say_cost,
    say_day,
    say_end,
    say_kept,
    say_leaving,
)
from rally.pages.frame import make_page, read_style
from rally.pages.markup import Markup, element, join
from rally.pages.tables import data_table
from rally.person_copy import wording
from rally.person_copy.paths import csv_path, json_lines_path, receipt_path
from rally.person_copy.records import DocumentCopy, PersonCopy, StudyCopy
from rally.registry.about import About
from rally.registry.collected_fields import CollectedField
from rally.registry.study import Access
from rally.releases.published import PublishedResult
from rally.times import from_micros

TITLE = "What Rally holds of you"
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
)
_STYLE_OF = "rally.inventory"
_SPACE = "main h3 { margin: 1.5rem 0 .25rem; }\n"
_LONGEST_VALUE = 200
_FILES = (
    "The files beside this page have every row: as CSV for spreadsheets, and as JSON "
    "lines exactly as your browser sent it."
)
_NEWEST = "The last column has the values of your newest row."
_ACCESS = (
    "Each group may read this study and no other, and only in the closed analysis "
    "environment."
)
_NOBODY = "No researchers are registered. Nobody outside of the platform may read it."
_UNSTATED = About(goal="")
_CARDS = "cards"


def make_index(copy: PersonCopy) -> str:
    """Returns the whole page; but for its first line it is well-formed XML."""
    style = element("style", Markup(read_style(_STYLE_OF) + _SPACE))
    body = element(
        "body",
        element("a", "Skip to the content", href="#content", class_="skip"),
        element(
            "header",
            element("p", "Rally", class_="brow"),
            element("h1", TITLE),
            element("p", wording.say_total(copy), class_="lead"),
        ),
        element("main", *_sections(copy), id="content", tabindex="-1"),
        _footer(copy),
    )
    return make_page(TITLE, _POLICY, style, body)


def _sections(copy: PersonCopy) -> Iterator[Markup]:
    yield section("In short", _in_short(copy))
    yield section("What you joined and left", _participation(copy))
    if copy.records.consents:
        yield section("What you agreed to", _consents(copy))
    for study in copy.studies:
        yield section(study.entry.study.name, *_study(study))
    if copy.records.receipts:
        yield section("What was deleted", _receipts(copy))
    yield section("What is not in this copy", paragraphs(_missing(copy)))


def _in_short(copy: PersonCopy) -> Markup:
    pairs = [
        ("True on", f"{say_day(copy.at.date())}, {copy.at:%H:%M} UTC"),
        ("Rows", f"{copy.rows:,}"),
        ("Where it comes from", wording.SOURCE),
        ("Decisions by machines", wording.AUTOMATED),
    ]
    return join([facts(pairs), element("p", _FILES)])


def _participation(copy: PersonCopy) -> Markup:
    names = {each.namespace: each.entry.study.name for each in copy.studies}
    acts = copy.records.acts
    if not acts:
        return element("p", "No enrolment of yours is known.", class_="soft")
    items = (element("li", wording.say_act(each, names)) for each in acts)
    return element("ul", *items)


def _consents(copy: PersonCopy) -> Markup:
    names = {each.namespace: each.entry.study.name for each in copy.studies}
    rows = [
        (
            stranger(names.get(each.study, each.study)),
            wording.say_consent(each),
            f"{each.consent.state} on {_day_of(each.consent.since)}",
            wording.EVIDENCE[each.consent.evidence],
        )
        for each in copy.records.consents
    ]
    head = ("Study", "To what", "How it stands", "How we know")
    return data_table(head, rows, ("", "", "", ""), "What you agreed to", _CARDS)


def _day_of(micros: int) -> str:
    return say_day(from_micros(micros).date())


def _study(copy: StudyCopy) -> Iterator[Markup]:
    study, entry = copy.entry.study, copy.entry
    about = study.about or _UNSTATED
    if about.goal:
        yield element("p", stranger(about.goal))
    if copy.is_concluded:
        yield element("p", wording.CONCLUDED)
    page = external_link(about.page, "Page of the study") if about.page else None
    yield facts(
        (
            ("State", STATES[entry.state].capitalize()),
            ("Rows of you", f"{copy.rows:,}"),
            ("Destroyed by", say_day(study.analysis_until)),
            ("Contact", stranger(about.contact)),
            ("Independent contact", stranger(about.independent_contact)),
            ("More", page or stranger(None)),
        )
    )
    for document in copy.documents:
        yield _document(copy, document)
    yield element("h3", "Who receives it")
    yield _recipients(study.access, len(study.derived))
    if entry.results:
        yield element("h3", "What was published")
        yield _published(entry.results)
    yield element("h3", "How to leave, and what then happens")
    yield element("p", "How: ", stranger(about.leaving))
    yield paragraphs(say_leaving(entry))
    yield element("h3", "What happens at the end")
    yield paragraphs(say_end(entry))


def _recipients(access: tuple[Access, ...], tables: int) -> Markup:
    if not access:
        return element("p", _NOBODY)
    rows = (
        (
            stranger(each.group),
            stranger(each.agreement),
            say_day(each.since),
            say_day(each.until),
        )
        for each in access
    )
    head = ("Group", "Agreement", "From", "Through")
    table = data_table(head, rows, ("", "", "", ""), "Who receives it", _CARDS)
    own = (
        f"They keep {wording.count_of(tables, 'table')} of their own, which deletion "
        "knows of."
    )
    return join([element("p", _ACCESS), table, element("p", own) if tables else ""])


def _published(results: tuple[PublishedResult, ...]) -> Markup:
    rows = (
        (stranger(each.question), say_day(each.at.date()), say_cost(each.rho))
        for each in results
    )
    head = ("What", "Published on", "Cost")
    table = data_table(head, rows, ("", "", ""), "What was published", _CARDS)
    return join([element("p", RELEASES), table])


def _document(study: StudyCopy, copy: DocumentCopy) -> Markup:
    document, name = copy.document, wording.title_of(copy)
    pairs: list[tuple[str, str]] = [
        ("Rows", f"{len(copy.rows):,}, {wording.say_span(copy)}"),
        ("What becomes of them", wording.say_deletion(copy)),
    ]
    if document:
        pairs += [
            ("Purpose", stranger(document.purpose)),
            ("Kept", say_kept(study.entry, document)),
        ]
    pairs.append(
        (
            "All rows",
            join(
                [
                    element(
                        "a",
                        f"{name} as CSV",
                        href=csv_path(study.namespace, copy.name),
                    ),
                    " and ",
                    element(
                        "a",
                        f"{name} as JSON lines",
                        href=json_lines_path(study.namespace, copy.name),
                    ),
                ]
            ),
        )
    )
    return join(
        [
            element("h3", name),
            facts(pairs),
            _fields(copy, name),
            _by_day(copy, name),
        ]
    )


def _fields(copy: DocumentCopy, name: str) -> Markup:
    if copy.document is None:
        return Markup("")
    newest, schema = copy.rows[-1].sent, copy.document.schema
    own = (schema.participant, schema.deletion_id)
    rows = [
        (
            join([stranger(each.doc), field_path(each.path)]),
            category_mark(each.category),
            stranger(each.purpose),
            _value(newest, each) if each.path not in own else _left_out(),
        )
        for each in schema.fields
    ]
    head = ("What it is", "Category", "What it is used for", "Your newest value")
    table = data_table(
        head, rows, ("", "", "", ""), f"Fields of {name}", f"fields {_CARDS}"
    )
    return element(
        "details",
        element("summary", f"Fields of {name}: {len(rows):,}"),
        element("p", _NEWEST),
        table,
    )


def _left_out() -> Markup:
    return element("span", "your id, which is left out", class_="soft")


def _value(newest: Any, field: CollectedField) -> Markup:
    value, is_there = newest, True
    for part in field.path.removeprefix("/").split("/"):
        if part == "*":
            break
        is_there = isinstance(value, dict) and part in value
        if not is_there:
            return element("span", "none", class_="soft")
        value = value[part]
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if len(text) > _LONGEST_VALUE:
        text = f"{text[:_LONGEST_VALUE]} …"
    return stranger(text)


def _by_day(copy: DocumentCopy, name: str) -> Markup:
    days = Counter(each.sent_at.date() for each in copy.rows)
    rows = [(say_day(day), f"{count:,}") for day, count in sorted(days.items())]
    return element(
        "details",
        element("summary", f"{name} by day: {wording.count_of(len(rows), 'day')}"),
        data_table(("Day", "Rows"), rows, ("", ""), f"{name} by day", _CARDS),
    )


def _receipts(copy: PersonCopy) -> Markup:
    names = {each.namespace: each.entry.study.name for each in copy.studies}
    rows = [
        (
            element("a", f"Receipt {each.number}", href=receipt_path(each.number)),
            names.get(each.scope, each.scope),
            _day_of(each.received),
            f"{sum(part.rows for part in each.sections):,}",
        )
        for each in copy.records.receipts
    ]
    head = ("Receipt", "You left", "Asked", "Rows deleted")
    return data_table(head, rows, ("", "", "", ""), "Receipts", f"reviews {_CARDS}")


def _missing(copy: PersonCopy) -> Iterator[str]:
    yield wording.WITHOUT_ID
    yield wording.LETTERS
    for each in copy.closed:
        yield wording.CLOSED.format(study=each)


def _footer(copy: PersonCopy) -> Markup:
    sentences = [
        f"Case {copy.case}. Made by rally-pipeline {copy.version}. The file "
        "manifest.json names each file of this copy with its hash.",
        "Whoever has this copy can read all that is in it. Keep it where only you "
        "look.",
        "This page loads nothing and runs no script.",
    ]
    return element("footer", paragraphs(sentences))
