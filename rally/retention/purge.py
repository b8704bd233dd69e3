"""The purge: what was promised to go, goes, and a last listing proves it.

A run first makes a plan, which a person may look at and a ceiling may refuse, and then
does it batch by batch. Every step leaves what the next run goes on from, so that a run
that was killed anywhere is made good by a plain one after it.
"""

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from itertools import chain
from typing import Any

from rally.decisions.chain import LOSS
from rally.errors import ConfigurationError
from rally.retention.archives import survey_archives
from rally.retention.blockers import held_requests
from rally.retention.conclusion import has_old_copies, left_live, left_of
from rally.retention.context import Context, open_context
from rally.retention.derived import is_newly_shared, survey_derived
from rally.retention.executor import make_executor
from rally.retention.keys import destroy_keys, has_keys
from rally.retention.old_versions import purge_derived, purge_records, purge_rows
from rally.retention.plan import Plan, write_plan
from rally.retention.plan_entry import Phase, PlanEntry, Reason, is_listed
from rally.retention.report import Report, add_result, report_not_done, report_survey
from rally.retention.row_search import make_searcher
from rally.retention.safety_limits import Withheld, withhold
from rally.retention.search_tasks import (
    add_event_only,
    add_found,
    joins_of,
    lines_of,
    make_tasks,
    merge_sizes,
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
from rally.withdrawal.bootstrap import open_list

JOB = "purge"

ParallelMap = Callable[
    [str, Sequence[Any], Callable[[PurgeSettings], Callable[[Any], Any]]], list[Any]
]
"""Has a step done for each of some works; the results as JSON, in the same order."""


class Purge:
    """One run of the job, in the process that launches it."""

    def __init__(self, settings: PurgeSettings, run_step: ParallelMap) -> None:
        """Opens what it needs.

        Raises:
            ConfigurationError: something is not as it must be; nothing was done.
        """
        self._settings = settings
        self._run_step = run_step
        self._registry = settings.registry()
        self._stores = settings.stores()
        self._platform = self._stores.platform
        published = open_list(self._platform)
        self._list, self._decisions = published.list, published.decisions
        self._forbidden = [LOSS] if published.decisions.has_loss else []

    def plan(self) -> Report:
        """Makes the plan that `run` would do, and stops there.

        Raises:
            LeaseHeld: another purge is at work.
            CorruptFile: the event log is damaged.
        """
        with self._alone():
            opened, notes, plan, report = self._make_plan()
            report.withheld = list(map(str, withhold(plan, notes, opened.limits)))
            report.alarms += self._forbidden
            return report

    def run(self) -> Report:
        """Plans, deletes, purges old copies, lists again, and destroys keys.

        Raises:
            ConfigurationError: another plan was confirmed than the one of now.
            LeaseHeld: another purge is at work.
            CorruptFile: the event log is damaged.
        """
        if self._forbidden:
            return Report(alarms=self._forbidden)
        with self._alone():
            opened, notes, plan, report = self._make_plan()
            withheld = self._unconfirmed(opened, notes, plan)
            report.withheld = list(map(str, withheld))
            self._do(opened, notes, plan, withheld, report)
            return report

    @contextmanager
    def _alone(self) -> Iterator[None]:
        run = self._settings.run or uuid.uuid4().hex
        with Leases(self._platform, run, JOB, self._list.counter) as leases:
            leases.acquire(JOB)
            yield

    def _make_plan(self) -> tuple[Context, SurveyResult, Plan, Report]:
        opened = open_context(
            self._settings, self._registry, self._stores, self._list, self._decisions
        )
        notes, report = SurveyResult(), Report()
        lines = notes.unless_held(self._survey(opened, notes), opened.holds)
        plan = write_plan(self._platform, lines)
        report.plan, report.planned = plan.id, plan.tallies
        held = {each: held_requests(each, self._list) for each in opened.concluded}
        report_survey(opened, notes, held, report)
        return opened, notes, plan, report

    def _unconfirmed(
        self, opened: Context, notes: SurveyResult, plan: Plan
    ) -> list[Withheld]:
        """What is above the ceiling and nobody has confirmed.

        Raises:
            ConfigurationError: something was confirmed that is not in the plan of now.
        """
        withheld = withhold(plan, notes, opened.limits)
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

    def _survey(self, opened: Context, notes: SurveyResult) -> Iterator[PlanEntry]:
        """Everything that is to go, in the order of phases."""
        yield from survey_files(opened, notes)
        yield from self._search_strangers(opened, notes)
        yield from survey_letters(opened, notes)
        for about, partitions in merge_sizes(notes.enrolments).items():
            yield from self._search(partitions, about, notes)
        yield from survey_events(opened)
        yield from survey_derived(opened, notes)
        yield from survey_plans(opened, notes)
        yield from survey_leftovers(opened)
        yield from survey_archives(opened, notes)

    def _search_strangers(
        self, opened: Context, notes: SurveyResult
    ) -> Iterator[PlanEntry]:
        """Rows of people who never enrolled; and whether the log knows who did."""
        studies = set[str]()
        for line in self._search(notes.due, "", notes):
            studies.add(line.study)
            yield line
        joins = joins_of(opened.registry, studies, notes.joins)
        for found in self._each(
            "search", [*make_tasks(joins, "", event_only=True)], make_searcher
        ):
            add_event_only(opened.registry, studies, found, notes)

    def _search(
        self, partitions: Mapping[Partition, int], about: str, notes: SurveyResult
    ) -> Iterator[PlanEntry]:
        works = list(make_tasks(partitions, about))
        for work, found in zip(
            works, self._each("search", works, make_searcher), strict=True
        ):
            yield from lines_of(work, found)
            add_found(found, about, notes)

    def _do(
        self,
        opened: Context,
        notes: SurveyResult,
        plan: Plan,
        withheld: Sequence[Withheld],
        report: Report,
    ) -> None:
        groups = frozenset(each.group for each in withheld)
        waiting = {study for study, why in groups if why is Reason.CONCLUDED}
        undone = sum(each.objects for each in withheld if is_listed(each.group[1]))
        now, reached = self._renewed(opened, set(opened.going) - waiting), set[str]()
        for phase in Phase:
            now = self._renewed(now, set(now.going))
            if phase is Phase.DERIVED:
                reached = set(now.going)
            studies = _free(opened, now, phase)
            batches = [
                each._replace(studies=studies, withheld=groups)
                for each in plan.of(phase)
            ]
            for done in self._each("purge", batches, make_executor):
                undone += add_result(report, done)
            left = self._left(now, notes, phase)
            now = self._renewed(now, set(now.going) - left)
            for each in sorted(left):
                report_not_done(now, notes, each, phase, report)
        self._purge_copies(self._renewed(opened, reached), plan, report)
        if plan.batches:
            self._prove(opened.renewed(now.holds, opened.going), undone, report)
        self._end(now, report)

    def _renewed(self, opened: Context, going: Set[str]) -> Context:
        """Somebody may have placed a hold meanwhile, and it wins."""
        return opened.renewed(self._settings.holds(self._platform), going)

    def _left(self, opened: Context, notes: SurveyResult, phase: Phase) -> set[str]:
        """The studies that go, and of which the phase left something."""
        if phase is Phase.REST:
            return set()
        if phase is not Phase.ENROLMENTS:
            return left_of(opened, phase)
        return {each for each in opened.going if self._is_enrolled(each, notes)}

    def _is_enrolled(self, namespace: str, notes: SurveyResult) -> bool:
        """Whether enrolments in a study are there still, or may be."""
        again = SurveyResult()
        partitions = notes.enrolments.get(namespace, {})
        lines = any(True for _ in self._search(partitions, namespace, again))
        return lines or bool(again.waiting) or namespace in notes.waiting

    def _purge_copies(self, opened: Context, plan: Plan, report: Report) -> None:
        """Of studies that came as far as researchers' folders, and of what expired."""
        purge_rows(opened, report)
        concluding = any(
            plan.of(Phase.EVENTS) or has_keys(self._settings, each)
            for each in opened.going
        )
        purge_records(opened, report, events=concluding)
        purge_derived(opened, report)

    def _prove(self, opened: Context, undone: int, report: Report) -> None:
        """A last listing: what should have gone and is there is named.

        What a conclusion takes is not meant here: see `_end`.
        """
        seen = SurveyResult()
        found = chain(survey_files(opened, seen), survey_letters(opened, seen))
        there = sum(each.is_listed for each in seen.unless_held(found, opened.holds))
        if there > undone:
            what = "should have gone and are there; the next run looks at them"
            report.faults.append((f"{there:,} objects", what))

    def _end(self, opened: Context, report: Report) -> None:
        """Of the studies of which nothing is left, the keys go."""
        left = left_live(opened)
        for each in sorted(opened.going):
            now = self._renewed(opened, set(opened.going))
            if now.holds.of(each):
                report.words.append(f"{each}: a legal hold keeps its keys")
            elif each in left:
                what = (
                    "something of it arrived meanwhile; its keys wait for the next run"
                )
                report.faults.append((each, what))
            elif has_old_copies(now, each):
                report.words.append(f"{each}: its keys wait for the last old copies")
            else:
                destroy_keys(self._settings, now, each, report)

    def _each(
        self,
        step: str,
        works: Sequence[Any],
        make_step: Callable[[PurgeSettings], Callable[[Any], Any]],
    ) -> list[Any]:
        """A single work is done in this process, and needs no runner."""
        if len(works) == 1:
            return [make_step(self._settings)(works[0])]
        return self._run_step(step, works, make_step) if works else []


def _free(before: Context, now: Context, phase: Phase) -> frozenset[str]:
    """The studies that may lose something in a phase."""
    return frozenset(
        each
        for each in now.going
        if phase is not Phase.DERIVED or not is_newly_shared(before, now, each)
    )
