"""Finds what a concluded study waits for before its data is deleted.

Deletion first settles the requests of people who left before the conclusion. A legal
hold on another study, or another study that does not load, must not block this one: a
request that deletion cannot settle for that reason alone blocks it only while rows of
the request are left here.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from rally.deletion.file_steps import find_rows, named
from rally.deletion.plan import FileOutcome, FileResult, ListedFile
from rally.deletion.plan_store import PlanStore
from rally.deletion.scanner import Scanner
from rally.deletion.scope import concerns, list_files, namespaces_of
from rally.receipts.receipt import Stage
from rally.registry.legal_holds import LegalHold, LegalHolds
from rally.registry.registry import Registry
from rally.registry.study import Study
from rally.retention.settings import PurgeSettings
from rally.settings import make_pseudonyms
from rally.storage.layout import Stores
from rally.storage.partitions import people_in
from rally.times import to_micros
from rally.withdrawal.fold import RequestStatus
from rally.withdrawal.selection import Selection
from rally.withdrawal.unavailable_studies import concerned
from rally.withdrawal.withdrawal_list import Withdrawal, WithdrawalList


class Blockers(NamedTuple):
    """The requests, and everything that may keep deletion from settling them.

    Attributes:
        settings: Settings of the job, which open keys.
        registry: Registry of the studies.
        stores: Stores of the studies and the platform.
        withdrawals: The published list.
        holds: Legal holds in force.
        carriers: See rally.withdrawal.unavailable_studies.
    """

    settings: PurgeSettings
    registry: Registry
    stores: Stores
    withdrawals: WithdrawalList
    holds: LegalHolds
    carriers: frozenset[str]

    def find_blocker(self, namespace: str, since: datetime) -> str:
        """Describes the requests that have to be settled before a study's data goes.

        Args:
            namespace: Namespace of the study.
            since: Time of its conclusion. Later requests do not block it: their rows
                are deleted with all others.

        Returns:
            A few words; "" if no request blocks the study.
        """
        study, until = self.registry.studies[namespace], to_micros(since)
        unsettled = [
            each
            for each in self.withdrawals.withdrawals
            if each.received <= until and is_unsettled(each, study)
        ]
        held = [each for each in unsettled if self._is_held_elsewhere(each, namespace)]
        if len(held) == len(unsettled) and not self._has_rows(study, held):
            return ""
        return f"withdrawals that are not settled: {len(unsettled):,}"

    def held_plans(self) -> dict[str, LegalHold]:
        """Returns plans whose receipts wait for a legal hold, each with one hold."""
        if not self.holds.holds:
            return {}
        requests = {each.request: each for each in self.withdrawals.withdrawals}
        found = dict[str, LegalHold]()
        for plan, results in PlanStore(self.stores.platform).unreported().items():
            studies = {
                each.study for each in results if each.outcome is FileOutcome.HELD
            }
            for request in {name for each in results for name in each.requests}:
                if request in requests:
                    studies |= {*namespaces_of(requests[request], self.registry)}
            holds = [hold for each in sorted(studies) for hold in self.holds.of(each)]
            if holds:
                found[plan] = holds[0]
        return found

    def _is_held_elsewhere(self, each: Withdrawal, namespace: str) -> bool:
        """Tells whether deletion began a request that only other studies hinder."""
        return (
            Stage.SUPPRESSED in each.stages
            and namespace not in each.deferred
            and not self.holds.of(namespace)
            and any(
                other in self.registry.unavailable or self.holds.of(other)
                for other in (
                    *namespaces_of(each, self.registry),
                    *concerned(each, self.registry, self.carriers),
                )
                if other not in (namespace, *each.deferred)
            )
        )

    def _has_rows(self, study: Study, held: Iterable[Withdrawal]) -> bool:
        """Tells whether deletion would still find rows of held requests in a study."""
        people = {each.participant for each in held if each.participant}
        if not people:
            return False
        pseudonyms = make_pseudonyms(self.settings.keys(self.registry), self.registry)
        selection = Selection(self.withdrawals.people(), study, pseudonyms, people)
        scanner = Scanner(selection.people)
        store = self.stores.of(study.namespace)

        def find(file: ListedFile) -> FileResult:
            return named(file, lambda: find_rows(store, file, selection, scanner))

        return any(
            result.planned or result.outcome is not FileOutcome.UNTOUCHED
            for result in map(find, list_files(self.stores, [study.namespace]))
            if selection.people.has_between(*people_in(result.name))
        )


def count_held_requests(namespace: str, withdrawals: WithdrawalList) -> int:
    """Counts the held requests of a study, on which nobody has decided."""
    return sum(
        each.scope == namespace and each.status is RequestStatus.HELD
        for each in withdrawals.withdrawals
    )


def is_unsettled(each: Withdrawal, study: Study) -> bool:
    """Tells whether deletion still has to settle a request for a study."""
    is_unsettled = study.namespace in each.deferred or Stage.VERIFIED not in each.stages
    return each.is_open and concerns(each, study) and is_unsettled
