"""What every holder of key material has in common."""

from typing import NoReturn


class Secret:
    """Refuses to be pickled and shows nothing of itself but its type.

    A pickled key would travel in a pipeline's graph, where engines keep and show it:
    a worker opens its keys from a URI in `setup()` instead. A subclass is never a
    slotted frozen dataclass: Python 3.11 would replace its `__getstate__`.
    """

    __slots__ = ()

    def __getstate__(self) -> NoReturn:
        """Raises TypeError."""
        raise TypeError(
            f"{type(self).__name__} holds keys and is never pickled: "
            "pass the folder's URI and open it on the worker"
        )

    def __repr__(self) -> str:
        """The type's name alone."""
        return f"<{type(self).__name__}>"
