"""The purge job: deletes what is due, and proves it by a last listing.

A run first makes a plan, which a person may read and limits may refuse, and then
executes it batch by batch. Every run continues from what it finds. So a plain run
completes what a killed one began, wherever that was killed.
"""

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from itertools import chain
from typing import Any

from rally.decisions.chain import LOSS
from rally.deletion.derived import remove_stale_parts
from rally.errors import ConfigurationError
from rally.observability.progress import announce_total
from rally.results import read_strictly
from rally.retention.archives import survey_archives
from rally.retention.blockers import count_held_requests
from rally.retention.conclusion import (
    find_left,
    find_live,
    find_loose,
    has_old_copies,
)
from rally.retention.context import Context, open_context
from rally.retention.derived import is_newly_shared, survey_derived
from rally.retention.executor import make_batch_step
from rally.retention.keys import destroy_keys, has_keys
from rally.retention.logs import tell_purged
from rally.retention.old_versions import (
    purge_derived_copies,
    purge_record_copies,
    purge_row_copies,
)
from rally.retention.person_copies import survey_person_copies
from rally.retention.plan import PurgePlan, write_plan
from rally.retention.plan_entry import Phase, PlanEntry, Reason, is_listed
from rally.retention.platform_end import (
    LastReceipt,
    PlatformEnd,
    note_rows,
    preview_end,
)
from rally.retention.report import (
    BatchResult,
    PurgeReport,
    add_result,
    report_not_done,
    report_survey,
)
from rally.retention.row_search import SearchResult, SearchTask, make_search_step
from rally.retention.safety_limits import Withheld, withhold
from rally.retention.search_tasks import (
    add_event_only,
    add_found,
    make_tasks,
    merge_sizes,
    read_result,
    select_joins,
)
from rally.retention.settings import PurgeSettings
from rally.retention.survey import (
    SurveyResult,
    survey_events,
    survey_files,
    survey_leftovers,
    survey_letters,
    survey_plans,
)
from rally.storage.layout import Partition
from rally.storage.leases import Leases
from rally.withdrawal.bootstrap import open_surviving_list

JOB = "purge"

ParallelMap = Callable[
    [str, Sequence[Any], Callable[[PurgeSettings], Callable[[Any], Any]]], list[Any]
]
"""Runs a step on workers for each of some tasks; returns JSON in their order."""


class Purge:
    """One run of the purge, in the process that launches the job."""

    def __init__(self, settings: PurgeSettings, run_step: ParallelMap) -> None:
        """Opens registry, stores and the withdrawal list.

        Args:
            settings: Settings of the job.
            run_step: Runs a step on workers.

        Raises:
            ConfigurationError: One of them is not usable; nothing was changed.
        """
        self._settings = settings
        self._run_step = run_step
        self._registry = settings.registry()
        self._stores = settings.stores()
        self._platform = self._stores.platform
        published = open_surviving_list(self._platform)
        self._list, self._decisions = published.list, published.decisions
        self._lost_decisions = [LOSS] if published.decisions.has_loss else []

    def plan(self) -> PurgeReport:
        """Makes the plan that `run` would execute, and stops there.

        Raises:
            LeaseHeld: Another purge is running.
            CorruptFile: The event log is damaged.
        """
        with self._exclusive():
            context, survey, plan, report = self._make_plan()
            report.withheld = list(map(str, withhold(plan, survey, context.limits)))
            report.alarms += self._lost_decisions
            if context.is_over:
                preview_end(context, report)
            return report

    def run(self) -> PurgeReport:
        """Plans, deletes, purges old copies, lists again, and destroys keys.

        Raises:
            ConfigurationError: The plan that was confirmed is not the one of now.
            LeaseHeld: Another purge is running.
            CorruptFile: The event log is damaged.
        """
        if self._lost_decisions:
            return PurgeReport(alarms=self._lost_decisions)
        with self._exclusive():
            last = self._open_last_receipt()
            context, survey, plan, report = self._make_plan()
            if last:
                note_rows(context, last)
            withheld = self._withhold(context, survey, plan)
            report.withheld = list(map(str, withheld))
            self._execute(context, survey, plan, withheld, report)
            if last:
                PlatformEnd(
                    self._settings, context, self._decisions, last, report
                ).run()
            return report

    def _open_last_receipt(self) -> LastReceipt | None:
        """Opens what tells the end of a concluded platform; of another there is none.

        Raises as LastReceipt does.
        """
        if not self._decisions.is_concluded(self._settings.clock()()):
            return None
        return LastReceipt(self._settings, self._platform, self._decisions)

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        run = self._settings.run or uuid.uuid4().hex
        with Leases(self._platform, run, JOB, self._list.counter) as leases:
            leases.acquire(JOB)
            yield

    def _make_plan(self) -> tuple[Context, SurveyResult, PurgePlan, PurgeReport]:
        context = open_context(
            self._settings, self._registry, self._stores, self._list, self._decisions
        )
        survey, report = SurveyResult(), PurgeReport()
        entries = survey.without_held(self._survey(context, survey), context.holds)
        plan = write_plan(self._platform, entries)
        report.plan, report.planned = plan.id, plan.tallies
        held = {
            each: count_held_requests(each, self._list) for each in context.concluded
        }
        report_survey(context, survey, held, report)
        objects = sum(each.objects for each in plan.tallies.values())
        announce_total(self._settings.progress, objects)
        return context, survey, plan, report

    def _withhold(
        self, context: Context, survey: SurveyResult, plan: PurgePlan
    ) -> list[Withheld]:
        """Finds the groups that exceed a limit and that nobody has confirmed.

        Raises:
            ConfigurationError: A confirmed id is not in the plan of now.
        """
        withheld = withhold(plan, survey, context.limits)
        confirmed = set(filter(None, (self._settings.confirm or "").split(",")))
        if not confirmed <= {plan.id, *(each.id for each in withheld)}:
            now = ", ".join(each.id for each in withheld) or plan.id
            raise ConfigurationError(
                "--confirm: the plan has changed; look at the new one, "
                + (now or "which is empty")
            )
        if plan.id in confirmed:
            return []
        return [each for each in withheld if each.id not in confirmed]

    def _survey(self, context: Context, survey: SurveyResult) -> Iterator[PlanEntry]:
        """Yields an entry for everything to delete, in the order of phases."""
        yield from survey_files(context, survey)
        yield from self._search_unenrolled(context, survey)
        yield from survey_letters(context, survey)
        for about, partitions in merge_sizes(survey.enrolments).items():
            yield from self._search(partitions, about, survey)
        yield from survey_events(context)
        yield from survey_derived(context, survey)
        if not context.is_over:  # else PlatformEnd takes all of them
            yield from survey_plans(context, survey)
            yield from survey_leftovers(context)
            yield from survey_person_copies(context)
        yield from survey_archives(context, survey)

    def _search_unenrolled(
        self, context: Context, survey: SurveyResult
    ) -> Iterator[PlanEntry]:
        """Yields entries for rows of unenrolled people.

        Then enrolments without an event are counted: if the log has lost events, these
        people may be enrolled.
        """
        studies = set[str]()
        for entry in self._search(survey.due, "", survey):
            studies.add(entry.study)
            yield entry
        joins = select_joins(context.registry, studies, survey.joins)
        tasks = list(make_tasks(joins, "", event_only=True))
        for result in self._search_tasks(tasks):
            add_event_only(context.registry, studies, result, survey)

    def _search(
        self, partitions: Mapping[Partition, int], about: str, survey: SurveyResult
    ) -> Iterator[PlanEntry]:
        """Searches rows of partitions, and yields entries of files that lose rows."""
        for result in self._search_tasks(list(make_tasks(partitions, about))):
            yield from result.entries
            add_found(result, about, survey)

    def _search_tasks(self, tasks: Sequence[SearchTask]) -> Iterator[SearchResult]:
        values = self._run_on_workers("search", tasks, make_search_step)
        for task, value in zip(tasks, values, strict=True):
            yield read_result(value, task)

    def _execute(
        self,
        context: Context,
        survey: SurveyResult,
        plan: PurgePlan,
        withheld: Sequence[Withheld],
        report: PurgeReport,
    ) -> None:
        groups = frozenset(each.group for each in withheld)
        waiting = {study for study, reason in groups if reason is Reason.CONCLUDED}
        undone = sum(each.objects for each in withheld if is_listed(each.group[1]))
        now, reached = self._renewed(context, set(context.going) - waiting), set[str]()
        for phase in Phase:
            now = self._renewed(now, set(now.going))
            if phase is Phase.DERIVED:
                reached = set(now.going)
            studies = _deletable(context, now, phase)
            batches = [
                each._replace(studies=studies, withheld=groups)
                for each in plan.of(phase)
            ]
            for value in self._run_on_workers("purge", batches, make_batch_step):
                with read_strictly("purge"):
                    result = BatchResult.from_json(value)
                add_result(report, result)
                undone += result.undone
            left = self._unfinished_studies(now, survey, phase)
            merged = set[str]()
            if phase is Phase.EVENTS:
                merged = self._tell_deletion(now, left, report)
            now = self._renewed(now, set(now.going) - left)
            for each in sorted(left - merged):
                report_not_done(now, survey, each, phase, report)
        self._purge_old_copies(self._renewed(context, reached), plan, report)
        if plan.batches:
            self._verify(context.renewed(now.holds, context.going), undone, report)
        self._destroy_keys(now, report)

    def _renewed(self, context: Context, going: Set[str]) -> Context:
        """Renews the context with the legal holds of now, placed since the plan."""
        return context.renewed(self._settings.holds(self._platform), going)

    def _unfinished_studies(
        self, context: Context, survey: SurveyResult, phase: Phase
    ) -> set[str]:
        """Finds the concluded studies of which a phase left something."""
        if phase is Phase.REST:
            return set()
        if phase is not Phase.ENROLMENTS:
            return find_left(context, phase)
        return {each for each in context.going if self._is_enrolled(each, survey)}

    def _tell_deletion(
        self, context: Context, left: Set[str], report: PurgeReport
    ) -> set[str]:
        """Tells deletion of studies of which events in the log's files alone are left.

        Returns:
            These studies, which the next purge goes on with.
        """
        merged = {*left} - find_loose(context)
        tell_purged(self._platform, merged, context.now)
        report.remarks += (
            f"{each}: its events go with the next run of `rally delete`, and all that"
            " is left with the purge after it"
            for each in sorted(merged)
        )
        return merged

    def _is_enrolled(self, namespace: str, survey: SurveyResult) -> bool:
        """Tells whether enrolments in a study are, or may be, left."""
        again = SurveyResult()
        partitions = survey.enrolments.get(namespace, {})
        entries = any(True for _ in self._search(partitions, namespace, again))
        return entries or bool(again.waiting) or namespace in survey.waiting

    def _purge_old_copies(
        self, context: Context, plan: PurgePlan, report: PurgeReport
    ) -> None:
        """Purges old copies of what was deleted.

        Args:
            context: Context, with the concluded studies that reached DERIVED.
            plan: The plan.
            report: Report of the run.
        """
        purge_row_copies(context, report)
        concluding = any(
            plan.of(Phase.EVENTS) or has_keys(self._settings, each)
            for each in context.going
        )
        purge_record_copies(context, report, events=concluding)
        purge_derived_copies(context, report)
        staying = [
            study
            for namespace, study in self._registry.studies.items()
            if namespace not in context.concluded
        ]
        report.faults += remove_stale_parts(
            self._stores, staying, open_folder=self._settings.open_derived
        ).faults

    def _verify(self, context: Context, undone: int, report: PurgeReport) -> None:
        """Lists the stores again, and reports what should be gone and is not.

        Concluded studies are checked by `_destroy_keys`.
        """
        seen = SurveyResult()
        found = chain(survey_files(context, seen), survey_letters(context, seen))
        there = sum(each.is_listed for each in seen.without_held(found, context.holds))
        if there > undone:
            what = "should have gone and are there; the next run looks at them"
            report.faults.append((f"{there:,} objects", what))

    def _destroy_keys(self, context: Context, report: PurgeReport) -> None:
        """Destroys the keys of concluded studies of which nothing is left."""
        left = find_live(context)
        for each in sorted(context.going):
            now = self._renewed(context, set(context.going))
            if now.holds.of(each):
                report.remarks.append(f"{each}: a legal hold keeps its keys")
            elif each in left:
                what = (
                    "something of it arrived meanwhile; its keys wait for the next run"
                )
                report.faults.append((each, what))
            elif has_old_copies(now, each):
                report.remarks.append(f"{each}: its keys wait for the last old copies")
            else:
                destroy_keys(self._settings, now, each, report)

    def _run_on_workers(
        self,
        step: str,
        tasks: Sequence[Any],
        make_step: Callable[[PurgeSettings], Callable[[Any], Any]],
    ) -> list[Any]:
        """Runs a step for some tasks; a single task runs in this process."""
        if len(tasks) == 1:
            return [make_step(self._settings)(tasks[0])]
        return self._run_step(step, tasks, make_step) if tasks else []


def _deletable(before: Context, now: Context, phase: Phase) -> frozenset[str]:
    """Returns the concluded studies whose data a phase may delete."""
    return frozenset(
        each
        for each in now.going
        if phase is not Phase.DERIVED or not is_newly_shared(before, now, each)
    )
