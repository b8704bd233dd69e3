"""The files that say the same thing twice: pins, targets and the tree agree."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCK = tomllib.loads((ROOT / "uv.lock").read_text())
MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = set(re.findall(r"^([a-z][a-z-]*):", MAKEFILE, re.MULTILINE))
# `make unit` in a sentence, or a line of a shell block that begins with make.
COMMAND = re.compile(r"(?:^\s*(?:\$ )?|`)make ([a-z][a-z-]*)", re.MULTILINE)
PAGES = ["README.md", "CONTRIBUTING.md"]


def locked_version(name: str) -> str:
    (package,) = (package for package in LOCK["package"] if package["name"] == name)
    return package["version"]


def test_beam_is_pinned_to_the_locked_version():
    extras = PROJECT["project"]["optional-dependencies"]
    version = locked_version("apache-beam")

    assert f"apache-beam=={version}" in PROJECT["project"]["dependencies"]
    assert f"apache-beam[gcp]=={version}" in extras["dataflow"]


def test_setuptools_is_the_same_wherever_a_package_is_built():
    pin = f"setuptools=={locked_version('setuptools')}"

    assert PROJECT["build-system"]["requires"] == [pin]
    assert pin in PROJECT["dependency-groups"]["tests"]
    assert pin in PROJECT["project"]["optional-dependencies"]["dataflow"]


def test_lock_takes_every_package_from_one_registry():
    sources = {
        package["name"]: next(iter(package["source"].items()))
        for package in LOCK["package"]
    }
    assert sources.pop("rally-pipeline") == ("editable", ".")

    ((kind, _),) = set(sources.values())
    assert kind == "registry"


def test_python_version_is_the_same_everywhere():
    cloudbuild = yaml.safe_load((ROOT / "cloudbuild.yaml").read_text())

    assert PROJECT["project"]["requires-python"] == ">=3.11,<3.12"
    assert PROJECT["tool"]["mypy"]["python_version"] == "3.11"
    assert PROJECT["tool"]["ruff"]["target-version"] == "py311"
    pythons = {step["name"] for step in cloudbuild["steps"] if "python" in step["name"]}
    assert len(pythons) == 1
    assert pythons.pop().startswith("python:3.11.")
    assert "(3, 11)" in MAKEFILE


def test_cloudbuild_runs_targets_that_exist_and_together_are_test():
    cloudbuild = yaml.safe_load((ROOT / "cloudbuild.yaml").read_text())
    run = [
        target
        for step in cloudbuild["steps"]
        for target in re.findall(
            r"^make ([a-z-]+)",
            " ".join([step["entrypoint"], *step["args"]])
            if step["entrypoint"] == "make"
            else step["args"][-1],
            re.MULTILINE,
        )
    ]
    (test,) = re.findall(r"^test: ([a-z -]+?) +##", MAKEFILE, re.MULTILINE)

    assert run == ["venv", *test.split()]
    assert set(run) <= TARGETS


def test_cloudbuild_brings_the_servers_that_its_tests_require():
    cloudbuild = yaml.safe_load((ROOT / "cloudbuild.yaml").read_text())
    steps = {step["id"]: step for step in cloudbuild["steps"]}

    for name in ("tests", "flink"):
        assert ".ci/servers\n" in steps[name]["args"][-1]
        assert "RALLY_SERVERS=required" in steps[name]["env"]
    assert (ROOT / ".ci/servers").stat().st_mode & 0o111


def test_ci_runs_what_the_pages_call_the_test_command():
    script = (ROOT / ".ci/run").read_text()

    assert COMMAND.findall(script.replace("exec ", "")) == ["test"]
    assert (ROOT / ".ci/run").stat().st_mode & 0o111


@pytest.mark.parametrize("page", PAGES)
def test_page_names_targets_that_exist(page: str):
    if not (ROOT / page).exists():
        pytest.skip(f"{page} is not written yet")
    named = set(COMMAND.findall((ROOT / page).read_text()))

    assert named
    assert named <= TARGETS


def test_help_lists_every_target():
    documented = set(re.findall(r"^([a-z-]+):.*  ## \S", MAKEFILE, re.MULTILINE))
    phony = set(re.findall(r"^\.PHONY: ([a-z-]+)$", MAKEFILE, re.MULTILINE))

    assert documented == phony == TARGETS


def test_contributing_tree_has_every_folder_that_holds_files():
    page = (ROOT / "CONTRIBUTING.md").read_text()
    (tree,) = re.findall(r"^```tree\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    described = path_of_each_line(tree)

    assert described
    assert folders_to_describe() <= described


def path_of_each_line(tree: str) -> set[str]:
    """Folders of an indented tree; a line is `name/  what it is`, two spaces a step."""
    parents: list[str] = []
    paths = set()
    for indent, name in re.findall(r"^( *)(\S+)/(?: |$)", tree, re.MULTILINE):
        parents = [*parents[: len(indent) // 2], name]
        paths.add("/".join(parents))
    return paths


def folders_to_describe() -> set[str]:
    """The folders of the top level, and of rally/: the rest follows from these."""
    folders = [*ROOT.glob("[a-z]*/*"), *ROOT.glob("rally/*/*")]
    return {
        path.parent.relative_to(ROOT).as_posix()
        for path in folders
        if path.is_file()
        and not path.parent.name.endswith((".egg-info", "__pycache__"))
    } - {"build", "dist", "demo", "keys", "store"}
