"""A registry for each day on which the garden may end, before and after a renewal."""

import pytest

from tests.model.studies import TABLES, load_studies


@pytest.fixture(scope="session")
def registries(tmp_path_factory):
    """The garden ends on the fifth day, or late: its dates can be moved."""
    ends = {5: "2026-05-14", 200: "2026-11-25"}
    return {
        (day, is_renewed): load_studies(
            tmp_path_factory.mktemp("studies"),
            end,
            is_renewed=is_renewed,
            tables=TABLES,
        )
        for day, end in ends.items()
        for is_renewed in (False, True)
    }
