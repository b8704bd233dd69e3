"""Shapes of SVG that pages share: their places are shares of the room that there is."""

from rally.pages.markup import Markup, element


def percent(value: float) -> str:
    """Writes a share of the width."""
    return f"{value:.3f}".rstrip("0").rstrip(".") + "%"


def line(kind: str, start: str, top: float, end: str, bottom: float) -> Markup:
    """Returns a line.

    Args:
        kind: Class of the line.
        start: Place of its first end, a share of the width.
        top: Height of its first end, in pixels from the top.
        end: Place of its other end.
        bottom: Height of its other end.
    """
    return element("line", class_=kind, x1=start, y1=top, x2=end, y2=bottom)
