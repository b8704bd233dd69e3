"""Judges pings by what is known of studies, keys, decisions and leavers at the time."""

import time
from collections.abc import Callable
from datetime import datetime

from rally.envelope import Envelope
from rally.ingestion.decisions import LiveDecisions, Withdrawals
from rally.ingestion.judge import Judge
from rally.ingestion.live_studies import LiveStudies
from rally.ingestion.outcome import Outcome


class LiveJudge:
    """Judges pings by studies and decisions that it looks for again when they are old.

    Each ping is judged by those of one moment: routes, keys, states and approvals are
    made of one registry.
    """

    def __init__(
        self,
        studies: LiveStudies,
        decisions: LiveDecisions,
        withdrawals: Withdrawals,
        clock: Callable[[], datetime],
        reload_seconds: float,
    ) -> None:
        """Reads the decisions.

        Args:
            studies: studies and their keys.
            decisions: people's decisions.
            withdrawals: withdrawal list, which is looked for again by itself.
            clock: the job's clock, UTC.
            reload_seconds: age at which studies and decisions are looked for again.

        Raises:
            ConfigurationError: the platform has no decisions.
            OSError: they cannot be read.
        """
        self._studies = studies
        self._decisions = decisions
        self._withdrawals = withdrawals
        self._clock = clock
        self._reload_seconds = reload_seconds
        self._look()

    def judge(self, envelope: Envelope) -> Outcome:
        """Decides what becomes of one ping; raises as __init__ does."""
        if time.monotonic() - self._looked_at > self._reload_seconds:
            self._look()
        return self._judge.judge(envelope)

    @property
    def counter(self) -> int:
        """The number of the withdrawal list under which the last row was judged."""
        return self._withdrawals.counter

    def _look(self) -> None:
        now = time.monotonic()
        known = self._studies.look()
        self._judge = Judge(
            known.routes,
            known.opener,
            known.pseudonyms,
            self._decisions.read(known.registry),
            self._withdrawals,
            self._clock,
        )
        self._looked_at = now
