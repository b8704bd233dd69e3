"""A registry for each day on which the garden may end."""

import pytest

from tests.model.studies import load_studies


@pytest.fixture(scope="session")
def registries(tmp_path_factory):
    """The garden ends on the fifth day, or late: its dates can be moved."""
    ends = {5: "2026-05-14", 200: "2026-11-25"}
    return {
        day: load_studies(tmp_path_factory.mktemp(f"studies-{day}"), end)
        for day, end in ends.items()
    }
