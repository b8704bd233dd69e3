"""Changes of files: one object a run, to which its receipts refer by its hash.

    receipts/changes/<first receipt>-<SHA-256, cut>.jsonl

A person with rows on each day of a year is in hundreds of files, and so is everybody
else who left in that week. So the changes are told once, and how many rows of which
request went with each. A receipt is signed and carries the SHA-256 of the object:
nobody can change it unseen. There is no id and no pseudonym in it either.

The first line lists the ids of requests and orders; each line after it is a file, and
counts rows by the place of the request in that list.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any, cast

from rally.fields import Fields, Place, Reader, hexadecimal, many, text, whole
from rally.receipts.encoding import check_nameless, digest, or_none, text_or_nothing
from rally.receipts.receipt import FOLDER, FileChange, NamedChanges, Receipt
from rally.storage.container import canonical_json
from rally.storage.objectstore.interface import (
    ObjectNotFound,
    ObjectStore,
    StrayInTheWay,
)

CHANGES = FOLDER + "changes/"

_NAME = re.compile(CHANGES + "([0-9]{12})-[0-9a-f]{16}[.]jsonl")

Sums = Mapping[tuple[str, str], Mapping[str, tuple[int, int]]]
"""Number of changed files, and of rows, for a request and a plan, by namespace."""


def changes_name(named: NamedChanges) -> str:
    """Returns the name of the object of changes that a receipt names."""
    return f"{CHANGES}{named.first:012}-{named.sha256[:16]}.jsonl"


def first_of(name: str) -> int:
    """Returns the number of the first receipt that may name an object of changes.

    Returns:
        The number; 0 if the name is none of such an object.
    """
    match = _NAME.fullmatch(name)
    return int(match[1]) if match else 0


def write_changes(
    platform: ObjectStore, first: int, changes: Iterable[FileChange]
) -> NamedChanges:
    """Stores the changes that receipts of a run tell, before the first of them.

    Args:
        platform: Store of the platform.
        first: Number of the first receipt that may name them.
        changes: Changes of files, in the order of plans.

    Raises:
        ConfigurationError: Something else has their name.
        ValueError: Something in them has the form of an id or a pseudonym.
    """
    data = encode_changes(changes)
    named = NamedChanges(first, digest(data), len(data))
    if platform.create(changes_name(named), data):
        return named
    name, place = _locate(platform, named)  # a killed run may have written them
    try:
        is_same = platform.read_range(name, 0, named.size + 1) == data
    except (ObjectNotFound, StrayInTheWay):
        is_same = False
    if not is_same:
        raise place.error("has the name of changes and is not them; remove it")
    return named


def read_changes(
    platform: ObjectStore, named: NamedChanges
) -> tuple[FileChange, ...] | None:
    """Reads the changes that a receipt names; None if they are not there.

    A link or the like in their place is nothing: nobody follows it.

    Raises:
        ConfigurationError: They are not as the receipt names them.
    """
    name, place = _locate(platform, named)
    try:
        data = platform.read_range(name, 0, named.size + 1)
    except (ObjectNotFound, StrayInTheWay):
        return None
    if digest(data) != named.sha256:
        raise place.error("is not what its receipts name; restore it from a backup")
    return _decode(place, data)


def sum_up(changes: Iterable[FileChange]) -> Sums:
    """Sums up changes by request and plan."""
    sums: dict[tuple[str, str], dict[str, tuple[int, int]]] = {}
    for each in changes:
        for request, rows in each.requests.items():
            of_plan = sums.setdefault((request, each.plan), {})
            files, before = of_plan.get(each.namespace, (0, 0))
            of_plan[each.namespace] = files + 1, before + rows
    return sums


def sums_of(receipt: Receipt, sums: Sums) -> dict[str, tuple[int, int]]:
    """Returns what sums say of the request of a receipt, in the plans it tells."""
    found = dict[str, tuple[int, int]]()
    for plan in receipt.plan.split("+"):
        for namespace, more in sums.get((receipt.request, plan), {}).items():
            before = found.get(namespace, (0, 0))
            found[namespace] = before[0] + more[0], before[1] + more[1]
    return found


def encode_changes(changes: Iterable[FileChange]) -> bytes:
    """Encodes changes as lines of JSON.

    Raises:
        ValueError: Something in them has the form of an id or a pseudonym.
    """
    listed = tuple(changes)
    requests = sorted({request for each in listed for request in each.requests})
    numbers = {request: number for number, request in enumerate(requests)}
    lines = [canonical_json({"requests": requests})]
    for each in listed:
        rows = sorted((numbers[key], value) for key, value in each.requests.items())
        lines.append(canonical_json({**_values(each), "requests": rows}))
    data = "".join(f"{line}\n" for line in lines).encode()
    check_nameless(data)
    return data


def _values(change: FileChange) -> dict[str, Any]:
    """Returns the fields by name; `asdict` would copy the rows of each request."""
    return {each.name: getattr(change, each.name) for each in fields(change)}


def _locate(platform: ObjectStore, named: NamedChanges) -> tuple[str, Place]:
    """Returns the name of changes, and the place of which errors tell."""
    name = changes_name(named)
    return name, Place(f"{platform.uri.rstrip('/')}/{name}")


def _decode(place: Place, data: bytes) -> tuple[FileChange, ...]:
    try:
        first, *others = map(json.loads, data.splitlines())
    except (ValueError, RecursionError):
        raise place.error("is not JSON; restore it from a backup") from None
    head = Fields(place.at("1"), first)
    requests = head.need("requests", many(hexadecimal(32)))
    head.close()
    return tuple(
        _change(place.at(number), content, requests)
        for number, content in enumerate(others, 2)
    )


def _change(place: Place, value: object, requests: Sequence[str]) -> FileChange:
    found = Fields(place, value)
    change = FileChange(
        plan=found.need("plan", text),
        namespace=found.need("namespace", text),
        name=found.need("name", text),
        generation_before=found.need("generation_before", whole),
        generation_after=found.need("generation_after", or_none(whole)),
        rows_before=found.need("rows_before", whole),
        rows_removed=found.need("rows_removed", whole),
        rows_after=found.need("rows_after", whole),
        checksum_before=found.need("checksum_before", text_or_nothing),
        checksum_after=found.need("checksum_after", or_none(text)),
        rows_changed=found.need("rows_changed", whole),
        requests=found.need("requests", _rows_of(requests)),
    )
    found.close()
    return change


def _rows_of(requests: Sequence[str]) -> Reader[Mapping[str, int]]:
    """Makes a reader of the rows of each request, which the head lists by number."""

    def read(place: Place, value: object) -> Mapping[str, int]:
        try:
            return {
                requests[whole(place, number)]: whole(place, rows)
                for number, rows in cast(Iterable[tuple[object, object]], value)
            }
        except (IndexError, TypeError, ValueError):
            raise place.error("must be pairs of a listed request and rows") from None

    return read
