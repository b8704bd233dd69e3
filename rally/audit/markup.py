"""HTML and SVG that cannot be written unescaped: text is text unless it is Markup."""

import html
from collections.abc import Iterable

from rally.printing import visible

_VOID = frozenset({"br", "meta"})


class Markup(str):
    """What is HTML already; made here only, and of constants."""

    __slots__ = ()


def element(name: str, /, *inside: str, **attributes: str | float | None) -> Markup:
    """An element, as well-formed XML.

    Args:
        name: of the element.
        inside: text, which is escaped, and Markup, which is not.
        attributes: by name, `aria_label` for `aria-label` and `class_` for `class`;
            numbers are lengths, to a hundredth. None is left out.
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
    """One after the other; text is escaped."""
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
