"""What the page's pictures are made of: SVG within the page, coloured by its CSS.

Lengths are in units of the picture's own box, WIDTH of them from side to side.
"""

from typing import NamedTuple

from rally.audit.markup import Markup, element

WIDTH = 860
STUB = 5
"""Height or width of what stands for a hidden count: the same for each."""


def picture(name: str, height: float, title: str, text: str, *inside: str) -> Markup:
    """A picture that says what it shows to who cannot see it.

    Args:
        name: an id, of letters, digits and hyphens; no other on the page has it.
        height: of the box.
        title: what it is.
        text: what there is to see.
        inside: shapes.
    """
    words = (f"{name}-title", f"{name}-text")
    return element(
        "svg",
        element("title", title, id=words[0]),
        element("desc", text, id=words[1]),
        *inside,
        viewBox=f"0 0 {WIDTH} {height:g}",
        role="img",
        aria_labelledby=" ".join(words),
    )


def hatching(name: str, *kinds: str) -> Markup:
    """The patterns of hidden counts in a picture: thin lines that slant.

    Args:
        name: of the picture.
        kinds: classes of bars, each hatched in its own colour.
    """
    return element("defs", *(_pattern(f"{name}-{kind}", kind) for kind in kinds))


class Bar(NamedTuple):
    """A rectangle.

    Attributes:
        kind: class that colours it.
        title: what it says when it is pointed at.
        hatched: the picture, of which it takes the pattern of its kind; else None.
    """

    kind: str
    x: float
    y: float
    width: float
    height: float
    title: str
    hatched: str | None = None

    def draw(self) -> Markup:
        """The shape."""
        return element(
            "rect",
            element("title", self.title),
            class_=None if self.hatched else self.kind,
            fill=f"url(#{self.hatched}-{self.kind})" if self.hatched else None,
            x=self.x,
            y=self.y,
            width=self.width,
            height=self.height,
        )


def line(kind: str, x1: float, y1: float, x2: float, y2: float) -> Markup:
    """A line."""
    return element("line", class_=kind, x1=x1, y1=y1, x2=x2, y2=y2)


def words(
    text: str, x: float, y: float, anchor: str, kind: str | None = None
) -> Markup:
    """Words, whose start, middle or end is at x, and whose base line is at y."""
    return element("text", text, x=x, y=y, text_anchor=anchor, class_=kind)


def _pattern(name: str, kind: str) -> Markup:
    strokes = element("path", d="M-1 1 1-1 M0 4 4 0 M3 5 5 3", class_=f"hatch {kind}")
    units = "userSpaceOnUse"
    return element("pattern", strokes, id=name, width=4, height=4, patternUnits=units)
