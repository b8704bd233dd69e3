"""Rally's data platform; `rally.read` gives researchers a document as a table."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rally.dataset.reading import read

__all__ = ["read"]


def __getattr__(name: str) -> Any:
    """Imports `read` once somebody asks for it; commands start without Arrow."""
    if name == "read":
        from rally.dataset.reading import read

        return read
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
