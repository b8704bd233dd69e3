"""The study in memory whose rows compaction's tests compact."""

from tests.rally.compaction.conftest import registries, study

__all__ = ["registries", "study"]
