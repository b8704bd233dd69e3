"""Runs the intake of one worker: it judges pings, and writes what comes of them."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from rally.consent.records import CONSENT_LOG, ConsentRecord
from rally.dead_letters import (
    DeadLetter,
    LetterKind,
    LetterPlace,
    Sealer,
    write_dead_letters,
)
from rally.envelope import Envelope, parse_timestamp
from rally.events import Event, write_events
from rally.ingestion.outcome import Outcome, count_outcome
from rally.ingestion.routes import Label
from rally.observability.measures import Measures, Spread, Sum
from rally.outcomes import FAILED, Count, FailureReason
from rally.storage.layout import UNKNOWN
from rally.storage.objectstore.interface import ObjectStore
from rally.storage.writer import FLUSH_BYTES, NewRow
from rally.validation.pseudonyms import Prf

_PER_LETTER = 1024
_PER_EVENT = 512
"""Bytes that Python keeps for a letter and for an event beside their own, roughly."""


class PingJudge(Protocol):
    """Decides what becomes of pings: a Judge, or one that learns what changes."""

    def judge(self, envelope: Envelope) -> Outcome:
        """Decides what becomes of one ping."""

    @property
    def counter(self) -> int:
        """The number of the withdrawal list under which the last row was judged."""


class Intake:
    """Takes envelopes; rows go to a sink, all else of them to the platform.

    Delivery: the reader acknowledges after `flush`, when everything that was taken is
    in whole files. Taking the same envelopes again writes the same objects; most dead
    letters, which are kept by the day of their failure, on the same day only.

    Attributes:
        version: version of the pipeline, for headers and dead letters.
        counts: outcomes since they were last cleared.
        measures: bytes and delays since they were last cleared.
    """

    def __init__(
        self,
        judge: PingJudge,
        platform: ObjectStore,
        sealer: Sealer,
        name_prf: Prf,
        clock: Callable[[], datetime],
        version: str,
        list_age: Callable[[], float] = lambda: 0,
        measures: Measures | None = None,
    ) -> None:
        """Takes its parts; see rally.ingestion.setup for how they are made."""
        self._judge = judge
        self._platform = platform
        self._sealer = sealer
        self._name_prf = name_prf
        self._clock = clock
        self.version = version
        self._list_age = list_age
        self._events: list[Event] = []
        self._consents: list[ConsentRecord] = []
        self._letters: dict[LetterPlace, list[DeadLetter]] = {}
        self._held = 0
        self._oldest: str | None = None
        self.counts: Counter[Count] = Counter()
        self.measures = measures or Measures()

    def take(self, envelope: Envelope) -> NewRow | None:
        """Judges one ping; returns its row, if any, for the caller to store."""
        self.measures.add(Sum.RECEIVED_BYTES, len(envelope.payload))
        outcome = self._accept(self._judge.judge(envelope))
        if outcome.failure is not None:
            where = outcome.where.words if outcome.where else None
            self._fail(outcome.label, envelope, outcome.failure, where=where)
        if outcome.row is None:
            return None
        sent = envelope.submission_timestamp
        self._oldest = min(sent, self._oldest or sent) if sent else self._oldest
        return outcome.row

    def retake(self, envelope: Envelope, failed: FailureReason) -> Outcome:
        """Judges a dead letter again; one that fails again stays where it is.

        Of one that fails as before nothing is kept anew: what could be kept was, when
        it failed first. Of one that fails otherwise the event is kept, since it may
        save other pings of the same person. One whose approval proves to have lapsed is
        written anew among its like, which go sooner: see `moves`.

        Args:
            envelope: envelope of the dead letter.
            failed: reason for which it is one.
        """
        outcome = self._judge.judge(envelope)
        if (failure := outcome.failure) is not None:
            event = None if failure is failed else outcome.event
            outcome = outcome._replace(row=None, event=event)
            if self.moves(failed, failure):
                self._fail(outcome.label, envelope, failure)
        return self._accept(outcome)

    @staticmethod
    def moves(failed: FailureReason, failure: FailureReason) -> bool:
        """Tells whether a dead letter that fails again has another place than before.

        Args:
            failed: reason for which it is one.
            failure: reason for which it fails now.
        """
        return FailureReason.REVIEW_LAPSED is failure is not failed

    def _accept(self, outcome: Outcome) -> Outcome:
        """Counts an outcome, and holds what it logs for the next flush."""
        count_outcome(self.counts, outcome)
        if outcome.event is not None:
            self._events.append(outcome.event)
            self._held += _PER_EVENT
        self._consents += outcome.consents
        self._held += _PER_EVENT * len(outcome.consents)
        return outcome

    def take_malformed(self, origin: str) -> None:
        """Takes a message that nobody can read, and keeps only its place."""
        self.counts[Count(UNKNOWN, UNKNOWN, FAILED, FailureReason.MALFORMED_LINE)] += 1
        self._fail(Label(), Envelope(b""), FailureReason.MALFORMED_LINE, origin)

    @property
    def counter(self) -> int:
        """The number of the withdrawal list under which `take` judged its last row."""
        return self._judge.counter

    @property
    def is_full(self) -> bool:
        """Whether the intake holds so much that it is time to flush."""
        return self._held >= FLUSH_BYTES

    def flush(self) -> None:
        """Writes events, consents and dead letters; when it returns, they are whole."""
        write_events(self._platform, self._events, self.version)
        CONSENT_LOG.write(self._platform, self._consents, self.version)
        for place in sorted(self._letters):
            write_dead_letters(
                self._platform,
                place,
                self._letters[place],
                self._sealer,
                self._name_prf,
            )
        self._measure()
        self._events.clear()
        self._consents.clear()
        self._letters.clear()
        self._held = 0

    def _measure(self) -> None:
        """Notes how late the rows are that are written now, if there are any."""
        if self._oldest is None:
            return
        lag = self._clock() - parse_timestamp(self._oldest)
        self.measures.note(Spread.LAG_SECONDS, lag.total_seconds())
        self.measures.note(Spread.LIST_AGE_SECONDS, self._list_age())
        self._oldest = None

    def _fail(
        self,
        label: Label,
        envelope: Envelope,
        reason: FailureReason,
        origin: str | None = None,
        where: str | None = None,
    ) -> None:
        """Holds a dead letter for the next flush."""
        now = self._clock()
        kind, day = LetterKind.PING, now
        if label.withdrawal:
            kind = LetterKind.WITHDRAWAL
        elif reason is FailureReason.REVIEW_LAPSED:
            kind, day = (
                LetterKind.LAPSED,
                parse_timestamp(envelope.submission_timestamp),
            )
        place = LetterPlace(label.study, kind, day.date().isoformat())
        letter = DeadLetter(envelope, reason, now, self.version, origin, where)
        self._letters.setdefault(place, []).append(letter)
        self._held += sum(map(len, filter(None, envelope))) + _PER_LETTER
