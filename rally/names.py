"""Names of namespaces and documents: one grammar, that of the submission path.

The edge takes `/submit/<namespace>/<type>/<version>/<document id>`. What has another
name than these could have a study and keys, and never a ping.
"""

import re

from rally.errors import ConfigurationError

NAME = "[a-z0-9][a-z0-9-]{0,99}"
"""Pattern of a namespace, and of a document type."""

VERSION = "[1-9][0-9]{0,8}"
"""Pattern of a document's version, in decimal."""

RESERVED = frozenset({"kek", "platform", "rally", "unknown"})
"""Not namespaces, for each stands beside one where it means something else.

`kek.keyset.json` lies among the keys of namespaces; `platform` is whose pseudonym the
whole platform shares; `rally` is the scope of who joins or leaves all of Rally; and
`unknown` labels pings whose study is not in the registry, and their folder.
"""

NAMESPACE_RULE = (
    "a namespace is of lower-case letters, digits and hyphens, at most 100, no hyphen "
    f"first, and none of {', '.join(sorted(RESERVED))}"
)
DOCUMENT_RULE = (
    "a document type is of lower-case letters, digits and hyphens, at most 100, no "
    "hyphen first, and a version is a number from 1 to 999999999"
)

_NAME = re.compile(NAME)
_DOCUMENT = re.compile(rf"({NAME})\.({VERSION})")


def is_namespace(name: str) -> bool:
    """Tells whether a study can have this namespace."""
    return name not in RESERVED and _NAME.fullmatch(name) is not None


def check_namespace(namespace: str) -> str:
    """Returns the namespace itself.

    Raises:
        ConfigurationError: no study can have it.
    """
    if not is_namespace(namespace):
        raise ConfigurationError(NAMESPACE_RULE)
    return namespace


def parse_document(name: str) -> tuple[str, int] | None:
    """Reads the type and the version of `user-journey.1`; None of another text."""
    match = _DOCUMENT.fullmatch(name)
    return (match[1], int(match[2])) if match else None
