"""Writes HTML and SVG as well-formed XML, in which text stays text."""

import html
from collections.abc import Iterable

from rally.printing import visible

_VOID = frozenset({"link", "meta"})


class Markup(str):
    """HTML that is escaped already; only this module makes it, and of constants."""

    __slots__ = ()


def element(name: str, /, *inside: str, **attributes: str | float | None) -> Markup:
    """Returns an element.

    Args:
        name: Name of the element.
        inside: Content; text is escaped, and Markup is not.
        attributes: Values by name, `aria_label` for `aria-label` and `class_` for
            `class`; a number is written to a hundredth, and None is left out.
    """
    words = "".join(
        f' {_attribute(key)}="{html.escape(visible(_value(value)))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID:
        return Markup(f"<{name}{words} />")
    return Markup(f"<{name}{words}>{join(inside)}</{name}>")


def join(parts: Iterable[str]) -> Markup:
    """Joins parts; text is escaped, and Markup is not."""
    return Markup(
        "".join(
            part if isinstance(part, Markup) else html.escape(visible(part))
            for part in parts
        )
    )


def _attribute(key: str) -> str:
    return key.rstrip("_").replace("_", "-")


def _value(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.2f}".rstrip("0").rstrip(".")
