"""Units of systemd: read as it reads them, and verified by it where it is here."""

import shutil
import subprocess

import pytest
from hypothesis import given

from rally.scheduling.day import DAY, SUNDAY, Places
from rally.scheduling.systemd import to_units
from tests.rally.scheduling.places import PLAIN, odd, printed
from tests.rally.scheduling.shells import fake_rally, read_unit, words

SERVICES = [*(f"rally-{job.name}.service" for job in DAY), "rally-audit-whole.service"]


def test_services_start_the_jobs_with_the_very_paths(tmp_path):
    schedule = odd(tmp_path)
    units = to_units(schedule)

    for name, job in zip(SERVICES, [*DAY, SUNDAY[-1]], strict=True):
        (command,) = read_unit(units[name])["ExecStart"]
        assert list(words(command, "%$")) == [
            *schedule.rally, *job.words, *schedule.places.options,
        ]  # fmt: skip


@given(printed)
def test_any_path_stands_in_a_unit_as_it_is(text):
    places = Places(f"/srv/{text.replace('{', '')}", f"/keys/{text}")
    unit = read_unit(to_units(PLAIN._replace(places=places))["rally-delete.service"])
    (command,), (path,) = unit["ExecStart"], unit["ReadWritePaths"]

    assert list(words(command, "%$")) == ["/bin/rally", "delete", *places.options]
    assert list(words(path, "%")) == [places.store]


def test_each_job_comes_after_those_before_it_and_needs_none_of_them(tmp_path):
    units = to_units(PLAIN)
    after = {name: read_unit(units[name]).get("After", [""]) for name in SERVICES}

    assert after == {
        name: [" ".join(SERVICES[: min(place, len(DAY))])]
        for place, name in enumerate(SERVICES)
    }
    text = "".join(units.values())
    assert "Requires=" not in text
    assert "BindsTo=" not in text


@pytest.mark.parametrize(
    ("name", "jobs", "days"),
    [("day", SERVICES[:5], "Mon..Sat"), ("week", [*SERVICES[:4], SERVICES[5]], "Sun")],
    ids=["weekdays", "sundays"],
)
def test_timers_start_the_jobs_and_catch_up(name, jobs, days):
    units = to_units(PLAIN)
    together = read_unit(units[f"rally-{name}.service"])
    timer = read_unit(units[f"rally-{name}.timer"])

    assert together["Wants"] == together["After"] == [" ".join(jobs)]
    assert timer["OnCalendar"] == [f"{days} *-*-* 00:30:00 UTC"]
    assert timer["Persistent"] == ["true"]


def test_jobs_may_write_to_the_stores_and_two_of_them_to_the_keys():
    units = to_units(odd("/srv"))
    written = ["/srv", "/srv/it's platform"]
    keys = "/srv/%%keys $$"

    for name in SERVICES:
        unit = read_unit(units[name])
        paths = [path for each in unit["ReadWritePaths"] for path in words(each, "%")]
        writes_keys = name == "rally-purge.service"
        assert paths == ([*written, keys] if writes_keys else written)
        assert unit["ProtectSystem"] == ["strict"]
        assert unit["NoNewPrivileges"] == ["true"]
        assert unit["UMask"] == ["0077"]
        assert unit["User"] == ["rally"]
        assert unit["OnFailure"] == ["rally-failed@%N.service"]


@pytest.mark.parametrize(
    ("change", "private"),
    [
        ({}, True),
        ({"store": "/tmp/store"}, False),
        ({"keys": "/var/tmp/keys"}, False),
        ({"platform": "/tmp/platform"}, False),
        ({"platform_keys": "/tmp/platform"}, False),
        ({"studies": "/tmp"}, False),
        ({"store": "/tmpstore", "keys": "/srv/tmp/keys"}, True),
        ({"store": "gs://tmp/store"}, True),
    ],
    ids=str,
)
def test_services_have_a_tmp_of_their_own_but_where_something_lies_there(
    change, private
):
    places = PLAIN.places._replace(**change)
    units = to_units(PLAIN._replace(places=places))

    for name in SERVICES:
        unit = read_unit(units[name])
        shared = "/tmp /var/tmp" in unit.get("ReadWritePaths", [])
        assert (unit.get("PrivateTmp") == ["true"], shared) == (private, not private)


def test_rally_in_tmp_is_found_by_its_services():
    units = to_units(PLAIN._replace(rally=("/tmp/venv/bin/rally",)))

    assert "PrivateTmp" not in "".join(units.values())
    assert "ReadWritePaths=/tmp /var/tmp" in units[SERVICES[0]]


def test_a_store_in_the_cloud_is_no_path_to_write_to():
    places = PLAIN.places._replace(
        store="gs://rally-{study}", platform="gs://rally-platform", keys="gs://keys"
    )
    units = to_units(PLAIN._replace(places=places))

    assert not any("ReadWritePaths" in text for text in units.values())


def test_failure_is_told_by_mail_or_in_the_log():
    (log,) = read_unit(to_units(PLAIN)["rally-failed@.service"])["ExecStart"]
    told = PLAIN._replace(mail_to="jo@example.org")
    (mail,) = read_unit(to_units(told)["rally-failed@.service"])["ExecStart"]

    assert log == "/usr/bin/logger --priority=daemon.err '%i failed'"
    assert mail == (
        """/bin/sh -c 'systemctl status --no-pager --full "$$1" 2>&1"""
        """ | mail -s "$$1 failed" "$$2"' sh %i jo@example.org"""
    )


@pytest.mark.skipif(
    shutil.which("systemd-analyze") is None,
    reason="this machine has no systemd-analyze, which verifies units",
)
def test_systemd_finds_nothing_wrong(tmp_path):
    units = to_units(odd(tmp_path, fake_rally(str(tmp_path))))
    for name, text in units.items():
        (tmp_path / name).write_text(text)

    assert verify(tmp_path, *units) == ""
    (tmp_path / SERVICES[0]).write_text(units[SERVICES[0]].replace("UMask", "Umask"))
    assert "Unknown key 'Umask'" in verify(tmp_path, *units)


def verify(folder, *names):
    """What systemd says of units that lie in a folder."""
    command = [
        "systemd-analyze",
        "verify",
        "--man=no",
        *(f"./{each}" for each in names),
    ]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr
