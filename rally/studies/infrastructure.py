"""What the infrastructure has to know of the studies: Terraform's variables.

templates/terraform/ makes a bucket and keys for each of them, and lets researchers in.
It names no study itself, so that the registry stays the one place which does.
"""

import re
from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from rally.errors import ConfigurationError
from rally.studies.registry import Registry
from rally.studies.study import Access, Study

_ADDRESS = re.compile(r"[^@\s:]+@[^@\s:]+\.[^@\s:]+")
_A_DAY = timedelta(days=1)
_LAST = date.max - _A_DAY


def infrastructure(
    registry: Registry, concluded: Collection[str] | None
) -> dict[str, Any]:
    """The variables `studies` and `access` of templates/terraform/variables.tf.

    Args:
        registry: of all studies.
        concluded: namespaces of those that are; None where nobody knows, and then
            nobody is let in: a study that is concluded has no researchers any more.

    Returns:
        By namespace its kind and whether it is concluded; and of each group which
        study it reads, from and until when (RFC 3339, the second excluded).

    Raises:
        ConfigurationError: a group is no address.
    """
    studies = registry.studies.values()
    open_ones = [each for each in studies if each.namespace not in (concluded or ())]
    readers = [] if concluded is None else open_ones
    return {
        "studies": {
            each.namespace: {
                "kind": each.kind.value,
                "concluded": each not in open_ones,
            }
            for each in studies
        },
        "access": [entry for each in readers for entry in _entries(each)],
    }


def _entries(study: Study) -> Iterator[dict[str, str]]:
    for access in sorted(set(study.access), key=_order):
        yield {
            "study": study.namespace,
            "group": _address(study, access),
            "from": _midnight(access.since),
            "until": _midnight(min(access.until, _LAST) + _A_DAY),
        }


def _order(access: Access) -> tuple[str, date, date, str]:
    return access.group, access.since, access.until, access.agreement


def _address(study: Study, access: Access) -> str:
    if not _ADDRESS.fullmatch(access.group):
        raise ConfigurationError(
            f"{study.namespace}: access: {access.group}: is no address of a group;"
            " write one such as researchers@example.org into its study.yaml"
        )
    return access.group


def _midnight(day: date) -> str:
    return f"{datetime.combine(day, time.min, UTC):%Y-%m-%dT%H:%M:%SZ}"
