"""What goes of the platform's own records: dead letters, events, plans, leftovers."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import chain, groupby

from rally import dead_letters, results
from rally.dead_letters import place_of
from rally.deletion.plan_store import FOLDER as PLANS
from rally.events import read_event_object
from rally.registry.legal_holds import LegalHold, LegalHolds
from rally.registry.object_classifier import Located, Region
from rally.registry.policy import is_expired
from rally.registry.study import Means
from rally.retention.context import Context
from rally.retention.plan_entry import (
    PLATFORM,
    STUDY,
    Phase,
    PlanEntry,
    Reason,
    join_scopes,
    whole_object,
    without_holds,
)
from rally.storage import leases
from rally.storage.layout import EVENTS, Partition, study_folder
from rally.storage.objectstore.interface import ObjectInfo, ObjectNotFound, ObjectStore
from rally.storage.records import is_marker, is_record, list_records
from rally.storage.runs import RUNS, find_runs, is_alive, now
from rally.withdrawal.enrolments import needs_enrolment
from rally.withdrawal.unavailable_studies import waits_for_study
from rally.withdrawal.unreadable import is_owed

_SHOWN = 20


@dataclass
class Named:
    """Names of which the first few are kept, and all are counted."""

    number: int = 0
    names: list[str] = field(default_factory=list)

    def add(self, name: str) -> None:
        """Counts one more."""
        self.number += 1
        if len(self.names) < _SHOWN:
            self.names.append(name)


@dataclass
class SurveyResult:
    """What a survey saw.

    Attributes:
        alarms: objects that must not be there, by what they are.
        blocked: objects that a legal hold keeps, by hold.
        unfinished: objects of partitions in which a deletion has to go on, by study.
        objects: how many each study has.
        rows: that were looked at for an enrolment, by study.
        due: partitions whose rows need an enrolment by now.
        joins: partitions whose rows say who joined something.
        event_only: of these rows how many the event log knows nothing of, by the study
            that has to go without them and by `<namespace>/<document>`.
        enrolments: partitions of the platform's rows about studies, by study.
        waiting: concluded studies of whose enrolments some must stay for now.
        unreadable: objects of withdrawals among dead letters.
        stalled: plans that were begun and never told.
        faults: what could not be looked at, and why.
    """

    alarms: dict[str, Named] = field(default_factory=dict)
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
        """Notes an object that must not be there."""
        self.alarms.setdefault(what, Named()).add(name)

    def unless_held(
        self, lines: Iterable[PlanEntry], holds: LegalHolds
    ) -> Iterator[PlanEntry]:
        """What no legal hold keeps of the lines; the rest is counted.

        Where one keeps something of a concluded study, it keeps the later phases too.

        Args:
            lines: in the order of phases.
            holds: that are in force.
        """
        stopped = dict[str, tuple[Phase, LegalHold]]()
        for line in lines:
            free, hold = without_holds(line, holds)
            before = _stopped_before(line, stopped)
            if hold:
                for each in line.studies:
                    stopped.setdefault(each, (line.phase, hold))
            if kept_by := hold or before:
                self.blocked[kept_by] += 1
            if free and not before:
                yield free


def _stopped_before(
    line: PlanEntry, stopped: Mapping[str, tuple[Phase, LegalHold]]
) -> LegalHold | None:
    """The hold by which all studies of a line came to an end in earlier phases."""
    ends = [stopped.get(each, (line.phase, None)) for each in sorted(line.studies)]
    if not ends or any(phase is line.phase for phase, _ in ends):
        return None
    return ends[0][1]


_FOREIGN = "(no file of ours)"
_ROOTS = (Region.PLATFORM, Region.DERIVED)
"""Places with roots of their own, which may be links and are looked into elsewhere."""


def survey_files(opened: Context, notes: SurveyResult) -> Iterator[PlanEntry]:
    """The files that are to go as a whole, and notes of all else that was listed.

    Args:
        opened: says what goes.
        notes: are filled.
    """
    for (namespace, _), about in opened.log.documents.items():
        if namespace in opened.registry.unavailable:  # and its rows stay
            notes.waiting.update(about.intersection(opened.going))
    for store in opened.stores.each(opened.registry.studies):
        for info in store.list():
            yield from survey_file(opened, store, info, notes)
        for stray in store.strays():
            if opened.locator.locate(store, stray).region not in _ROOTS:
                notes.alarm(stray.kind, f"{store.uri.rstrip('/')}/{stray.name}")


def survey_file(
    opened: Context, store: ObjectStore, info: ObjectInfo, notes: SurveyResult
) -> Iterator[PlanEntry]:
    """The line of one object of a studies' store, where it goes as a whole."""
    located = opened.locator.classify(store, info)
    study, partition = located.study, located.partition
    is_own = info.name.startswith(study_folder(study)) if study else False
    if is_own and located.region is not Region.WRONG_STORE:
        notes.objects[study] += 1
        if study in opened.going:
            yield from _of_concluded(opened, info, located, notes)
            return
    if located.region.is_alarm:
        notes.alarm(located.region, f"{store.uri.rstrip('/')}/{info.name}")
    elif partition:
        yield from _of_partition(opened, info, partition, notes)


def _of_concluded(
    opened: Context, info: ObjectInfo, located: Located, notes: SurveyResult
) -> Iterator[PlanEntry]:
    study, partition = located.study, located.partition
    labels = partition or (study, _FOREIGN, "")
    if _is_free(opened, study, partition, notes):
        yield whole_object(Phase.ROWS, STUDY, (*labels,), info, Reason.CONCLUDED, study)


def _of_partition(
    opened: Context,
    info: ObjectInfo,
    partition: Partition,
    notes: SurveyResult,
) -> Iterator[PlanEntry]:
    namespace, name, day = partition
    study = opened.registry.studies[namespace]
    document = opened.registry.documents(study)[name]
    at = date.fromisoformat(day)
    if is_expired(document, at, opened.now.date()):
        if _is_free(opened, namespace, partition, notes):
            yield whole_object(Phase.ROWS, STUDY, partition, info, Reason.EXPIRED)
        return
    if document.means is Means.JOINS:
        notes.joins[partition] = notes.joins.get(partition, 0) + info.size
    found = opened.log.documents.get((namespace, name), ())
    abouts = [each for each in opened.going if each in found]
    is_due = (
        not opened.carriers
        and needs_enrolment(study, document)
        and opened.grace.is_due(at, opened.midnight)
    )
    if not (is_due or abouts):
        return
    if not _is_free(opened, namespace, partition, notes):
        notes.waiting.update(abouts)
        return
    if is_due:
        notes.due[partition] = notes.due.get(partition, 0) + info.size
    for about in abouts:
        sizes = notes.enrolments.setdefault(about, {})
        sizes[partition] = sizes.get(partition, 0) + info.size


def _is_free(
    opened: Context, study: str, partition: Partition | None, notes: SurveyResult
) -> bool:
    """Whether no deletion that was killed has to go on there.

    What a legal hold keeps is not waited for: deletion cannot go on there, either.
    """
    if partition is None or partition not in opened.unfinished:
        return True
    if opened.holds.over(study, partition.day):
        return True
    notes.unfinished[study] += 1
    return False


_LETTERS, _EVENTS = "(dead letters)", "(events)"
_LABELS = {Reason.PLAN: "(plans)", Reason.TEMPORARY: "(leftovers)"}


def survey_letters(opened: Context, notes: SurveyResult) -> Iterator[PlanEntry]:
    """Dead letters past their time, and all of concluded studies.

    A withdrawal of a study that somebody registered has a time of its own, long after
    its deadline; until then it is counted. Of any other namespace it is as a ping.
    """
    for stray in opened.platform.strays(dead_letters.FOLDER):
        notes.alarm(stray.kind, f"{opened.platform.uri.rstrip('/')}/{stray.name}")
    for info in opened.platform.list(dead_letters.FOLDER):
        yield from survey_letter(opened, info, notes)


def survey_letter(
    opened: Context, info: ObjectInfo, notes: SurveyResult
) -> Iterator[PlanEntry]:
    """The line of one object of dead letters, where it goes."""
    place = place_of(info.name)
    if place is None:
        if not is_marker(info):
            notes.alarm("no object of dead letters", info.name)
        return
    if waits_for_study(place, opened.registry):
        notes.unreadable += is_owed(place)
        return
    labels = (place.study, _LETTERS, place.day)
    if place.study in opened.going:
        why, about = Reason.CONCLUDED, place.study
        yield whole_object(Phase.LETTERS, PLATFORM, labels, info, why, about)
    elif is_owed(place):
        if opened.is_past(place.day, opened.limits.unreadable_days):
            yield whole_object(Phase.LETTERS, PLATFORM, labels, info, Reason.UNREADABLE)
        else:
            notes.unreadable += 1
    elif opened.is_past(place.day, opened.limits.dead_letter_days):
        yield whole_object(Phase.LETTERS, PLATFORM, labels, info, Reason.DEAD_LETTER)


def survey_events(opened: Context) -> Iterator[PlanEntry]:
    """Objects of the log that have events of a concluded study.

    Raises:
        CorruptFile: the log is damaged.
    """
    going = opened.log.present.intersection(opened.going)
    for info in list_records(opened.platform, EVENTS) if going else ():
        try:
            events = read_event_object(opened.platform, info.name)
        except ObjectNotFound:
            continue
        found = [each for each in events if each.scope in going]
        if found:
            about = join_scopes({each.scope for each in found})
            day = info.name.partition("date=")[2][:10]
            labels = (about, _EVENTS, day)
            line = whole_object(
                Phase.EVENTS, PLATFORM, labels, info, Reason.CONCLUDED, about
            )
            yield line._replace(removes=len(found), rows=len(events))


def survey_plans(
    opened: Context, notes: SurveyResult, prefix: str = PLANS
) -> Iterator[PlanEntry]:
    """Plans that are told, or were never begun, and old; `done.json` is their last.

    A plan whose telling went first would look as if a run had to go on with it.

    Args:
        opened: says what goes.
        notes: are filled.
        prefix: of all plans, or the folder of one; of anything else, nothing goes.
    """
    if not prefix.startswith(PLANS):
        return  # of a planted line, which would have any old record taken for a plan
    found = (
        each for each in opened.platform.list_dated(prefix) if is_record(each[0].name)
    )
    for folder, dated in groupby(found, key=lambda each: _folder(each[0].name)):
        members = list(dated)
        written = max(at for _, at in members)
        names = {info.name.rpartition("/")[2] for info, _ in members}
        if not opened.is_older(written, opened.limits.plan_days):
            continue
        if "begun.json" in names and "done.json" not in names:
            if hold := opened.held_plans.get(folder.split("/")[1]):
                notes.blocked[hold] += len(members)
            else:
                notes.stalled.append(folder)
            continue
        for info in sorted((each for each, _ in members), key=_done_last):
            yield _rest(info, Reason.PLAN)


LEFTOVERS = (results.FOLDER, leases.FOLDER)
"""Where something is left of runs that were killed."""


def survey_leftovers(
    opened: Context, prefixes: Iterable[str] = LEFTOVERS
) -> Iterator[PlanEntry]:
    """Results that no launcher took, and leases of runs that are dead.

    Args:
        opened: says what goes.
        prefixes: LEFTOVERS, or what begins with one of them; of others, nothing goes.
    """
    days = opened.limits.temporary_days
    alive = {run.run for _, run in find_runs(opened.platform) if is_alive(run, now())}
    ours = (each for each in prefixes if each.startswith(LEFTOVERS))
    for info, written in chain.from_iterable(map(opened.platform.list_dated, ours)):
        if info.name.startswith(results.FOLDER):
            if is_record(info.name) and opened.is_older(written, days):
                yield _rest(info, Reason.TEMPORARY)
            continue
        is_run = info.name.startswith(RUNS)
        if is_run or not (is_record(info.name) and opened.is_older(written, days)):
            continue
        holder = leases.holder_of(opened.platform, info)
        if holder is not None and holder not in alive:
            yield _rest(info, Reason.TEMPORARY)


def _rest(info: ObjectInfo, why: Reason) -> PlanEntry:
    return whole_object(Phase.REST, PLATFORM, ("", _LABELS[why], ""), info, why)


def _folder(name: str) -> str:
    return name[: name.rfind("/") + 1]


def _done_last(info: ObjectInfo) -> tuple[bool, str]:
    return info.name.endswith("/done.json"), info.name
