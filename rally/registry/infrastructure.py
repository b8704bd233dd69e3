"""What the infrastructure has to know of the studies: Terraform's variables.

templates/terraform/ makes a bucket and keys for each of them, and lets researchers in.
It names no study itself, so that the registry stays the one place which does.
"""

import re
from collections.abc import Collection, Iterator
from datetime import date, timedelta
from typing import Any

from rally.errors import ConfigurationError
from rally.registry.registry import Registry
from rally.registry.study import Study
from rally.times import midnight

_ADDRESS = re.compile(r"[^@\s:]+@[^@\s:]+\.[^@\s:]+")
_A_DAY = timedelta(days=1)
_LAST = date.max - _A_DAY


def infrastructure(
    registry: Registry, concluded: Collection[str] | None
) -> dict[str, Any]:
    """The variables `studies` and `access` of templates/terraform/variables.tf.

    Args:
        registry: Registry of all studies.
        concluded: Namespaces of those that are; None where nobody knows. Then nobody is
            let in, since a study that is concluded has no researchers any more, and
            Terraform is told that it is not known, which it refuses.

    Returns:
        By namespace its kind and whether it is concluded, or None; and of each group
        which study it reads, from and until when (RFC 3339, the second excluded).

    Raises:
        ConfigurationError: a group is no address.
    """
    studies = registry.studies.values()
    gone = None if concluded is None else frozenset(concluded)
    return {
        "studies": {
            each.namespace: {
                "kind": each.kind.value,
                "concluded": None if gone is None else each.namespace in gone,
            }
            for each in studies
        },
        "access": [
            entry
            for each in studies
            if gone is not None and each.namespace not in gone
            for entry in _entries(each)
        ],
    }


def _entries(study: Study) -> Iterator[dict[str, str]]:
    """Each once, whatever the agreements behind it."""
    for group, first, last in sorted(
        {(each.group, each.since, each.until) for each in study.access}
    ):
        yield {
            "study": study.namespace,
            "group": _address(study, group),
            "from": _midnight(first),
            "until": _midnight(min(last, _LAST) + _A_DAY),
        }


def _address(study: Study, group: str) -> str:
    if not _ADDRESS.fullmatch(group):
        raise ConfigurationError(
            f"{study.namespace}: access: {group}: is no address of a group; write one"
            " such as researchers@example.org into its study.yaml"
        )
    return group


def _midnight(day: date) -> str:
    return f"{midnight(day):%Y-%m-%dT%H:%M:%SZ}"
