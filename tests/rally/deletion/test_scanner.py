"""The scanner finds what plain search finds, wherever it stands and however many."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rally.deletion.scanner import Scanner

HEX = "0123456789abcdef"


def pseudonym(digits):
    """32 digits as a UUID of version 8."""
    made = (
        f"{digits[:12]}8{digits[13:16]}{'89ab'[int(digits[16], 16) % 4]}{digits[17:]}"
    )
    return re.sub(r"(.{8})(.{4})(.{4})(.{4})(.{12})", r"\1-\2-\3-\4-\5", made).encode()


# Digits that are often 8 make "-8" where the version does not stand, and ids that
# begin or go on with it.
digits = st.text(st.sampled_from(HEX + "8" * 12), min_size=32, max_size=32)
pseudonyms = st.builds(pseudonym, digits)
FILL = [
    b"-",
    b"-8",
    b"8",
    b"8-",
    b"\x00",
    b"deadbeef",
    b"a1" * 40,
    b"user-",
    b"H",
    b"g",
]
fill = st.lists(st.one_of(st.sampled_from(FILL), st.binary(max_size=20)), max_size=4)


def is_in(people, data):
    return any(each in data or each.replace(b"-", b"") in data for each in people)


@given(st.data())
def test_finds_what_plain_search_finds(data):
    people = data.draw(st.lists(pseudonyms, max_size=25, unique=True))
    pieces = data.draw(fill)
    known = [*people, *data.draw(st.lists(pseudonyms, max_size=2))]
    for each in data.draw(st.lists(st.sampled_from(known), max_size=2) if known else
                          st.just([])):  # fmt: skip
        form = each if data.draw(st.booleans()) else each.replace(b"-", b"")
        start = data.draw(st.integers(0, 3))
        pieces += [form[start:] if start == 1 else form, *data.draw(fill)]
    text = b"".join(pieces)
    assert Scanner(people).found_in(text) == is_in(people, text)


EIGHTS = pseudonym("8" * 32)
HARD = {
    "second group begins with 8": pseudonym("1234567881239abc9123456789abcdef"),
    "begins with 8": pseudonym("8234567891239abc9123456789abcdef"),
    "both": pseudonym("8234567881239abc9123456789abcdef"),
    "only eights": EIGHTS,
}
BEFORE = {
    "nothing": b"",
    "hyphen": b"-",
    "-8": b"-8",
    "8": b"8",
    "an id": EIGHTS + b"-",
}


@pytest.mark.parametrize("others", [0, 9, 10, 30])
@pytest.mark.parametrize("before", BEFORE.values(), ids=BEFORE)
@pytest.mark.parametrize("wanted", HARD.values(), ids=HARD)
def test_finds_what_looks_like_its_version(wanted, before, others):
    more = [pseudonym(f"{number:032x}") for number in range(others)]
    scanner = Scanner([wanted, *more])
    assert scanner.found_in(before + wanted)
    assert scanner.found_in(b"row" + before + wanted + b"-8more")


@given(pseudonyms, st.text(HEX, max_size=70), st.text(HEX, max_size=70))
@example(EIGHTS, "8" * 33, "8")
def test_finds_32_digits_inside_a_longer_run(wanted, before, after):
    bare = wanted.replace(b"-", b"")
    people = [wanted, *(pseudonym(f"{number:032x}") for number in range(12))]
    text = before.encode() + bare + after.encode()
    assert Scanner([wanted]).found_in(text)
    assert Scanner(people).found_in(text)
    cut = before.encode() + bare[1:] + after.encode()
    assert Scanner(people).found_in(cut) == is_in(people, cut)


@pytest.mark.parametrize("count", [0, 1, 10, 11, 200])
def test_finds_nothing_in_others_ids(count):
    people = [pseudonym(f"{number:08x}" + "5" * 24) for number in range(count)]
    others = b" ".join(pseudonym(f"{number:08x}" + "6" * 24) for number in range(300))
    assert not Scanner(people).found_in(others)
    assert not Scanner(people).found_in(others.replace(b"-", b""))
    assert not Scanner(people).found_in(b"")


@given(st.data())
def test_finds_raw_bytes_as_plain_search_does(data):
    people = data.draw(st.lists(pseudonyms, max_size=9, unique=True))
    known = [*people, *data.draw(st.lists(pseudonyms, min_size=1, max_size=2))]
    pieces = data.draw(fill)
    for each in data.draw(st.lists(st.sampled_from(known), max_size=2)):
        raw = bytes.fromhex(each.replace(b"-", b"").decode())
        pieces += [raw[data.draw(st.integers(0, 1)) :], *data.draw(fill)]
    text = b"".join(pieces)
    expected = any(
        bytes.fromhex(each.replace(b"-", b"").decode()) in text for each in people
    )
    assert Scanner(people).found_raw_in(text) == expected


@pytest.mark.parametrize("form", ["hyphens", "bare", "raw"])
def test_finds_whatever_the_length_of_the_bytes(form):
    people = [pseudonym(f"{number:032x}") for number in range(9)]
    wanted, scanner = people[3], Scanner(people)
    bare = wanted.replace(b"-", b"")
    written = {"hyphens": wanted, "bare": bare, "raw": bytes.fromhex(bare.decode())}
    find = scanner.found_raw_in if form == "raw" else scanner.found_in
    for length in range(60):
        assert not find(b"g" * length)
        assert not find(b"a" * length)
        assert find(b"g" * length + written[form])
        assert find(b"g" * length + written[form] + b"g" * (60 - length))
    around = 1024 * 1024
    for length in range(around - 40, around + 3):
        assert find(b"g" * length + written[form] + b"g")
