"""Who stays, in the plainest words: what the fold of one study has to come to."""

from typing import NamedTuple

from tests.support.memory_deployment import Row


class Move(NamedTuple):
    """Somebody joins, or leaves, at a day."""

    joins: bool
    person: int
    day: float


def stays(moves: list[Move], row: Row) -> bool:
    """No leaving at or after it; and after the last one before it a joining."""
    own = [move for move in moves if move.person == row.person]
    left = [move.day for move in own if not move.joins]
    if any(day >= row.day for day in left):
        return False
    last = max(left, default=None)
    return last is None or any(last < move.day <= row.day for move in own if move.joins)
