"""Reads the pages of the inventory as a browser would, as far as tests ask."""

import posixpath
from collections.abc import Iterator
from functools import cache
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from tests.rally.inventory.samples import whole_site

DOCTYPE = "<!DOCTYPE html>\n"


@cache
def pages() -> dict[str, str]:
    """The pages of the whole sample, by their paths."""
    return {path: text for path, text in whole_site().items() if path[-5:] == ".html"}


def parse(html: str) -> Element:
    """The page's root; what is not well-formed raises."""
    assert html.startswith(DOCTYPE)
    return ElementTree.fromstring(html.removeprefix(DOCTYPE))


def words(element: Element) -> str:
    """All text in an element."""
    return " ".join("".join(element.itertext()).split())


def links(path: str, page: Element) -> Iterator[tuple[str, str]]:
    """Each link within the site as the path of its file and its anchor, or ""."""
    for each in page.iter("a"):
        href = each.get("href", "")
        if "://" not in href:
            file, _, anchor = href.partition("#")
            folder = posixpath.dirname(path)
            yield (
                posixpath.normpath(posixpath.join(folder, file)) if file else path,
                (anchor),
            )


def facts(page: Element) -> dict[str, str]:
    """The pairs of all lists of facts of a page."""
    return {
        words(pair[0]): words(pair[1])
        for each in page.iter("dl")
        for pair in each.iter("div")
    }


def tables(page: Element) -> dict[str, list[list[str]]]:
    """Each table as rows of words, the head first, by its caption."""
    return {
        words(table[0]): [[words(cell) for cell in row] for row in table.iter("tr")]
        for table in page.iter("table")
    }
