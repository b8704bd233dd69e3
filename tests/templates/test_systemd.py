"""The units of systemd: expanded as systemd does it, and verified by systemd."""

import re
import shutil
import subprocess

import pytest

from rally.scheduling.day import DAY, SUNDAY, Places
from tests.support.named_tests import ROOT

UNITS = ROOT / "templates/systemd"
JOBS = {"delete", "replay", "compact", "purge", "audit", "audit-whole"}
TOLD = "/usr/local/bin/rally"


def read_settings(*names):
    """Settings of a unit and of what is dropped into it, by their names."""
    settings = {}
    for name in names:
        path = UNITS / name
        for line in path.read_text().splitlines() if path.exists() else ():
            key, equals, value = line.partition("=")
            if equals and not line.startswith("#"):
                settings.setdefault(key, []).append(value)
    return settings


def read_job(job):
    return read_settings("rally@.service", f"rally@{job}.service.d/job.conf")


def example():
    """The variables of the environment file, those in comments left out."""
    settings = read_settings("environment.example")
    return {name: value for name, (value,) in settings.items()}


def expand(job):
    """The words of a job's command (systemd.service(5), "Command lines")."""
    settings = read_job(job)
    variables = {}
    for each in settings["Environment"]:
        name, _, value = each.replace("%i", job).partition("=")
        variables[name] = value
    variables |= example()
    (command,) = settings["ExecStart"]
    for word in command.split():
        if word.startswith("$") and word[1] != "{":
            yield from variables.get(word[1:], "").split()
        else:
            yield re.sub(r"\$\{(\w+)\}", lambda match: variables[match[1]], word)


def run_day(tmp_path, weekday):
    """What rally-day.service starts on a day of the week, 1 to 7."""
    (tmp_path / "date").write_text(f"#!/bin/sh\necho {weekday}\n")
    (tmp_path / "systemctl").write_text('#!/bin/sh\necho "$@"\nexit 1\n')
    for name in ("date", "systemctl"):
        (tmp_path / name).chmod(0o755)
    started = []
    for line in read_settings("rally-day.service")["ExecStart"]:
        assert line.startswith("-")  # what fails keeps nothing from running
        command = line[1:].replace("$$", "$").replace("%%", "%")
        command = command.replace("/usr/bin/systemctl", "systemctl")
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 1
        started.append(done.stdout.removeprefix("start rally@").rstrip("\n"))
    return [each.removesuffix(".service") for each in started]


@pytest.mark.parametrize("weekday", range(1, 8))
def test_day_starts_each_job_in_its_order_with_its_options(weekday, tmp_path):
    places = Places(**{
        name.removeprefix("RALLY_").lower(): value for name, value in example().items()
    })  # fmt: skip
    jobs = SUNDAY if weekday == 7 else DAY

    started = run_day(tmp_path, weekday)

    assert [list(expand(job)) for job in started] == [
        [TOLD, *job.words, *places.options] for job in jobs
    ]
    assert {*started} < JOBS


def test_environment_file_has_every_place():
    assert example().keys() == {f"RALLY_{name.upper()}" for name in Places._fields}


@pytest.mark.parametrize("job", sorted(JOBS))
def test_job_writes_to_the_stores_and_purge_to_the_keys(job):
    place = example()
    written = [place["RALLY_STORE"], place["RALLY_PLATFORM"]]
    if job == "purge":
        written += [place["RALLY_KEYS"], place["RALLY_PLATFORM_KEYS"]]

    allowed = " ".join(read_job(job)["ReadWritePaths"]).split()

    assert allowed == [f"-{each}" for each in written]


def test_each_drop_in_is_of_a_job():
    assert {each.name for each in UNITS.glob("*.d")} <= {
        f"rally@{job}.service.d" for job in JOBS
    }


@pytest.mark.parametrize(
    ("mail_to", "said"),
    [
        ("", "logger --priority=daemon.err rally@purge failed\n"),
        ("jo@example.org", "mail -s rally@purge failed jo@example.org\nits state\n"),
    ],
    ids=["log", "mail"],
)
def test_failure_is_told_by_mail_or_in_the_log(mail_to, said, tmp_path):
    for name, rest in (("logger", ""), ("mail", "; cat")):
        (tmp_path / name).write_text(f'#!/bin/sh\necho {name} "$@"{rest}\n')
    (tmp_path / "systemctl").write_text("#!/bin/sh\necho its state\n")
    for name in ("logger", "mail", "systemctl"):
        (tmp_path / name).chmod(0o755)
    (command,) = read_settings("rally-failed@.service")["ExecStart"]

    done = subprocess.run(
        ["/bin/sh", "-c", command.replace("$$", "$").replace("%i", "rally@purge")],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin", "MAIL_TO": mail_to},
        capture_output=True,
        text=True,
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, said, "")


@pytest.mark.skipif(
    shutil.which("systemd-analyze") is None,
    reason="this machine has no systemd-analyze, which verifies units",
)
def test_systemd_finds_nothing_wrong(tmp_path):
    shutil.copytree(UNITS, tmp_path, dirs_exist_ok=True)
    template = (UNITS / "rally@.service").read_text().replace(TOLD, "/bin/true")
    (tmp_path / "rally@.service").write_text(template)
    names = [f"rally@{job}.service" for job in sorted(JOBS)]
    for name in names:
        (tmp_path / name).write_text(template)
    names += ["rally-day.service", "rally-day.timer", "rally-failed@a.service"]

    assert verify(tmp_path, *names) == ""
    (tmp_path / names[0]).write_text(template.replace("UMask", "Umask"))
    assert "Unknown key 'Umask'" in verify(tmp_path, *names)


def verify(folder, *names):
    """What systemd says of units that lie in a folder."""
    units = [f"./{each}" for each in names]
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    return done.stdout + done.stderr
