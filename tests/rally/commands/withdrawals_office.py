"""Types `rally withdrawals`, and makes what it shows."""

from datetime import UTC, date, datetime

import pytest

from rally.commands import withdrawals
from rally.dead_letters import DeadLetter, LetterKind, LetterPlace, write_dead_letters
from rally.envelope import Envelope
from rally.errors import ConfigurationError
from rally.events import EventKind
from rally.outcomes import FailureReason
from rally.withdrawal.rules import Rules
from tests.rally.commands.office import left
from tests.support.study_decisions import hold_rows

STREAM, ZERO_ONE = "rally-attention-stream", "rally-zero-one"
MASS = Rules(hold_above_people=1, hold_above_share=0.0)
SEPTEMBER = "--as_of=2022-09-01"


def on(month, number, year=2022):
    return datetime(year, month, number, 12, tzinfo=UTC)


def show(office, *words):
    return office.type(withdrawals, "withdrawals", *words)


def decide(office, *words):
    sure = ["--yes"] if words[0] == "settle" else []
    return show(office, *words, *sure, "--by=decide")


def refused(office, *words):
    with pytest.raises(ConfigurationError) as caught:
        show(office, *words)
    return str(caught.value)


def fail(store, study, day, number):
    """Writes so many dead letters of withdrawals."""

    class Plain:
        def encrypt(self, plaintext, context_info):
            return plaintext

        def compute(self, data):
            return data[-16:]

    letters = [
        DeadLetter(
            Envelope(b"", f"/{day}/{each}"),
            FailureReason.NO_KEY,
            datetime(2022, 1, 1, tzinfo=UTC),
            "1.0",
        )
        for each in range(number)
    ]
    for kind in (LetterKind.PING, LetterKind.WITHDRAWAL):
        write_dead_letters(
            store, LetterPlace(study, kind, day), letters, Plain(), Plain()
        )


def place(office, study):
    """Puts a study under a legal hold from the first of September on."""
    days = date(2022, 8, 1), date(2022, 8, 2)
    hold_rows(office.store, study, days, on(9, 1))


def hold(office, rules=MASS):
    """Three people leave a study at once and are held; the fourth leaves Rally."""
    join(office, "pqrt")
    office.receive(*(left(who, on(8, 30), STREAM) for who in "pqr"))
    office.receive(left("s", on(8, 29)))
    return office.admit(on(8, 31), rules)


def join(office, people, scope=STREAM):
    """So many people were there long before."""
    office.receive(
        *(left(who, on(6, 1), scope)._replace(
              kind=EventKind.JOINED, document_id=f"joined-{who}-{scope}")
          for who in people)
    )  # fmt: skip
