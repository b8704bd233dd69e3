"""A counter at which people are handed their copy; Ann and Ben have two rows each."""

import io

import pyrage

from pipelines.cli import main
from rally.access.due_copies import list_archives
from rally.events import Event, EventKind, write_events
from rally.keys.platform_keys import PlatformKeys
from rally.registry.registry import Registry
from rally.registry.rows import RowEncoder, row_schema
from rally.storage.container import encode_container
from rally.storage.layout import Partition, new_file
from rally.storage.objectstore.open_store import open_store
from rally.times import parse_time, to_micros
from rally.validation.pseudonyms import PLATFORM, Pseudonyms
from tests.support.access_cases import approved_case
from tests.support.world import GARDEN, document_id, rally_id

ANN, BEN = 1, 2
SENT = parse_time("2026-05-20T10:00:00Z")
OWN = pyrage.x25519.Identity.generate()


class Counter:
    """A counter at which people are answered; Ann and Ben have two rows each."""

    def __init__(self, world, store, monkeypatch, capsys):
        self._monkeypatch, self._capsys = monkeypatch, capsys
        self.options = world.options(store)
        self.store = open_store(store)
        self.platform = open_store(f"{store}/platform")
        uri = f"{world.keys}/platform"
        keys = PlatformKeys.open(uri, pseudonyms=[PLATFORM, GARDEN])
        named = {name: keys.prf(name) for name in (PLATFORM, GARDEN)}
        self.pseudonyms = Pseudonyms(named)
        self._store_rows(Registry.load(world.studies))

    def participant(self, person):
        return self.pseudonyms.of_platform(rally_id(person))

    def _store_rows(self, registry):
        document = registry.studies[GARDEN].documents["visit.1"]
        rows, events = [], []
        for number, person in enumerate((ANN, BEN, ANN, BEN)):
            own = self.pseudonyms.of_study(GARDEN, self.participant(person))
            payload = {"rally.id": own, "page": f"mark-{person}", "count": number}
            micros = to_micros(SENT) + number
            rows.append(
                RowEncoder(document).encode(
                    own, document_id(number), micros, None, None, payload
                )
            )
            events.append(
                Event(
                    EventKind.JOINED,
                    GARDEN,
                    self.participant(person),
                    micros - 10,
                    None,
                    document_id(100 + person),
                    f"{GARDEN}/study-enrollment.1",
                )
            )
        entries = {"rally.schema": document.schema.fingerprint, "rally.list": "0"}
        data = encode_container(
            row_schema(document.schema), sorted(rows), entries, b"s" * 16, indexed=True
        )
        name = new_file(Partition(GARDEN, "visit.1", "2026-05-20"), "a")
        assert self.store.create(name, data)
        write_events(self.platform, events, "1")

    def person(self, command, *words, given=ANN):
        """Types a command with somebody's id on standard input."""
        text = f"{rally_id(given)}\n" if isinstance(given, int) else given
        stdin = io.TextIOWrapper(io.BytesIO(text.encode()))
        self._monkeypatch.setattr("sys.stdin", stdin)
        status = main(["person", command, *self.options, *words])
        told = self._capsys.readouterr()
        return status, told.out, told.err

    def archives(self):
        return [each.info.name for each in list_archives(self.platform)]

    def archive(self):
        (name,) = self.archives()
        return self.platform.read(name)

    def objects(self):
        return [each.name for each in self.platform.list("cases/")]

    def ask(self, person=ANN, **options):
        """A case that is approved, for Ann's own key."""
        options = {"to": str(OWN.to_public()), **options}
        approved_case(self.platform, self.participant(person), **options)
