"""Frames a page of HTML: what stands before its body, and the style of all pages."""

from functools import cache
from importlib.resources import files

from rally.pages.markup import Markup, element


def make_page(title: str, policy: str, style: Markup, body: Markup) -> str:
    """Returns a whole page; but for its first line it is well-formed XML.

    Args:
        title: Title of the page.
        policy: Content security policy of the page.
        style: Element that has the style, or links to it.
        body: Element `body`.
    """
    page = element("html", _head(title, policy, style), body, lang="en")
    return f"<!DOCTYPE html>\n{page}\n"


@cache
def read_style(package: str) -> str:
    """Reads the style that all pages share, and then a package's own.

    Args:
        package: Name of a package with a `style.css`, which ships beside its modules.
    """
    sheets = (files(each).joinpath("style.css") for each in (__package__, package))
    return "".join(each.read_text("utf-8") for each in sheets)


def _head(title: str, policy: str, style: Markup) -> Markup:
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", title),
        style,
    )
