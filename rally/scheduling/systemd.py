"""The day's jobs as units of systemd: a service each, and two timers.

A service for each job, so that each has its own status, log and rights. They have an
order (`After=`) and do not depend on each other: one that fails keeps none from
running, is marked as failed, and calls the unit of `OnFailure=`.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from rally.scheduling.day import DAY, SUNDAY, DailyJob, Schedule

_FAILED = "rally-failed@"
_CREDENTIALS = "/etc/rally/environment"
_USER = "rally"
_PLAIN = re.compile(r"[\w@+=:,./{}-]+", re.ASCII)
_TMP = ("/tmp", "/var/tmp")  # what PrivateTmp= hides
_LOG = "/usr/bin/logger --priority=daemon.err"
_MAIL = 'systemctl status --no-pager --full "$$1" 2>&1 | mail -s "$$1 failed" "$$2"'

_HARDENING = """\
NoNewPrivileges=true
PrivateDevices=true
ProtectSystem=strict
ProtectHome=read-only
ProtectKernelTunables=true
ProtectKernelModules=true
ProtectControlGroups=true
RestrictSUIDSGID=true
RestrictRealtime=true
RestrictNamespaces=true
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
LockPersonality=true
CapabilityBoundingSet=
UMask=0077
"""


def to_units(schedule: Schedule) -> dict[str, str]:
    """Units by their file names."""
    units = dict(_services(schedule))
    for name, jobs, days in (("day", DAY, "Mon..Sat"), ("week", SUNDAY, "Sun")):
        units[f"rally-{name}.service"] = _together(jobs)
        units[f"rally-{name}.timer"] = _timer(schedule, days)
    units[f"{_FAILED}.service"] = _hook(schedule)
    return units


def _services(schedule: Schedule) -> Iterator[tuple[str, str]]:
    before: list[str] = []
    for job in DAY:
        yield _name(job), _service(schedule, job, before)
        before.append(_name(job))
    whole = SUNDAY[-1]
    yield _name(whole), _service(schedule, whole, before)


def _name(job: DailyJob) -> str:
    """A job of the day by its name; the one that is Sunday's alone is the whole one."""
    return f"rally-{job.name}{'' if job in DAY else '-whole'}.service"


def _service(schedule: Schedule, job: DailyJob, before: Sequence[str]) -> str:
    places = schedule.places
    folders = places.written + (places.key_folders if job.writes_keys else [])
    program, *words = (*schedule.rally, *job.words, *places.options)
    command = [_quote(program), *(_quote(word, "$") for word in words)]
    unit = [f"Description=rally {' '.join(job.words)}"]
    if before:
        unit.append(f"After={' '.join(before)}")
    return _unit(
        ("Unit", [*unit, f"OnFailure={_FAILED}%N.service"]),
        (
            "Service",
            [
                "Type=oneshot",
                f"User={schedule.user or _USER}",
                f"EnvironmentFile=-{_CREDENTIALS}",
                f"ExecStart={' '.join(command)}",
                *_HARDENING.splitlines(),
                _tmp(schedule),
                *(f"ReadWritePaths={_quote(each)}" for each in folders),
            ],
        ),
    )


def _tmp(schedule: Schedule) -> str:
    """Where a service writes what it needs for a while: a /tmp of its own.

    Where something lies in the one that all see, it has that: without either,
    ProtectSystem= would leave it none to write to.
    """
    used = [f"{each}/" for each in (*schedule.places, schedule.rally[0]) if each]
    shared = tuple(f"{each}/" for each in _TMP)
    if any(each.startswith(shared) for each in used):
        return f"ReadWritePaths={' '.join(_TMP)}"
    return "PrivateTmp=true"


def _together(jobs: Sequence[DailyJob]) -> str:
    """What a timer starts. It ends with the last job, whatever became of them."""
    names = " ".join(map(_name, jobs))
    return _unit(
        ("Unit", ["Description=the day's jobs of rally"]),
        ("Unit", [f"Wants={names}", f"After={names}"]),
        ("Service", ["Type=oneshot", "ExecStart=/bin/true"]),
    )


def _timer(schedule: Schedule, days: str) -> str:
    hour, minute = schedule.at
    return _unit(
        ("Unit", ["Description=starts the day's jobs of rally"]),
        ("Timer", [f"OnCalendar={days} *-*-* {hour:02}:{minute:02}:00 UTC"]),
        ("Timer", ["Persistent=true"]),
        ("Install", ["WantedBy=timers.target"]),
    )


def _hook(schedule: Schedule) -> str:
    """Tells that a unit failed: by mail, or as an error in the machine's log."""
    command = f"{_LOG} '%i failed'"
    if schedule.mail_to:
        command = f"/bin/sh -c '{_MAIL}' sh %i {_quote(schedule.mail_to, '$')}"
    return _unit(
        ("Unit", ["Description=tells that %i failed"]),
        ("Service", ["Type=oneshot", f"ExecStart={command}"]),
    )


def _unit(*parts: tuple[str, Iterable[str]]) -> str:
    """The text of a unit; sections that follow one another under one name are one."""
    lines, section = list[str](), ""
    for name, settings in parts:
        if name != section:
            lines += [*([""] if lines else []), f"[{name}]"]
        lines += settings
        section = name
    return "\n".join(lines) + "\n"


def _quote(word: str, also: str = "") -> str:
    """A word in systemd's quotes (systemd.syntax(7), "Quoting").

    Args:
        word: any.
        also: characters that mean something here and are doubled, as "%" always is.
    """
    escaped = word.replace("\\", r"\\").replace('"', r"\"")
    for each in f"%{also}":
        escaped = escaped.replace(each, 2 * each)
    return word if _PLAIN.fullmatch(word) else f'"{escaped}"'
