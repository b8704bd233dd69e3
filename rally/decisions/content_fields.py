"""Readers of single values that decisions and hand-written records have in common."""

import re
from collections.abc import Callable
from typing import Any

from rally.fields import Fields, Place, Reader, T, text
from rally.names import DOCUMENT_RULE, is_namespace, parse_document

_ID = "[a-z0-9][a-z0-9-]{0,39}"
_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_RHO = re.compile("(?:0|[1-9][0-9]{0,2})(?:[.][0-9]{1,9})?")

MOST_COVERED = 400
"""Schemas of one review."""


def _matching(pattern: str, fault: str) -> Reader[str]:
    """Makes a reader of texts of a form; `fault` says what others must be."""
    form = re.compile(pattern)

    def read(place: Place, value: object) -> str:
        found = text(place, value)
        if not form.fullmatch(found):
            raise place.error(fault)
        return found

    return read


_FAULT = "must be up to 40 lower-case letters, digits and hyphens"

person_name = _matching("[a-z][a-z0-9-]{0,39}", _FAULT)
"""Reads a person's name."""

record_id = _matching(_ID, _FAULT)
"""Reads the id of a review or of a recipe: its file without the suffix."""

result_name = _matching(
    f"{_ID}(?:[.](?:{_DAY}|[a-z][a-z0-9]{{0,9}}))?",
    "must be a result such as weekly, weekly.2026-06-01 or a.csv",
)
"""Reads what a result is called: a release's id, or a submitted file's name."""


def namespace_name(place: Place, value: object) -> str:
    """Reads the namespace of a study."""
    namespace = text(place, value)
    if not is_namespace(namespace):
        raise place.error("must be a namespace")
    return namespace


def document_name(place: Place, value: object) -> str:
    """Reads a document's name, `visit.1`."""
    name = text(place, value)
    if parse_document(name) is None:
        raise place.error(f"must be a document such as visit.1; {DOCUMENT_RULE}")
    return name


def file_name(place: Place, value: object) -> str:
    """Reads the name of a submitted file, which no release can have."""
    name = result_name(place, value)
    suffix = name.partition(".")[2]
    if not suffix[:1].isalpha():
        raise place.error("must have a suffix of letters, as table.csv has")
    return name


def rho(place: Place, value: object) -> str:
    """Reads a privacy loss, zCDP's rho, as decimal text, which is exact."""
    loss = text(place, value)
    if not _RHO.fullmatch(loss) or not loss.strip("0."):
        raise place.error(
            "must be a decimal number above 0 and below 1,000, such as 0.0175"
        )
    return loss


def record(make: Callable[..., T], **entries: Reader[Any]) -> Reader[T]:
    """Reads a mapping that has exactly these entries."""

    def read(place: Place, value: object) -> T:
        fields = Fields(place, value)
        found = make(**{name: fields.need(name, entries[name]) for name in entries})
        fields.close()
        return found

    return read
