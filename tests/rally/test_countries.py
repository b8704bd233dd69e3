import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.countries import names_country


@pytest.mark.parametrize("code", ["US", "us", "De", "CA", "NO", "GB", "UK", "XK", "AQ"])
def test_country_is_named_by_its_code_in_either_case(code):
    assert names_country(code)


@pytest.mark.parametrize(
    "text",
    [
        *("ZZ", "zz", "Zz"),  # CLDR, Google
        *("XX", "xx", "T1", "t1"),  # Cloudflare
        *("AP", "EU", "A1", "A2", "O1", "--", "eu"),  # MaxMind
        *("AA", "QM", "QO", "QZ", "XA", "XB", "XZ"),  # ISO 3166-1: left to users
        *("UN", "EZ"),  # ISO 3166-1: reserved for others than countries
        *("", "-", "??", "(not set)", "unknown", "None", "null", "NA/NA"),
        *("U", "USA", "US\n", " US", "US,DE", "ÄÖ", "\ufb01", "192.0.2.77"),
    ],
)
def test_whatever_says_that_none_is_known_names_no_country(text):
    assert not names_country(text)


@given(st.text(max_size=4))
def test_country_is_two_ascii_letters_at_least(text):
    assert not names_country(text) or (
        len(text) == 2 and text.isascii() and text.isalpha()
    )
