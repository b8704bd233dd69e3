"""Everything that `rally` can do, by name; nothing here imports Beam."""

from collections.abc import Mapping
from functools import cache

from pipelines import (
    audit,
    beam_names,
    compact,
    delete,
    ingest,
    purge,
    release,
    replay,
)
from rally.commands import (
    decisions,
    doctor,
    estimate,
    init,
    keys,
    people,
    person,
    platform,
    profile,
    receipts,
    releases,
    rows,
    schedule,
    status,
    studies,
    try_pings,
    withdraw,
    withdrawals,
)
from rally.commands.command import options_of
from rally.options import Option
from rally.profile import any_value

JOBS = tuple(
    each.JOB for each in (ingest, replay, compact, purge, delete, audit, release)
)
COMMANDS = tuple(
    each.COMMAND
    for each in (
        *(status, init, withdraw, withdrawals, receipts, studies, people, decisions),
        *(
            platform,
            person,
            rows,
            releases,
            keys,
            try_pings,
            schedule,
            estimate,
            doctor,
        ),
        profile,
    )
)


@cache
def declared_options() -> Mapping[str, tuple[Option, ...]]:
    """The options of each command, by its first word; those of jobs with Beam's."""
    beams = (
        *(_of_beam(each) for each in sorted(beam_names.VALUES | beam_names.OPTIONAL)),
        *(_of_beam(each, is_flag=True) for each in sorted(beam_names.FLAGS)),
    )
    return {
        **{job.name: (*job.options, *beams) for job in JOBS},
        **{each.name: tuple(options_of(each)) for each in COMMANDS},
    }


def _of_beam(name: str, *, is_flag: bool = False) -> Option:
    return Option(name=name, help="Beam's own", is_flag=is_flag, type=any_value)
