"""Writes the receipts of a run; each tells only what no other receipt has told."""

from collections.abc import Callable, Iterable, Mapping, Sequence
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
from rally.receipts.changes import write_changes
from rally.receipts.receipt import (
    FileChange,
    NamedChanges,
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

_READ = (FileOutcome.CLEAN, FileOutcome.NOT_EXPUNGED, FileOutcome.WAITING)
"""Outcomes of files in which verification found nothing of people who left, but of
requests that wait and get no receipt."""

Results = Mapping[str, Sequence[FileResult]]
"""Results of plans, by plan id."""


class ReceiptWriter:
    """Appends receipts to the chain in the order of the list.

    A run that was killed after it wrote a receipt has not put it on the list. The next
    run takes that receipt up, and tells rows deleted since in a late receipt.

    Attributes:
        numbers: Numbers of the receipts that were written or taken up.
        changes: Changes of files that the receipts of this run name; None before they
            are stored, or if there are none.
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
        self.changes: NamedChanges | None = None

    def take_up(self, withdrawal: Withdrawal) -> Withdrawal:
        """Restores a request from the receipts that a killed run wrote for it."""
        for found in self._found.get(withdrawal.request, ()):
            if _deferred(found) == set(withdrawal.deferred):
                stages = {**withdrawal.stages, **found.stages}
                stages.pop(Stage.CLOSED, None)  # this run decides that itself
                withdrawal = replace(withdrawal, stages=stages)
            withdrawal = self._numbered(withdrawal, found.number)
        return withdrawal

    def find(self, request: str) -> list[int]:
        """Finds the receipts that a killed run wrote for a request, or an order."""
        numbers = [each.number for each in self._found.get(request, ())]
        self.numbers += numbers
        return numbers

    def unreported(
        self, request: str, receipts: Iterable[int]
    ) -> dict[str, list[FileResult]]:
        """Returns results that none of some receipts tells, by plan.

        Args:
            request: Id of a request, or of an order to expunge.
            receipts: Numbers of its receipts.
        """
        results = dict(self._results.get(request, {}))
        if results:
            for number in receipts:
                stated = read_receipt(self._platform, self._decisions, number)
                for plan in stated.plan.split("+") if stated else ():
                    results.pop(plan, None)
        return results

    def store_changes(self, told: Iterable[tuple[str, Results]]) -> None:
        """Stores the changes of files that the receipts of this run will name.

        Args:
            told: Each request, or order, that gets a receipt, and the results of plans
                that it tells.
        """
        if changes := _changes(told):
            found = (each.number for some in self._found.values() for each in some)
            first = max(self._last, *found, 0) + 1
            self.changes = write_changes(self._platform, first, changes)

    def write(
        self, withdrawal: Withdrawal, reason: ReceiptReason, results: Results
    ) -> Withdrawal:
        """Writes a receipt for a request, and returns the request with its number.

        Args:
            withdrawal: The request.
            reason: Reason of the receipt.
            results: Results of plans that the receipt tells.
        """
        changes = self.changes if results else None
        draft = _ReceiptDraft(withdrawal, reason, results, self._findings, changes)
        number = self.append(draft)
        found = withdrawal.found + _found(withdrawal, results, self._findings.registry)
        return replace(withdrawal, found=found, receipts=(*withdrawal.receipts, number))

    def append(self, make: Callable[[int, str], Receipt]) -> int:
        """Writes a receipt at the end of the chain, and returns its number.

        Args:
            make: Makes the receipt; see rally.receipts.chain.append.
        """
        written = append(self._platform, self._decisions, self._key, make, self._last)
        self._last = written.number
        self.numbers.append(written.number)
        return written.number

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


def _found(withdrawal: Withdrawal, results: Results, registry: Registry) -> int:
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
    results: Results
    findings: RunFindings
    changes: NamedChanges | None

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
            changes=self.changes,
        )

    def _belongs_in_receipt(self, section: Section) -> bool:
        """Tells whether the receipt has a section: it has files, or was left itself."""
        return bool(section.files) or self.withdrawal.scope in (
            RALLY,
            section.namespace,
        )

    def _old_copies_until(self) -> date | None:
        """Date until which old copies are kept; None but for late receipts."""
        if self.reason is not ReceiptReason.LATE:
            return None
        touched = {each.study for results in self.results.values() for each in results}
        return old_copies_until(sorted(touched), self.findings)

    def _section(self, namespace: str) -> Section:
        withdrawal, findings = self.withdrawal, self.findings
        section = make_section(namespace, withdrawal.request, self.results, findings)
        if namespace not in withdrawal.deferred:
            return section
        until = findings.registry.studies[namespace].analysis_until
        deferred = receipts.SectionOutcome.DEFERRED  # of what was there at the leaving
        return replace(section, outcome=deferred, until=until, verified=None)


def old_copies_until(namespaces: Iterable[str], findings: RunFindings) -> date | None:
    """Returns the date until which old copies of some namespaces are kept, if any."""
    copies = findings.copies_of(namespaces)
    times = [each.until for each in copies if each.until]
    return max(times).date() if times else None


def make_section(
    namespace: str, request: str, results: Results, findings: RunFindings
) -> Section:
    """Makes the section of a namespace in which nothing is deferred.

    Args:
        namespace: The namespace.
        request: Id of the request, or of the order to expunge.
        results: Results of plans that the receipt tells.
        findings: Findings of the run.
    """
    changed = [
        each.requests[request]
        for of_plan in results.values()
        for each in of_plan
        if each.study == namespace
    ]
    read = [
        each
        for each in findings.verified
        if each.study == namespace and each.outcome in _READ
    ]
    outcome = receipts.SectionOutcome.NOTHING
    if changed:
        outcome = receipts.SectionOutcome.DELETED
    rows = sum(each.rows_before for each in read)
    verified = Verification(findings.now, len(read), rows, findings.counter)
    return Section(namespace, outcome, None, len(changed), sum(changed), verified)


def _changes(told: Iterable[tuple[str, Results]]) -> list[FileChange]:
    """Returns the changes of files, with the rows of the requests that are told."""
    rows = dict[tuple[str, str, str], dict[str, int]]()
    found = dict[tuple[str, str, str], FileResult]()
    for request, results in told:
        for plan, of_plan in results.items():
            for each in of_plan:
                key = plan, each.study, each.name
                found[key] = each
                rows.setdefault(key, {})[request] = each.requests[request]
    return [_change(key[0], found[key], rows[key]) for key in sorted(found)]


def _change(plan: str, result: FileResult, requests: Mapping[str, int]) -> FileChange:
    """Says what a rewrite did to a file, and what of it for some requests."""
    is_gone = not result.rows_after
    return FileChange(
        plan=plan,
        namespace=result.study,
        name=result.name,
        generation_before=result.generation_before,
        generation_after=None if is_gone else result.generation_after,
        rows_before=result.rows_before,
        rows_removed=result.rows_removed,
        rows_after=result.rows_after,
        checksum_before=result.checksum_before,
        checksum_after=None if is_gone else result.checksum_after,
        rows_changed=result.rows_changed,
        requests=requests,
    )
