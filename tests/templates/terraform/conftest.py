"""What tests of the infrastructure share."""

import pytest

from tests.templates.terraform.module import load


@pytest.fixture(scope="session")
def module():
    """All files of templates/terraform/, parsed."""
    return load()
