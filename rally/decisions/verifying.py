"""Reads the chain of decisions; each is verified by what those before made known."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime

from rally.decisions.chain import Chain, ChainRecord, EntryStatus, KeyInForce, missing
from rally.decisions.contents import (
    Approval,
    DecisionKind,
    Founding,
    JobKey,
    Person,
    Revocation,
    Role,
)
from rally.decisions.entry import (
    FOLDER,
    MOST_BYTES,
    START,
    Entry,
    decode,
    entry_name,
    extend,
    is_signed,
    number_in,
)
from rally.decisions.platform_contents import AcceptedLoss, PlatformConclusion
from rally.decisions.rights import AFTER_CONCLUSION, APPROVED_BY, MAY, role_of
from rally.errors import ConfigurationError
from rally.keys.names import Job
from rally.keys.signing import Verifier, verifier_of
from rally.storage.marker import read_marker
from rally.storage.objectstore.interface import ObjectInfo, ObjectNotFound, ObjectStore
from rally.storage.records import refuse_links

_FEWEST_OWNERS = 2
_MOST_MISSING = 10_000
"""Entries in a row: what a signed entry behind them may cost."""
_TOO_EARLY = "a platform is concluded at once, and not from a later time on"
"""Until then nobody could leave any more, and nothing would go."""


def read_chain(platform: ObjectStore) -> Chain:
    """Reads and verifies all decisions of a platform; raises as ChainReader does."""
    return ChainReader(platform).read()


class ChainReader:
    """Reads a platform's decisions again and again, the bytes of each entry once.

    A chain whose objects are the ones of the last time is not verified again.
    """

    def __init__(self, platform: ObjectStore) -> None:
        """Takes the platform's store, which is marked."""
        self._platform = platform
        self._known: dict[str, tuple[int, bytes]] = {}
        self._last: tuple[object, Chain] | None = None

    def read(self) -> Chain:
        """All decisions as they are now, verified.

        Raises:
            ConfigurationError: the platform is not marked, or its first decision is
                not the one that it was founded with.
            OSError: it cannot be read, or a link stands in the place of an entry.
        """
        marker = read_marker(self._platform)
        if marker is None or not marker.founded:
            raise ConfigurationError(
                f"{self._platform.uri}: has no first decision; run `rally init`"
            )
        objects, foreign = _listed(self._platform)
        versions = sorted((info.name, info.generation) for info in objects.values())
        state = marker.platform, marker.founded, versions, foreign
        if self._last is not None and self._last[0] == state:
            return self._last[1]
        fold = ChainFold(self._platform.uri, marker.platform, marker.founded)
        for number, info in sorted(objects.items()):
            fold.see(number, self._bytes(info))
        chain = fold.chain(foreign)
        self._last = state, chain
        return chain

    def _bytes(self, info: ObjectInfo) -> bytes:
        generation, data = self._known.get(info.name, (None, b""))
        if generation != info.generation:
            data = _read(self._platform, info)
            self._known[info.name] = info.generation, data
        return data


class ChainFold:
    """Takes the entries in the order of their numbers, and keeps what counts."""

    def __init__(self, uri: str, platform: str, founded: str) -> None:
        """Begins with nothing.

        Args:
            uri: URI of the platform, for messages.
            platform: Id that every entry must name.
            founded: SHA-256 of the first entry.
        """
        self._uri = uri.rstrip("/")
        self._id = platform
        self._founded = founded
        self._founding: Founding | None = None
        self._records: list[ChainRecord] = []
        self._digests = [START]
        self._people: dict[str, Person] = {}
        self._verifiers: dict[str, Verifier] = {}
        self._keys: dict[Job, tuple[KeyInForce, ...]] = {}
        self._losses: list[AcceptedLoss] = []
        self._beyond: list[str] = []
        self._is_concluded = False

    @property
    def last(self) -> int:
        """The number of the last entry."""
        return len(self._records)

    def see(self, number: int, data: bytes) -> None:
        """Takes an entry's bytes.

        Behind a number at which nothing is, only what is signed belongs to the chain:
        its signer saw what is missing. All else is foreign, and so is what claims that
        more is missing than anybody can have lost: numbers are given one by one.

        Raises:
            ConfigurationError: it is the first, and not that of the founding.
        """
        entry, why = self._decode(number, data)
        gap = number - self.last - 1
        if gap > _MOST_MISSING or (gap and (why or not entry)):
            self._beyond.append(entry_name(number))
            return
        self._miss_through(number - 1)
        digest = hashlib.sha256(data).hexdigest()
        if number == 1 and (why or digest != self._founded):
            raise ConfigurationError(
                f"{self._uri}/{entry_name(1)}: is not the decision that this platform"
                " was founded with; restore it from the copy beside the platform's"
                " keys, or correct --platform"
            )
        status = EntryStatus.COUNTS
        if why or entry is None:
            status = EntryStatus.VOID
        elif entry.kind in APPROVED_BY:
            status = EntryStatus.WAITING
        record = ChainRecord(number, status, why, entry, digest)
        self._digests.append(extend(self._digests[-1], data))
        self._records.append(record)
        if entry and status is EntryStatus.COUNTS:
            self._apply(entry)

    def chain(self, foreign: Iterable[str] = ()) -> Chain:
        """What was taken. Raises ConfigurationError where that is nothing."""
        self._miss_through(1)
        assert self._founding is not None  # a first entry that counts says it
        return Chain(
            platform=self._id,
            founding=self._founding,
            records=tuple(self._records),
            digests=tuple(self._digests),
            people=dict(self._people),
            keys=dict(self._keys),
            why_void=self.why_void,
            losses=tuple(self._losses),
            foreign=tuple(sorted([*foreign, *self._beyond])),
        )

    def _miss_through(self, number: int) -> None:
        """Takes note that nothing is there up to a number."""
        while self.last < number:
            if not self._records:
                raise ConfigurationError(
                    f"{self._uri}/{entry_name(1)}: is missing; restore it from a"
                    " backup, or from the copy beside the platform's keys"
                )
            self._records.append(missing(self.last + 1))
            self._digests.append(extend(self._digests[-1], b""))

    def why_void(self, entry: Entry) -> str:
        """Why an entry would decide nothing as the next of this chain; "" if it does.

        Its signature is looked at last, so that one that is yet to be signed can be
        tried: then "is not signed by …" is all that is left.
        """
        if entry.platform != self._id:
            return "is of another platform"
        if entry.kind is DecisionKind.FOUND:
            return self._why_no_founding(entry)
        person = self._people.get(entry.by)
        if person is None:
            return f"{entry.by} may not sign (any more)"
        if not MAY[entry.kind].intersection(person.roles):
            return _takes_role(entry.by, MAY[entry.kind])
        if why := self._why_impossible(entry, entry.when):
            return why
        role = role_of(entry.content)
        if role is not None and role not in person.roles:
            return f"{entry.by} may not sign for that; it takes the role {role}"
        if not is_signed(entry, self._verifiers[entry.by]):
            return f"is not signed by {entry.by}"
        return ""

    def _decode(self, number: int, data: bytes) -> tuple[Entry | None, str]:
        if len(data) > MOST_BYTES:
            return None, "is too long to be a decision"
        try:
            entry = decode(data, entry_name(number))
        except ConfigurationError as error:
            return None, str(error).removeprefix(f"{entry_name(number)}: ")
        if entry.number != number:
            return entry, f"says that it is number {entry.number}"
        return entry, self.why_void(entry)

    def _why_no_founding(self, entry: Entry) -> str:
        content = entry.content
        if self._records or entry.number != 1:
            return "a platform is founded once"
        assert isinstance(content, Founding)
        people = {each.name: each for each in content.people}
        if len(people) != len(content.people):
            return "names somebody twice"
        if entry.by not in people:
            return f"{entry.by} is none of its people"
        try:
            verifiers = {each.name: verifier_of(each.public) for each in content.people}
            for key in content.keys:
                verifier_of(key.public)
        except ConfigurationError as error:
            return str(error)
        if sorted(key.job for key in content.keys) != sorted(Job):
            return "must name one key of each job"
        if _share_keys(verifiers.values()) or len(_owners(people)) < _FEWEST_OWNERS:
            return "must name two owners, and everybody with a key of their own"
        if Role.OWNER not in people[entry.by].roles:
            return f"{entry.by} is no owner"
        return "" if is_signed(entry, verifiers[entry.by]) else "is not signed"

    def _why_impossible(self, entry: Entry, when: datetime) -> str:
        """Why nobody may decide that at the time of a signature."""
        content = entry.content
        if self._is_concluded and entry.kind not in AFTER_CONCLUSION:
            return "the platform is concluded, and nothing brings it back"
        if isinstance(content, Approval):
            return self._why_not_approved(entry, content)
        if isinstance(content, PlatformConclusion) and content.at > when:
            return _TOO_EARLY
        if isinstance(content, Person | Revocation | JobKey):
            return self._why_no_change(content)
        return ""

    def _why_not_approved(self, entry: Entry, approval: Approval) -> str:
        if not 0 < approval.entry <= self.last:
            return f"there is no entry {approval.entry}"
        asked = self._records[approval.entry - 1]
        if asked.status is not EntryStatus.WAITING or not asked.entry:
            return f"entry {asked.number} waits for nobody"
        if asked.digest != approval.digest:
            return f"entry {asked.number} is another than was approved"
        if asked.entry.by == entry.by:
            return "takes a second person"
        roles = APPROVED_BY[asked.entry.kind]
        if roles.isdisjoint(self._people[entry.by].roles):
            return _takes_role(entry.by, roles)
        first = self._people.get(asked.entry.by)
        if not first or MAY[asked.entry.kind].isdisjoint(first.roles):
            return f"{asked.entry.by} may not decide that any more"
        if not is_signed(asked.entry, self._verifiers[first.name]):
            return f"{first.name} has another key since"
        assert not isinstance(asked.entry.content, Approval)
        return self._why_impossible(asked.entry, entry.when)

    def _why_no_change(self, content: Person | Revocation | JobKey) -> str:
        people = dict(self._people)
        if isinstance(content, Revocation):
            if content.name not in people:
                return f"there is no {content.name}"
            del people[content.name]
        else:
            try:
                material = verifier_of(content.public).material
            except ConfigurationError as error:
                return str(error)
            if isinstance(content, Person):
                others = (
                    each.material
                    for name, each in self._verifiers.items()
                    if name != content.name
                )
                if any(material & each for each in others):
                    return "somebody else has that key"
                people[content.name] = content
        if len(_owners(people)) < _FEWEST_OWNERS:
            return "fewer than two owners would be left"
        return ""

    def _apply(self, entry: Entry) -> None:
        content = entry.content
        if isinstance(content, Founding):
            self._founding = content
            for person in content.people:
                self._admit(person)
            for key in content.keys:
                self._keys[key.job] = (KeyInForce(key, verifier_of(key.public)),)
        elif isinstance(content, Approval):
            asked = self._records[content.entry - 1]
            assert asked.entry is not None
            self._records[content.entry - 1] = ChainRecord(
                asked.number, EntryStatus.COUNTS, "", asked.entry, asked.digest
            )
            self._apply_approved(asked.entry)

    def _apply_approved(self, entry: Entry) -> None:
        content = entry.content
        if isinstance(content, Person):
            self._admit(content)
        elif isinstance(content, Revocation):
            del self._people[content.name], self._verifiers[content.name]
        elif isinstance(content, JobKey):
            *older, former = self._keys[content.job]
            ended = former._replace(lists=entry.list, receipts=content.receipts)
            new = KeyInForce(content, verifier_of(content.public))
            self._keys[content.job] = (*older, ended, new)
        elif isinstance(content, AcceptedLoss):
            self._losses.append(content)
        elif isinstance(content, PlatformConclusion):
            self._is_concluded = True

    def _admit(self, person: Person) -> None:
        self._people[person.name] = person
        self._verifiers[person.name] = verifier_of(person.public)


def _takes_role(name: str, roles: Iterable[Role]) -> str:
    return f"{name} may not decide that; it takes the role {' or '.join(sorted(roles))}"


def _owners(people: Mapping[str, Person]) -> list[str]:
    return [name for name, each in people.items() if Role.OWNER in each.roles]


def _share_keys(verifiers: Iterable[Verifier]) -> bool:
    seen = set[bytes]()
    for each in verifiers:
        if seen & each.material:
            return True
        seen |= each.material
    return False


def _listed(platform: ObjectStore) -> tuple[dict[int, ObjectInfo], list[str]]:
    """All entries by number, and names that are foreign."""
    entries, foreign = dict[int, ObjectInfo](), list[str]()
    for info in platform.list(FOLDER):
        number = number_in(info.name)
        if number is None:
            foreign.append(info.name)
        else:
            entries[number] = info
    refuse_links(platform, FOLDER)  # behind which a pause could be
    return entries, foreign


def _read(platform: ObjectStore, info: ObjectInfo) -> bytes:
    """An entry's bytes; of one that is too long as many as show that."""
    try:
        if info.size > MOST_BYTES:
            return platform.read_range(info.name, 0, MOST_BYTES + 1)
        return platform.read(info.name)
    except ObjectNotFound:  # gone since it was listed
        return b""
