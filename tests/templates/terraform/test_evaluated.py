"""Terraform's own word, where it is installed: what the tables come to.

It evaluates the module's locals for a made-up registry, without a provider: what the
expressions take from resources stands in for them here.
"""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from tests.templates.terraform.module import FOLDER

BESIDE = os.path.dirname(sys.executable)  # where Cloud Build puts it
TERRAFORM = (
    shutil.which("terraform", path=BESIDE)
    or shutil.which("terraform")
    or shutil.which("tofu")
)
pytestmark = pytest.mark.skipif(TERRAFORM is None, reason="terraform is not installed")

STAND_INS = """
locals {
  study    = { for name in keys(var.studies) : name => { name = "b-${name}" } }
  platform = { name = "b-platform" }
  releases = { name = "b-releases" }
  keys     = { for name in ["keys", "platform_keys"] : name => { name = "b-${name}" } }
  account  = { for name in keys(local.accounts) : name => { member = name } }
  launch   = { member = "launch" }
}
"""
RESOURCE = re.compile(
    r"google_(?:storage_bucket|service_account)\.(study|platform|releases|keys|account|launch)\b"
)
STUDIES = {
    "rally-core": {"kind": "platform", "concluded": False},
    "rally-a": {"kind": "study", "concluded": False},
    "rally-b": {"kind": "study", "concluded": False},
    "rally-old": {"kind": "study", "concluded": True},
}
GROUPS = {"rally-a": "a@example.org", "rally-b": "b@example.org"}
TIMES = {"from": "2026-01-01T00:00:00Z", "until": "2027-01-01T00:00:00Z"}
ACCESS = [{"study": s, "group": g, **TIMES} for s, g in GROUPS.items()]
VARIABLES = {
    "studies": STUDIES, "access": ACCESS, "project": "p", "region": "r",
    "backup_region": "r", "prefix": "rally", "release": "1",
    "access_policy": "1", "edge_project": "1", "edge_accounts": ["e"],
    "administrators": ["user:t@example.org"],
}  # fmt: skip


def ask(folder, expression, **changes):
    """What Terraform says of an expression over locals of these files."""
    shutil.copy(FOLDER / "variables.tf", folder)
    for name in ("accounts.tf", "access.tf", "perimeter.tf", "services.tf"):
        text = (FOLDER / name).read_text()
        first = re.search(r"(?ms)^locals \{\n.*?^\}\n", text)[0]
        kept = re.sub(r"(?ms)^  (roles|agents) = \{.*?^  \}\n", "", first)
        (folder / name).write_text(RESOURCE.sub(r"local.\1", kept))
    (folder / "stand_ins.tf").write_text(STAND_INS)
    values = json.dumps({**VARIABLES, **changes})
    (folder / "x.auto.tfvars.json").write_text(values)
    done = subprocess.run(
        [TERRAFORM, "console"], input=f"jsonencode({expression})\n", text=True,
        capture_output=True, cwd=folder, timeout=300, env={"CHECKPOINT_DISABLE": "1"},
    )  # fmt: skip
    return done.stdout + done.stderr


def evaluate(folder, expression):
    return json.loads(json.loads(ask(folder, expression)))


@pytest.fixture(scope="module")
def buckets(tmp_path_factory):
    folder = tmp_path_factory.mktemp("evaluated")
    return evaluate(folder, "local.buckets"), evaluate(folder, "local.bindings")


def test_group_a_sees_bucket_a_only(buckets):
    readers = {
        bucket["name"]: [each["group"] for each in bucket["readers"]]
        for bucket in buckets[0].values()
    }
    assert readers == {
        "b-rally-core": [],
        "b-rally-a": ["a@example.org"],
        "b-rally-b": ["b@example.org"],
        "b-rally-old": [],
        "b-platform": [],
        "b-releases": [],
        "b-keys": [],
        "b-platform_keys": [],
    }


def test_the_jobs_rights_in_a_study_are_these(buckets):
    assert buckets[1]["store rally-a"] == {
        "reads ": [
            "audit",
            "compact",
            "copy",
            "delete",
            "desk",
            "ingest",
            "purge",
            "release",
            "replay",
        ],
        "creates data/": ["compact", "delete", "ingest", "purge", "replay"],
        "creates .rally-probe-": ["compact", "ingest", "replay"],
        "creates rally-store.json": ["desk"],
        "creates views/": ["delete"],
        "deletes views/": ["delete", "purge"],
        "deletes data/": ["compact", "delete", "purge"],
        "deletes .rally-probe-": ["compact", "ingest", "replay"],
    }


def test_nothing_comes_back_into_a_concluded_study(buckets):
    open_one = buckets[1]["store rally-a"]
    assert buckets[1]["store rally-old"] == open_one | {
        "creates data/": ["compact", "delete", "purge"]
    }


def test_purge_deletes_the_key_files_of_concluded_studies_alone(buckets):
    found = {
        place: {right: who for right, who in buckets[1][place].items()
                if right.startswith("deletes")}
        for place in ("keys", "platform_keys")
    }  # fmt: skip
    assert found == {
        "keys": {"deletes ": ["keeper"], "deletes rally-old.": ["purge"]},
        "platform_keys": {
            "deletes ": ["keeper"],
            "deletes pseudonym.rally-old.": ["purge"],
        },
    }


def test_concluded_platform_takes_no_record_and_purge_takes_all(tmp_path):
    """The platform's own namespaces are concluded with it, and by nothing else."""
    over = {name: each | {"concluded": True} for name, each in STUDIES.items()}
    answer = ask(tmp_path, "local.bindings", studies=over, access=[])
    bindings = json.loads(json.loads(answer))
    platform = bindings["platform"]
    assert {right: who for right, who in platform.items() if "creates" in right} == {
        "creates conclusion.json": ["purge"],
        "creates consents/": ["purge"],
        "creates decisions/": ["desk"],
        "creates events/date=": ["purge"],
        "creates leases/": ["purge"],
        "creates plans/": ["purge"],
        "creates receipts/anchor.json": ["purge"],
        "creates releases/": ["release"],
        "creates reports/": ["audit"],
        "creates results/audit/": ["audit"],
        "creates results/purge/": ["purge"],
        "creates runs/audit.json": ["audit"],
        "creates runs/purge.json": ["purge"],
    }
    # What people signed before may still leave; they sign nothing after.
    left = {right: who for right, who in bindings["releases"].items()
            if right.startswith("creates")}  # fmt: skip
    assert left == {"creates study=": ["release"]}
    for below in ("receipts/", "withdrawals/", "runs/", "conclusion.json"):
        assert "purge" in platform[f"deletes {below}"]
    assert not any("decisions/" in each or "releases/" in each for each in platform
                   if each.startswith("deletes"))  # fmt: skip
    keys = {
        place: sorted(each for each, who in bindings[place].items() if who == ["purge"])
        for place in ("keys", "platform_keys")
    }
    assert keys == {
        "keys": [f"deletes {name}." for name in sorted(STUDIES)],
        "platform_keys": [
            f"deletes {each}." for each in ("dead-letter", "pseudonym", "signing")
        ],
    }


READS_DATA = re.compile(r"objects\.|Pull|Seek|Acknowledge|^\\*$")
NO_DATA = {"google.storage.buckets", "IAMPolicy", "Publisher", "Subscriber"}


@pytest.fixture(scope="module")
def ways(tmp_path_factory):
    people = {
        "operators": ["group:o@example.org"],
        "key_keepers": ["user:k@example.org"],
        "publishers": ["user:p@example.org"],
        "builders": ["serviceAccount:b@example.org"],
    }
    folder = tmp_path_factory.mktemp("ways")
    return json.loads(json.loads(ask(folder, "local.ways_in", **people)))


def test_what_is_used_and_what_holds_data_is_restricted(tmp_path):
    restricted, used = evaluate(tmp_path, "[local.restricted, local.services]")
    assert len(restricted) == len(set(restricted)) > 2 * len(used)
    assert {*used, "sqladmin.googleapis.com", "run.googleapis.com"} <= {*restricted}


def test_who_comes_in_and_what_they_may_call(ways):
    for way in ways.values():
        del way["title"]
    made = ways.pop("terraform")
    assert made["identities"] == ["user:t@example.org"]
    anything = {s for s, methods in made["operations"].items() if methods == ["*"]}
    assert anything == {
        f"{name}.googleapis.com"
        for name in ("artifactregistry", "cloudkms", "cloudscheduler", "compute", "dns",
                     "iam", "logging", "monitoring", "storagetransfer")
    }  # fmt: skip
    for service in made["operations"].keys() - anything:
        methods = made["operations"][service]
        assert {each.rpartition(".")[0] for each in methods} <= NO_DATA
        assert not any(map(READS_DATA.search, methods))
    new = ["buckets.get", "objects.create", "objects.get", "objects.list"]
    new = [f"google.storage.{each}" for each in new]
    assert ways == {
        "pings": way_in("serviceAccount:e", pubsub=["Publisher.Publish"])
        | {"project": "projects/1"},
        "people": way_in(
            *("group:o@example.org", "user:k@example.org", "user:p@example.org"),
            iamcredentials=["*"],
        ),
        "keys": way_in(
            "keeper", cloudkms=["*"], storage=[*new, "google.storage.objects.delete"]
        ),
        "results": way_in(
            "publish",
            storage=["google.storage.objects.get", "google.storage.objects.list"],
        ),
        "launches": way_in(
            "launch", dataflow=["*"], storage=["google.storage.objects.get"]
        ),
        "builds": way_in(
            "serviceAccount:b@example.org",
            artifactregistry=["*"], dataflow=["*"], storage=new,
        ),
    }  # fmt: skip


def way_in(*who, **operations):
    return {
        "identities": list(who),
        "project": None,
        "operations": {f"{name}.googleapis.com": m for name, m in operations.items()},
    }


def test_a_way_in_is_there_for_as_long_as_somebody_uses_it(tmp_path):
    """Without identities it would be everybody's."""
    names = "[for name, way in local.ways_in : name if length(way.identities) > 0]"
    assert evaluate(tmp_path, names) == ["pings", "terraform"]


@pytest.mark.parametrize("wrong", [[], ["jo@example.org"], ["allUsers"]])
def test_a_perimeter_that_would_lock_terraform_out_is_refused(tmp_path, wrong):
    said = ask(tmp_path, "1", administrators=wrong)
    assert "Name the account that runs this" in said


@pytest.mark.parametrize("study", ["rally-old", "rally-none"])
def test_access_to_no_study_is_refused(tmp_path, study):
    wrong = [{"study": study, "group": "a@example.org", **TIMES}]
    assert "Only studies of the registry" in ask(tmp_path, "1", access=wrong)


UNKNOWN = {name: each | {"concluded": None} for name, each in STUDIES.items()}


def test_what_nobody_knows_to_be_concluded_is_refused(tmp_path):
    """A forgotten --platform would give rights back that went with a conclusion."""
    said = ask(tmp_path, "1", studies=UNKNOWN, access=[])
    assert "It is not known which studies are concluded" in said
    said = ask(tmp_path, "1", studies={**STUDIES, "rally-a": UNKNOWN["rally-a"]},
               access=[])  # fmt: skip
    assert "It is not known which studies are concluded" in said


def test_before_there_is_a_log_no_study_is_concluded(tmp_path):
    first = {"studies": UNKNOWN, "access": [], "first_time": True}
    assert json.loads(json.loads(ask(tmp_path, "local.concluded", **first))) == []


def test_files_are_formatted():
    done = subprocess.run(
        [TERRAFORM, "fmt", "-check", "-diff", str(FOLDER)],
        capture_output=True, text=True, timeout=300, env={"CHECKPOINT_DISABLE": "1"},
    )  # fmt: skip
    assert (done.stdout, done.returncode) == ("", 0)
