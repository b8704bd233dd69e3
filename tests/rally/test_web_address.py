"""Addresses to which a page may link."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.web_address import https_host


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("https://example.org", "example.org"),
        ("https://Bugs.Example.org:8443/show?id=1#c2", "bugs.example.org"),
        ("https://example.org/a%20b", "example.org"),
        ("http://example.org", None),
        ("javascript:alert(1)", None),
        ("java\tscript:alert(1)", None),
        ("//example.org", None),
        ("https:example.org", None),
        ("HTTPS://example.org", None),
        ("https://", None),
        ("https://localhost/", None),
        ("https://example.org@evil.example/", None),
        ("https://user:pass@example.org/", None),
        ("https://ex\u0430mple.org/", None),
        ("https://example.org/\u202egpj", None),
        ("https://example.org/ onclick=x", None),
        ('https://example.org/"onclick="x', None),
        ("https://example.org/<b>", None),
        ("https://example.org\\@evil.example", None),
        ("https://example.org:99999/", None),
        ("https://[::1]/", None),
        ("https://[example.org/", None),
        ("https://-a.example/", None),
        (" https://example.org", None),
        ("https://example.org\n", None),
        ("https://example.org/" + "a" * 2000, None),
        ("bug 1663857", None),
        ("", None),
    ],
)
def test_only_plain_https_has_a_host(text, host):
    assert https_host(text) == host


@given(st.text())
def test_no_text_has_a_host_that_a_browser_would_not_ask(text):
    host = https_host(text)
    assert host is None or text.lower().startswith(f"https://{host}")
