"""`rally schedule`, as a person types it."""

import os
import stat

import pytest

from pipelines import cli

PLACES = ["--store=store", "--keys=keys"]


@pytest.fixture
def rally(tmp_path, monkeypatch, capsys):
    """Types `rally schedule …` in an empty folder: status, output, errors."""
    monkeypatch.chdir(tmp_path)
    return lambda *words: (cli.main(["schedule", *words]), *capsys.readouterr())


def test_crontab_is_printed_and_nothing_is_written(rally, tmp_path):
    status, crontab, errors = rally(*PLACES, "--at=07:05", "--mail_to=jo@example.org")

    assert (status, errors) == (0, "")
    assert "\nMAILTO=jo@example.org\n5 7 * * 1-6 (flock" in crontab
    assert f"--store={tmp_path}/store --keys={tmp_path}/keys 2>&1" in crontab
    assert list(tmp_path.iterdir()) == []


def test_crontab_is_written(rally, tmp_path):
    _, printed, _ = rally(*PLACES)

    assert rally(*PLACES, "--out=here") == (0, "here/rally.crontab\n", "")
    assert (tmp_path / "here/rally.crontab").read_text() == printed


def test_files_are_nobody_elses_and_no_link_is_written_through(rally, tmp_path):
    (tmp_path / "theirs").write_text("theirs")
    before = os.umask(0)
    try:
        assert rally(*PLACES, "--out=here")[0] == 0
    finally:
        os.umask(before)
    crontab = tmp_path / "here" / "rally.crontab"
    modes = [stat.S_IMODE(each.stat().st_mode) for each in (crontab.parent, crontab)]
    assert modes == [0o750, 0o640]
    crontab.unlink()
    crontab.symlink_to(tmp_path / "theirs")
    message = "rally: --out: cannot be written to (Too many levels of symbolic links)\n"
    assert rally(*PLACES, "--out=here") == (2, "", message)
    assert (tmp_path / "theirs").read_text() == "theirs"


WRONG = {
    "no store": (["--keys=k"], "--store: is missing; the day's jobs need it"),
    "no keys": (["--store=s"], "--keys: is missing; the day's jobs need it"),
    "time": ([*PLACES, "--at=24:00"], "--at 24:00: is no time; write 00:30"),
    "line break": (
        ["--store=a\nb", "--keys=k"],
        "--store: is empty, or has a character that is not printed; a schedule cannot"
        " hold it",
    ),
    "no platform": (
        ["--store=gs://rally-{study}", "--keys=k"],
        "--platform: is missing; the store has {study} in it",
    ),
    "other cloud": (
        ["--store=s3://b", "--keys=k"],
        "--store: must be a folder or gs://",
    ),
    "user": ([*PLACES, "--user=a b"], "--user: must be a plain name or address"),
    "address": (
        [*PLACES, "--mail_to=-x"],
        "--mail_to: must be a plain name or address",
    ),
    "unknown": ([*PLACES, "--nope"], "--nope: no such option; see --help"),
    "out": (
        [*PLACES, "--out=/dev/null/x"],
        "--out: cannot be written to (Not a directory)",
    ),
}


@pytest.mark.parametrize(("argv", "line"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_one_line_and_status_2(argv, line, rally):
    assert rally(*argv) == (2, "", f"rally: {line}\n")
