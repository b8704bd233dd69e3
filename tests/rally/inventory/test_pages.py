"""The pages: what they say, and how they are made."""

import json
import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from hashlib import sha256
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.disclosure import round_count
from rally.inventory.json import to_json
from rally.inventory.records import ExpungeEntry
from rally.inventory.site import make_site
from rally.printing import visible
from rally.registry.notices import ConsentNotice
from rally.registry.study import Access
from rally.registry.transitions import StudyState
from rally.releases.budget import Budget
from rally.releases.published import StudyReleases
from tests.rally.inventory.pages import facts, links, pages, parse, tables, words
from tests.rally.inventory.samples import (
    ABOUT,
    STREAM,
    inventory_of,
    published,
    releasing,
    shipped,
    stream,
    whole_site,
)

ALL = sorted(pages())
STUDY, JOURNEY = f"{STREAM}/index.html", f"{STREAM}/user-journey.1.html"


@pytest.mark.parametrize("path", ALL)
def test_page_is_made_for_everybody(path):
    page = parse(pages()[path])
    assert page.get("lang") == "en"
    levels = [
        int(each.tag[1]) for each in page.iter() if re.fullmatch("h[1-6]", each.tag)
    ]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))
    headings = [words(each) for each in page.iter("h2")]
    assert len(set(headings)) == len(headings)
    assert [each.tag for each in page.find("body")] == ["a", "header", "main", "footer"]
    skip = page.find("body/a")
    assert (skip.get("href"), page.find("body/main").get("id")) == (
        "#content",
        "content",
    )
    for table in page.iter("table"):
        assert table[0].tag == "caption"
        assert words(table[0])
        assert {each.get("scope") for each in table.iter("th")} == {"col", "row"}
    ids = [each.get("id") for each in page.iter() if each.get("id")]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("path", ALL)
def test_page_loads_nothing_and_runs_nothing(path):
    page = parse(pages()[path])
    (policy,) = (
        each.get("content")
        for each in page.iter("meta")
        if each.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy == (
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'"
    )
    tags = {each.tag for each in page.iter()}
    assert not tags & {"script", "style", "img", "iframe", "form", "object", "svg"}
    attributes = {name for each in page.iter() for name in each.attrib}
    assert not any(name.startswith("on") or name == "style" for name in attributes)
    (sheet,) = page.iter("link")
    assert sheet.get("href") == "../" * path.count("/") + "style.css"


def test_titles_differ_and_end_with_the_site():
    titles = {path: words(parse(pages()[path]).find("head/title")) for path in ALL}
    documents = {
        path: title for path, title in titles.items() if path.endswith("/index.html")
    }
    assert len(set(documents.values())) == len(documents)
    assert all(title.endswith("What Rally collects") for title in titles.values())


def test_every_link_within_the_site_leads_somewhere():
    roots = {path: parse(text) for path, text in pages().items()}
    ids = {
        path: {each.get("id") for each in page.iter() if each.get("id")}
        for path, page in roots.items()
    }
    found = {link for path, page in roots.items() for link in links(path, page)}
    assert {file for file, _ in found} == {*roots, "inventory.json"}
    assert [each for each in found if each[1] and each[1] not in ids[each[0]]] == []


def test_index_lists_studies_and_the_platform():
    told = tables(parse(pages()["index.html"]))
    assert told["Studies"][0] == ["Study", "State", "Collects", "Highest category"]
    assert [
        f"Attention Stream{ABOUT.goal}",
        "collecting",
        "12 July 2022 to 27 March 2023",
        "●●●● 4 Highly sensitive",
    ] in told["Studies"]
    assert [row[0][:5] for row in told["Rally itself"][1:]] == [
        "Rally",
        "Enrol",
        "Rally",
    ]
    assert len(told["Categories"]) == 5


def test_index_names_its_sources():
    told = facts(parse(pages()["index.html"]))
    data = whole_site()["inventory.json"]
    assert told["True on"] == "1 October 2022 (UTC)"
    assert told["Decisions"].startswith("not read")
    assert told["SHA-256 of the data"] == sha256(data.encode()).hexdigest()


def test_study_says_what_its_notice_says():
    page = parse(pages()[STUDY])
    told = facts(page)
    assert {
        name: told[name] for name in ("State", "Collects", "All is deleted by")
    } == {
        "State": "Collecting. It collects from those who joined.",
        "Collects": "12 July 2022 to 27 March 2023",
        "All is deleted by": "27 March 2024",
    }
    assert told["Ethics review"] == "Example University IRB, protocol 12345"
    assert told["More"] == "Page of the study at example.org"
    assert tables(page)["Access"] == [
        ["Group", "Agreement", "From", "Through"],
        ["birds@example.org", "2026-7", "1 August 2022", "27 March 2024"],
        ["bees@example.org", "MOU 8", "1 September 2022", "27 March 2023"],
    ]
    assert tables(page)["Data"][2] == [
        "User journeyhow attention moves from page to page",
        "●●●● 4 Highly sensitive",
        "10 fields and 18 of the library",
        "until the conclusion",
    ]


def test_study_that_says_nothing_of_itself_is_told_all_the_same():
    told = facts(parse(make_site(inventory_of(stream(about=None)))[STUDY]))
    assert told["Institution"] == told["Payment"] == told["How to join"] == "not stated"


def test_study_without_researchers_says_so():
    text = make_site(inventory_of(stream(access=())))[STUDY]
    assert "No researchers are registered." in words(parse(text))


def test_document_tells_each_field():
    page = parse(pages()[JOURNEY])
    told = tables(page)["Fields of the study"]
    assert told[0] == ["What it is", "Category", "What it is used for", "Form"]
    assert len(told) == 11
    assert [
        "How far down the page was read, in percent of its height"
        "/metrics/quantity/user_journey.max_relative_scroll_depth",
        "●●○○ 2 Interaction",
        "To measure how long a page holds attention",
        "whole number, such as 42; may be absent",
    ] in told
    assert len(tables(page)["Fields of the library"]) == 19


@pytest.mark.parametrize(
    ("number", "told", "data"),
    [
        (0, "nobody", 0),
        (9, "fewer than 10 people; no closer number is told", "<10"),
        (1234, "at least 1,230 people; no closer number is told", 1230),
        (None, None, None),
    ],
)
def test_participants_are_told_as_no_close_number(number, told, data):
    count = None if number is None else round_count(number)
    inventory = inventory_of(stream())
    entry = replace(inventory.studies[0], participants=count)
    site = make_site(replace(inventory, studies=(entry,)))
    assert facts(parse(site[STUDY])).get("Joined and not left") == told
    (study,) = json.loads(site["inventory.json"])["studies"]
    assert study["participants"] == data


def test_document_says_when_it_is_sent():
    study = stream()
    assert facts(parse(make_site(inventory_of(study))[JOURNEY]))["Sent"] == "not stated"
    visit = replace(study.documents["user-journey.1"], sent="as a <page> is left")
    told = replace(study, documents={"user-journey.1": visit})
    page = parse(make_site(inventory_of(told))[JOURNEY])
    assert facts(page)["Sent"] == "as a <page> is left"


def test_events_and_faults_are_told():
    inventory = inventory_of(stream())
    assert "What was decided on it" not in make_site(inventory)[STUDY]
    faulty = replace(inventory, unavailable=("rally-y",), development=True)
    index = words(parse(make_site(faulty)["index.html"]))
    assert "rally-y" in index
    assert "This is a development platform" in index
    (entry,) = inventory.studies
    paused = replace(entry, state=StudyState.PAUSED)
    site = make_site(replace(inventory, studies=(paused,)))
    assert facts(parse(site[STUDY]))["State"].startswith("Paused. It collects nothing")


def test_what_was_taken_out_is_told_with_its_reason():
    (entry,) = inventory_of(stream()).studies
    days = date(2022, 5, 4), date(2022, 5, 6)
    taken = (
        ExpungeEntry(
            date(2022, 6, 1), "user-journey.1", None, *days, "an <b>error</b>"
        ),
        ExpungeEntry(date(2022, 6, 2), "gone.1", "/a/*/b", *days, ""),
    )
    inventory = replace(
        inventory_of(stream()), studies=(replace(entry, expunges=taken),)
    )
    told = tables(parse(make_site(inventory)[STUDY]))["Taken out"]
    days_told = "4 May 2022 to 6 May 2022"
    assert told == [
        ["What", "Sent", "Ordered on", "Why"],
        [told[1][0], days_told, "1 June 2022", "an <b>error</b>"],
        ["gone.1/a/*/b", days_told, "2 June 2022", "not stated"],
    ]
    assert "Taken out" not in tables(parse(make_site(inventory_of(stream()))[STUDY]))


def test_what_was_published_is_told_with_its_cost():
    inventory = inventory_of(stream())
    assert "What was published of it" not in make_site(inventory)[STUDY]
    results = (
        published("weekly", "Who reads <b>what</b>?", "people, by region", "0.0175"),
        published("table.csv", "a regression's table", None, None),
    )
    budget = Budget(STREAM, Decimal("0.07"), Decimal("0.0175"))
    page = make_site(releasing(inventory, StudyReleases(budget, results)))[STUDY]
    tree = parse(page)
    assert "may cost rho 0.07, " in words(tree)
    assert "one person at most; 0.0525 is left." in words(tree)
    cost = "without noise; two people looked at it before"
    assert tables(tree)["Published"] == [
        ["What", "Of whom", "Published on", "Cost"],
        ["Who reads <b>what</b>?weekly", "people, by region", "1 July 2022",
         "rho 0.0175"],
        ["a regression's tabletable.csv", "not stated", "1 July 2022", cost],
    ]  # fmt: skip


def test_budget_is_told_before_anything_is_published():
    nothing = StudyReleases(Budget(STREAM, Decimal("0.07"), Decimal(0)), ())
    page = make_site(releasing(inventory_of(stream()), nothing))[STUDY]
    assert "0.07 is left.Nothing was published yet." in words(parse(page))


def test_notices_are_told_the_newest_first():
    (entry,) = inventory_of(stream()).studies
    first = ConsentNotice(
        version="1",
        since=date(2022, 3, 10),
        where="https://example.org/1",
        sha256="a" * 64,
        language="en",
        lasts_days=365,
    )
    where = "https://example.org/<b>"
    second = replace(first, version="2", since=date(2022, 6, 1), where=where)
    study = replace(entry.study, notices=(first, replace(second, lasts_days=None)))
    inventory = inventory_of(stream())
    told = replace(inventory, studies=(replace(entry, study=study),))
    page = make_site(told)[STUDY]
    listed = page[page.index("What people read before they join") :]
    older = ">Version 1, en at example.org</a>, from 10 March 2022: who joins agrees"
    assert listed.index("from 1 June 2022: who joins agrees until") < listed.index(
        f"{older} for 365 days"
    )
    assert "/<b>" not in page
    assert "What people read" not in make_site(inventory)[STUDY]
    notices = json.loads(to_json(told))["studies"][0]["notices"]
    assert [each["version"] for each in notices] == ["1", "2"]


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "\u202egnp.exe",
    "a\u0000b\u001b[2J",
    "&lt;b&gt;",
    "]]><!--",
    "x" * 5000,
]


@pytest.mark.parametrize("text", HOSTILE)
def test_words_of_strangers_stay_words(text):
    check_words(text)


@given(st.text(min_size=1))
def test_any_words_stay_words(text):
    check_words(text)


def check_words(text: str) -> None:
    """Puts a text wherever a stranger may write, and looks for it on the pages."""
    study = stream()
    visit = study.documents["user-journey.1"]
    field = visit.schema.fields[0]._replace(doc=text, purpose=text, path=f"/{text}")
    schema = replace(visit.schema, fields=(field,))
    documents = {visit.name: replace(visit, purpose=text, schema=schema)}
    access = (Access(text, text, study.starts, study.starts),)
    about = replace(ABOUT, goal=text, page=text, contact=text)
    hostile = replace(study, name=text, about=about, access=access, documents=documents)
    shown = " ".join(visible(" ".join(text.split())).split())
    for path, html in make_site(inventory_of(hostile)).items():
        if path.endswith(".html"):
            page = parse(html)
            assert shown in words(page)
            assert {"script", "img"}.isdisjoint(each.tag for each in page.iter())
            assert all(each.isprintable() for each in html.replace("\n", ""))


@pytest.mark.parametrize(
    ("address", "is_link"),
    [
        ("https://example.org/a", True),
        ("http://example.org/a", False),
        ("javascript:alert(1)", False),
        ("https://example.org@evil.example/", False),
    ],
)
def test_only_https_is_linked(address, is_link):
    study = stream(about=replace(ABOUT, page=address))
    page = parse(make_site(inventory_of(study))[STUDY])
    hrefs = {each.get("href"): each.get("rel") for each in page.iter("a")}
    rel = "noopener noreferrer nofollow"
    assert hrefs.get(address) == (rel if is_link else None)
    assert is_link or address in words(page)


def test_shipped_registry_says_what_each_field_is():
    for study in shipped().studies.values():
        for document in study.documents.values():
            assert all(len(each.doc) > 3 for each in document.schema.fields)
