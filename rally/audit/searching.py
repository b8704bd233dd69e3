"""Searches bytes for rally ids and network addresses, wherever they stand.

No raw id is known here: whatever looks like one is made a platform pseudonym in the
way of ingest, and that is compared with the pseudonyms of those who are known. A
pseudonym itself looks different: it is a UUID of version 8, an id never is.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from rally.audit.clear_bytes import encode_name
from rally.audit.findings import Check, Unit
from rally.audit.settings import ForbiddenValues, hash_address
from rally.audit.tally import Tally
from rally.storage.header import INDEX, ROW_LENGTHS, Header
from rally.validation.pseudonyms import Prf

# Found by its first hyphen: so that a second id that begins within a first one is seen.
# Whether all the rest is digits is not asked: what is no id, is nobody's.
_HYPHENATED = re.compile(rb"-(?=....-[^8]...-....-)(?<=(?=(.{36})).{8}-)", re.DOTALL)
_BEFORE = 8  # bytes of an id before its first hyphen
_RUN = re.compile(rb"[0-9a-f]{32,}")
_DIGITS = b"0123456789abcdef"
_ANY_DIGIT = bytes(ord("h") if byte in _DIGITS else ord(".") for byte in range(256))
_BARE = b"h" * 32
_END = slice(9, 16)
"""The bytes of a pseudonym that neither version nor variant of a UUID change."""

# Within more digits than an id has only those are taken for one that a client makes:
# UUIDs of version 4 (RFC 9562, section 5.4). Else each hash would be two dozen ids.
_MADE_BY_CLIENTS = re.compile(b"(?=([0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}))")
_RAW = re.compile(b"(?=(.{6}[\x40-\x4f].[\x80-\xbf].{7}))", re.DOTALL)

# What stands before or after a string is a length, and may look like a digit of it: so
# an address may begin anywhere, and end before what follows it.
_IPV4 = re.compile(rb"(?=((?:[0-9]{1,3}\.){3}[0-9]{1,3}))")
_IPV6 = re.compile(rb"(?=((?:[0-9a-fA-F]{1,4}:|::)[0-9a-fA-F:.]{1,43}))")
_LEAST_ADDRESS = 3  # characters; "::" is nobody's
_COLONS = 6  # that an IPv6 address has at least where none are left out

PSEUDONYM = re.compile(
    b"[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
)
"""A UUID of version 8, as rally.validation.pseudonyms writes it."""

NETWORK_NAMES = frozenset(
    {
        *("remote_addr", "remote_address", "client_ip", "ip_address", "x_real_ip"),
        *("x_forwarded_for", "forwarded", "x_pipeline_proxy", "user_agent"),
        *("x_foxsec_ip_reputation", "x_lb_tags"),
    }
)
"""What is called so says from where a ping came (ingestion-edge, "metadata")."""

_QUOTED_KEY = re.compile(rb'"([\w.-]{1,64})"\s*:')
_WITH_HYPHENS = re.compile(
    "[0-9a-fA-F]{8,}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F-]{12,}"
)  # with all that joins it: that may be a second one
_LIKELY_FORM = re.compile(
    _WITH_HYPHENS.pattern + "|[0-9a-fA-F]{12,}4[0-9a-fA-F]{3}[89abAB][0-9a-fA-F]{15,}"
)
_ANY_FORM = re.compile(_WITH_HYPHENS.pattern + "|[0-9a-fA-F]{32,}")

Position = int


class IdSearch:
    """Finds the rally ids of known people."""

    def __init__(self, platform: Prf | None, known: Iterable[str]) -> None:
        """Takes the platform's function, and platform pseudonyms.

        Without a function, whose key goes with the platform, nobody is known.
        """
        if platform is None:
            known = ()
        else:
            self._compute = platform.compute
        pseudonyms = [bytes.fromhex(each.replace("-", "")) for each in known]
        self._known = set(map(_fixed_bits, pseudonyms))
        self._ends = {each[_END] for each in pseudonyms}

    def find(self, data: bytes) -> list[Position]:
        """Returns the positions of known ids, in order."""
        if not self._known:
            return []
        lowered, compute, ends = data.lower(), self._compute, self._ends
        found = list(self._find_bare(lowered))
        likely = [
            each for each in _HYPHENATED.findall(lowered) if compute(each)[_END] in ends
        ]
        if likely:
            found += self._find_hyphenated(lowered)
        return sorted(found)

    def find_raw(self, data: bytes) -> list[Position]:
        """Returns the positions of known ids that stand as 16 bytes, in order.

        Other programs write ids so, and the withdrawal list has its own ones so: our
        rows have no binary ids.
        """
        if not self._known:
            return []
        return [
            match.start()
            for match in _RAW.finditer(data)
            if self._is_known(_with_hyphens(match[1].hex().encode()))
        ]

    def _find_hyphenated(self, data: bytes) -> Iterator[Position]:
        for match in _HYPHENATED.finditer(data):
            if self._is_known(match[1]):
                yield match.start() - _BEFORE

    def _find_bare(self, data: bytes) -> Iterator[Position]:
        digits = data.translate(_ANY_DIGIT)
        if _BARE[::4] not in digits[::4] or _BARE not in digits:  # the first is quick
            return
        for run in _RUN.finditer(data):
            for at, digits in _ids_in(run[0]):
                if self._is_known(_with_hyphens(digits)):
                    yield run.start() + at

    def _is_known(self, identifier: bytes) -> bool:
        return _fixed_bits(self._compute(identifier)) in self._known


class AddressSearch:
    """Finds the network addresses that an auditor forbade."""

    def __init__(self, hashes: frozenset[str]) -> None:
        """Takes the addresses' hashes; see rally.audit.settings.hash_address."""
        self._hashes = hashes

    def find(self, data: bytes) -> list[Position]:
        """Returns the positions of these addresses, in order."""
        if not self._hashes:
            return []
        return sorted(
            match.start()
            for pattern in (_IPV4, _IPV6)
            for match in pattern.finditer(data)
            if any(hash_address(each) in self._hashes for each in _readings(match[1]))
        )


class Searches(NamedTuple):
    """Searches for what must stand nowhere."""

    ids: IdSearch
    addresses: AddressSearch


def make_searches(
    forbidden: ForbiddenValues, platform: Prf | None, known: Iterable[str]
) -> Searches:
    """Makes the searches for ids of known people, and for forbidden values.

    An event may have something else in the place of a pseudonym; that is a finding of
    its own, and makes nobody known.
    """
    people = {each for each in known if is_pseudonym(each)}
    ids = IdSearch(platform, people | forbidden.pseudonyms)
    return Searches(ids, AddressSearch(forbidden.addresses))


def is_pseudonym(text: str) -> bool:
    """Returns whether a text has the form of a pseudonym."""
    return PSEUDONYM.fullmatch(encode_name(text)) is not None


def search_bytes(
    tally: Tally, searches: Searches, name: str, data: bytes, *, is_raw: bool = False
) -> bool:
    """Notes what must not stand in an object's bytes; says whether there was any.

    Args:
        tally: Takes the note.
        searches: Searches for it.
        name: Name of the object.
        data: Bytes of it.
        is_raw: Whether ids may stand there as 16 bytes.
    """
    ids = searches.ids
    found = bool(ids.find(data) or (is_raw and ids.find_raw(data)))
    if found:
        tally.add_broken(Check.IDS, name, "a raw id", 1, Unit.OBJECTS)
    if searches.addresses.find(data):
        what = "a network address"
        tally.add_broken(Check.NETWORK, name, what, 1, Unit.OBJECTS)
        found = True
    return found


def search_keys(tally: Tally, name: str, data: bytes) -> bool:
    """Notes a network identifier's name where text has it as a key, as JSON does."""
    keys = {key.decode("ascii", "replace") for key in _QUOTED_KEY.findall(data)}
    return _note_names(tally, name, keys, "a network attribute")


def search_header(tally: Tally, searches: Searches, name: str, header: Header) -> bool:
    """Notes the same in a name and a header, but for its index, which names rows."""
    left_out = (INDEX, ROW_LENGTHS) if header.is_indexed else ()
    noted = [
        key.encode() + b"\0" + value
        for key, value in header.entries.items()
        if key not in left_out
    ]
    data = b"\0".join([encode_name(name), *noted])
    found = search_bytes(tally, searches, name, data)
    what = "a network attribute in its header"
    return _note_names(tally, name, header.entries, what) or found


def _note_names(tally: Tally, name: str, keys: Iterable[str], what: str) -> bool:
    found = not NETWORK_NAMES.isdisjoint(map(_plain, keys))
    tally.add_broken(Check.NETWORK, name, what, int(found), Unit.OBJECTS)
    return found


def redact_known_ids(text: str, ids: IdSearch, *, is_whole: bool) -> str:
    """Replaces by … what could be somebody's id, in a name or in words about it.

    Our own files are named by hashes, so digits without hyphens stay if they are
    nobody's id; where not everybody is known, they stay if no client makes such ids.

    Args:
        text: Name of a place, or words about it.
        ids: Search for the ids of known people.
        is_whole: Whether everybody is known.
    """
    if ids.find(encode_name(text)):
        return redact_id_like(text)
    return (_WITH_HYPHENS if is_whole else _LIKELY_FORM).sub("…", text)


def redact_id_like(name: str) -> str:
    """Replaces by … what could be an id, in a name that is none of ours."""
    return _ANY_FORM.sub("…", name)


def _plain(key: str) -> str:
    return key.lower().replace("-", "_").rpartition(".")[2]


def _ids_in(run: bytes) -> Iterator[tuple[int, bytes]]:
    """Yields what in a run of digits may be an id, and where."""
    if len(run) == 32:
        if run[12:13] != b"8":
            yield 0, run
        return
    for match in _MADE_BY_CLIENTS.finditer(run):
        yield match.start(), match[1]


def _readings(address: bytes) -> Iterator[str]:
    """Yields what begins there and may be an address."""
    text = address.decode("ascii")
    if ":" not in text:
        least = text.rindex(".") + 2
    elif "::" in text or text.count(":") >= _COLONS:
        least = _LEAST_ADDRESS
    else:
        return
    for end in range(least, len(text) + 1):
        yield text[:end]


def _with_hyphens(digits: bytes) -> bytes:
    parts = digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]
    return b"-".join(parts)


def _fixed_bits(output: bytes) -> bytes:
    """Returns the bytes that version and variant of a UUID leave as they are."""
    return output[:6] + output[9:16]
