"""The crontab: its lines are run by the shell that cron would give them to."""

import fcntl
import json
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import given

from rally.errors import ConfigurationError
from rally.scheduling.crontab import to_crontab
from rally.scheduling.day import DAY, SUNDAY, Places
from tests.rally.scheduling.places import PLAIN, odd, printed
from tests.rally.scheduling.shells import cron_commands, fake_rally, run_as_cron

pytestmark = pytest.mark.skipif(
    shutil.which("flock", path="/usr/bin:/bin") is None,
    reason="this machine has no flock(1), which cron's lines need",
)


@pytest.fixture
def home(tmp_path):
    return str(tmp_path)


def calls(tmp_path):
    return [json.loads(line) for line in (tmp_path / "calls").read_text().splitlines()]


def test_lines_run_every_job_in_its_order_with_the_very_paths(tmp_path, home):
    schedule = odd(tmp_path, fake_rally(home))
    day, sunday = cron_commands(to_crontab(schedule))

    assert run_as_cron(day, home) == run_as_cron(sunday, home) == (0, "")
    places = schedule.places.options
    assert calls(tmp_path) == [[*job.words, *places] for job in (*DAY, *SUNDAY)]


def test_job_that_fails_keeps_none_from_running_and_its_output_is_what_is_said(
    tmp_path, home
):
    day, _ = cron_commands(to_crontab(odd(tmp_path, fake_rally(home))))
    (tmp_path / "delete").write_text("2")
    (tmp_path / "purge").write_text("1")

    assert run_as_cron(day, home) == (
        2,
        "rally delete ended with 2:\nout\nerr\nrally purge ended with 1:\nout\nerr\n",
    )
    assert [each[0] for each in calls(tmp_path)] == [job.name for job in DAY]


def test_line_does_nothing_while_another_one_of_the_same_store_is_at_work(
    tmp_path, home
):
    day, sunday = cron_commands(to_crontab(odd(tmp_path, fake_rally(home))))
    assert run_as_cron(day, home) == (0, "")
    (lock,) = tmp_path.glob(".rally-*.lock")

    with open(lock) as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        (tmp_path / "calls").unlink()
        busy = "rally: the run before is still at work\n"
        assert run_as_cron(sunday, home) == (1, busy)
        assert not (tmp_path / "calls").exists()
    assert run_as_cron(sunday, home) == (0, "")


def test_lock_that_is_planted_as_a_link_leaves_its_target_as_it_is(tmp_path, home):
    day, _ = cron_commands(to_crontab(odd(tmp_path, fake_rally(home))))
    assert run_as_cron(day, home) == (0, "")
    (lock,) = tmp_path.glob(".rally-*.lock")
    (tmp_path / "theirs").write_text("theirs")
    lock.unlink()
    lock.symlink_to(tmp_path / "theirs")
    assert run_as_cron(day, home) == (0, "")
    assert (tmp_path / "theirs").read_text() == "theirs"


TOLD = ("/bin/sh", "-c", 'for i; do printf %s "$i"; echo; done >>"$HOME/calls"', "sh")
"""A `rally` that writes down its arguments, and starts quickly."""


@given(printed.filter(lambda text: "\\" not in text))
def test_any_path_comes_through_cron_and_the_shell_as_it_is(text):
    places = Places(f"/{text}", f"/keys/{text}")
    schedule = PLAIN._replace(places=places, rally=TOLD)
    day, _ = cron_commands(to_crontab(schedule))

    with tempfile.TemporaryDirectory() as home:
        assert run_as_cron(day, home) == (0, "")
        said = (Path(home) / "calls").read_text().split("\n")
    words = [word for job in DAY for word in (*job.words, *places.options)]
    assert said == [*words, ""]


def test_whole_crontab():
    command = (
        "(flock -n 9 || { echo 'rally: the run before is still at work'; exit 1; };"
        " worst=0; for job in delete 'replay --reason=left' compact purge %s; do"
        " said=$(/bin/rally $job --store=/srv/store --keys=/srv/keys 2>&1); status=$?;"
        ' if [ $status -ne 0 ]; then echo "rally $job ended with $status:";'
        ' printf \\%%s "$said"; echo; fi;'
        " if [ $status -gt $worst ]; then worst=$status; fi; done; exit $worst)"
        ' 9>>"$HOME/.rally-%s.lock"'
    )
    mark, sample = PLAIN.places.mark, "'audit --sample=0.1'"
    full = PLAIN._replace(user="rally", mail_to="jo@example.org")

    assert [line for line in to_crontab(full).splitlines() if line[0] != "#"] == [
        "SHELL=/bin/sh",
        "CRON_TZ=UTC",
        "MAILTO=jo@example.org",
        f"30 0 * * 1-6 rally {command % (sample, mark)}",
        f"30 0 * * 0 rally {command % ('audit', mark)}",
    ]


@pytest.mark.parametrize(
    ("store", "why"),
    [("/srv/a\\b", "a path has a backslash"), (f"/{'x' * 900}", "more than 990 bytes")],
    ids=["backslash", "too long"],
)
def test_crontab_of_what_crons_do_not_take_is_refused(store, why):
    places = PLAIN.places._replace(store=store)

    with pytest.raises(ConfigurationError, match=why):
        to_crontab(PLAIN._replace(places=places))
