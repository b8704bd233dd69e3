"""What a concluded study waits for: deletion settles who left before its conclusion.

A legal hold on another study must not keep this one, nor must another that does not
load: a request that deletion cannot settle for that reason alone is waited for only
while it has rows to delete here.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from rally.deletion.file_rows import Scanner
from rally.deletion.file_steps import find_rows, named
from rally.deletion.plan import FileOutcome, FileResult, ListedFile
from rally.deletion.plan_store import PlanStore
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
    """Who left, and what may stand in the way of settling it.

    Attributes:
        settings: open keys.
        registry: of the studies.
        stores: of the studies and the platform.
        withdrawals: the published list.
        holds: legal holds in force.
        carriers: see rally.withdrawal.unavailable_studies.
    """

    settings: PurgeSettings
    registry: Registry
    stores: Stores
    withdrawals: WithdrawalList
    holds: LegalHolds
    carriers: frozenset[str]

    def waits_for(self, namespace: str, since: datetime) -> str:
        """What has to be deleted, and told in receipts, before a concluded study goes.

        Args:
            namespace: of the study.
            since: when it was concluded. Who left Rally later is not waited for, since
                somebody always has: their rows go with all the others'.
        """
        study, until = self.registry.studies[namespace], to_micros(since)
        unsettled = [
            each
            for each in self.withdrawals.withdrawals
            if each.received <= until and waits(each, study)
        ]
        held = [each for each in unsettled if self._is_held_elsewhere(each, namespace)]
        if len(held) == len(unsettled) and not self._has_rows(study, held):
            return ""
        return f"withdrawals that are not settled: {len(unsettled):,}"

    def held_plans(self) -> dict[str, LegalHold]:
        """Ids of the plans whose receipts wait for a legal hold, each with one."""
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
        """Whether deletion has begun, and may be hindered in another study alone."""
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
        """Whether deletion would still find rows of these people in a study."""
        people = {each.participant for each in held if each.participant}
        if not people:
            return False
        pseudonyms = make_pseudonyms(self.settings.keys(self.registry), self.registry)
        selection = Selection(self.withdrawals.people(), study, pseudonyms, people)
        scanner = Scanner(selection.people)
        store = self.stores.of(study.namespace)

        def look(file: ListedFile) -> FileResult:
            return named(file, lambda: find_rows(store, file, selection, scanner))

        return any(
            result.planned or result.outcome is not FileOutcome.UNTOUCHED
            for result in map(look, list_files(self.stores, [study.namespace]))
            if selection.people.has_between(*people_in(result.name))
        )


def held_requests(namespace: str, withdrawals: WithdrawalList) -> int:
    """How many requests of a study a person never decided on."""
    return sum(
        each.scope == namespace and each.status is RequestStatus.HELD
        for each in withdrawals.withdrawals
    )


def waits(each: Withdrawal, study: Study) -> bool:
    """Whether deletion has still to settle a request for a study."""
    is_unsettled = study.namespace in each.deferred or Stage.VERIFIED not in each.stages
    return each.is_open and concerns(each, study) and is_unsettled
