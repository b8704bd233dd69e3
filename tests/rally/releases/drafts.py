"""Drafts of a recipe's release, as the job that makes releases writes them."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache

import numpy as np

from rally.registry.about import About
from rally.registry.registry import SHIPPED, Registry
from rally.releases.budget import Budget
from rally.releases.card import UNIT, CardFacts, make_card
from rally.releases.cells import Cells
from rally.releases.draft import Draft
from rally.releases.ledger_lines import Reservation
from rally.releases.noise import noise_of
from rally.releases.post_processing import make_table
from tests.rally.releases.recipes import make_recipe

STUDY, RELEASE = "rally-birds", "weekly.2026-06-01"
AT = datetime(2026, 7, 1, 12, tzinfo=UTC)


@cache
def make_study():
    """A study with the words that a card has."""
    some = next(iter(Registry.load(SHIPPED).studies.values()))
    about = About(goal="", institution="University of Ponds")
    return replace(some, namespace=STUDY, name="Birds", about=about)


def make_draft(noised=None, platform="ab" * 16, **changes):
    """A draft of these noisy numbers; without any, of some of both signs."""
    recipe = make_recipe(**changes)
    cells = Cells(recipe)
    noise = noise_of(recipe, cells)
    if noised is None:
        noised = np.arange(cells.length, dtype=np.int64) * 37 % 211 - 20
    window = next(recipe.windows())
    reservation = Reservation(
        study=STUDY,
        release=recipe.release_id(window),
        fingerprint=recipe.fingerprint,
        rho=f"{recipe.rho:f}",
        groups=recipe.groups,
        most_groups=recipe.bounds.groups,
        most_rows=recipe.bounds.rows,
        noise=tuple(each.column for each in noise),
        unit=UNIT,
        version="1.2",
        author=recipe.author,
        approvers=("privacy", "steward"),
    )
    facts = CardFacts(
        recipe=recipe,
        window=window,
        study=make_study(),
        reservation=reservation,
        at=AT,
        budget=Budget(STUDY, Decimal("0.07"), recipe.rho),
        most_of_a_person=Decimal("0.12"),
    )
    return Draft(
        platform=platform,
        study=STUDY,
        release=reservation.release,
        fingerprint=recipe.fingerprint,
        at=AT,
        title=recipe.question,
        table=make_table(recipe, cells, noise, noised),
        card=make_card(facts),
    )
