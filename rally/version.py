"""The version of this software, as package metadata has it, and the Pythons it has."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version

PACKAGE = "rally-pipeline"
"""The name of the distribution."""

PYTHONS = ((3, 11), (3, 12), (3, 13))
"""The versions of Python on which this runs, as pyproject.toml says."""

WORKERS_PYTHON = (3, 11)
"""The version of Python in the workers' image (templates/Dockerfile)."""


@cache
def pipeline_version() -> str:
    """The version that file headers and dead letters name."""
    try:
        return version(PACKAGE)
    except PackageNotFoundError:
        return "unknown"
