"""Reads values that must stand nowhere: test ids and addresses, on standard input.

Each becomes a pseudonym or a hash at once, so that no worker ever has one.
"""

import io
from typing import BinaryIO

from rally.audit.settings import ForbiddenValues, hash_address
from rally.validation.ids import read_ids
from rally.validation.pseudonyms import Pseudonyms


def read_forbidden_values(stream: BinaryIO, pseudonyms: Pseudonyms) -> ForbiddenValues:
    """Reads rally ids and network addresses, one a line.

    Raises:
        ConfigurationError: There is none, or a line is neither; it is not repeated.
    """
    lines = stream.read().split(b"\n")
    hashes = [hash_address(line.decode(errors="replace").strip()) for line in lines]
    found = frozenset(filter(None, hashes))
    # Lines that are addresses stay as empty ones, so that a wrong line has its number.
    others = [b"" if each else line for line, each in zip(lines, hashes, strict=True)]
    if found and not any(map(bytes.strip, others)):
        return ForbiddenValues(addresses=found)
    ids = read_ids(io.BytesIO(b"\n".join(others)))
    return ForbiddenValues(frozenset(map(pseudonyms.of_platform, ids)), found)
