"""A platform of many people as it stands on a morning, made in minutes.

    python -m benchmarks.simulated_platform FOLDER PEOPLE STUDIES DAYS ROWS

makes FOLDER/studies, FOLDER/keys and FOLDER/store: who joined what and when in the
event log, and every study's rows of every day in the files that compaction leaves. Each
person joins Rally and nine studies on one day, the first of them on the first day and
the last on the last; a row is of anybody who has joined by its day. The same numbers
make the same people and events everywhere, but for the keys.
"""

import hashlib
import random
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, date, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import orjson
import yaml

from benchmarks import deletion_rows
from benchmarks.founding import found
from rally.compaction.file_draft import HeaderLabel, draft_file
from rally.events import RALLY, Event, EventKind, write_events
from rally.initialisation.development_reviews import write_reviews
from rally.keys import administration, kek_assignment
from rally.keys.folder import KeyFolder
from rally.keys.ping_keys import namespaces
from rally.keys.platform_keys import PlatformKeys
from rally.registry.registry import Registry
from rally.registry.rows import row_schema
from rally.registry.study import Document
from rally.settings import make_pseudonyms
from rally.storage.layout import Partition, Stores
from rally.storage.partitions import Bucket
from rally.validation.leaves import zig_zag
from rally.validation.pseudonyms import PLATFORM, Pseudonyms

FIRST_DAY = date(2027, 1, 4)
DOCUMENT = "visit.1"
BITS = 1
"""Leading bits of a pseudonym that name the bucket: two files a partition."""

STUDIES_OF_A_PERSON = 9
VERSION = "benchmark"
"""What headers of its files name as the version of the pipeline."""

_JOINS = "study-enrollment.1"
_DAY_MICROS = 86_400_000_000
_PAYLOADS = 4096
_WORKERS = 2
_UUID = zig_zag(36)
_PERSON = b"00000000-0000-8000-a000-000000000000"


class Size(NamedTuple):
    """Size of a platform.

    Attributes:
        people: Number of people who joined Rally.
        studies: Number of studies.
        days: Number of days with rows and enrolments.
        rows: Number of rows of all studies and days.
    """

    people: int
    studies: int
    days: int
    rows: int

    @property
    def rows_of_day(self) -> int:
        """Number of rows of a study and day."""
        return max(1, self.rows // self.studies // self.days)


class Simulated(NamedTuple):
    """A simulated platform on disk.

    Attributes:
        folder: Folder of everything.
        size: Its size.
    """

    folder: Path
    size: Size

    @property
    def stores(self) -> Stores:
        """The stores of its studies, and the platform's own."""
        return Stores(str(self.folder / "store"), None)

    @property
    def options(self) -> list[str]:
        """Options of any job that name the store, the keys and the studies."""
        places = ("store", "keys", "studies")
        return [f"--{each}={self.folder / each}" for each in places]

    @property
    def registry(self) -> Registry:
        """The registry of its studies."""
        return Registry.load(str(self.folder / "studies"))

    @property
    def pseudonyms(self) -> Pseudonyms:
        """The pseudonyms of its studies."""
        names = [namespace(each) for each in range(self.size.studies)]
        uri = f"{self.folder}/keys/platform"
        keys = PlatformKeys.open(uri, pseudonyms=[PLATFORM, *names])
        return make_pseudonyms(keys, self.registry)


def make(simulated: Simulated) -> None:
    """Makes a platform in an empty folder."""
    size, names = simulated.size, list(map(namespace, range(simulated.size.studies)))
    for each in names:
        _write_study(simulated.folder / "studies", each, size.days)
    write_reviews(simulated.folder / "studies")
    keys = KeyFolder(str(simulated.folder / "keys"))
    for each in names:
        kek_assignment.assign_kek(keys, namespaces, each)
        administration.create(keys, each, "hpke")
    registry = simulated.registry
    found(simulated.stores, f"{simulated.folder}/keys/platform", names, registry)
    # Tink's threads do not survive a fork.
    with ProcessPoolExecutor(_WORKERS, get_context("spawn")) as workers:
        joining = [workers.submit(_write_joins, simulated)]
        joining += [
            workers.submit(_write_study_data, simulated, each)
            for each in range(size.studies)
        ]
        for each in joining:
            each.result()


def namespace(study: int) -> str:
    """The namespace of a study by its number."""
    return f"rally-study-{study:02}"


def person(number: int) -> str:
    """The platform pseudonym of a person by their number."""
    return deletion_rows.pseudonym(number)


def members(size: Size, study: int) -> list[int]:
    """The numbers of the people of a study, in the order in which they joined."""
    return [
        each
        for each in range(size.people)
        if (each + study) % size.studies < STUDIES_OF_A_PERSON
    ]


def joining_day(size: Size, number: int) -> int:
    """The day on which a person joined Rally and their studies, counted from 0."""
    return number * size.days // size.people


def event(kind: EventKind, scope: str, number: int, day: int) -> Event:
    """The act of a person on a day.

    Args:
        kind: Joined or left.
        scope: A namespace, or RALLY.
        number: Number of the person.
        day: Day, counted from 0.
    """
    digits = hashlib.sha256(f"{kind} {scope} {number} {day}".encode()).hexdigest()
    document_id = deletion_rows.uuid_of(digits, "4")
    at = midnight(day) + number % _DAY_MICROS
    signal = f"{namespace(0) if scope == RALLY else scope}/{_JOINS}"
    return Event(kind, scope, person(number), at, None, document_id, signal)


def midnight(day: int) -> int:
    """The beginning of a day, microseconds since 1970."""
    first = datetime(FIRST_DAY.year, FIRST_DAY.month, FIRST_DAY.day, tzinfo=UTC)
    return int(first.timestamp()) * 1_000_000 + day * _DAY_MICROS


def day_name(day: int) -> str:
    """The date of a day, as partitions are named."""
    return (FIRST_DAY + timedelta(days=day)).isoformat()


class RowMaker:
    """Makes encoded rows whose payloads come out of a pool, which costs little."""

    def __init__(self, seed: str, document: Document) -> None:
        """Fills the pool; the same seed makes the same rows of a document."""
        self._random = random.Random(seed)
        rows = deletion_rows.rows(_PAYLOADS, [_PERSON.decode()])
        # Behind both ids and the timestamp, which all rows of the pool have.
        start = 2 * len(_UUID + _PERSON) + len(zig_zag(midnight(0)))
        self._payloads = [
            tuple(each[start:].split(_PERSON, 1))
            for each in deletion_rows.encoded(document, rows)
        ]

    def row(self, participant: str, day: int) -> bytes:
        """Makes a row of somebody on a day."""
        digits = self._random.randbytes(16).hex()
        micros = midnight(day) + self._random.randrange(_DAY_MICROS)
        before, after = self._payloads[self._random.getrandbits(12)]
        encoded = participant.encode()
        identifier = f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}"
        return b"".join(
            (
                *(_UUID, encoded, _UUID, identifier.encode(), b"-"),
                *(digits[20:].encode(), zig_zag(micros), before, encoded, after),
            )
        )

    def make_rows(self, people: Sequence[str], rows: int, day: int) -> list[bytes]:
        """Makes rows of anybody of some people on a day."""
        choose = self._random.randrange
        return [self.row(people[choose(len(people))], day) for _ in range(rows)]


def _write_joins(simulated: Simulated) -> None:
    """Writes who joined Rally, an object a day."""
    platform, size = simulated.stores.platform, simulated.size
    joined = (
        event(EventKind.JOINED, RALLY, each, joining_day(size, each))
        for each in range(size.people)
    )
    for each in _chunks(joined, -(-size.people // size.days)):
        write_events(platform, each, VERSION)


def _write_study_data(simulated: Simulated, study: int) -> None:
    """Writes who joined a study, and its rows."""
    size, name, stores = simulated.size, namespace(study), simulated.stores
    numbers = members(size, study)
    joined = (
        event(EventKind.JOINED, name, each, joining_day(size, each)) for each in numbers
    )
    for each in _chunks(joined, -(-len(numbers) // size.days)):
        write_events(stores.platform, each, VERSION)
    pseudonyms = simulated.pseudonyms
    people = [pseudonyms.of_study(name, person(each)) for each in numbers]
    document = simulated.registry.studies[name].documents[DOCUMENT]
    fingerprint = document.schema.fingerprint
    label = HeaderLabel(row_schema(document.schema), fingerprint, VERSION, 0)
    maker, there = RowMaker(name, document), 0
    for day in range(size.days):
        while there < len(numbers) and joining_day(size, numbers[there]) <= day:
            there += 1
        made = maker.make_rows(people[:there], size.rows_of_day, day)
        folder = Partition(name, DOCUMENT, day_name(day)).folder
        for number in range(1 << BITS):
            bucket = Bucket(BITS, number)
            first, end = bucket.people
            rows = sorted(each for each in made if first <= each[1:37] < end)
            path = f"{folder}bucket={bucket.name}/compacted-{fingerprint[:12]}.avro"
            with draft_file(path, label) as draft:
                draft.write(rows)
                draft.commit(stores.of(name), None, [])


def _chunks(events: Iterator[Event], length: int) -> Iterator[list[Event]]:
    chunk = list[Event]()
    for each in events:
        chunk.append(each)
        if len(chunk) == length:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _write_study(folder: Path, name: str, days: int) -> None:
    study, schema = folder / name, orjson.dumps(deletion_rows.PAYLOAD)
    study.mkdir(parents=True)
    data = {"means": "data", "buckets": 1 << BITS, "purpose": "to measure"}
    data |= {"delete_after_days": 2 * days}
    joins = {"means": "joins", "purpose": "to measure"}
    policy = {"enrolment": "required", "do_not_track": "refuse"}
    content = {
        "namespace": name,
        "kind": "study",
        "name": "Benchmark",
        "starts": FIRST_DAY - timedelta(days=1),
        "policy": policy | {"private_browsing": "client", "after_end": "defer"},
        "documents": {DOCUMENT: data, _JOINS: joins},
    }
    (study / "study.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    for document in (DOCUMENT, _JOINS):
        (study / f"{document}.avsc").write_bytes(schema)


if __name__ == "__main__":
    where, *numbers = sys.argv[1:]
    make(Simulated(Path(where), Size(*map(int, numbers))))
