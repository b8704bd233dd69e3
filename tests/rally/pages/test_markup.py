"""Text stays text."""

import pytest

from rally.pages.markup import Markup, element, join


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (element("p", "a < b & c"), "<p>a &lt; b &amp; c</p>"),
        (element("p", element("b", "x"), "<b>"), "<p><b>x</b>&lt;b&gt;</p>"),
        (element("p", title='"'), '<p title="&quot;"></p>'),
        (element("p", class_="a", id=None, aria_label="'"),
         '<p class="a" aria-label="&#x27;"></p>'),
        (element("rect", x=1 / 3, y=2.0, width=0),
         '<rect x="0.33" y="2" width="0"></rect>'),
        (element("meta", name="a", charset="utf-8"),
         '<meta name="a" charset="utf-8" />'),
        (join(["<", Markup("<")]), "&lt;<"),
    ],
    ids=["text", "element", "attribute", "names", "lengths", "void", "join"],
)  # fmt: skip
def test_element_is_escaped_once(made, expected):
    assert made == expected
    assert isinstance(made, Markup)


def test_a_part_of_markup_is_text_again():
    assert element("p", Markup("<b>")[:2]) == "<p>&lt;b</p>"
