"""Writes the receipts of a run; each tells only what no other receipt has told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from rally.decisions.chain import Chain
from rally.deletion.plan import FileOutcome, FileResult
from rally.deletion.run_findings import RunFindings
from rally.deletion.scope import namespaces_of
from rally.events import RALLY
from rally.keys.signing import SigningKey
from rally.receipts import receipt as receipts
from rally.receipts.chain import append, find, read_receipt
from rally.receipts.receipt import (
    FileChange,
    Receipt,
    ReceiptReason,
    Section,
    Stage,
    Verification,
)
from rally.registry.registry import Registry
from rally.storage.objectstore.interface import ObjectStore
from rally.storage.partitions import partition_of
from rally.withdrawal.enrolments import needs_enrolment
from rally.withdrawal.withdrawal_list import Withdrawal, WithdrawalList

_Results = Mapping[str, Sequence[FileResult]]
"""Results of plans, by plan id."""


class ReceiptWriter:
    """Appends receipts to the chain in the order of the list.

    A run that was killed after it wrote a receipt has not put it on the list. The next
    run takes that receipt up, and tells rows deleted since in a late receipt.

    Attributes:
        numbers: Numbers of the receipts that were written or taken up.
    """

    def __init__(
        self,
        platform: ObjectStore,
        decisions: Chain,
        key: SigningKey,
        withdrawals: WithdrawalList,
        findings: RunFindings,
    ) -> None:
        """Reads the receipts that the list does not have.

        Args:
            platform: Store of the platform.
            decisions: Chain of decisions, which names the keys that sign receipts.
            key: Key that signs receipts.
            withdrawals: The published list.
            findings: Findings of the run.

        Raises:
            ConfigurationError: The chain of receipts is not as it was written.
        """
        self._platform = platform
        self._decisions = decisions
        self._key = key
        self._findings = findings
        self._last = withdrawals.last_receipt
        self._results = _by_request(findings.results)
        self._found: dict[str, list[Receipt]] = {}
        for each in find(platform, decisions, self._last):
            self._found.setdefault(each.request, []).append(each)
        self.numbers: list[int] = []

    def take_up(self, withdrawal: Withdrawal) -> Withdrawal:
        """Restores a request from the receipts that a killed run wrote for it."""
        for found in self._found.get(withdrawal.request, ()):
            if _deferred(found) == set(withdrawal.deferred):
                stages = {**withdrawal.stages, **found.stages}
                stages.pop(Stage.CLOSED, None)  # this run decides that itself
                withdrawal = replace(withdrawal, stages=stages)
            withdrawal = self._numbered(withdrawal, found.number)
        return withdrawal

    def unreported(self, withdrawal: Withdrawal) -> dict[str, list[FileResult]]:
        """Returns results for a request that none of its receipts tells, by plan."""
        results = dict(self._results.get(withdrawal.request, {}))
        if results:
            for number in withdrawal.receipts:
                stated = read_receipt(self._platform, self._decisions, number)
                for plan in stated.plan.split("+") if stated else ():
                    results.pop(plan, None)
        return results

    def write(
        self, withdrawal: Withdrawal, reason: ReceiptReason, results: _Results
    ) -> Withdrawal:
        """Writes a receipt for a request, and returns the request with its number.

        Args:
            withdrawal: The request.
            reason: Reason of the receipt.
            results: Results of plans that the receipt tells.
        """
        made = _ReceiptDraft(withdrawal, reason, results, self._findings)
        written = append(self._platform, self._decisions, self._key, made, self._last)
        self._last = written.number
        found = withdrawal.found + _found(withdrawal, results, self._findings.registry)
        return self._numbered(replace(withdrawal, found=found), written.number)

    def _numbered(self, withdrawal: Withdrawal, number: int) -> Withdrawal:
        self.numbers.append(number)
        return replace(withdrawal, receipts=(*withdrawal.receipts, number))


def _by_request(
    results: Mapping[str, Sequence[FileResult]],
) -> dict[str, dict[str, list[FileResult]]]:
    """Groups the results of plans by request, and for each request by plan."""
    found: dict[str, dict[str, list[FileResult]]] = {}
    for plan, files in sorted(results.items()):
        for each in files:
            for request in filter(each.requests.get, each.requests):
                found.setdefault(request, {}).setdefault(plan, []).append(each)
    return found


def _found(withdrawal: Withdrawal, results: _Results, registry: Registry) -> int:
    """Counts deleted rows of documents whose rows need no enrolment."""
    return sum(
        each.requests[withdrawal.request]
        for files in results.values()
        for each in files
        if not _needs_enrolment(each, registry)
    )


def _needs_enrolment(result: FileResult, registry: Registry) -> bool:
    study = registry.studies.get(result.study)
    partition = partition_of(result.study, result.name)
    if study is None or partition is None:
        return False
    document = registry.documents(study).get(partition.document)
    return document is not None and needs_enrolment(study, document)


def _deferred(receipt: Receipt) -> set[str]:
    return {
        section.namespace
        for section in receipt.sections
        if section.outcome is receipts.SectionOutcome.DEFERRED
    }


@dataclass(frozen=True, slots=True)
class _ReceiptDraft:
    """A receipt whose number and predecessor are not known yet.

    Calling it with both makes the receipt.
    """

    withdrawal: Withdrawal
    reason: ReceiptReason
    results: _Results
    findings: RunFindings

    def __call__(self, number: int, previous: str) -> Receipt:
        withdrawal = self.withdrawal
        namespaces = namespaces_of(withdrawal, self.findings.registry)
        sections = map(self._section, namespaces)
        return Receipt(
            number=number,
            request=withdrawal.request,
            scope=withdrawal.scope,
            received=withdrawal.received,
            written=self.findings.now,
            stages=withdrawal.stages,
            sections=tuple(each for each in sections if self._belongs_in_receipt(each)),
            old_copies_until=self._old_copies_until(),
            plan="+".join(self.results),
            list=self.findings.counter,
            reason=self.reason,
            previous=previous,
        )

    def _belongs_in_receipt(self, section: Section) -> bool:
        """Whether the receipt has a section; an empty one only of what was left."""
        return bool(section.files) or self.withdrawal.scope in (
            RALLY,
            section.namespace,
        )

    def _old_copies_until(self) -> date | None:
        """Date until which old copies are kept; None but for late receipts."""
        if self.reason is not ReceiptReason.LATE:
            return None
        touched = {each.study for results in self.results.values() for each in results}
        copies = self.findings.copies_of(sorted(touched))
        times = [each.until for each in copies if each.until]
        return max(times).date() if times else None

    def _section(self, namespace: str) -> Section:
        withdrawal = self.withdrawal
        if namespace in withdrawal.deferred:
            until = self.findings.registry.studies[namespace].analysis_until
            return Section(namespace, receipts.SectionOutcome.DEFERRED, until)
        files = tuple(
            _change(result, result.requests[withdrawal.request])
            for results in self.results.values()
            for result in results
            if result.study == namespace
        )
        outcome = (
            receipts.SectionOutcome.DELETED
            if files
            else receipts.SectionOutcome.NOTHING
        )
        return Section(namespace, outcome, None, files, self._verification(namespace))

    def _verification(self, namespace: str) -> Verification:
        findings = self.findings
        read = [
            each
            for each in findings.verified
            if each.study == namespace and each.outcome is FileOutcome.CLEAN
        ]
        rows = sum(each.rows_before for each in read)
        return Verification(findings.now, len(read), rows, findings.counter)


def _change(result: FileResult, rows_of_request: int) -> FileChange:
    is_gone = not result.rows_after
    return FileChange(
        name=result.name,
        generation_before=result.generation_before,
        generation_after=None if is_gone else result.generation_after,
        rows_before=result.rows_before,
        rows_removed=result.rows_removed,
        rows_of_request=rows_of_request,
        rows_after=result.rows_after,
        checksum_before=result.checksum_before,
        checksum_after=None if is_gone else result.checksum_after,
    )
