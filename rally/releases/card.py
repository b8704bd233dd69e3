"""The card of a release: what it says, of whom, at what cost, and what it cannot say.

Its fields are those of the third tier of OpenDP's deployment registry, and what NIST SP
800-226 asks to look at. Nothing in it depends on the data but by the noisy table.
"""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from rally.registry.study import Study
from rally.releases.budget import DELTA, Budget, decimal_text, epsilon_of
from rally.releases.ledger_lines import Reservation
from rally.releases.recipe import Measure, MeasureKind, Recipe, Window
from rally.times import moment


class CardEntry(NamedTuple):
    """One field.

    Attributes:
        key: Name of the field in card.json.
        title: Name of the field for people.
        text: Content.
    """

    key: str
    title: str
    text: str


Card = tuple[CardEntry, ...]
"""All fields, in the order in which they are read."""

UNIT = (
    "a person of this platform over all time: all rows of one Rally id; two ids of one"
    " human count as two people"
)
"""Unit of privacy of every release."""


class CardFacts(NamedTuple):
    """What a card is made of.

    Attributes:
        recipe: The recipe.
        window: Days of the release.
        study: Its study.
        reservation: What it took of the budget.
        at: Time at which the noise was drawn, UTC.
        budget: Budget of the study, after it was taken.
        most_of_a_person: What all studies' releases may cost together.
    """

    recipe: Recipe
    window: Window
    study: Study
    reservation: Reservation
    at: datetime
    budget: Budget
    most_of_a_person: Decimal


def make_card(facts: CardFacts) -> Card:
    """Makes the card of a release."""
    return (*_registered(facts), *_private(facts), *_looked_at(facts))


def _registered(facts: CardFacts) -> Card:
    """The registry's first tier."""
    recipe, study = facts.recipe, facts.study
    institution = study.about.institution if study.about else None
    curator = f"{study.name}, by {institution}" if institution else study.name
    days = f"{facts.window.first} to {facts.window.last}"
    return (
        CardEntry("question", "Question", recipe.question),
        CardEntry("intended_use", "Intended use", recipe.purpose),
        CardEntry("curator", "Curator", curator),
        CardEntry(
            "description",
            "Description",
            f"{_listed(map(_described, recipe.measures))}, by {_grouped(recipe)};"
            f" pings {_listed(recipe.documents)} that were sent from {days}, UTC",
        ),
        CardEntry("date", "Date", moment(facts.at)),
        CardEntry(
            "release", "Release", f"{study.namespace}, {facts.reservation.release}"
        ),
        CardEntry(
            "recipe",
            "Recipe",
            f"{recipe.name}, fingerprint {facts.reservation.fingerprint}; approved by"
            f" {len(facts.reservation.approvers)} before the data was read",
        ),
    )


def _private(facts: CardFacts) -> Card:
    """What the registry's second and third tiers ask about privacy."""
    recipe, took, budget = facts.recipe, facts.reservation, facts.budget
    rho, allotted = Decimal(took.rho), budget.allotted or Decimal(0)
    noise = "; ".join(f"{each.column} {each.sigma:.6g}" for each in took.noise)
    return (
        CardEntry(
            "flavour",
            "Privacy",
            "zero-concentrated differential privacy (zCDP); neighbours differ by the"
            " presence of one person, unbounded",
        ),
        CardEntry("unit", "Unit of privacy", took.unit),
        CardEntry(
            "parameters",
            "Parameters",
            f"rho {took.rho}, which is epsilon {epsilon_of(rho):.3g} at delta"
            f" {DELTA:g}: whatever anybody learns from this table, they learn almost as"
            " likely without any one person",
        ),
        CardEntry(
            "model",
            "Deployment model",
            "central: exact sums exist inside the analysis environment, sealed, until"
            " noise is added",
        ),
        CardEntry(
            "data_domain",
            "Data domain",
            f"a row for each ping that was stored; people who have left are not in it."
            f" {took.groups:,} groups were declared, and each is in the table, empty"
            " or not",
        ),
        CardEntry(
            "bounds",
            "Bounds of a person",
            f"at most {took.most_groups:,} groups and {took.most_rows:,} rows in each,"
            " chosen by a keyed hash; numbers are clamped to their declared range. All"
            " bounds were declared before the data was read",
        ),
        CardEntry(
            "mechanism",
            "Mechanism",
            "discrete Gaussian noise on whole numbers. Standard deviations, in units of"
            f" the last digit: {noise}",
        ),
        CardEntry(
            "composition",
            "Composition",
            "costs add up. This study's releases took rho"
            f" {decimal_text(budget.reserved)} of {decimal_text(allotted)}, with those"
            " that were never published; nothing is given back. A person who is in"
            " every study of the platform is protected with rho"
            f" {decimal_text(facts.most_of_a_person)} in all, epsilon"
            f" {epsilon_of(facts.most_of_a_person):.3g}",
        ),
        CardEntry("post_processing", "After the noise", _post_processed(recipe)),
        CardEntry(
            "unprotected",
            "Not protected",
            "the recipe itself; the number and names of groups, which it declares; that"
            " and when the release was made. No exact number of the data",
        ),
    )


def _looked_at(facts: CardFacts) -> Card:
    """What NIST SP 800-226 asks besides, and the registry under implementation."""
    return (
        CardEntry(
            "utility",
            "Errors and bias",
            "each number stands beside the error within which its noise is 19 times in"
            " 20. Small groups suffer most: a number below its error says little."
            " Numbers below zero were raised, so sums of many small groups are too"
            " large; people with many rows count less than they did; who takes part"
            " chose to, and is no sample of everybody",
        ),
        CardEntry(
            "trust",
            "Trust",
            "the platform sees raw data, and its researchers that of their study, in a"
            " closed environment; who sees only what is published need trust nobody",
        ),
        CardEntry(
            "floating_point",
            "Floating point",
            "none before the noise: whole numbers are added and noised exactly. Means"
            " are divided afterwards",
        ),
        CardEntry(
            "side_channels",
            "Side channels",
            "time, memory and logs of a run are seen inside the environment alone, and"
            " hold no exact number; sums have one size, whatever the data",
        ),
        CardEntry(
            "randomness",
            "Randomness",
            "the operating system's generator, by OpenDP; drawn once, and the first"
            " whole result is this one",
        ),
        CardEntry(
            "implementation",
            "Implementation",
            f"Rally {facts.reservation.version}, OpenDP for the noise; bounds and sums"
            " in 64-bit whole numbers",
        ),
        CardEntry(
            "security",
            "Security",
            "rows are encrypted from the browser on; another person than the author saw"
            " the result and signed before it left; a signed ledger has every release",
        ),
        CardEntry(
            "collection",
            "Collection",
            "a study collects what its reviews allow, of people who joined it. Rows go"
            " when somebody leaves and at the study's end; this table stays",
        ),
        CardEntry(
            "invariants",
            "Invariants",
            "none: no total is published exactly",
        ),
        CardEntry(
            "hazards",
            "People and process",
            "a budget is fixed once, by two people, and nobody can reset it; who runs"
            " releases cannot approve them, and sees no exact number",
        ),
        CardEntry(
            "rationale",
            "Rationale",
            "zCDP adds up exactly over releases; declared groups cost nothing, and that"
            " they exist tells nothing; whole numbers leave no trace of what they hide",
        ),
    )


def _described(measure: Measure) -> str:
    """Says what a measure is in a few words."""
    kind, name = measure.kind, measure.name
    within = f"{measure.minimum:f} to {measure.maximum:f}"
    match kind:
        case MeasureKind.PEOPLE | MeasureKind.ROWS:
            return name if name == kind else f"{name} ({kind})"
        case MeasureKind.HISTOGRAM:
            return f"{name} (rows in {len(measure.edges) - 1} bands of {measure.field})"
    return f"{name} ({kind} of {measure.field}, each {within})"


def _grouped(recipe: Recipe) -> str:
    return (
        _listed(each.field for each in recipe.group_by) or "nothing: all in one group"
    )


def _post_processed(recipe: Recipe) -> str:
    said = ["no exact number is used; what cannot be below zero is not"]
    kinds = {each.kind for each in recipe.measures}
    if MeasureKind.HISTOGRAM in kinds:
        said.append("bands add up to their noisy total")
    if MeasureKind.MEAN in kinds:
        said.append("means are a noisy sum by noisy rows, within their range")
    if recipe.suppress_below is not None:
        said.append(
            f"groups of fewer than {recipe.suppress_below:,} noisy people show nothing"
        )
    return "; ".join(said)


def _listed(words: Iterable[str]) -> str:
    return ", ".join(words)
