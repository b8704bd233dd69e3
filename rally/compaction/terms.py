"""By what a partition is compacted."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import NamedTuple

from rally.compaction.sieve import Rule, Sieve
from rally.storage.layout import Partition
from rally.withdrawal.selection import Selection


class Terms(NamedTuple):
    """The document's rule, the withdrawal list, and leave to work.

    Attributes:
        rule: which rows stay.
        bits: of the buckets' names.
        selection: the withdrawal list for the study.
        list: its counter.
        version: of the pipeline.
        lease: of a partition.
    """

    rule: Rule
    bits: int
    selection: Selection
    list: int
    version: str
    lease: Callable[[Partition], AbstractContextManager[None]]

    def sieve(self) -> Sieve:
        """A sieve that has counted nothing yet."""
        return Sieve(self.rule, self.selection)
