"""Profiles: what they may hold, who may have written them, and what wins."""

import os
from pathlib import Path

import pytest

from rally import numbers, profile
from rally.errors import ConfigurationError, faults_of
from rally.options import AS_OF, JSON, KEYS, STORE, STUDIES, YES, Option
from rally.profile import (
    any_value,
    apply_profile,
    find_profile,
    read_profile,
    split_option,
)

SHARE = Option(name="max_share", metavar="SHARE", type=numbers.real(0, 1), help="…")
CONFIRM = Option(name="confirm", metavar="IDS", help="…", in_profile=False)
PLAN = Option(name="plan_only", is_flag=True, help="…")
TABLES = Option(name="tables", metavar="GLOB", repeats=True, help="…")
REPORT = Option(name="json", metavar="FILE", help="…")
BEAMS = Option(name="runner", help="…", type=any_value)
DECLARED = {
    "purge": (STORE, KEYS, AS_OF, SHARE, CONFIRM, PLAN, BEAMS),
    "audit": (STORE, KEYS, REPORT, TABLES),
    "studies": (STORE, STUDIES, YES, JSON),
}


@pytest.fixture
def folder(tmp_path):
    tmp_path.chmod(0o755)
    return tmp_path


def write(folder, text):
    path = folder / "rally.toml"
    path.write_text(text)
    path.chmod(0o644)
    return path


def read(path):
    return read_profile(path, "--profile", DECLARED)


def faults(path):
    with pytest.raises(ConfigurationError) as refused:
        read(path)
    return [each.removeprefix(f"{path}: ") for each in faults_of(refused.value)]


def test_options_win_over_sections_and_sections_over_the_rest(folder):
    found = read(
        write(
            folder,
            'name = "garden"\nstore = "gs://s"\nkeys = "/k"\nmax-share = 0.1\n'
            '[purge]\nmax_share = 0.2\nplan_only = true\nrunner = "DirectRunner"\n'
            '[audit]\ntables = ["a*", "gs://b/*,c"]\n',
        )
    )

    words = apply_profile(found, "purge", DECLARED["purge"], ["--keys", "mine", "x"])
    others = apply_profile(found, "audit", DECLARED["audit"], [])

    assert found.name == "garden"
    assert words == [
        *("--store=gs://s", "--max_share=0.2", "--plan_only=true"),
        *("--runner=DirectRunner", "--keys", "mine", "x"),
    ]
    assert others == [
        *("--store=gs://s", "--keys=/k"),
        *(f"--tables={folder}/a*", f"--tables=gs://b/*,{folder}/c"),
    ]


def test_an_option_wins_however_it_is_spelled(folder):
    found = read(write(folder, "[purge]\nmax_share = 0.2\n"))
    typed = ["--max-share=0.3"]

    assert apply_profile(found, "purge", DECLARED["purge"], typed) == typed


def test_paths_are_relative_to_the_folder_of_the_profile(folder):
    found = read(
        write(folder, 'store = "../store"\nkeys = "keys"\n[audit]\njson="-"\n')
    )

    assert apply_profile(found, "audit", DECLARED["audit"], []) == [
        f"--store={folder.parent}/store",
        f"--keys={folder}/keys",
        "--json=-",
    ]


def test_all_faults_are_told_at_once(folder):
    path = write(
        folder,
        'nam = "x"\nstore = 1\nsotre = "x"\nyes = true\nas_of = "2026-01-01"\n'
        'json = true\n[purge]\nmax_share = 1.5\nconfirm = "a"\nplan_only = "yes"\n'
        'keys = ["a"]\n[audi]\n[audit]\nplan_only = true\n',
    )

    assert faults(path) == [
        "nam: no such option; did you mean name?",
        "store: must be a text, in quotes",
        "sotre: no such option; did you mean store?",
        "yes: is typed each time that it is meant; remove it",
        "as_of: is typed each time that it is meant; remove it",
        "json: is not one thing in all commands; put it in a section, as [purge]",
        "purge.max_share: must be a number from 0 to 1",
        "purge.confirm: is typed each time that it is meant; remove it",
        "purge.plan_only: must be true or false, without quotes",
        "purge.keys: must be a text, in quotes",
        "audi: no such command; did you mean audit?",
        "audit.plan_only: no such option; remove it",
    ]


@pytest.mark.parametrize(
    ("content", "fault"),
    {
        b"store = ": "is not TOML (Invalid value (at end of document)); correct it",
        b'store = "\xff"': "is not text in UTF-8; correct it",
        b"#" * 65_537: "is above 65,536 bytes; shorten it",
        b"name = 7": "name: must be a text of one line",
        b'name = "a\\nb"': "name: must be a text of one line",
        b'store = "a\\nb"': "store: must be a text of one line",
    }.items(),
    ids=["no TOML", "no text", "too long", "number", "two lines", "lines in a value"],
)
def test_what_is_no_profile_is_one_line(content, fault, folder):
    path = folder / "rally.toml"
    path.write_bytes(content)

    assert faults(path) == [fault]


def test_what_is_no_file_is_refused(folder):
    os.mkfifo(folder / "fifo")

    assert faults(folder / "none") == ["cannot be read (No such file or directory)"]
    assert faults(folder / "fifo") == ["is no file; name another profile"]
    assert faults(folder) == ["is no file; name another profile"]


def test_the_nearest_profile_above_is_found(folder):
    write(folder, 'name = "outer"')
    inner = folder / "a" / "b"
    inner.mkdir(parents=True)

    assert find_profile(None, {}, inner, DECLARED).name == "outer"
    write(folder / "a", 'name = "inner"')
    assert find_profile(None, {}, inner, DECLARED).name == "inner"


def test_a_name_wins_over_the_environment_and_that_over_the_search(folder):
    write(folder, 'name = "found"')
    for name in ("option", "variable"):
        (folder / name).write_text(f'name = "{name}"')
    environment = {profile.VARIABLE: f"{folder}/variable"}

    def find(named, environment):
        found = find_profile(named, environment, folder, DECLARED)
        return found and (found.name, found.named_by)

    assert find(f"{folder}/option", environment) == ("option", "--profile")
    assert find(None, environment) == ("variable", "RALLY_PROFILE")
    assert find(None, {}) == ("found", "")
    assert find("", environment) is None
    assert find(None, {profile.VARIABLE: ""}) is None


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (
            lambda path: path.chmod(0o664),
            "others may write it; `chmod go-w` it, or if you trust it, name it:",
        ),
        (
            lambda path: path.parent.chmod(0o757),
            "others may write its folder; `chmod go-w` that, or if you trust it, name"
            " it:",
        ),
    ],
    ids=["file", "folder"],
)
def test_what_others_may_write_counts_only_where_it_is_named(spoil, fault, folder):
    path = write(folder, 'name = "planted"')
    spoil(path)

    with pytest.raises(ConfigurationError) as refused:
        find_profile(None, {}, folder, DECLARED)

    assert str(refused.value) == f"{path}: {fault} --profile={path}"
    assert find_profile(str(path), {}, folder, DECLARED).name == "planted"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
@pytest.mark.parametrize("planted", ["file", "link"])
def test_what_another_user_planted_is_refused(planted, folder):
    path = write(folder, 'name = "planted"')
    if planted == "link":
        path.rename(folder / "mine.toml")
        path.symlink_to(folder / "mine.toml")
    os.lchown(path, 4711, 4711)

    with pytest.raises(ConfigurationError) as refused:
        find_profile(None, {}, folder, DECLARED)

    assert str(refused.value) == (
        f"{path}: belongs to another user; if you trust it, name it: --profile={path}"
    )


@pytest.mark.parametrize(
    ("words", "split"),
    [
        (["a", "--profile", "f", "b"], (["a", "b"], "f")),
        (["--profile=f", "a"], (["a"], "f")),
        (["--profile="], ([], "")),
        (["a", "--", "--profile=f"], (["a", "--", "--profile=f"], None)),
    ],
    ids=["two words", "one word", "none", "no option"],
)
def test_option_is_taken_out(words, split):
    assert split_option(words) == split


def test_option_without_a_value_is_refused():
    with pytest.raises(ConfigurationError, match=r"^--profile: expected one argument"):
        split_option(["--profile"])


def test_path_of_a_profile_is_absolute(folder, monkeypatch):
    monkeypatch.chdir(folder)
    write(folder, 'store = "s"')

    found = read(Path("rally.toml"))

    assert found.path == folder / "rally.toml"
    assert found.settings[0].texts == (f"{folder}/s",)
