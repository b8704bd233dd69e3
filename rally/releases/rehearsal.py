"""Sees before a recipe is approved that a draft of it could be read back.

Labels stand in each group that has them, so that short ones of many dimensions make a
long table; and a reader of JSON counts brackets, those in texts as well. A draft that
cannot be read would be found once its budget is gone.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from rally.errors import ConfigurationError
from rally.fields import Place
from rally.releases.card import CardEntry
from rally.releases.cells import MOST_IN_A_CELL, Cells
from rally.releases.draft import Draft, check_readable
from rally.releases.noise import noise_of
from rally.releases.post_processing import make_table
from rally.releases.recipe import Recipe

_CARD = (CardEntry("card", "Card", "[" * 10_000),)
"""As many brackets as the texts of any card have."""


def find_unreadable(recipe: Recipe, place: Place) -> Iterator[str]:
    """Finds out whether the longest draft of a recipe could be read back.

    Args:
        recipe: Recipe without other faults.
        place: Its file, for the message.

    Yields:
        One line, where it could not.
    """
    cells = Cells(recipe)
    noise = noise_of(recipe, cells)
    table = make_table(recipe, cells, noise, cells.zeros() + MOST_IN_A_CELL)
    draft = Draft(
        platform="0" * 32,
        study=recipe.namespace,
        release=recipe.release_id(next(recipe.windows())),
        fingerprint=recipe.fingerprint,
        at=datetime.now(UTC),
        title=recipe.question,
        table=table,
        card=_CARD,
        signature="00" * 64,
    )
    try:
        check_readable(draft)
    except ConfigurationError:
        yield str(
            place.at("group_by").error(
                "makes a table too long to be read back, or one with too many brackets;"
                " shorten the values, or name fewer"
            )
        )
