"""What goes of the platform's own records: dead letters, events, plans, leftovers."""

from collections.abc import Iterable, Iterator
from itertools import chain, groupby

from rally import dead_letters, results
from rally.dead_letters import place_of
from rally.deletion import plans
from rally.events import read_event_object
from rally.retention.notes import Notes
from rally.retention.opened import Opened
from rally.retention.plan_entry import PLATFORM, Line, Phase, Why, joined, whole
from rally.storage import leases
from rally.storage.layout import EVENTS
from rally.storage.objectstore.interface import ObjectInfo, ObjectNotFound
from rally.storage.records import is_marker, is_record, list_records
from rally.storage.runs import RUNS, find_runs, is_alive, now
from rally.withdrawal.unavailable_studies import waits_for_study
from rally.withdrawal.unreadable import is_owed

_LETTERS, _EVENTS = "(dead letters)", "(events)"
_LABELS = {Why.PLAN: "(plans)", Why.TEMPORARY: "(leftovers)"}


def survey_letters(opened: Opened, notes: Notes) -> Iterator[Line]:
    """Dead letters past their time, and all of concluded studies.

    A withdrawal of a study that somebody registered has a time of its own, long after
    its deadline; until then it is counted. Of any other namespace it is as a ping.
    """
    for stray in opened.platform.strays(dead_letters.FOLDER):
        notes.alarm(stray.kind, f"{opened.platform.uri.rstrip('/')}/{stray.name}")
    for info in opened.platform.list(dead_letters.FOLDER):
        yield from survey_letter(opened, info, notes)


def survey_letter(opened: Opened, info: ObjectInfo, notes: Notes) -> Iterator[Line]:
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
        why, about = Why.CONCLUDED, place.study
        yield whole(Phase.LETTERS, PLATFORM, labels, info, why, about)
    elif is_owed(place):
        if opened.is_past(place.day, opened.limits.unreadable_days):
            yield whole(Phase.LETTERS, PLATFORM, labels, info, Why.UNREADABLE)
        else:
            notes.unreadable += 1
    elif opened.is_past(place.day, opened.limits.dead_letter_days):
        yield whole(Phase.LETTERS, PLATFORM, labels, info, Why.DEAD_LETTER)


def survey_events(opened: Opened) -> Iterator[Line]:
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
            about = joined({each.scope for each in found})
            day = info.name.partition("date=")[2][:10]
            labels = (about, _EVENTS, day)
            line = whole(Phase.EVENTS, PLATFORM, labels, info, Why.CONCLUDED, about)
            yield line._replace(removes=len(found), rows=len(events))


def survey_plans(
    opened: Opened, notes: Notes, prefix: str = plans.FOLDER
) -> Iterator[Line]:
    """Plans that are told, or were never begun, and old; `told.json` is their last.

    A plan whose telling went first would look as if a run had to go on with it.

    Args:
        opened: says what goes.
        notes: are filled.
        prefix: of all plans, or the folder of one; of anything else, nothing goes.
    """
    if not prefix.startswith(plans.FOLDER):
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
        if "begun.json" in names and "told.json" not in names:
            if hold := opened.held_plans.get(folder.split("/")[1]):
                notes.blocked[hold] += len(members)
            else:
                notes.stalled.append(folder)
            continue
        for info in sorted((each for each, _ in members), key=_told_last):
            yield _rest(info, Why.PLAN)


LEFTOVERS = (results.FOLDER, leases.FOLDER)
"""Where something is left of runs that were killed."""


def survey_leftovers(
    opened: Opened, prefixes: Iterable[str] = LEFTOVERS
) -> Iterator[Line]:
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
                yield _rest(info, Why.TEMPORARY)
            continue
        is_run = info.name.startswith(RUNS)
        if is_run or not (is_record(info.name) and opened.is_older(written, days)):
            continue
        holder = leases.holder_of(opened.platform, info)
        if holder is not None and holder not in alive:
            yield _rest(info, Why.TEMPORARY)


def _rest(info: ObjectInfo, why: Why) -> Line:
    return whole(Phase.REST, PLATFORM, ("", _LABELS[why], ""), info, why)


def _folder(name: str) -> str:
    return name[: name.rfind("/") + 1]


def _told_last(info: ObjectInfo) -> tuple[bool, str]:
    return info.name.endswith("/told.json"), info.name
