"""The files that say the same thing twice: pins, targets and the tree agree."""

import re
import subprocess
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
VERSIONS = ("3.11", "3.12", "3.13")


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

    script = (ROOT / ".ci/pythons").read_text()

    assert PROJECT["project"]["requires-python"] == ">=3.11,<3.14"
    assert LOCK["requires-python"] == ">=3.11, <3.14"
    assert PROJECT["tool"]["mypy"]["python_version"] == "3.11"
    assert PROJECT["tool"]["ruff"]["target-version"] == "py311"
    named = [each.rpartition(" ")[2] for each in PROJECT["project"]["classifiers"][1:]]
    assert named == list(VERSIONS)
    assert f"for version in {' '.join(VERSIONS)}; do" in script
    assert "(3, 11) <= sys.version_info[:2] <= (3, 13)" in MAKEFILE
    images = {step["name"] for step in cloudbuild["steps"] if "python" in step["name"]}
    used = sorted(
        re.match(r"python:(3\.\d+)\.\d+-bookworm$", each)[1] for each in images
    )
    assert used == list(VERSIONS)


def test_cloudbuild_tries_the_demo_on_the_other_pythons():
    cloudbuild = yaml.safe_load((ROOT / "cloudbuild.yaml").read_text())
    demos = {
        step["id"]: (step["name"].rpartition(".")[0], step["args"])
        for step in cloudbuild["steps"]
        if step["id"].startswith("python-")
    }
    assert demos == {
        f"python-{each}": (f"python:{each}", ["demo", f"VENV=.venv-{each}"])
        for each in VERSIONS[1:]
    }


def found_pythons(path, home):
    """What `.ci/pythons` lists on a machine of these programs alone."""
    found = subprocess.run(
        [ROOT / ".ci/pythons"],
        env={"PATH": f"{path}:/usr/bin:/bin", "HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (found.returncode, found.stderr) == (0, "")
    return dict(line.split(" ", 1) for line in found.stdout.splitlines())


def python_of_version(path, version):
    """A program that says that it is this one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'#!/bin/sh\necho "{version} {path}"\n')
    path.chmod(0o755)
    return str(path)


def test_python_is_found_whatever_its_name(tmp_path):
    other = python_of_version(tmp_path / "bin/python3", "3.12")
    assert found_pythons(tmp_path / "bin", tmp_path)["3.12"] == other


def test_python_that_refuses_is_passed_over_for_one_of_a_version_manager(tmp_path):
    shim = tmp_path / "bin/python3.13"
    python_of_version(shim, "")
    shim.write_text(
        "#!/bin/sh\necho 'pyenv: python3.13: command not found' >&2\nexit 127\n"
    )
    managed = python_of_version(tmp_path / ".pyenv/versions/3.13.5/bin/python", "3.13")
    assert found_pythons(tmp_path / "bin", tmp_path)["3.13"] == managed


def test_python_that_is_too_old_or_too_new_is_none(tmp_path):
    for name, version in (("python3.11", "3.10"), ("python3.13", "3.14")):
        python_of_version(tmp_path / "bin" / name, version)
    found = found_pythons(tmp_path / "bin", tmp_path)
    assert not {"3.10", "3.14"} & found.keys()
    assert str(tmp_path) not in "".join(found.values())


def parts_of(target: str) -> list[str]:
    """The targets that one is made of, down to those that run something."""
    found = re.findall(rf"^{target}: ([a-z -]+?) +##", MAKEFILE, re.MULTILINE)
    return (
        [part for each in found[0].split() for part in parts_of(each)]
        if found
        else [target]
    )


def test_cloudbuild_runs_targets_that_exist_and_together_are_all_tests():
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
    demos = ["demo"] * len(VERSIONS[1:])
    assert run == ["venv", *parts_of("test-all"), *demos]
    assert set(run) <= TARGETS


def test_cloudbuild_brings_the_servers_that_its_tests_require():
    cloudbuild = yaml.safe_load((ROOT / "cloudbuild.yaml").read_text())
    steps = {step["id"]: step for step in cloudbuild["steps"]}

    for name in ("tests", "slow", "flink"):
        assert ".ci/servers\n" in steps[name]["args"][-1]
        assert "RALLY_SERVERS=required" in steps[name]["env"]
    assert (ROOT / ".ci/servers").stat().st_mode & 0o111


def test_ci_runs_what_the_pages_call_the_test_command():
    script = (ROOT / ".ci/run").read_text()

    assert COMMAND.findall(script) == ["test", "test-slow", "demo"]
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
