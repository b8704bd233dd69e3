"""The page of promises names code, tests and checks that are there, and every check.

`faults` says all that is wrong with such a page; below it is shown on a small page that
each fault is found, and found alone.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from rally.audit.findings import Check
from rally.audit.report.wording import PROMISES
from tests.support.named_tests import ROOT, find_missing, find_named

PAGE = ROOT / "docs/promises.md"
KEPT, PROVED, AUDITED = "Kept by", "Proved by", "Audited by"
NOT_BUILT, BEYOND = "Not built", "Beyond software"
NEEDED = (KEPT, PROVED, AUDITED, BEYOND)
CHECKS = "What each audit check proves"

_SECTION = re.compile(r"^## (.+)\n((?:(?!## ).*\n?)*)", re.MULTILINE)
_PROMISE = re.compile(r"(\d+)\. ")
_ITEM = re.compile(r"^- \*\*([^*]+)\*\*:?(.*\n?(?:(?!- ).+\n?)*)", re.MULTILINE)
_CODE = re.compile(r"`([^`]+)`")
_ROW = re.compile(r"^\| `([^`]*)` \| (.*?) \|(.*)$", re.MULTILINE)
_LINK = re.compile(r"\[[^]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


class Page(NamedTuple):
    """A page of promises, taken apart.

    Attributes:
        promises: by title, the text of each item by its label.
        table: by check, what its row says and the anchors that it links to.
        not_built: by what it is, the anchors that its item links to.
    """

    promises: dict[str, dict[str, str]]
    table: dict[str, tuple[str, list[str]]]
    not_built: dict[str, list[str]]


def parse(text: str) -> Page:
    sections = dict(_SECTION.findall(text))
    rows = _ROW.findall(sections.get(CHECKS, ""))
    items = _ITEM.findall(sections.get(NOT_BUILT, ""))
    return Page(
        {
            title: dict(_ITEM.findall(body))
            for title, body in sections.items()
            if _PROMISE.match(title)
        },
        {check: (said, _LINK.findall(links)) for check, said, links in rows},
        {what: _LINK.findall(said) for what, said in items},
    )


def faults(text: str, folder: Path) -> list[str]:
    """What is wrong with a page that lies in a folder, one sentence each."""
    page = parse(text)
    return [
        *(f"`{name}` is not there" for name in find_missing(text)),
        *_untold(page),
        *_unproved(page),
        *_wrong_checks(page),
        *_wrong_table(page),
        *_wrongly_unbuilt(page),
        *_dead_links(text, folder),
    ]


def anchor(title: str) -> str:
    """What a link to a heading says, as GitHub makes it."""
    return "#" + re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def audited(items: dict[str, str]) -> list[str]:
    return _CODE.findall(items.get(AUDITED, ""))


def _untold(page: Page) -> Iterator[str]:
    for title, items in page.promises.items():
        for label in NEEDED:
            if not items.get(label, "").strip(" \n."):
                yield f"{title}: says nothing under {label}"
        for label in items.keys() - {*NEEDED, NOT_BUILT}:
            yield f"{title}: {label} is no item of a promise"


def _unproved(page: Page) -> Iterator[str]:
    unbuilt = {link for links in page.not_built.values() for link in links}
    for title, items in page.promises.items():
        kept = [each for each in find_named(items.get(KEPT, "")) if not each.is_test]
        tests = [each for each in find_named(items.get(PROVED, "")) if each.is_test]
        if not kept and anchor(title) not in unbuilt:
            yield f"{title}: no code keeps it, and it is not listed as not built"
        if kept and not tests:
            yield f"{title}: no test proves it"


def _wrong_checks(page: Page) -> Iterator[str]:
    named = {check for items in page.promises.values() for check in audited(items)}
    for title, items in page.promises.items():
        for check in audited(items):
            if check not in list(Check):
                yield f"{title}: the audit has no check `{check}`"
    for check in Check:
        if check not in named:
            yield f"no promise is audited by the check `{check}`"


def _wrong_table(page: Page) -> Iterator[str]:
    for check in dict.fromkeys([*Check, *page.table]):
        said, links = page.table.get(check, ("", []))
        named = [
            anchor(title)
            for title, items in page.promises.items()
            if check in audited(items)
        ]
        if links != named:
            yield f"table: `{check}` is linked to {links}, and named by {named}"
        elif named and said != PROMISES.get(check):
            yield f"table: `{check}` is not told in the audit's own words"


def _wrongly_unbuilt(page: Page) -> Iterator[str]:
    promised = {anchor(title) for title, items in page.promises.items()}
    unbuilt = {link for links in page.not_built.values() for link in links}
    for what, links in page.not_built.items():
        if not promised & set(links):
            yield f"not built: {what} links to no promise"
    for title, items in page.promises.items():
        if (anchor(title) in unbuilt) != (NOT_BUILT in items):
            yield f"{title}: its item and the list of what is not built disagree"


def _dead_links(text: str, folder: Path) -> Iterator[str]:
    for link in _LINK.findall(text):
        if not link.startswith("https://") and not _leads_somewhere(link, text, folder):
            yield f"the link {link} leads nowhere"


def _leads_somewhere(link: str, text: str, folder: Path) -> bool:
    path, hash_, rest = link.partition("#")
    if path and not (folder / path).is_file():
        return False
    there = (folder / path).read_text() if path else text
    return not hash_ or f"#{rest}" in map(anchor, _HEADING.findall(there))


def test_every_promise_has_a_section():
    titles = _SECTION.findall(PAGE.read_text())
    numbers = [int(found[1]) for title, _ in titles if (found := _PROMISE.match(title))]
    assert numbers == list(range(1, 19))


def test_page_names_what_is_there_and_leaves_no_check_out():
    found = faults(PAGE.read_text(), PAGE.parent)
    assert not found, "\n".join(found)


def test_page_is_in_the_table_of_contents():
    contents = (PAGE.parent / "README.md").read_text()
    assert f"]({PAGE.name})" in contents


ROWS = [f"| `{check}` | {PROMISES[check]} | [1](#1-encrypted) |" for check in Check]
GOOD = f"""# Promises

## 1. Encrypted

*Nobody reads it.*

- **Kept by**: `rally/envelope.py::parse_address`, and
  `rally/decryption/opener.py::Opener.open`, [as it is](deletion.md#receipts)
- **Proved by**: `tests/rally/test_envelope.py::*`,
  `tests/rally/test_names.py::test_wrong_namespace_has_neither_keys_nor_pings`
- **Audited by**: {", ".join(f"`{check}`" for check in Check)}
- **Beyond software**: much.

## 2. A copy

- **Kept by**: nothing yet.
- **Proved by**: nothing yet.
- **Audited by**: nothing.
- **Not built**: [all of it](#not-built)
- **Beyond software**: who asks.

## Not built

- **A copy**: it is for [whoever asks](#2-a-copy).

## {CHECKS}

| check | what is proved | promises |
|---|---|---|
{"".join(f"{row}{chr(10)}" for row in ROWS)}"""

BROKEN = {
    "function that is gone": (
        "parse_address",
        "parse_adress",
        "`rally/envelope.py::parse_adress` is not there",
    ),
    "method that is gone": (
        "Opener.open",
        "Opener.opens",
        "`rally/decryption/opener.py::Opener.opens` is not there",
    ),
    "name that is only imported": (
        "parse_address",
        "PingFailed",
        "`rally/envelope.py::PingFailed` is not there",
    ),
    "module that is gone": (
        "rally/envelope.py",
        "rally/envelopes.py",
        "`rally/envelopes.py::parse_address` is not there",
    ),
    "module without a name": (
        "envelope.py::parse_address",
        "envelope.py",
        "`rally/envelope.py::` is not there",
    ),
    "test that is gone": (
        "keys_nor_pings",
        "keys",
        "`tests/rally/test_names.py::test_wrong_namespace_has_neither_keys` is not "
        "there",
    ),
    "module without tests": (
        "tests/rally/test_envelope.py::*",
        "tests/conftest.py::*",
        "`tests/conftest.py::*` is not there",
    ),
    "item left out": (
        "- **Beyond software**: much.\n",
        "",
        "1. Encrypted: says nothing under Beyond software",
    ),
    "item without a word": (
        "**Beyond software**: who asks.",
        "**Beyond software**:",
        "2. A copy: says nothing under Beyond software",
    ),
    "item of another name": (
        "- **Beyond software**: much.",
        "- **Beyond software**: much.\n- **Hoped for**: more.",
        "1. Encrypted: Hoped for is no item of a promise",
    ),
    "kept without a test": (
        "**Kept by**: nothing yet.",
        "**Kept by**: `rally/names.py::NAME`",
        "2. A copy: no test proves it",
    ),
    "kept by nothing": (
        "`rally/envelope.py::parse_address`, and\n  `rally/decryption/opener.py::Opener"
        ".open`, ",
        "",
        "1. Encrypted: no code keeps it, and it is not listed as not built",
    ),
    "check that the audit has not": (
        "**Audited by**: nothing.",
        "**Audited by**: `happiness`.",
        "2. A copy: the audit has no check `happiness`",
    ),
    "check that no promise names": (
        "`withdrawn`, ",
        "",
        "no promise is audited by the check `withdrawn`",
        "table: `withdrawn` is linked to ['#1-encrypted'], and named by []",
    ),
    "row left out": (
        f"| `locks` | {PROMISES[Check.LOCKS]} | [1](#1-encrypted) |\n",
        "",
        "table: `locks` is linked to [], and named by ['#1-encrypted']",
    ),
    "row of a check that the audit has not": (
        "| `locks` |",
        "| `luck` | It holds. | [1](#1-encrypted) |\n| `locks` |",
        "table: `luck` is linked to ['#1-encrypted'], and named by []",
    ),
    "row of another promise": (
        f"{PROMISES[Check.LOCKS]} | [1](#1-encrypted) |",
        f"{PROMISES[Check.LOCKS]} | [2](#2-a-copy) |",
        "table: `locks` is linked to ['#2-a-copy'], and named by ['#1-encrypted']",
    ),
    "row in other words": (
        PROMISES[Check.LOCKS],
        "No lock is for ever.",
        "table: `locks` is not told in the audit's own words",
    ),
    "not built and not listed": (
        "- **A copy**: it is for [whoever asks](#2-a-copy).",
        "",
        "2. A copy: no code keeps it, and it is not listed as not built",
        "2. A copy: its item and the list of what is not built disagree",
    ),
    "listed and not said": (
        "- **Not built**: [all of it](#not-built)\n",
        "",
        "2. A copy: its item and the list of what is not built disagree",
    ),
    "not built for nobody": (
        "## Not built\n",
        "## Not built\n\n- **Wings**: some day.\n",
        "not built: Wings links to no promise",
    ),
    "link to no page": (
        "deletion.md#receipts",
        "deleting.md#receipts",
        "the link deleting.md#receipts leads nowhere",
    ),
    "link to no heading": (
        "deletion.md#receipts",
        "deletion.md#recipes",
        "the link deletion.md#recipes leads nowhere",
    ),
    "link to no heading of its own": (
        "(#not-built)",
        "(#not-yet)",
        "the link #not-yet leads nowhere",
    ),
}


def test_good_page_has_no_fault():
    assert faults(GOOD, PAGE.parent) == []


@pytest.mark.parametrize("case", BROKEN.values(), ids=BROKEN)
def test_fault_of_a_page_is_found_and_no_other(case):
    before, after, *expected = case
    assert GOOD.count(before) == 1
    assert faults(GOOD.replace(before, after), PAGE.parent) == expected
