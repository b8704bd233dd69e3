"""Profiles from outside: where each command looks for one, and what it says of it."""

import json
import subprocess
import sys

import pytest

from pipelines import cli, purge
from pipelines.catalog import COMMANDS, JOBS, declared_options
from rally.commands.command import CommandGroup
from rally.options import Option

NO_PLACES = (
    "rally: --store is required; see --help\n"
    "rally: --platform_keys is required, or --keys; see --help\n"
)


@pytest.fixture
def platform(tmp_path, monkeypatch, capsys):
    """A folder with a platform and its profile, in which somebody works."""
    tmp_path.chmod(0o755)
    monkeypatch.delenv("RALLY_PROFILE", raising=False)
    monkeypatch.chdir(tmp_path)
    write(tmp_path, 'name = "garden"\nstore = "store"\nkeys = "keys"\n')
    assert cli.main(["init", "--development"]) == 0
    capsys.readouterr()
    return tmp_path


def write(folder, text):
    path = folder / "rally.toml"
    path.write_text(text)
    path.chmod(0o644)


def told(folder):
    where = f"platform {folder}/store/platform, profile {folder}/rally.toml"
    return f"rally: garden: {where}\n"


def test_job_takes_what_the_profile_says_and_tells_it_first(platform, capsys):
    assert cli.main(["purge", "--plan-only"]) == 0
    assert capsys.readouterr() == ("nothing to purge\n", told(platform))


def test_option_wins_over_the_profile(platform, capsys):
    assert cli.main(["purge", "--platform", "/none", "--plan_only"]) == 2
    first, second = capsys.readouterr().err.splitlines()
    assert first == f"rally: garden: platform /none, profile {platform}/rally.toml"
    assert second.startswith("rally: /none: is not a platform")


@pytest.mark.parametrize(
    "words", [["decisions", "list"], ["withdrawals", "list"], ["withdrawals"]]
)
def test_what_only_looks_tells_nothing(words, platform, capsys):
    assert cli.main(words) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("action", ["confirm", "reject", "expedite", "settle"])
def test_decision_on_withdrawals_tells_the_platform_first(action, platform, capsys):
    assert cli.main(["withdrawals", action]) == 2
    assert capsys.readouterr().err.startswith(told(platform))


@pytest.mark.parametrize(
    "words",
    [["purge", "--profile="], ["--profile=", "purge"]],
    ids=["behind the command", "before it"],
)
def test_nobody_has_to_take_one(words, platform, capsys):
    assert cli.main([*words, "--plan_only"]) == 2
    assert capsys.readouterr().err == NO_PLACES


def test_module_takes_one_only_where_it_is_named(platform, capsys, monkeypatch):
    monkeypatch.setenv("RALLY_PROFILE", f"{platform}/rally.toml")

    assert purge.main(["--plan_only"]) == 2
    assert capsys.readouterr().err == NO_PLACES
    assert purge.main(["--plan_only", "--profile=rally.toml"]) == 0
    assert capsys.readouterr() == ("nothing to purge\n", told(platform))


@pytest.mark.parametrize("words", [["purge"], ["decisions", "list"], ["profile"]])
def test_faults_of_a_profile_are_told_at_once_and_nothing_begins(
    words, platform, capsys
):
    write(platform, 'sotre = "x"\n[purge]\nmax_share = 2\nthreshold = 1\n')

    assert cli.main(words) == 2
    assert capsys.readouterr() == (
        "",
        f"rally: {platform}/rally.toml: sotre: no such option; did you mean store?\n"
        f"rally: {platform}/rally.toml: purge.max_share: must be a number from 0 to 1\n"
        f"rally: {platform}/rally.toml: purge.threshold: no such option; remove it\n",
    )


def test_help_needs_no_profile(platform, capsys):
    write(platform, "store = ")

    for words in (["--help"], ["purge", "--help"], ["keys", "list", "--help"]):
        with pytest.raises(SystemExit) as stopped:
            cli.main(words)
        assert stopped.value.code == 0


def test_profile_shows_what_is_in_force_and_from_where(platform, capsys):
    write(platform, 'store = "s"\nkeys = "/k"\n[purge]\nmax_share = 0.2\n')

    assert cli.main(["profile", "--keys=/mine", "--json"]) == 0

    path = f"{platform}/rally.toml"
    options = json.loads(capsys.readouterr().out)["options"]
    shown = {(e["command"], e["option"]): (e["value"], e["source"]) for e in options}
    del shown["", "studies"]  # the package's own folder
    assert shown == {
        ("", "profile"): (path, "found"),
        ("", "store"): (f"{platform}/s", path),
        ("", "platform"): ("", "default"),
        ("", "keys"): ("/mine", "option"),
        ("", "platform_keys"): ("", "default"),
        ("", "people_keys"): ("", "default"),
        ("purge", "max_share"): ("0.2", path),
    }


@pytest.mark.parametrize(
    ("words", "named_by"),
    [(["--profile=rally.toml"], "--profile"), ([], "RALLY_PROFILE")],
)
def test_profile_tells_who_named_it(words, named_by, platform, monkeypatch, capsys):
    monkeypatch.setenv("RALLY_PROFILE", "rally.toml")

    assert cli.main(["profile", "--json", *words]) == 0
    first = json.loads(capsys.readouterr().out)["options"][0]
    assert (first["value"], first["source"]) == (f"{platform}/rally.toml", named_by)


def test_none_may_set_what_somebody_must_mean():
    barred = {
        (command, option.name)
        for command, options in declared_options().items()
        for option in options
        if not option.may_be_in_profile
    }
    names = {name for _, name in barred}
    assert names >= {"yes", "confirm", "as_of", "threshold", "rebuild_list", "note"}
    places = {"store", "platform", "keys", "platform_keys", "studies"}
    # There it is how many studies collect, and no place.
    assert {each for each in barred if each[1] in places} == {("estimate", "studies")}


def each_command(commands=COMMANDS):
    for command in commands:
        if isinstance(command, CommandGroup):
            yield from each_command(command.commands)
        else:
            yield command


def test_every_job_and_command_has_an_example():
    assert [e.name for e in (*JOBS, *each_command()) if not e.example] == []


def test_options_of_one_name_in_one_command_are_one():
    for options in declared_options().values():
        kinds: dict[str, set[str]] = {}
        for option in options:
            assert isinstance(option, Option)
            kinds.setdefault(option.name, set()).add(option.kind)
        assert [name for name, each in kinds.items() if len(each) > 1] == []


def test_version_is_told(capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(["--version"])
    assert (stopped.value.code, capsys.readouterr().out[:6]) == (0, "rally ")


def test_mistyped_command_is_answered_by_the_nearest():
    done = subprocess.run(
        [sys.executable, "-m", "pipelines.cli", "studies", "lits"],
        capture_output=True,
        text=True,
    )
    expected = "rally: lits: no such command; did you mean list?\n"
    assert (done.returncode, done.stderr) == (2, expected)
