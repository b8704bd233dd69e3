"""An office to which people come who want a copy of what is held about them."""

import io

from pipelines.cli import main
from rally.access.cases import read_cases
from rally.decisions.verifying import read_chain
from rally.events import RALLY, Event
from rally.times import parse_time, to_micros
from tests.rally.commands.office import Office
from tests.support.access_cases import RECIPIENT

ANN = "6ed7c6a4-9c4f-4c2e-8a8b-0f6f6f3c2a10"
BOB = "0b1c2d3e-4f50-4172-8394-a5b6c7d8e9f0"
NOW = "2026-06-01T12:00Z"
_WITH_IDS = ("choose", "approve", "consents", "open", "verify")


class CaseOffice(Office):
    """Types `rally person …`, and looks at the cases."""

    def __init__(self, folder, keys, monkeypatch, capsys):
        super().__init__(folder, keys, monkeypatch, capsys)
        self.statement = folder / "statement.json"
        self.statement.write_text('{"authenticated": true}')
        self._keys = f"--platform_keys={keys}"

    def person(self, command, *words, by=None, given=ANN, at=NOW):
        """Types a command: its status, output and complaints.

        Args:
            command: such as `open`.
            words: its options, but for places.
            by: who signs; None of a command that signs nothing.
            given: standard input.
            at: the clock.
        """
        platform = f"--platform={self.store.uri}"
        signing = [f"--by={by}", self._people] if by else []
        keys = [self._keys] if command in _WITH_IDS else []
        stdin = io.TextIOWrapper(io.BytesIO(given.encode()))
        self._monkeypatch.setattr("sys.stdin", stdin)
        clock = f"--as_of={at}"
        status = main(["person", command, *words, platform, clock, *keys, *signing])
        told = self._capsys.readouterr()
        return status, told.out, told.err

    def open(self, *words, **options):
        """Opens a case; its id."""
        status, out, err = self.person("open", *words, **{"by": "decide", **options})
        assert (status, err) == (0, ""), err
        return out.split()[2].rstrip(";")

    def verify(self, case, *words, by="service", **options):
        """Verifies a case by the account service, if nothing else is said."""
        words = words or ("--account",)
        evidence = f"--evidence={self.statement}"
        return self.person("verify", case, *words, evidence, by=by, **options)

    def event(self, kind, day, key=RECIPIENT, given=ANN):
        """An event of a person's client at noon of a day, such as `05-30`."""
        who, time = self.pseudonym(given), to_micros(parse_time(f"2026-{day}T12:00Z"))
        signal = f"rally-core/{kind}.1"
        return Event(kind, RALLY, who, time, None, f"{kind}-{day}", signal, key)

    def cases(self, at=NOW):
        """All cases by their ids."""
        return read_cases(read_chain(self.store), self.store, parse_time(at))
