"""Lays out a page of the inventory: what every page has around its own sections."""

import re
from collections.abc import Iterable
from hashlib import sha256
from typing import NamedTuple

from rally.inventory.records import Inventory, StudyEntry
from rally.inventory.wording import CATEGORIES, NOT_STATED, say_day
from rally.pages.frame import make_page
from rally.pages.markup import Markup, element, join
from rally.registry.collected_fields import CollectedField
from rally.registry.study import Document, Study
from rally.web_address import https_host

SITE = "What Rally collects"
"""Name of the site."""

INDEX, FIELDS, DATA, STYLE = "index.html", "fields.html", "inventory.json", "style.css"
"""Files at the top of the site."""

REVIEWS = "reviews"
"""Folder of a study's reviews, within that of the study."""

_POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'"
_REL = "noopener noreferrer nofollow"
_DOTS = 4
_DEVELOPMENT = "This is a development platform: its studies are for trying things out."
_BY_DATES = (
    "States follow the dates of each study alone, and reviews are shown as their "
    "records say: signatures were not checked."
)
_STATIC = "These pages load nothing from elsewhere and run no script."


class Page(NamedTuple):
    """A page of the site.

    Attributes:
        path: Path of its file below the site's folder.
        title: Title, and its first heading.
        above: Page above it as path and name; None for the top.
        lead: Sentences below the heading; text or Markup.
        sections: Its sections.
    """

    path: str
    title: str
    above: tuple[str, str] | None
    lead: tuple[str, ...]
    sections: tuple[Markup, ...]


def render(inventory: Inventory, page: Page) -> str:
    """Returns the whole page; but for its first line it is well-formed XML."""
    up = "../" * page.path.count("/")
    title = page.title if page.title == SITE else f"{page.title} - {SITE}"
    style = element("link", rel="stylesheet", href=f"{up}{STYLE}")
    body = element(
        "body",
        element("a", "Skip to the content", href="#content", class_="skip"),
        _header(page, up),
        element("main", *page.sections, id="content", tabindex="-1"),
        _footer(inventory),
    )
    return make_page(title, _POLICY, style, body)


def section(title: str, *inside: str, id: str | None = None) -> Markup:
    """Returns a section with its heading."""
    return element("section", element("h2", title), *inside, id=id)


def paragraphs(sentences: Iterable[str]) -> Markup:
    """Returns sentences as paragraphs."""
    return join(element("p", each) for each in sentences)


def facts(pairs: Iterable[tuple[str, str]], kind: str = "pairs") -> Markup:
    """Returns pairs of a name and a value; text or Markup.

    Args:
        pairs: Names and values.
        kind: Classes of the list.
    """
    return element(
        "dl",
        *(
            element("div", element("dt", name), element("dd", value))
            for name, value in pairs
        ),
        class_=kind,
    )


def stranger(text: str | None) -> Markup:
    """Returns words that somebody chose, in the direction of their own script."""
    if text is None:
        return element("span", NOT_STATED, class_="soft")
    return element("span", " ".join(text.split()), dir="auto")


def external_link(address: str, words: str) -> Markup:
    """Returns a link to an https address, and of any other text the text itself.

    Args:
        address: Text of a stranger.
        words: Subject of the link, before the name of the host.
    """
    host = https_host(address)
    if host is None:
        return stranger(address)
    return element("a", f"{words} at {host}", href=address, rel=_REL)


def category_mark(category: int | None, *, in_words: bool = True) -> Markup:
    """Returns a category as dots and as words."""
    if category is None:
        return element("span", "no data", class_="soft")
    dots = "●" * category + "○" * (_DOTS - category)
    words = f"{category} {CATEGORIES[category]}" if in_words else str(category)
    return element(
        "span",
        element("span", dots, class_="dots", aria_hidden="true"),
        element("span", f" {words}"),
        class_=f"category c{category}",
    )


def study_path(study: Study) -> str:
    """Returns the path of a study's page."""
    return f"{study.namespace}/{INDEX}"


def document_path(document: Document) -> str:
    """Returns the path of a document's page."""
    return f"{document.namespace}/{document.name}.html"


def review_path(study: Study, review: str) -> str:
    """Returns the path of a review's page.

    Args:
        study: Study whose review it is.
        review: Id of the review.
    """
    return f"{study.namespace}/{REVIEWS}/{review}.html"


def field_anchor(field: CollectedField) -> str:
    """Returns the name of a field's place on the page of its document."""
    return f"field-{sha256(field.path.encode()).hexdigest()[:10]}"


def field_path(path: str) -> Markup:
    """Returns the path of a field; a line ends within a word only if it must."""
    parts = re.findall("[^/._]*[/._]+|[^/._]+", path)
    return element("code", *(element("span", each) for each in parts), class_="path")


def study_link(entry: StudyEntry, up: str = "") -> Markup:
    """Returns a link to a study's page."""
    return element("a", stranger(entry.study.name), href=up + study_path(entry.study))


def _header(page: Page, up: str) -> Markup:
    links = [(INDEX, "All studies"), (FIELDS, "All fields"), (DATA, "As data (JSON)")]
    items = [
        element(
            "li",
            element(
                "a",
                words,
                href=up + path,
                aria_current="page" if path == page.path else None,
            ),
        )
        for path, words in links
    ]
    trail = (
        element("a", stranger(page.above[1]), href=up + page.above[0])
        if page.above
        else "Rally"
    )
    return element(
        "header",
        element("nav", element("ul", *items), aria_label="Site", class_="site"),
        element("p", trail, class_="brow"),
        element("h1", stranger(page.title)),
        *(element("p", each, class_="lead") for each in page.lead),
    )


def _footer(inventory: Inventory) -> Markup:
    sentences = [
        f"As of {say_day(inventory.day)} (UTC). Made by rally-pipeline "
        f"{inventory.version} from the registry of studies, by which data is taken or "
        "refused.",
        *([] if inventory.decisions_known else [_BY_DATES]),
        *([_DEVELOPMENT] if inventory.development else []),
        _STATIC,
    ]
    return element("footer", paragraphs(sentences))
