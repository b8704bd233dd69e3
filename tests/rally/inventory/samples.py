"""Inventories to look at: of the shipped registry, and of a study that says it all."""

from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache

from rally.inventory.records import Inventory
from rally.inventory.site import make_site
from rally.inventory.taking import take_inventory
from rally.registry.about import About
from rally.registry.registry import SHIPPED, Registry
from rally.registry.review_files import recipients_of
from rally.registry.study import Access, Study
from rally.releases.published import PublishedResult, StudyReleases

AT = datetime(2022, 10, 1, 12, tzinfo=UTC)
"""Time of the samples: Attention Stream collects."""

STREAM = "rally-attention-stream"

ABOUT = About(
    goal="How attention moves from page to page.",
    institution="Example University",
    investigator="Jo Doe",
    ethics_review="Example University IRB, protocol 12345",
    contact="attention@example.org",
    independent_contact="irb@example.org",
    page="https://example.org/attention",
    joining="In the extension.",
    leaving="In the extension, or by removing it.",
    benefits="None for you; we learn how people read news.",
    risks="Who has the data may see what you read.",
    payment="None.",
)
ACCESS = (
    Access("birds@example.org", "2026-7", date(2022, 8, 1), date(2024, 3, 27)),
    Access("bees@example.org", "MOU 8", date(2022, 9, 1), date(2023, 3, 27)),
)


@cache
def shipped() -> Registry:
    """The registry that comes with the software."""
    return Registry.load(SHIPPED)


def stream(**changes: object) -> Study:
    """Attention Stream with all that it can say of itself, and with changes."""
    study = replace(shipped().studies[STREAM], about=ABOUT, access=ACCESS)
    readers = recipients_of(study)
    reviews = tuple(
        replace(each, request=each.request._replace(recipients=readers))
        for each in study.reviews
    )
    told = {"reviews": reviews, **changes}
    return replace(study, **told)  # type: ignore[arg-type]


def inventory_of(*studies: Study) -> Inventory:
    """The inventory of some studies, without a platform."""
    registry = Registry({each.namespace: each for each in studies})
    return take_inventory(registry, None, AT)


def published(
    name: str, question: str, description: str | None, rho: str | None
) -> PublishedResult:
    """A result of Attention Stream that left on 1 July 2022."""
    at = datetime(2022, 7, 1, 12, tzinfo=UTC)
    files = (f"study={STREAM}/{name}/table.csv",)
    return PublishedResult(name, at, question, description, rho, files)


def releasing(inventory: Inventory, releases: StudyReleases) -> Inventory:
    """The inventory of one study, of which something was published."""
    (entry,) = inventory.studies
    return replace(inventory, studies=(replace(entry, releases=releases),))


def whole_site() -> dict[str, str]:
    """The site of the whole sample."""
    return make_site(whole())


def whole() -> Inventory:
    """The inventory of the shipped registry, Attention Stream saying it all."""
    studies = {**shipped().studies, STREAM: stream()}
    return take_inventory(Registry(studies), None, AT)
