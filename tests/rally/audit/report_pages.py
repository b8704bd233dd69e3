"""Reads a page of an audit as a browser would, as far as tests ask."""

from xml.etree import ElementTree

DOCTYPE = "<!DOCTYPE html>\n"


def parse(html):
    """The page's root; what is not well-formed raises."""
    assert html.startswith(DOCTYPE)
    return ElementTree.fromstring(html.removeprefix(DOCTYPE))


def words(element):
    """All text in an element, the parts of a path as one word."""
    return " ".join(" ".join(_texts(element)).split())


def section(page, title):
    """The section under a heading, or None."""
    found = [each for each in page.iter("section") if each.find("h2").text == title]
    return found[0] if found else None


def tables(element):
    """Each table as rows of words, the head first."""
    return [
        [[words(cell) for cell in row] for row in table.iter("tr")]
        for table in element.iter("table")
    ]


def bars(svg):
    """Each bar of a chart: what it says, its class or pattern, and its box.

    The box is x, y, width and height: x and width in percent, the others in pixels.
    """
    return [
        (
            rect.find("title").text,
            rect.get("class") or rect.get("fill"),
            *(
                float(rect.get(name).removesuffix("%"))
                for name in ("x", "y", "width", "height")
            ),
        )
        for rect in svg.iter("rect")
    ]


def _texts(element):
    if element.get("class") == "path":
        yield "".join(element.itertext())
        return
    yield element.text or ""
    for each in element:
        yield from _texts(each)
        yield each.tail or ""
