"""The version of this software, as package metadata has it."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version


@cache
def pipeline_version() -> str:
    """The version that file headers and dead letters name."""
    try:
        return version("rally-pipeline")
    except PackageNotFoundError:
        return "unknown"
