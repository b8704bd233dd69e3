"""What Cloud Build is told to do: done here, with a registry and a bucket on disk."""

import json
import os
import platform
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from pipelines.templates import TEMPLATES, as_text, container_spec

ROOT = Path(__file__).parents[2]


FILES = {name: ROOT / name for name in ("cloudbuild.yaml", "templates/release.yaml")}


BUILDS = {name: yaml.safe_load(path.read_text()) for name, path in FILES.items()}


VALUES = {
    **{"PROJECT_ID": "builds", "BUILD_ID": "b-1", "_STAGE": "true"},
    **{"_PROJECT": "staging"},
    **{"_REGION": "europe-west1", "_REPOSITORY": "images", "_TEMPLATES": "templates"},
    **{"_STORE": "gs://rally-{study}", "_PLATFORM": "gs://platform"},
    **{"_PLATFORM_KEYS": "gs://keys", "_ACCOUNT": "audit@staging", "_TEMP": "gs://t"},
    **{"_SUBNETWORK": "regions/r/subnetworks/s", "_KMS_KEY": "key"},
    **{"_BUILD": "b-1", "_STAGED": "templates"},
    **{"_IMAGES": "europe-west1-docker.pkg.dev/production/images"},
}


IMAGE = "europe-west1-docker.pkg.dev/staging/images/rally"


JOBS = ["ingest", "replay", "compact", "delete", "purge", "audit", "release"]


# A registry: an image has a digest, made of its tag, when it was built and pushed.
DOCKER = """
here=$FAKES/images/$(echo "${@: -1}" | sha256sum | cut -c 1-64)
case $1 in
  build)
    tag=$(echo "$*" | sed -E 's/.*--tag ([^ ]+) .*/\\1/')
    touch "$FAKES/images/$(echo "$tag" | sha256sum | cut -c 1-64)" ;;
  run) [[ $RUNS == yes ]] && echo "usage: rally" ;;
  tag) echo "$2" > "$here" ;;
  push) [[ -e $here ]] && echo pushed >> "$here" ;;
  inspect) grep -q pushed "$here" && echo "${4%:*}@sha256:$(basename "$here")" ;;
esac
"""


# Buckets that refuse to replace, and a service whose jobs go through states.
GCLOUD = """
case "$1 $2 $3" in
  "storage cp --if-generation-match=0")
    from=${4/gs:\\/\\//$FAKES/buckets/} to=$FAKES/buckets/${5#gs://}
    [[ ! -e $to ]] || { echo "HTTPError 412" >&2; exit 1; }
    mkdir -p "$(dirname "$to")" && cp "$from" "$to" ;;
  "storage cp gs://"*) cp ${3/gs:\\/\\//$FAKES/buckets/} "$4" ;;
  "dataflow flex-template run") echo job-1 ;;
  "dataflow jobs describe") head -n 1 "$FAKES/states"; sed -i 1d "$FAKES/states" ;;
  *) exit 2 ;;
esac
"""


class Workspace:
    """A folder like that of a build, where docker, gcloud and python are at hand."""

    def __init__(self, folder):
        self.folder = folder
        for name in ("images", "buckets", "bin", "workspace/.venv/bin"):
            (folder / name).mkdir(parents=True)
        self.workspace = folder / "workspace"
        (self.workspace / "templates").symlink_to(ROOT / "templates")
        self._add(folder / "bin/docker", f'echo "docker $*" >> "$FAKES/calls"{DOCKER}')
        told = 'echo "gcloud $*${CLOUDSDK_CORE_PROJECT:+ in $CLOUDSDK_CORE_PROJECT}"'
        self._add(folder / "bin/gcloud", f'{told} >> "$FAKES/calls"{GCLOUD}')
        python = f'exec {sys.executable} "$@"'
        self._add(self.workspace / ".venv/bin/python", python)
        (folder / "calls").write_text("")
        self.states("JOB_STATE_DONE")

    def _add(self, path, script):
        path.write_text(f"#!/usr/bin/env bash\nset -euo pipefail\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def states(self, *states):
        (self.folder / "states").write_text("".join(f"{each}\n" for each in states))

    def run(self, *command, **more):
        path = f"{self.folder / 'bin'}:{os.environ['PATH']}"
        ours = {"PATH": path, "FAKES": str(self.folder), "PYTHONPATH": str(ROOT)}
        ours |= {"RUNS": "yes", "POLL_SECONDS": "0", **more}
        return subprocess.run(
            command,
            cwd=self.workspace,
            env={**os.environ, **ours},
            capture_output=True,
            text=True,
        )

    def do(self, file, step_id, **more):
        """A step of a build, its substitutions filled in as Cloud Build does."""
        (step,) = (each for each in BUILDS[file]["steps"] if each["id"] == step_id)
        values = VALUES | more
        filled = [fill(argument, values) for argument in step["args"]]
        given = dict(fill(each, values).split("=", 1) for each in step.get("env", ()))
        return self.run(step["entrypoint"], *filled, **given)

    def calls(self, beginning=""):
        lines = (self.folder / "calls").read_text().splitlines()
        return [line for line in lines if line.startswith(beginning)]

    def objects(self, bucket):
        folder = self.folder / "buckets" / bucket
        found = (path for path in folder.rglob("*") if path.is_file())
        return {path.relative_to(folder).as_posix(): path.read_text() for path in found}


def fill(text, values):
    return re.sub(r"\$\{(\w+)\}", lambda match: values[match[1]], text)


@pytest.fixture
def workspace(tmp_path):
    return Workspace(tmp_path)


@pytest.fixture(scope="module")
def staged(tmp_path_factory):
    """A workspace in which everything was built and staged."""
    workspace = Workspace(tmp_path_factory.mktemp("staged"))
    for step in ("image", "specs", "stage"):
        done = workspace.do("cloudbuild.yaml", step)
        assert done.returncode == 0, done.stderr
    return workspace


def test_build_stages_templates_that_name_their_images_by_digest(staged):
    images = {
        line.split()[0]: line.split()[1]
        for line in (staged.workspace / "images.txt").read_text().splitlines()
    }
    assert list(images) == JOBS
    assert len({*images.values()}) == len(JOBS)
    assert all(
        re.fullmatch(rf"{IMAGE}@sha256:[0-9a-f]{{64}}", each)
        for each in images.values()
    )
    assert staged.objects("templates") == {
        f"b-1/{each.name}.json": as_text(container_spec(each, images[each.job.name]))
        for each in TEMPLATES
    }


def test_image_is_built_from_pinned_bases_and_tried_before_it_is_pushed(staged):
    dockerfile = (ROOT / "templates/Dockerfile").read_text()
    bases = re.findall(r"^FROM (\S+:\S+)", dockerfile, re.MULTILINE)
    expected = [f"docker pull {base}" for base in bases]
    for job in JOBS:
        tag = f"{IMAGE}:b-1-{job}"
        expected += [
            f"docker build --file templates/Dockerfile --build-arg JOB={job}"
            f" --tag {tag} .",
            f"docker run --rm --network none --entrypoint python {tag}"
            " /template/launch.py --help",
            f"docker push {tag}",
            f"docker inspect --format {{{{index .RepoDigests 0}}}} {tag}",
        ]
    assert len(bases) == 3
    assert staged.calls("docker") == expected


def test_image_in_which_a_job_does_not_start_is_not_pushed(workspace):
    image = f"{IMAGE}:b-1"

    done = workspace.run("templates/images.sh", image, RUNS="no")

    assert (done.returncode, done.stdout) == (1, "")
    assert workspace.calls("docker push") == []


def test_what_was_staged_is_never_replaced(staged):
    before = staged.objects("templates")

    again = staged.do("cloudbuild.yaml", "stage")

    assert (again.returncode, again.stderr) == (1, "HTTPError 412\n")
    assert staged.objects("templates") == before


@pytest.mark.parametrize("step", ["image", "specs", "stage", "smoke"])
def test_change_that_is_not_on_main_is_checked_and_nothing_more(step, workspace):
    assert workspace.do("cloudbuild.yaml", step, _STAGE="false").returncode == 0

    assert workspace.calls() == []
    assert not (workspace.workspace / "specs").exists()


def test_smoke_launches_what_was_staged_and_waits_for_its_end(workspace):
    workspace.states("JOB_STATE_QUEUED", "JOB_STATE_RUNNING", "JOB_STATE_DONE")

    done = workspace.do("cloudbuild.yaml", "smoke")

    assert (done.returncode, done.stdout) == (0, "Dataflow job job-1\n")
    launched, *asked = workspace.calls("gcloud dataflow")
    assert launched == (
        "gcloud dataflow flex-template run rally-smoke-b-1 --region=europe-west1"
        " --template-file-gcs-location=gs://templates/b-1/audit.json"
        " --parameters=store=gs://rally-{study},platform=gs://platform,"
        "platform_keys=gs://keys,sample=0.01 --format=value(job.id)"
        " --service-account-email=audit@staging --subnetwork=regions/r/subnetworks/s"
        " --disable-public-ips --dataflow-kms-key=key --temp-location=gs://t/temp"
        " --staging-location=gs://t/staging in staging"
    )
    question = "gcloud dataflow jobs describe job-1 --region=europe-west1"
    assert asked == [f"{question} --format=value(currentState) in staging"] * 3


@pytest.mark.parametrize(
    ("states", "why"),
    [
        (["JOB_STATE_FAILED"], "Dataflow job job-1 ended as JOB_STATE_FAILED\n"),
        (["JOB_STATE_CANCELLED"], "Dataflow job job-1 ended as JOB_STATE_CANCELLED\n"),
        (
            ["JOB_STATE_RUNNING"] * 3,
            "Dataflow job job-1 does not end; it was last seen as JOB_STATE_RUNNING\n",
        ),
    ],
    ids=["failed", "cancelled", "endless"],
)
def test_smoke_fails_where_the_job_does_not_end_well(states, why, workspace):
    workspace.states(*states)
    arguments = ("gs://templates/b-1", "europe-west1", "smoke", "store=gs://s")

    done = workspace.run("templates/smoke.sh", *arguments, POLLS="3")

    assert (done.returncode, done.stderr) == (1, why)


def test_smoke_gives_parameters_that_its_template_takes(workspace):
    workspace.do("cloudbuild.yaml", "smoke")
    (text,) = re.findall(r"--parameters=(\S+)", "\n".join(workspace.calls()))
    given = dict(each.split("=", 1) for each in text.split(","))
    metadata = json.loads((ROOT / "templates/audit.json").read_text())
    parameters = {each["name"]: each for each in metadata["parameters"]}

    required = {name for name in parameters if not parameters[name]["isOptional"]}
    assert required <= set(given) <= set(parameters)
    for name, value in given.items():
        (regex,) = parameters[name]["regexes"]
        assert re.fullmatch(regex, value)


def test_release_copies_all_of_a_build_and_reads_nothing_of_staging_again(staged):
    for step in ("fetch", "images", "release"):
        done = staged.do("templates/release.yaml", step, _TEMPLATES="production")
        assert done.returncode == 0, done.stderr

    tried, released = (staged.objects(name) for name in ("templates", "production"))
    assert released.keys() == tried.keys()
    assert len(tried) == len(TEMPLATES)
    for name, text in released.items():
        spec, before = json.loads(text), json.loads(tried[name])
        digest = spec["image"].removeprefix(f"{VALUES['_IMAGES']}/rally@sha256:")
        copied = (staged.folder / "images" / digest).read_text()
        assert copied == f"{before['image']}\npushed\n"
        assert text == tried[name].replace(before["image"], spec["image"])
    assert len(staged.calls("docker build")) == len(JOBS)  # when it was staged


TERRAFORM = "/bin/terraform"  # in its image


def bring_terraform(workspace, program):
    """The step that brings it, from here in the place of the image."""
    (step,) = (s for s in BUILDS["cloudbuild.yaml"]["steps"] if s["id"] == "terraform")
    *options, script = step["args"]
    script = re.sub(rf"(?<= ){TERRAFORM}\b", str(program), script)
    return workspace.run(step["entrypoint"], *options, script)


def test_another_terraform_than_the_pinned_one_is_not_brought(workspace, tmp_path):
    other = tmp_path / "other"
    other.write_text("#!/bin/sh\n")

    assert bring_terraform(workspace, other).returncode != 0
    assert not (workspace.workspace / ".venv/bin/terraform").exists()


@pytest.mark.skipif(
    shutil.which("terraform") is None or platform.machine() != "x86_64",
    reason="terraform is not installed, or is that of another machine",
)
def test_the_pinned_terraform_is_the_one_that_its_image_names(workspace):
    here = shutil.which("terraform")
    said = subprocess.run([here, "version", "-json"], capture_output=True, text=True)
    version = json.loads(said.stdout)["terraform_version"]
    if f"terraform:{version}\n" not in FILES["cloudbuild.yaml"].read_text():
        pytest.skip(f"terraform is installed as {version}, which is not the pinned one")

    done = bring_terraform(workspace, here)
    assert done.returncode == 0, done.stderr
    assert os.access(workspace.workspace / ".venv/bin/terraform", os.X_OK)
