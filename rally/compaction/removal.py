"""Removes files for whose rows others speak, in an order that brings none back."""

from collections.abc import Mapping

from rally.compaction.outcomes import Outcome, Trouble
from rally.storage.objectstore.interface import ObjectHeld, ObjectStore
from rally.storage.partitions import Identity


def remove(
    store: ObjectStore, doomed: Mapping[Identity, frozenset[Identity]]
) -> tuple[list[str], list[Trouble]]:
    """Removes files by generation; one that speaks for another goes after it.

    Args:
        store: of the study.
        doomed: the files, and for each those that it speaks for.

    Returns:
        The names of those that are gone, and what holds back the others.

    Raises:
        GenerationMismatch: somebody has written one of them.
    """
    left, gone = dict(doomed), list[str]()
    held: dict[Identity, Trouble] = {}
    while True:
        free = [
            each
            for each, speaks_for in left.items()
            if each not in held and speaks_for.isdisjoint(left)
        ]
        if not free:
            return gone, list(held.values())
        for name, generation in free:
            try:
                store.delete(name, generation)
            except ObjectHeld as error:
                held[name, generation] = holding(name, error)
                continue
            gone.append(name)
            del left[name, generation]


def holding(name: str, error: ObjectHeld) -> Trouble:
    """What an object is in for that may not be replaced or removed."""
    until = "somebody lifts it" if error.until is None else f"{error.until:%Y-%m-%d}"
    return Trouble(Outcome.HELD, name, f"it is kept by its bucket until {until}")
