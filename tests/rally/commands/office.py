"""A platform with keys and a list, where people type commands."""

import io
from dataclasses import replace

from rally.event_log.event_log import EventLog
from rally.events import RALLY, Event, EventKind, write_events
from rally.keys.platform_keys import PlatformKeys
from rally.parser import Parser
from rally.registry.registry import SHIPPED, Registry
from rally.registry.transitions import States
from rally.times import to_micros
from rally.validation.pseudonyms import PLATFORM, Pseudonyms
from rally.withdrawal.admission import admit
from rally.withdrawal.list_object import read_list
from rally.withdrawal.root import ROOT
from rally.withdrawal.rules import Rules
from rally.withdrawal.rulings import Rulings
from rally.withdrawal.withdrawal_list import WithdrawalList
from tests.support.people import make_people_keys
from tests.support.stores import mark_stores, publish


class Office:
    """Types commands at a platform below a folder, and does what deletion does."""

    def __init__(self, folder, keys, monkeypatch, capsys):
        self.store = mark_stores(folder / "store", folder / "platform").platform
        self.keys = PlatformKeys.open(keys, pseudonyms=[PLATFORM])
        self.options = [f"--platform={self.store.uri}", f"--platform_keys={keys}"]
        self._people = f"--people_keys={make_people_keys(folder / 'people')}"
        self._monkeypatch, self._capsys = monkeypatch, capsys
        publish(self.store, WithdrawalList())

    def type(self, command, *words, given=""):
        """Types a command, with the ids on standard input; its status and output."""
        data = given if isinstance(given, bytes) else given.encode()
        stdin = io.TextIOWrapper(io.BytesIO(data))
        self._monkeypatch.setattr("sys.stdin", stdin)
        parser = Parser("rally")
        command.COMMAND.add_to(parser.add_subparsers(), "rally")
        args = parser.parse_args([*words, *self.options, self._people])
        status = args.handler(args)
        return status, self._capsys.readouterr().out

    @property
    def log(self):
        """All events, in the order of their times."""
        return sorted(EventLog(self.store), key=lambda each: each.submission_timestamp)

    @property
    def list(self):
        """The published list."""
        return read_list(self.store).list

    def pseudonym(self, rally_id):
        """What stands for an id."""
        prf = self.keys.prf(PLATFORM)
        return Pseudonyms({PLATFORM: prf}).of_platform(rally_id)

    def receive(self, *events):
        """Writes events, as ingest does."""
        write_events(self.store, events, "1.0")

    def admit(self, now, rules=None, change=None):
        """Publishes the next list, whose new requests are numbered; `change` edits."""
        before = read_list(self.store).list
        registry = Registry.load(SHIPPED)
        states = States.read(registry, self.store)
        numbers = iter(range(len(before.withdrawals) + 1, 1000))
        after = admit(
            EventLog(self.store), before, registry, states, now, rules or Rules(),
            Rulings.read(self.store), lambda: f"{next(numbers):032}",
        )  # fmt: skip
        if after != before:
            after = replace(after, counter=before.counter + 1)
        after = change(after) if change else after
        publish(self.store, after)
        return after


def left(who, when, scope=RALLY, **changes):
    """A withdrawal at a time."""
    namespace = "rally-core" if scope == RALLY else scope
    document = f"left-{who}-{when:%m-%d}"
    event = Event(
        EventKind.LEFT, scope, who, to_micros(when), None, document,
        f"{namespace}/deletion-request.1",
    )  # fmt: skip
    return event._replace(**changes)


__all__ = ["ROOT", "Office", "left"]
