"""What templates declare is what their jobs take; what is committed is made of it."""

import json
import os
import re
import subprocess
from calendar import monthrange
from pathlib import Path

import pytest
from apache_beam.io.gcp.pubsub import ReadFromPubSub
from google.cloud.dataflow_v1beta3.types import ContainerSpec
from hypothesis import given
from hypothesis import strategies as st

from pipelines.options import clock, parse_options
from pipelines.templates import (
    TEMPLATES,
    as_text,
    container_spec,
    main,
    metadata,
)
from rally.errors import ConfigurationError

ROOT = Path(__file__).parents[2]
BY_NAME = {template.name: template for template in TEMPLATES}
DIGEST = f"sha256:{'0' * 64}"
IMAGE = f"europe-west1-docker.pkg.dev/p/rally/rally@{DIGEST}"

PLACE = {"store", "platform", "platform_keys"}
REQUIRED = {
    "ingest-streaming": PLACE | {"keys", "subscription"},
    "ingest-batch": PLACE | {"keys", "input"},
    "replay": PLACE | {"keys"},
    "compact": PLACE,
    "delete": PLACE,
    "purge": PLACE,
    "audit": PLACE,
    "release": PLACE | {"study", "recipe"},
}
OPTIONAL = {
    "ingest-streaming": {
        *("studies", "as_of", "country_attribute", "reload_seconds", "flush_seconds")
    },
    "ingest-batch": {
        *("studies", "as_of", "country_attribute", "reload_seconds", "split_bytes")
    },
    "replay": {"studies", "as_of", "country_attribute", "reload_seconds", "reason"},
    "compact": {"studies", "as_of"},
    "delete": {
        *("studies", "as_of", "plan_only", "hold_above_people", "hold_above_share"),
        *(
            "hold_window_hours",
            "hold_days",
            "unresolved_days",
            "unmatched_days",
            "rewrite_after_days",
            "longest_delay_days",
        ),
    },
    "purge": {
        *("studies", "as_of", "keys", "plan_only", "confirm", "max_objects"),
        *("max_share", "archives", "grace_days", "dead_letter_days", "plan_days"),
        "unreadable_days",
        *("temporary_days", "archive_days"),
    },
    "audit": {
        *("studies", "as_of", "keys", "sample", "json", "html", "threshold"),
        *("deadline_days", "grace_days", "dead_letter_days", "announced_days"),
        *("purge_days", "releases"),
    },
    "release": {"studies", "as_of", "window", "plan_only", "releases"},
}
VALUES = {  # of each kind: what is taken, and what is not
    "store": (
        ["gs://rally", "gs://rally-{study}", "gs://r/a/folder"],
        ["/rally", "gs://", "gs://Rally", "gs://r-{study", "gs://r/a b", "s3://r"],
    ),
    "subscription": (
        ["projects/rally-1/subscriptions/pings", "projects/x.org:p/subscriptions/s.1"],
        [
            *("projects/rally-1/topics/pings", "rally-1/pings", "gs://rally-1/pings"),
            *("projects//subscriptions/pings", "projects/p/subscriptions/pings"),
            *("projects/rally-1/subscriptions/1st", "projects/rally-1/subscriptions/"),
        ],
    ),
    "input": (
        ["gs://b/*.ndjson", "gs://b/a-*.avro,gs://c/[0-9]?.json"],
        ["in.ndjson", "gs://b", "gs://b/a,", "gs://b/a,/b", "gs://b/a gs://b/b"],
    ),
    "as_of": (
        ["2026-01-31", "2026-01-31T12:00:00Z", "2026-01-31 12:00+01:00"],
        ["today", "2026-1-31", "2026-13-01", "2026-01-32", "2026-01-31T25:00"],
    ),
    "split_bytes": (["1", "16777216"], ["1.5", "-1", "", "1e6", "many", "1 000"]),
    "flush_seconds": (["60", "0.5"], ["-1", "nan", "inf", "1.", ".5"]),
    "sample": (["0.1", "1", "1.0", "0"], ["1.1", "2", "10 %", "-0.1"]),
    "plan_only": (["true", "false"], ["yes", "True", "1", ""]),
    "reason": (["no_key", "left"], ["No_key", "no_key,left", "", "none"]),
    "confirm": (["0a-9Z"], ["a/b", "a b", ""]),
    "country_attribute": (["geo_country"], ["a b", "a=b", ""]),
    "window": (["2026-05-04"], ["2026-5-4", "monday", "2026-05-04T00:00Z"]),
    "study": (["rally-birds", "study.1"], ["", "a b", "a/b"]),
    "recipe": (["weekly"], ["Weekly", "weekly.yaml", "-", ""]),
    "html": (["gs://b/audit.html"], ["audit.html", "-", "gs://b", "gs://b/a,b"]),
}
READ = {int: int, float: float, bool: lambda text: text == "true"}
LAUNCH = {  # values for what is required, where another one is looked at
    "store": "gs://rally-{study}",
    "platform": "gs://platform",
    "platform_keys": "gs://platform-keys",
    "keys": "gs://keys",
    "study": "rally-birds",
    "recipe": "weekly",
    "input": "gs://in/*.ndjson",
    "subscription": "projects/rally-1/subscriptions/pings",
}


def committed(name):
    return json.loads((ROOT / f"templates/{name}.json").read_text())


def parameters(name):
    return {each["name"]: each for each in committed(name)["parameters"]}


ALL = [
    pytest.param(BY_NAME[name], each, id=f"{name}-{each['name']}")
    for name in BY_NAME
    for each in committed(name)["parameters"]
]


def takes(parameter, value):
    """Whether the value goes through: all regexes match."""
    return all(re.fullmatch(each, value) for each in parameter["regexes"])


def taken_by_posix(parameter, values):
    """Those that go through where regexes are what Google says: those of egrep."""
    (regex,) = parameter["regexes"]
    lines = "".join(f"{value}\n" for value in values)
    done = subprocess.run(
        ["grep", "-E", "--", regex],
        input=lines,
        capture_output=True,
        text=True,
        env={**os.environ, "LC_ALL": "C"},
    )
    assert done.returncode in (0, 1), done.stderr
    return done.stdout.splitlines()


def parse(template, values):
    """The job's own parser, given these values beside those that it needs."""
    given = {each: LAUNCH[each] for each in template.required()} | values
    return parse_options(template.job, [f"--{key}={given[key]}" for key in given])


def test_committed_metadata_is_what_options_say(tmp_path):
    assert main([f"--out={tmp_path}"]) == 0
    made = {path.name: path.read_text() for path in tmp_path.iterdir()}
    there = {path.name: path.read_text() for path in ROOT.glob("templates/*.json")}

    target = (ROOT / "Makefile").read_text().partition("\ntemplates:")[2]
    assert "-m pipelines.templates --out templates\n" in target.partition("\n\n")[0]
    assert made == there, "run `make templates` and commit what it writes"
    assert set(made) == {f"{name}.json" for name in REQUIRED}


@pytest.mark.parametrize("name", REQUIRED)
def test_template_has_just_these_parameters(name):
    found = parameters(name)

    required = {each for each in found if not found[each]["isOptional"]}
    assert (required, set(found) - required) == (REQUIRED[name], OPTIONAL[name])


def test_only_the_stream_streams():
    streams = {name: committed(name)["streaming"] for name in BY_NAME}

    assert [name for name in streams if streams[name]] == ["ingest-streaming"]
    assert set(streams.values()) == {True, False}


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda each: each.name)
def test_container_spec_is_one_of_dataflows_api(template):
    spec = container_spec(template, IMAGE)

    read = ContainerSpec.from_json(json.dumps(spec))  # an unknown field is an error

    assert (read.image, read.sdk_info.language.name) == (IMAGE, "PYTHON")
    assert read.default_environment.sdk_container_image == IMAGE
    assert [each.name for each in read.metadata.parameters] == list(
        parameters(template.name)
    )
    assert spec["metadata"] == metadata(template) == committed(template.name)


@pytest.mark.parametrize(("template", "parameter"), ALL)
def test_parameter_can_be_shown_to_people(template, parameter):
    default = parameter.get("defaultValue")

    assert parameter["label"]
    assert parameter["groupName"]
    assert parameter["helpText"].endswith(".")
    assert default is None or (parameter["isOptional"] and takes(parameter, default))
    assert parameter["isOptional"] or "default" not in parameter["helpText"]
    assert (parameter["paramType"] == "ENUM") == ("enumOptions" in parameter)
    for option in parameter.get("enumOptions", []):
        assert takes(parameter, option["value"])


@pytest.mark.parametrize(("template", "parameter"), ALL)
def test_regexes_are_what_posix_and_python_share(template, parameter):
    for regex in parameter["regexes"]:
        assert re.fullmatch(r"\^\(.*\)\$", regex)
        assert not re.search(r"\\[A-Za-z0-9]|\(\?", regex)


@pytest.mark.parametrize("name", VALUES)
def test_regexes_take_what_is_right_and_nothing_else(name):
    right, wrong = VALUES[name]
    (parameter, *_) = (
        parameters(each)[name] for each in BY_NAME if name in parameters(each)
    )

    assert [value for value in right + wrong if takes(parameter, value)] == right
    assert taken_by_posix(parameter, right + wrong) == right


@pytest.mark.slow("models")
@given(st.sampled_from(TEMPLATES), st.data())
def test_what_regexes_take_the_job_takes_but_for_numbers_out_of_bounds(template, data):
    name, parameter = data.draw(st.sampled_from([*parameters(template.name).items()]))
    text = data.draw(st.from_regex(parameter["regexes"][0], fullmatch=True))

    try:
        value = parse(template, {name: text}).get_all_options()[name]
    except ConfigurationError as error:
        refusal = str(error)
    else:
        assert value == (text if isinstance(value, str) else READ[type(value)](text))
        return
    assert parameter["paramType"] == "NUMBER"
    assert re.match(rf"--{name}: must be a (whole )?number (from|above) ", refusal)


@given(st.from_regex(parameters("audit")["as_of"]["regexes"][0], fullmatch=True))
def test_times_that_the_regex_takes_are_times_but_for_days_that_are_not(text):
    year, month, day = map(int, text[:10].split("-"))
    if day > monthrange(year, month)[1]:
        with pytest.raises(ConfigurationError, match="is no time"):
            clock(text)
    elif text[:10] not in ("2000-01-01", "2199-12-31"):  # a zone may lead over the edge
        assert clock(text)


@given(
    st.from_regex(
        parameters("ingest-streaming")["subscription"]["regexes"][0], fullmatch=True
    )
)
def test_subscriptions_that_the_regex_takes_beam_takes(text):
    ReadFromPubSub(subscription=text, with_attributes=True)


NEEDED = [(each, name) for each in TEMPLATES for name in each.job.needs]


@pytest.mark.parametrize(("template", "name"), NEEDED)
def test_job_misses_what_it_needs(template, name):
    with pytest.raises(ConfigurationError, match=f"--{name} is required"):
        parse(template, {name: ""})


def images(folder, *lines):
    path = folder / "images.txt"
    path.write_text("".join(f"{line}\n" for line in lines))
    return str(path)


JOBS = sorted({template.job.name for template in TEMPLATES})


def test_container_specs_name_the_image_of_their_job(tmp_path):
    lines = [f"{job} host/{job}@{DIGEST}" for job in JOBS]
    out = tmp_path / "new" / "specs"

    assert main([f"--out={out}", f"--images={images(tmp_path, *lines)}"]) == 0

    specs = {path.stem: path.read_text() for path in out.iterdir()}
    assert specs == {
        template.name: as_text(
            container_spec(template, f"host/{template.job.name}@{DIGEST}")
        )
        for template in TEMPLATES
    }


LINE_1 = "line 1: must be <job> <image>@sha256:<digest>"
WRONG_IMAGES = {
    "tag in place of a digest": (
        ["audit host/audit:1"],
        LINE_1,
    ),
    "line with more": (
        [f"audit host/a@{DIGEST}", f"purge host/b@{DIGEST} more"],
        "line 2: must be <job> <image>@sha256:<digest>",
    ),
    "another alphabet": ([f"audit host/\u00e4@{DIGEST}"], LINE_1),
    "nothing": ([""], LINE_1),
    "job without image": ([f"ingest host/i@{DIGEST}"], "names no image for replay"),
}


@pytest.mark.parametrize(("lines", "why"), WRONG_IMAGES.values(), ids=WRONG_IMAGES)
def test_images_that_are_none_are_one_line(lines, why, tmp_path, capsys):
    path = images(tmp_path, *lines)

    assert main([f"--out={tmp_path / 'out'}", f"--images={path}"]) == 2
    assert capsys.readouterr().err == f"rally: {path}: {why}\n"
    assert not (tmp_path / "out").exists()


def test_folders_and_options_that_are_none_are_one_line(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    missing = tmp_path / "missing"

    assert main([f"--out={tmp_path / 'file'}"]) == 2
    assert main([f"--out={tmp_path}", f"--images={missing}"]) == 2
    assert main([]) == 2

    assert capsys.readouterr().err.splitlines() == [
        f"rally: {tmp_path / 'file'}/ingest-streaming.json: cannot be written"
        " (File exists)",
        f"rally: {missing}: cannot be read (No such file or directory)",
        "rally: the following arguments are required: --out; see --help",
    ]
