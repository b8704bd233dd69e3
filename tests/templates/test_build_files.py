"""The files of a build name what exists, in a version, by accounts of few rights."""

import re
from pathlib import Path

import pytest
import yaml

from pipelines import cli
from pipelines.templates import TEMPLATES

ROOT = Path(__file__).parents[2]


FILES = {name: ROOT / name for name in ("cloudbuild.yaml", "templates/release.yaml")}


BUILDS = {name: yaml.safe_load(path.read_text()) for name, path in FILES.items()}


GIVEN = {"PROJECT_ID", "BUILD_ID"}  # by Cloud Build itself


ROLES = {
    "cloudbuild.yaml": {
        *("roles/logging.logWriter", "roles/artifactregistry.writer"),
        *("roles/storage.objectCreator", "roles/storage.objectViewer"),
        "roles/iam.serviceAccountUser",
    },
    "templates/release.yaml": {
        *("roles/logging.logWriter", "roles/artifactregistry.writer"),
        *("roles/storage.objectCreator", "roles/storage.objectViewer"),
    },
}


@pytest.mark.parametrize("name", BUILDS)
def test_substitutions_are_declared_and_used(name):
    text = re.sub(r"^\s*#.*$", "", FILES[name].read_text(), flags=re.MULTILINE)
    used = set(re.findall(r"\$\{(\w+)\}", text))

    assert used - GIVEN == set(BUILDS[name]["substitutions"])
    assert not re.search(r"\$(?!\{)", text)  # one way to write them


@pytest.mark.parametrize("name", BUILDS)
def test_build_names_files_that_exist_and_waits_for_steps_that_exist(name):
    steps = BUILDS[name]["steps"]
    ids = [step["id"] for step in steps]
    said = " ".join(each for step in steps for each in step["args"])
    files = re.findall(r"\btemplates/[\w.]+", said)

    assert files
    for file in files:
        assert (ROOT / file).stat().st_mode & 0o111
    for number, step in enumerate(steps):
        assert set(step.get("waitFor", [])) <= set(ids[:number])
    assert len(ids) == len(set(ids))


def test_nothing_is_staged_before_every_check():
    steps = {step["id"]: step for step in BUILDS["cloudbuild.yaml"]["steps"]}
    checks = {"lint", "types", "contracts", "tests", "slow", "flink", "studies"}

    first = {name for name in steps if steps[name].get("waitFor") == ["venv"]}
    assert first == checks - {"tests", "slow", "flink"} | {"terraform"}
    assert steps["tests"]["waitFor"] == ["terraform"]
    assert steps["slow"]["waitFor"] == ["tests"]
    assert steps["flink"]["waitFor"] == ["slow"]
    assert steps["python-3.12"]["waitFor"] == ["flink"]  # one after the other
    assert steps["python-3.13"]["waitFor"] == ["python-3.12"]
    assert set(steps["image"]["waitFor"]) == checks | {"python-3.13"}
    chain = [steps[name]["waitFor"] for name in ("specs", "stage", "smoke")]
    assert chain == [["image"], ["specs"], ["stage"]]


def test_studies_are_checked_by_a_command_that_there_is(capsys):
    steps = {step["id"]: step for step in BUILDS["cloudbuild.yaml"]["steps"]}

    assert steps["studies"]["entrypoint"] == "/workspace/.venv/bin/rally"
    assert cli.main(steps["studies"]["args"]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("name", BUILDS)
def test_every_step_runs_in_an_image_of_a_version(name):
    images = {step["name"] for step in BUILDS[name]["steps"]}

    for image in images:
        assert re.fullmatch(r"[a-z0-9./-]+:\d+\.\d+\.\d+(-[a-z]+)?", image)


@pytest.mark.parametrize("name", BUILDS)
def test_accounts_have_these_roles_and_no_other(name):
    assert set(re.findall(r"roles/[\w.]+", FILES[name].read_text())) == ROLES[name]
    assert BUILDS[name]["options"]["logging"] == "CLOUD_LOGGING_ONLY"


def test_build_can_launch_and_look_and_neither_cancel_nor_read_terraforms_state():
    page = (ROOT / "docs/deploy-dataflow.md").read_text()
    header = FILES["cloudbuild.yaml"].read_text().partition("\nsteps:")[0]
    needed = {"dataflow.jobs.create", "dataflow.jobs.get"}

    assert set(re.findall(r"dataflow\.\w+\.\w+", header)) == needed
    (given,) = re.findall(r"--permissions=(\S+)", page)
    assert set(given.split(",")) == needed
    rights = page[: page.index("## 3. ")].replace("\\\n", " ").splitlines()
    builders = [each for each in rights if "serviceAccount:$BUILDER" in each]
    words = [each.split() for each in builders]
    assert [(each[1], each[3].strip('"'), each[-1]) for each in words] == [
        ("projects", "$PROJECT", '--role="projects/$PROJECT/roles/rallyBuild"'),
        ("projects", "$BUILD", "--role=roles/logging.logWriter"),
        ("storage", "add-iam-policy-binding", "--role=roles/storage.objectViewer"),
    ]
    assert "gs://${BUILD}_cloudbuild" in builders[2]


def test_nothing_is_called_latest():
    for path in (*ROOT.glob("templates/*"), *FILES.values(), ROOT / ".dockerignore"):
        assert path.is_dir() or not re.search(r":latest\b", path.read_text())


def test_scripts_name_the_jobs_and_templates_that_there_are():
    jobs, names = (
        re.findall(r"^for \w+ in (.*); do$", (ROOT / name).read_text(), re.MULTILINE)
        for name in ("templates/images.sh", "templates/stage.sh")
    )

    assert sorted(jobs[0].split()) == sorted({each.job.name for each in TEMPLATES})
    assert names[0].split() == [each.name for each in TEMPLATES]
