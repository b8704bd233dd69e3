"""`rally status`: the state of a platform on one screen."""

import argparse
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from rally.commands.command import Command
from rally.commands.options import read_time
from rally.errors import ConfigurationError
from rally.printing import visible
from rally.profile import Profile
from rally.registry.registry import Registry
from rally.storage.marked_stores import MarkedStores
from rally.tables import Block, Column, Results, Table, describe_json, print_results

if TYPE_CHECKING:
    from rally.receipts.conclusion import GoneRecords
    from rally.registry.approval_deadlines import ClosedDocument
    from rally.status.advice import Matter
    from rally.status.state import (
        Conclusion,
        Expiring,
        Letters,
        PlatformState,
        StudyGlance,
        Waiting,
    )
    from rally.storage.last_runs import LastRun

_DEADLINE_DAYS = 30.0
_OPTIONS = "--store --platform --studies --as_of --json"


class _Job(NamedTuple):
    """A job's line.

    Attributes:
        run: its last one.
        now: the time of the whole screen.
    """

    run: "LastRun"
    now: datetime


_JOBS: tuple[Column[_Job], ...] = (
    Column("job", lambda each: each.run.job),
    Column("", lambda each: _ending(each), "ENDED", is_broken=lambda e: _is_bad(e.run)),
    Column("", lambda each: _figures(each.run) or None, "COUNTED"),
    Column("began", lambda each: each.run.began, head=None),
    Column("ended", lambda each: each.run.ended, head=None),
    Column("status", lambda each: each.run.status, head=None),
    Column("is_running", lambda each: each.run.is_alive, head=None),
    Column("figures", lambda each: each.run.figures, head=None),
    Column("failures", lambda each: each.run.failures, head=None),
)
_STUDIES: "tuple[Column[StudyGlance], ...]" = (
    Column("study", lambda each: each.namespace),
    Column(
        "state",
        lambda each: each.state,
        text=lambda each: each.state or "does not load",
        is_broken=lambda each: each.state is None,
    ),
    Column("rows", lambda each: each.rows, text=lambda each: _rows(each)),
    Column("rows_are_exact", lambda each: each.is_exact, head=None),
    Column("files", lambda each: each.files, head=None),
    Column("", lambda each: _next(each), "NEXT DATE"),
    Column("next_date", lambda each: each.next_date, head=None),
    Column("next_what", lambda each: each.next_what or None, head=None),
)
_WAITING: "tuple[Column[Waiting], ...]" = (
    Column("scope", lambda each: each.scope),
    Column("requests", lambda each: each.people),
    Column("decide_by", lambda each: each.until),
)
_LETTERS: "tuple[Column[Letters], ...]" = (
    Column("study", lambda each: each.study, "DEAD LETTERS OF"),
    Column("kind", lambda each: each.kind),
    Column("objects", lambda each: each.objects),
    Column("oldest", lambda each: each.oldest),
)
_EXPIRING: "tuple[Column[Expiring], ...]" = (
    Column("study", lambda each: each.study),
    Column("what", lambda each: each.what),
    Column("day", lambda each: each.day),
)
_CLOSED: "tuple[Column[ClosedDocument], ...]" = (
    Column("study", lambda each: each.study),
    Column("document", lambda each: each.document),
    Column("reasons", lambda each: each.reasons),
)
_MATTERS: "tuple[Column[Matter], ...]" = (
    Column("about", lambda each: each.about, "WAITS FOR A PERSON"),
    Column("what", lambda each: each.what, "WHAT", is_broken=lambda _: True),
    Column("command", lambda each: each.command, head=None),
)
_GONE: "tuple[Column[GoneRecords], ...]" = (
    Column("what", lambda each: each.what, "GONE OF THE PLATFORM"),
    Column("objects", lambda each: each.objects),
    Column("bytes", lambda each: each.bytes, head=None),
    Column("began", lambda each: each.began),
)
_ABOUT = """\
Shows the state of a platform on one screen: the last run of each job, the studies, what
waits for a person, dead letters, what ends within 30 days or is not collected, and what
to run now.

It opens no key and no row. Exact numbers are for eyes within the environment.
"""
_STATUSES = (
    " It exits with 0 where nothing waits for a person, with 1 where something does,"
    " and with 2 where an option is wrong."
)


def show_status(args: argparse.Namespace) -> int:
    """Shows the state of a platform; 1 where something waits for a person."""
    from rally.releases.recipe_files import read_recipes
    from rally.status.advice import find_matters, list_commands
    from rally.status.state import read_state

    if not args.store:
        raise ConfigurationError("--store: is missing; say which platform")
    registry = Registry.load(args.studies)
    stores = MarkedStores(args.store, args.platform or None)
    now = read_time("--as_of", args.as_of, datetime.now(UTC))
    recipes = read_recipes(args.studies, registry)
    state = read_state(stores, registry, now, _DEADLINE_DAYS, recipes)
    matters = find_matters(state)
    commands = list_commands(state, matters)
    tables = _tables(state, matters)
    profile = _profile_of(args)
    where = {
        "platform": args.store,
        "name": profile.name or None if profile else None,
        "profile": str(profile.path) if profile else None,
    }
    print_results(
        {**where, "as_of": now, **_conclusion(state), **tables, "next": commands},
        *_blocks(_title(args.store, profile), state, tables, commands),
        as_json=args.json,
    )
    return 1 if matters else 0


def _conclusion(state: "PlatformState") -> Results:
    """Whether and since when the platform is concluded, for a program."""
    found = state.conclusion
    return {
        "concluded_by": found.number if found else None,
        "finished": found.finished if found else None,
    }


def _profile_of(args: argparse.Namespace) -> Profile | None:
    """The profile in force, where the platform is the one that it names."""
    profile: Profile | None = args.profile
    named = profile.of(COMMAND.name, COMMAND.declared) if profile else {}
    given = {"store": args.store, "platform": args.platform}
    is_its_own = "store" in named and all(
        (value or "") == "".join(named[name].texts if name in named else ())
        for name, value in given.items()
    )
    return profile if is_its_own else None


def _title(store: str, profile: Profile | None) -> str:
    if profile is None:
        return f"Rally  {visible(store)}"
    return f"{f'Rally {profile.name}'.rstrip()}  {visible(str(profile.path))}"


def _tables(state: "PlatformState", matters: "list[Matter]") -> dict[str, Table[Any]]:
    return {
        "jobs": Table(_JOBS, [_Job(each, state.now) for each in state.runs.values()]),
        "studies": Table(_STUDIES, state.studies),
        "waiting": Table(_WAITING, state.waiting),
        "dead_letters": Table(_LETTERS, state.letters),
        "expiring": Table(_EXPIRING, state.expiring),
        "closed": Table(_CLOSED, state.closed),
        "matters": Table(_MATTERS, matters),
        "gone": Table(_GONE, state.conclusion.gone if state.conclusion else ()),
    }


def _blocks(
    title: str,
    state: "PlatformState",
    tables: Mapping[str, Table[Any]],
    commands: list[str],
) -> list[Block]:
    """One screen; what ends soon and what is held stands among the matters."""
    nothing = "" if state.runs or state.conclusion else "No job has run yet."
    next_lines = [f"Next: {each}" for each in commands]
    shown = ("jobs", "studies", "dead_letters", "gone", "matters")
    return [
        f"{title}  {_time(state.now)}",
        _concluded(state.conclusion) if state.conclusion else nothing,
        *(tables[name] for name in shown),
        "\n".join(next_lines) or "Nothing waits for a person.",
    ]


def _concluded(conclusion: "Conclusion") -> str:
    """How the platform was concluded, and how far the purge is, in a line."""
    end = "`rally purge` takes it, day by day"
    if conclusion.finished:
        end = f"nothing but the proof is left since {_day(conclusion.finished)}"
    return (
        f"This platform is concluded, by decision {conclusion.number} of"
        f" {conclusion.by}, {_day(conclusion.at)}; {end}."
    )


def _day(time: datetime) -> str:
    return f"{time:%Y-%m-%d}"


def _ending(job: _Job) -> str:
    run = job.run
    if run.ended is None:
        verb = "running since" if run.is_alive else "killed after"
        return f"{verb} {_time(run.began, job.now)}"
    status = "goes on elsewhere" if run.status is None else run.status
    return f"{_time(run.ended, job.now)} ({status})"


def _is_bad(run: "LastRun") -> bool:
    if run.ended is None:
        return not run.is_alive
    return run.status not in (None, 0)


def _figures(run: "LastRun") -> str:
    """What a run counted, but for what there was none of."""
    told = dict(run.figures)
    parts = []
    if run.job == "audit" and "kept" in told:
        checked = sum(told.get(name, 0) for name in ("kept", "broken", "unproven"))
        parts.append(f"{told.pop('kept')} of {checked} kept")
    parts += [
        _count(number, name.replace("_", " "))
        for name, number in told.items()
        if number and (run.job, name) != ("ingest", "dead_letters")  # all that failed
    ]
    why = ", ".join(
        f"{number:,} {name.replace('_', ' ')}" for name, number in run.failures.items()
    )
    return ", ".join(parts) + (f": {why}" if why else "")


def _count(number: int, what: str) -> str:
    return f"{number:,} {what.removesuffix('s') if number == 1 else what}"


def _rows(study: "StudyGlance") -> str:
    return f"{study.rows:,}" if study.is_exact else f"about {study.rows:,}"


def _next(study: "StudyGlance") -> str | None:
    return f"{study.next_what} {study.next_date}" if study.next_date else None


def _time(time: datetime, now: datetime | None = None) -> str:
    """A time as people say it in UTC; of today, the hour alone."""
    if now is not None and time.date() == now.date():
        return f"{time:%H:%M}"
    return f"{time.day} {time:%b %H:%M}"


_LISTS: dict[str, Sequence[Column[Any]]] = {
    "jobs": _JOBS,
    "studies": _STUDIES,
    "waiting": _WAITING,
    "dead_letters": _LETTERS,
    "expiring": _EXPIRING,
    "closed": _CLOSED,
    "matters": _MATTERS,
    "gone": _GONE,
}
COMMAND = Command(
    name="status",
    handler=show_status,
    options=_OPTIONS,
    example="--store=/srv/rally/store",
    summary="see the state of a platform, and what to run now",
    about=_ABOUT,
    json=describe_json(
        _LISTS,
        ["platform", "name", "profile", "as_of", "concluded_by", "finished", "next"],
    )
    + _STATUSES,
)
