"""index.html in Chromium, by WCAG 2.2 A and AA, as the pages of the inventory are."""

import json
from dataclasses import replace

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import sync_playwright

from rally.registry.registry import Registry
from rally.registry.study import StudyKind
from tests.rally.inventory.samples import ABOUT, ACCESS
from tests.rally.inventory.test_site_browser import (
    ADOPT,
    FAINT,
    OPEN,
    OUTSIDE,
    RULES,
    SMALL,
    TWICE,
)
from tests.support.chromium import CHROMIUM, is_missing
from tests.support.memory_deployment import MemoryDeployment, Row
from tests.support.person_copies import opened
from tests.support.registries import without_study
from tests.support.world import GARDEN, HOUSE, POND

pytestmark = [
    pytest.mark.slow("servers"),
    pytest.mark.skipif(
        is_missing(),
        reason="this machine has no chromium, or no pdftotext of poppler-utils",
    ),
]
ANN = 1
LONG = "https://example.org/" + "averylongword" * 30


@pytest.fixture(scope="module")
def page(registry, tmp_path_factory):
    """The page of somebody of whom there is something of everything."""
    garden = replace(
        registry.studies[GARDEN],
        about=ABOUT,
        access=ACCESS,
        derived=("memory://tables",),
    )
    closed = without_study(registry, POND, StudyKind.STUDY)
    told = Registry({**closed.studies, GARDEN: garden}, closed.unavailable)
    deployment = MemoryDeployment(registry)
    for scope in ("rally", GARDEN):
        deployment.join(ANN, scope)
    deployment.put(deployment.indexed_file([Row(ANN, 1, 10)]))
    deployment.put(deployment.indexed_file([Row(ANN, 2)], HOUSE), study=HOUSE)
    deployment.leave(ANN, GARDEN, 20)
    deployment.delete()
    late = [Row(ANN, number, number / 9, LONG) for number in range(40)]
    deployment.put(deployment.indexed_file(late))
    file = tmp_path_factory.mktemp("copy") / "index.html"
    file.write_bytes(opened(deployment, ANN, registry=told)["index.html"])
    return file


@pytest.fixture
def show(page):
    """Shows the page in a window of a width, all details open."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-dev-shm-usage"],
        )

        def show(width=1280, scheme="light"):
            context = browser.new_context(
                viewport={"width": width, "height": 800}, color_scheme=scheme
            )
            shown = context.new_page()
            shown.goto(f"file://{page}")
            shown.evaluate(OPEN)
            return shown

        yield show
        browser.close()


@pytest.mark.parametrize(("width", "scheme"), [(320, "dark"), (1280, "light")])
def test_axe_finds_nothing_and_every_text_stands_out(show, width, scheme):
    page = show(width, scheme)
    page.evaluate(AXE_SCRIPT)
    options = json.dumps({"runOnly": RULES, "resultTypes": ["violations"]})
    found = page.evaluate(f"axe.run({options})")
    assert [
        (each["id"], [node["html"] for node in each["nodes"]][:3])
        for each in found["violations"]
    ] == []
    assert page.evaluate(FAINT) == []
    assert page.evaluate(SMALL) == []


@pytest.mark.parametrize(
    ("width", "css"), [(320, ""), (1280, ""), (1280, TWICE)], ids=["320", "", "twice"]
)
def test_nothing_is_cut_or_beside_the_page(show, width, css):
    page = show(width)
    page.evaluate(ADOPT, css)
    assert page.evaluate(OUTSIDE) == [0, []]


def test_the_page_links_to_its_own_files_and_to_the_study_alone(show):
    hrefs = show().evaluate(
        "() => [...document.links].map(each => each.getAttribute('href'))"
    )
    assert {each for each in hrefs if ":" in each} == {"https://example.org/attention"}
