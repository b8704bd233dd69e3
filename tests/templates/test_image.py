"""What the image is made of: pinned, hashed, locked, and no more than it needs."""

import os
import re
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from pipelines.logs import LOG_FORMAT
from pipelines.options import parse_options
from pipelines.runners import WORKERS_PYTHON as DECLARED
from pipelines.templates import TEMPLATES

pytestmark = pytest.mark.slow("processes")

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "templates/Dockerfile").read_text()
REQUIREMENTS = (ROOT / "templates/requirements.txt").read_text()
LOCK = tomllib.loads((ROOT / "uv.lock").read_text())
INSTRUCTIONS = [
    tuple(line.split(maxsplit=1))
    for line in DOCKERFILE.splitlines()
    if line and not line.startswith("#")
]
IGNORED, KEPT = (
    [
        line.lstrip("!")
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line and not line.startswith("#") and line.startswith("!") == kept
    ]
    for kept in (False, True)
)
LAUNCHER_GIVES = (  # as its log tells of itself: "Using launch args"
    *("--runner=DataflowRunner", "--project=p", "--region=europe-west1"),
    *("--job_name=test", "--service_account_email=a@p.iam.gserviceaccount.com"),
    *("--template_location=gs://b/job_object", "--temp_location=gs://b/temp"),
    *("--staging_location=gs://b/staging", "--num_workers=1"),
    *("--sdk_container_image=host/rally@sha256:0", "--experiments=use_runner_v2"),
    *("--labels=job=delete", "--dataflow_kms_key=k", "--subnetwork=s"),
)


def of(instruction):
    return [text for name, text in INSTRUCTIONS if name == instruction]


def locked(name):
    (package,) = (each for each in LOCK["package"] if each["name"] == name)
    return package["version"]


def test_image_has_the_python_that_launchers_are_asked_for():
    major, minor = DECLARED  # before the tests' own is put in its place
    names = [text.split()[0] for text in of("FROM")]
    assert f"apache/beam_python{major}.{minor}_sdk" in names[0]
    assert f"/python{major}{minor}-template-launcher-base" in names[1]
    assert re.fullmatch(rf"python:{major}\.{minor}\.\d+-slim-bookworm", names[2])


def test_requirements_are_the_locks():
    """As the Makefile exports them; without a network, since the lock says all."""
    (command,) = re.findall(
        r"^\t\$\(UV_ENV\) \$\(UV\) (export .*\\\n.*)--output-file (\S+)$",
        (ROOT / "Makefile").read_text(),
        re.MULTILINE,
    )
    arguments = [*command[0].replace("\\\n", " ").split(), "--offline"]
    uv = Path(sys.executable).with_name("uv")

    done = subprocess.run(
        [uv, *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert command[1] == "templates/requirements.txt"
    assert done.stdout == REQUIREMENTS, "run `make templates`, and commit the file"


def test_every_requirement_is_hashed_and_none_names_a_place():
    lines = REQUIREMENTS.splitlines()
    names = [line for line in lines if not line.startswith("    ")]

    assert "://" not in REQUIREMENTS
    assert not any(line.startswith("-") for line in lines)
    assert all(re.match(r"[a-z0-9.-]+==\S+ .*\\$", line) for line in names)
    for name, following in pairwise(lines):
        assert name not in names or following.startswith("    --hash=sha256:")


def test_image_has_the_locks_beam_and_what_builds_the_package():
    assert f"\napache-beam=={locked('apache-beam')} " in REQUIREMENTS
    assert f"\nsetuptools=={locked('setuptools')} " in REQUIREMENTS
    assert f"apache/beam_python3.11_sdk:{locked('apache-beam')} AS beam" in of("FROM")


def test_every_base_is_pinned():
    stages = {text.partition(" AS ")[2] for text in of("FROM")}
    bases = [text.partition(" AS ")[0] for text in of("FROM")]
    foreign = [base for base in bases if base not in stages]

    assert len(foreign) == 3
    for base in foreign:
        assert re.fullmatch(r"[a-z0-9./_-]+:\d[A-Za-z0-9._-]+", base)


def test_image_has_the_python_of_the_build():
    cloudbuild = yaml.safe_load((ROOT / "cloudbuild.yaml").read_text())
    (version,) = {
        step["name"].removeprefix("python:").removesuffix("-bookworm")
        for step in cloudbuild["steps"]
        if step["name"].startswith("python:") and not step["id"].startswith("python-")
    }

    assert f"python:{version}-slim-bookworm AS python" in of("FROM")


def test_image_installs_with_hashes_and_fetches_nothing_else():
    chosen, *installs = of("RUN")
    hashed = "pip install --require-hashes --no-deps "

    assert chosen.startswith("awk ")
    assert installs[0] == f"{hashed}--requirement /template/builder.txt"
    assert installs[1] == (
        f"{hashed}--no-build-isolation --requirement /template/requirements.txt"
    )
    assert all("--no-index --no-deps" in text for text in installs[2:])


def test_what_builds_is_the_locks_and_comes_as_a_wheel(tmp_path):
    (tmp_path / "template").mkdir()
    (tmp_path / "template/requirements.txt").write_text(REQUIREMENTS)
    command = of("RUN")[0].replace(" /template/", f" {tmp_path}/template/")

    subprocess.run(["sh", "-euc", command], check=True)

    written = (tmp_path / "template/builder.txt").read_text()
    first, *hashes = written.splitlines()
    assert first.startswith(f"setuptools=={locked('setuptools')} ")
    assert written in REQUIREMENTS
    assert all(line.startswith("    --hash=sha256:") for line in hashes)
    (package,) = (each for each in LOCK["package"] if each["name"] == "setuptools")
    assert {each["hash"] for each in package["wheels"]} & {
        line.split("=", 1)[1].removesuffix(" \\") for line in hashes
    }


def test_packages_that_are_source_alone_are_built_by_setuptools():
    """Another one's builder would have to be installed beforehand, too."""
    named = re.findall(r"^([a-z0-9.-]+)==", REQUIREMENTS, re.MULTILINE)
    sources = {each["name"] for each in LOCK["package"] if not each.get("wheels")}

    assert sources & set(named) == {"google-apitools"}


def test_images_of_jobs_differ_in_their_last_line():
    assert INSTRUCTIONS[-2:] == [("ARG", "JOB"), ("ENV", "RALLY_JOB=${JOB}")]
    assert "FLEX_TEMPLATE_PYTHON_PY_FILE=/template/launch.py" in of("ENV")
    assert "templates/launch.py /template/" in of("COPY")
    assert of("ENTRYPOINT") == ['["/opt/apache/beam/boot"]']


def test_workers_take_the_images_environment_and_log_for_machines():
    last = max(at for at, (name, _) in enumerate(INSTRUCTIONS) if name == "FROM")
    set_there = [text for name, text in INSTRUCTIONS[last:] if name == "ENV"]

    assert "RUN_PYTHON_SDK_IN_DEFAULT_ENVIRONMENT=1" in set_there
    assert f"{LOG_FORMAT}=json" in set_there


def test_context_has_what_the_image_copies_and_nothing_that_is_no_code():
    sources = {text.split()[0] for text in of("COPY") if not text.startswith("--from")}

    assert IGNORED == ["*", "**/__pycache__"]
    assert all((ROOT / name).exists() for name in KEPT)
    assert sources - {"."} == {name for name in KEPT if name.startswith("templates/")}
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"][
        "setuptools"
    ]
    for pattern in packages["packages"]["find"]["include"]:
        assert any(fnmatch(name, pattern) for name in KEPT)
    assert not {".git", "keys", "store", "demo", "tests", ".venv"} & set(KEPT)


@pytest.mark.parametrize("job", sorted({each.job.name for each in TEMPLATES}))
def test_launcher_starts_the_job_that_the_image_is_for(job, tmp_path):
    done = subprocess.run(
        [sys.executable, ROOT / "templates/launch.py", "--store=gs://b"],
        env={**os.environ, "RALLY_JOB": job, "PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )

    first = {"ingest": "--keys is", "replay": "--keys is", "release": "--study is"}
    missing = first.get(job, "--platform_keys is")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"rally: {missing} required")


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda each: each.name)
def test_job_takes_what_the_launcher_gives(template):
    needed = [f"--{name}=gs://b" for name in template.required()]

    options = parse_options(template.job, [*LAUNCHER_GIVES, *needed])

    assert options.get_all_options()["template_location"] == "gs://b/job_object"
