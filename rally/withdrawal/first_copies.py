"""What a ping means: what its earliest copy says.

A JWE opens at any path of its namespace. Whoever has seen one may submit it again as
another document: an enrolment as a withdrawal, or what somebody sent before they left
as a return. All copies have one document id, made of the sealed bytes, so that the
first of them tells what its sender meant; no later one adds to it.
"""

from typing import NamedTuple

from rally.events import EventKind


class Said(NamedTuple):
    """What one copy of a ping says, in the order in which copies count.

    Attributes:
        time: submission timestamp, microseconds.
        kind: joined or left; at equal times enrolments come first, as in the fold.
        scope: a namespace, or RALLY.
    """

    time: int
    kind: EventKind
    scope: str


class Firsts:
    """The earliest copy of each ping of each person. Their order means nothing."""

    def __init__(self) -> None:
        """Begins with no pings."""
        self._first: dict[tuple[str, str], Said] = {}

    def hear(self, who: str, document_id: str, said: Said) -> None:
        """Takes a copy.

        Args:
            who: platform pseudonym, or that of the deletion id while it is nobody's.
            document_id: of the ping.
            said: by the copy.
        """
        key = who, document_id
        self._first[key] = min(said, self._first.get(key, said))

    def counts(self, who: str, document_id: str, said: Said) -> bool:
        """Whether no earlier copy says anything else. Every copy was heard."""
        return self._first[who, document_id] == said
