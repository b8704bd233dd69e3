"""Surveys the stores: which files and records of the platform are to be deleted.

Rows, dead letters, events, plans of deletion and leftovers of killed runs are judged by
their names, dates and studies. What rows say is left to row_search.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import chain, groupby

from rally import dead_letters, results
from rally.dead_letters import place_of
from rally.registry.legal_holds import LegalHold, LegalHolds
from rally.registry.object_classifier import Located, Region
from rally.registry.policy import is_expired
from rally.registry.study import Means
from rally.retention.context import Context
from rally.retention.logs import LOGS, StudyLog
from rally.retention.plan_entry import (
    PLATFORM,
    STUDY,
    Phase,
    PlanEntry,
    Reason,
    apply_holds,
    join_scopes,
    whole_entry,
)
from rally.storage import leases
from rally.storage.layout import EVENTS, Partition, study_folder, view_folder
from rally.storage.objectstore.interface import ObjectInfo, ObjectNotFound, ObjectStore
from rally.storage.plan_objects import FOLDER as PLANS
from rally.storage.plan_objects import PlanObject
from rally.storage.records import is_marker, is_record, list_records
from rally.storage.runs import RUNS, find_runs, is_alive, now
from rally.withdrawal.enrolments import needs_enrolment
from rally.withdrawal.unavailable_studies import waits_for_study
from rally.withdrawal.unreadable import is_owed

_SHOWN = 20


@dataclass
class NamedExamples:
    """Names of objects: the first few are kept, and all are counted.

    Attributes:
        number: Number of objects.
        names: The first names.
    """

    number: int = 0
    names: list[str] = field(default_factory=list)

    def add(self, name: str) -> None:
        """Counts an object, and keeps its name if it is among the first."""
        self.number += 1
        if len(self.names) < _SHOWN:
            self.names.append(name)


@dataclass
class SurveyResult:
    """Survey findings other than deletions.

    Attributes:
        alarms: Objects that must not exist, by what they are.
        blocked: Number of objects that a legal hold keeps, by hold.
        unfinished: Number of objects by study that wait for a killed deletion.
        objects: Number of objects by study.
        rows: Number of rows by study that were checked for an enrolment.
        due: Partitions whose rows need an enrolment by now, with their size in bytes.
        joins: Partitions whose rows tell of enrolments, with their size in bytes.
        event_only: Number of enrolments without an event in the log, by the study that
            they may be about and by `<namespace>/<document>`.
        enrolments: Partitions of the platform's rows about studies, by study, with
            their size in bytes.
        waiting: Concluded studies of whose enrolments some must stay for now.
        unreadable: Number of objects of withdrawals among dead letters.
        stalled: Folders of plans that were begun long ago and never finished.
        faults: Names of what could not be read, and the causes.
    """

    alarms: dict[str, NamedExamples] = field(default_factory=dict)
    blocked: Counter[LegalHold] = field(default_factory=Counter)
    unfinished: Counter[str] = field(default_factory=Counter)
    objects: Counter[str] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)
    due: dict[Partition, int] = field(default_factory=dict)
    joins: dict[Partition, int] = field(default_factory=dict)
    event_only: dict[str, Counter[str]] = field(default_factory=dict)
    enrolments: dict[str, dict[Partition, int]] = field(default_factory=dict)
    waiting: set[str] = field(default_factory=set)
    unreadable: int = 0
    stalled: list[str] = field(default_factory=list)
    faults: list[tuple[str, str]] = field(default_factory=list)

    def alarm(self, what: str, name: str) -> None:
        """Records an object that must not exist.

        Args:
            what: Description of such objects.
            name: Name of the object.
        """
        self.alarms.setdefault(what, NamedExamples()).add(name)

    def without_held(
        self, entries: Iterable[PlanEntry], holds: LegalHolds
    ) -> Iterator[PlanEntry]:
        """Yields what no legal hold keeps, and counts the rest as blocked.

        A hold that keeps something of a concluded study keeps the later phases too.

        Args:
            entries: Entries in the order of phases.
            holds: Legal holds in force.
        """
        stopped = dict[str, tuple[Phase, LegalHold]]()
        for entry in entries:
            free, hold = apply_holds(entry, holds)
            before = _stopped_before(entry, stopped)
            if hold:
                for each in entry.studies:
                    stopped.setdefault(each, (entry.phase, hold))
            if kept_by := hold or before:
                self.blocked[kept_by] += 1
            if free and not before:
                yield free


def _stopped_before(
    entry: PlanEntry, stopped: Mapping[str, tuple[Phase, LegalHold]]
) -> LegalHold | None:
    """Returns the hold that stopped all studies of an entry in earlier phases."""
    ends = [stopped.get(each, (entry.phase, None)) for each in sorted(entry.studies)]
    if not ends or any(phase is entry.phase for phase, _ in ends):
        return None
    return ends[0][1]


_FOREIGN, _VIEW = "(no file of ours)", "(withdrawal view)"
_ROOTS = (Region.PLATFORM, Region.DERIVED)
"""Places whose roots may be links; other surveys check them."""


def survey_files(context: Context, survey: SurveyResult) -> Iterator[PlanEntry]:
    """Yields entries for files that are deleted as a whole.

    Args:
        context: Context of the purge.
        survey: Survey, to which other findings are added.
    """
    for (namespace, _), about in context.log.documents.items():
        if namespace in context.registry.unavailable:  # and its rows stay
            survey.waiting.update(about.intersection(context.going))
    for store in context.stores.each(context.registry.studies):
        for info in store.list():
            yield from survey_file(context, store, info, survey)
        for stray in store.strays():
            if context.locator.locate(store, stray).region not in _ROOTS:
                survey.alarm(stray.kind, f"{store.uri.rstrip('/')}/{stray.name}")


def survey_file(
    context: Context, store: ObjectStore, info: ObjectInfo, survey: SurveyResult
) -> Iterator[PlanEntry]:
    """Yields the entry of one object of a study's store, if all of it is deleted."""
    located = context.locator.classify(store, info)
    study, partition = located.study, located.partition
    own = (study_folder(study), view_folder(study)) if study else ()
    if info.name.startswith(own) and located.region is not Region.WRONG_STORE:
        survey.objects[study] += 1
        if study in context.going:
            yield from _of_concluded(context, info, located, survey)
            return
    if located.region.is_alarm:
        survey.alarm(located.region, f"{store.uri.rstrip('/')}/{info.name}")
    elif partition:
        yield from _of_partition(context, info, partition, survey)


def _of_concluded(
    context: Context, info: ObjectInfo, located: Located, survey: SurveyResult
) -> Iterator[PlanEntry]:
    study, partition = located.study, located.partition
    other = _VIEW if located.region is Region.VIEW else _FOREIGN
    labels = partition or (study, other, "")
    if _is_free(context, study, partition, survey):
        yield whole_entry(Phase.ROWS, STUDY, (*labels,), info, Reason.CONCLUDED, study)


def _of_partition(
    context: Context,
    info: ObjectInfo,
    partition: Partition,
    survey: SurveyResult,
) -> Iterator[PlanEntry]:
    namespace, name, day = partition
    study = context.registry.studies[namespace]
    document = context.registry.documents(study)[name]
    at = date.fromisoformat(day)
    if is_expired(document, at, context.now.date()):
        if _is_free(context, namespace, partition, survey):
            yield whole_entry(Phase.ROWS, STUDY, partition, info, Reason.EXPIRED)
        return
    if document.means is Means.JOINS:
        survey.joins[partition] = survey.joins.get(partition, 0) + info.size
    found = context.log.documents.get((namespace, name), ())
    abouts = [each for each in context.going if each in found]
    is_due = (
        not context.carriers
        and needs_enrolment(study, document)
        and context.grace.is_due(at, context.midnight)
    )
    if not (is_due or abouts):
        return
    if not _is_free(context, namespace, partition, survey):
        survey.waiting.update(abouts)
        return
    if is_due:
        survey.due[partition] = survey.due.get(partition, 0) + info.size
    for about in abouts:
        sizes = survey.enrolments.setdefault(about, {})
        sizes[partition] = sizes.get(partition, 0) + info.size


def _is_free(
    context: Context, study: str, partition: Partition | None, survey: SurveyResult
) -> bool:
    """Tells whether no killed deletion has to go on in a partition.

    Held partitions are free: deletion cannot go on there until the hold is lifted.
    """
    if partition is None or partition not in context.unfinished:
        return True
    if context.holds.over(study, partition.day):
        return True
    survey.unfinished[study] += 1
    return False


_LETTERS = "(dead letters)"
_LABELS = {Reason.PLAN: "(plans)", Reason.TEMPORARY: "(leftovers)"}


def survey_letters(context: Context, survey: SurveyResult) -> Iterator[PlanEntry]:
    """Yields entries for dead letters past their time, and all of concluded studies.

    Unreadable withdrawals of registered studies stay long past their deadline, and are
    counted until then. Those of any other namespace are treated as pings.
    """
    for stray in context.platform.strays(dead_letters.FOLDER):
        survey.alarm(stray.kind, f"{context.platform.uri.rstrip('/')}/{stray.name}")
    for info in context.platform.list(dead_letters.FOLDER):
        yield from survey_letter(context, info, survey)


def survey_letter(
    context: Context, info: ObjectInfo, survey: SurveyResult
) -> Iterator[PlanEntry]:
    """Yields the entry of one object of dead letters, if it is deleted."""
    place = place_of(info.name)
    if place is None:
        if not is_marker(info):
            survey.alarm("no object of dead letters", info.name)
        return
    if waits_for_study(place, context.registry):
        survey.unreadable += is_owed(place)
        return
    labels = (place.study, _LETTERS, place.day)
    if place.study in context.going:
        reason, about = Reason.CONCLUDED, place.study
        yield whole_entry(Phase.LETTERS, PLATFORM, labels, info, reason, about)
    elif is_owed(place):
        if context.is_past(place.day, context.limits.unreadable_days):
            yield whole_entry(Phase.LETTERS, PLATFORM, labels, info, Reason.UNREADABLE)
        else:
            survey.unreadable += 1
    elif context.is_past(place.day, place.days_kept(context.limits.dead_letter_days)):
        yield whole_entry(Phase.LETTERS, PLATFORM, labels, info, Reason.DEAD_LETTER)


def survey_events(context: Context) -> Iterator[PlanEntry]:
    """Yields entries for objects of the logs with records of a concluded study.

    Raises:
        CorruptFile: A log is damaged.
    """
    known = {EVENTS: context.log.present}  # read already: it is the longest log
    for log in LOGS:
        going = {*context.going} & known.get(log.log.folder, {*context.going})
        infos = list_records(context.platform, log.log.days) if going else ()
        for info in infos:
            yield from _survey_records(context, log, info, going)


def _survey_records(
    context: Context, log: StudyLog, info: ObjectInfo, going: Collection[str]
) -> Iterator[PlanEntry]:
    try:
        records = log.log.read_object(context.platform, info.name)
    except ObjectNotFound:
        return
    if found := log.about(records, going):
        about = join_scopes({log.study_of(each) for each in found})
        day = info.name.partition("date=")[2][:10]
        labels, reason = (about, log.label, day), Reason.CONCLUDED
        entry = whole_entry(Phase.EVENTS, PLATFORM, labels, info, reason, about)
        yield entry._replace(removes=len(found), rows=len(records))


def survey_plans(
    context: Context, survey: SurveyResult, prefix: str = PLANS
) -> Iterator[PlanEntry]:
    """Yields entries for old plans that are finished or were never begun.

    The object `done.json` of a plan is the last: without it, a run of deletion would
    go on with the plan.

    Args:
        context: Context of the purge.
        survey: Survey, to which other findings are added.
        prefix: Folder of all plans, or of one; of any other nothing is deleted.
    """
    if not prefix.startswith(PLANS):
        return  # a forged entry could have any old record taken for a plan
    found = (
        each for each in context.platform.list_dated(prefix) if is_record(each[0].name)
    )
    for folder, dated in groupby(found, key=lambda each: _folder(each[0].name)):
        members = list(dated)
        written = max(at for _, at in members)
        names = {info.name.rpartition("/")[2] for info, _ in members}
        if not context.is_older(written, context.limits.plan_days):
            continue
        if PlanObject.BEGUN in names and PlanObject.DONE not in names:
            if hold := context.held_plans.get(folder.split("/")[1]):
                survey.blocked[hold] += len(members)
            else:
                survey.stalled.append(folder)
            continue
        for info in sorted((each for each, _ in members), key=_done_last):
            yield _rest(info, Reason.PLAN)


LEFTOVERS = (results.FOLDER, leases.FOLDER)
"""Folders in which killed runs leave something."""


def survey_leftovers(
    context: Context, prefixes: Iterable[str] = LEFTOVERS
) -> Iterator[PlanEntry]:
    """Yields entries for results that no launcher took, and leases of dead runs.

    Args:
        context: Context of the purge.
        prefixes: Prefixes below LEFTOVERS; of others nothing is deleted.
    """
    days = context.limits.temporary_days
    alive = {run.run for _, run in find_runs(context.platform) if is_alive(run, now())}
    ours = (each for each in prefixes if each.startswith(LEFTOVERS))
    for info, written in chain.from_iterable(map(context.platform.list_dated, ours)):
        if info.name.startswith(results.FOLDER):
            if is_record(info.name) and context.is_older(written, days):
                yield _rest(info, Reason.TEMPORARY)
            continue
        is_run = info.name.startswith(RUNS)
        if is_run or not (is_record(info.name) and context.is_older(written, days)):
            continue
        holder = leases.holder_of(context.platform, info)
        if holder is not None and holder not in alive:
            yield _rest(info, Reason.TEMPORARY)


def _rest(info: ObjectInfo, reason: Reason) -> PlanEntry:
    return whole_entry(Phase.REST, PLATFORM, ("", _LABELS[reason], ""), info, reason)


def _folder(name: str) -> str:
    return name[: name.rfind("/") + 1]


def _done_last(info: ObjectInfo) -> tuple[bool, str]:
    return info.name.endswith(f"/{PlanObject.DONE}"), info.name
