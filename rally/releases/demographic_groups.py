"""Groups people by what they told the platform, as far as they agreed to that.

Demographics are joined to a study's rows in a worker's memory, and for those people
alone who agreed that this study has this field; joined rows are never stored. Without
the log of consents, or the platform's rows, nothing is released.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rally.registry.registry import Registry
from rally.releases.demographics import Demographic, find_demographic
from rally.releases.grouping import NO_GROUP, ids_of, place
from rally.releases.recipe import Grouping, Recipe

Agreed = Callable[[str, str], bool]
"""Function that tells of a field and a platform pseudonym whether the person agreed."""


class _Answers(NamedTuple):
    """Groups of people in one grouping.

    Attributes:
        people: Pseudonyms in the study, sorted.
        groups: Number of each one's group.
    """

    people: np.ndarray
    groups: np.ndarray


class DemographicGroups:
    """Finds people's groups in the demographic groupings of one recipe."""

    def __init__(
        self,
        recipe: Recipe,
        registry: Registry,
        batches: Iterable[pa.RecordBatch],
        agreed: Agreed,
        pseudonym: Callable[[str], str],
    ) -> None:
        """Reads the platform's rows once, and keeps groups only.

        Args:
            recipe: Recipe.
            registry: Registry of the studies.
            batches: The platform's rows; see `columns_needed`. Of two of a person the
                one that was sent later counts.
            agreed: Consents for the recipe's study; see Agreed.
            pseudonym: Function from a platform pseudonym to that in the study.
        """
        self._answers: dict[str, _Answers] = {}
        rows = _latest(batches)
        if rows is None:
            return
        people = rows.column("participant").to_pylist()
        for grouping in recipe.group_by:
            if not grouping.is_demographic:
                continue
            known = find_demographic(registry, grouping.field)
            assert known is not None  # recipe_checks saw to it
            groups = _groups_of(rows, grouping, known).tolist()
            self._answers[grouping.field] = _sorted(
                (pseudonym(person), group)
                for person, group in zip(people, groups, strict=True)
                if group != NO_GROUP and agreed(grouping.field, person)
            )

    def find(self, participants: np.ndarray, grouping: Grouping) -> np.ndarray:
        """Gives the group of each of some participants, or NO_GROUP.

        Args:
            participants: Pseudonyms in the study, bytes of one width.
            grouping: Demographic grouping of the recipe.
        """
        answers = self._answers.get(grouping.field)
        if answers is None or not len(answers.people):
            return np.full(len(participants), NO_GROUP)
        at = np.searchsorted(answers.people, participants)
        at = np.minimum(at, len(answers.people) - 1)
        is_known = answers.people[at] == participants
        return np.where(is_known, answers.groups[at], NO_GROUP)


def columns_needed(recipe: Recipe, registry: Registry) -> list[str]:
    """Lists the columns of the platform's rows that a recipe's groupings need."""
    needed = dict.fromkeys(("participant", "submission_timestamp"))
    for field in recipe.demographics:
        if known := find_demographic(registry, field):
            columns = [known.column] if known.column else known.answers.values()
            needed |= dict.fromkeys(each.name for each in columns)
    return list(needed)


def _latest(batches: Iterable[pa.RecordBatch]) -> pa.Table | None:
    """Gives the row of each person that was sent last; None where there are no rows."""
    found = [each for each in batches if len(each)]
    if not found:
        return None
    table = pa.Table.from_batches(found).combine_chunks()
    order = pc.sort_indices(
        table,
        [("participant", "ascending"), ("submission_timestamp", "ascending")],
    )
    table = table.take(order)
    people = ids_of(table.column("participant").combine_chunks())
    is_last = np.append(people[1:] != people[:-1], True)
    return table.filter(pa.array(is_last))


def _groups_of(rows: pa.Table, grouping: Grouping, known: Demographic) -> np.ndarray:
    """Gives the group of each row.

    Who chose several of the declared answers is in no group: groups may not overlap.
    """
    if known.column is not None:
        return place(rows.column(known.column.name).combine_chunks(), grouping)
    chosen = np.array(
        [
            pc.fill_null(rows.column(known.answers[str(each)].name), False).to_numpy()
            for each in grouping.values
        ]
    )
    return np.where(chosen.sum(axis=0) == 1, chosen.argmax(axis=0), NO_GROUP)


def _sorted(found: Iterator[tuple[str, int]]) -> _Answers:
    pairs = sorted(found)
    people = np.array([person for person, _ in pairs], "S36")
    return _Answers(people, np.array([group for _, group in pairs], np.int64))
