"""Makes the pages about all studies: the index, and the list of all fields."""

from collections.abc import Iterable, Iterator

from rally.inventory.layout import (
    FIELDS,
    INDEX,
    SITE,
    Page,
    category_mark,
    document_path,
    facts,
    field_anchor,
    field_path,
    section,
    stranger,
    study_link,
)
from rally.inventory.records import Inventory, StudyEntry
from rally.inventory.wording import (
    CATEGORIES,
    CATEGORY_MEANINGS,
    STATES,
    say_day,
    say_period,
    title,
)
from rally.pages.markup import Markup, element, join
from rally.pages.tables import data_table
from rally.registry.study import StudyKind

_LEAD = (
    "People donate data about their browsing to research studies that they choose. "
    "Here is everything that each study collects, what for, who sees it, how long it "
    "is kept, and how to leave."
)
_FIELDS_LEAD = (
    "Every field that any study declares. What the Glean library adds to each message "
    "is on the page of the message."
)
_SOURCE = (
    "From the registry of studies, by which the platform takes or refuses data. Each "
    "kind of message names the fingerprint of the schema that was approved."
)
_SIGNED = "signed decisions of the platform, each verified"
_UNSIGNED = (
    "not read: states follow the dates of each study alone, and signatures of reviews "
    "were not checked"
)
_UNAVAILABLE = (
    "The files of these have a fault. Nothing is collected for them until it is mended;"
    " whoever leaves them is heard."
)


def make_index(inventory: Inventory, digest: str) -> Page:
    """Returns the first page of the site.

    Args:
        inventory: The inventory.
        digest: SHA-256, in hex, of the file of data beside the pages.
    """
    sections = (*_index_sections(inventory), _provenance(inventory, digest))
    return Page(INDEX, SITE, None, (_LEAD,), sections)


def make_fields_page(inventory: Inventory) -> Page:
    """Returns the list of all fields that studies declare."""
    sections = (
        section(stranger(each.study.name), _fields(each))
        for each in inventory.studies
        if any(_field_rows(each))
    )
    above = (INDEX, "All studies")
    return Page(FIELDS, "All fields", above, (_FIELDS_LEAD,), tuple(sections))


def _index_sections(inventory: Inventory) -> Iterator[Markup]:
    studies = [each for each in inventory.studies if each.study.kind is StudyKind.STUDY]
    platform = [
        each for each in inventory.studies if each.study.kind is StudyKind.PLATFORM
    ]
    if studies:
        yield section("Studies", _studies(studies, "Studies"))
    if platform:
        yield section("Rally itself", _studies(platform, "Rally itself"))
    yield section("How to read the categories", _categories())
    if inventory.unavailable:
        names = (element("li", element("code", each)) for each in inventory.unavailable)
        yield section(
            "Not available", element("p", _UNAVAILABLE), element("ul", *names)
        )


def _provenance(inventory: Inventory, digest: str) -> Markup:
    known = inventory.decisions_known
    return section(
        "Where this comes from",
        element("p", _SOURCE),
        facts(
            (
                ("True on", f"{say_day(inventory.day)} (UTC)"),
                ("Software", f"rally-pipeline {inventory.version}"),
                ("Decisions", _SIGNED if known else _UNSIGNED),
                ("SHA-256 of the data", element("code", digest)),
            )
        ),
    )


def _studies(entries: Iterable[StudyEntry], caption: str) -> Markup:
    head = ("Study", "State", "Collects", "Highest category")
    rows = (
        (
            join([study_link(each), _goal(each)]),
            STATES[each.state],
            say_period(each),
            category_mark(each.category),
        )
        for each in entries
    )
    return data_table(head, rows, ("", "", "", ""), caption, "studies cards")


def _goal(entry: StudyEntry) -> Markup:
    about = entry.study.about
    if about is None:
        return Markup("")
    return element("span", stranger(about.goal), class_="under")


def _categories() -> Markup:
    head = ("Category", "Means")
    rows = (
        (category_mark(each), CATEGORY_MEANINGS[each]) for each in sorted(CATEGORIES)
    )
    return data_table(head, rows, ("", ""), "Categories", "cards")


def _field_rows(entry: StudyEntry) -> Iterator[tuple[Markup, str, Markup]]:
    """Yields a row of the list for each field that a study declares."""
    for each in entry.documents:
        for field in () if each.is_built_in else each.own_fields:
            href = f"{document_path(each.document)}#{field_anchor(field)}"
            link = element("a", stranger(field.doc), href=href)
            yield (
                join([link, field_path(field.path)]),
                title(each.document),
                category_mark(field.category),
            )


def _fields(entry: StudyEntry) -> Markup:
    head = ("Field", "In", "Category")
    name = entry.study.name
    return data_table(head, _field_rows(entry), ("", "", ""), name, "all cards")
