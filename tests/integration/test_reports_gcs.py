"""Reports of an audit go to Cloud Storage, from here and from a worker."""

import json

import pytest

from pipelines import cli
from rally.audit.report.output import check_writable, write_private
from rally.errors import ConfigurationError
from rally.storage.objectstore.open_store import open_store
from tests.integration.scripted_gcs import Answer, refusal, scripted_gcs
from tests.support.world import World, write_lines

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("folder", ["", "reports/", "a/b/"])
def test_report_is_made_and_replaced(folder, gcs_bucket):
    name = f"gs://{gcs_bucket}/{folder}audit.json"
    for text in ("old and longer", "new ü"):
        check_writable("--json", name)
        write_private("--json", name, text)
        bucket = open_store(f"gs://{gcs_bucket}")
        assert [each.name for each in bucket.list()] == [f"{folder}audit.json"]
        assert bucket.read(f"{folder}audit.json").decode() == text


@pytest.mark.parametrize("attempt", [check_writable, write_private])
@pytest.mark.parametrize("name", ["gs://", "gs://bucket", "gs://bucket/", "gs:///a"])
def test_name_that_is_no_file_is_told(attempt, name, gcs_server):
    text = ["text"] if attempt is write_private else []
    with pytest.raises(ConfigurationError) as caught:
        attempt("--html", name, *text)
    assert str(caught.value) == f"--html {name}: give gs://<bucket>/<file>"


@pytest.mark.parametrize("attempt", [check_writable, write_private])
def test_bucket_that_is_not_there_is_told(attempt, gcs_server):
    text, name = ["text"] if attempt is write_private else [], "gs://none/audit.html"
    with pytest.raises(ConfigurationError) as caught:
        attempt("--html", name, *text)
    told = f"--html {name}: cannot be written (there is no such bucket)"
    assert str(caught.value) == told


def test_what_may_not_be_written_is_told(monkeypatch):
    with scripted_gcs() as script:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", script.address)
        script.answers[:] = [Answer(403)] * 3
        with pytest.raises(ConfigurationError) as caught:
            check_writable("--json", "gs://bucket/audit.json")
    assert str(caught.value) == (
        "--json gs://bucket/audit.json: cannot be written (Cloud Storage says"
        " Forbidden)"
    )


def test_report_under_a_retention_policy_is_told(monkeypatch):
    there = {"name": "audit.json", "size": "3", "generation": "7"}
    kept = "cannot be deleted, overwritten or archived until it is old enough"
    with scripted_gcs() as script:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", script.address)
        script.answers[:] = [
            refusal(412, "conditionNotMet", "there is one"),
            Answer(200, there),
            refusal(403, "retentionPolicyNotMet", kept),
        ]
        with pytest.raises(ConfigurationError) as caught:
            write_private("--json", "gs://bucket/audit.json", "text")
    assert str(caught.value) == (
        "--json gs://bucket/audit.json: is under a hold or a retention policy; give"
        " another name"
    )


def test_audit_writes_to_cloud_storage(gcs_bucket, tmp_path, capsys):
    world, store = World(tmp_path / "world"), str(tmp_path / "store")
    path = write_lines(tmp_path / "in.ndjson", [world.visit(1, 1)])
    assert cli.main(["ingest", f"--input={path}", *world.options(store)]) == 0
    files = [f"gs://{gcs_bucket}/reports/audit.{kind}" for kind in ("html", "json")]
    options = [f"--html={files[0]}", f"--json={files[1]}"]

    status = cli.main(["audit", *world.options(store), *options])

    reports = open_store(f"gs://{gcs_bucket}/reports")
    assert [each.name for each in reports.list()] == ["audit.html", "audit.json"]
    assert reports.read("audit.html").startswith(b"<!DOCTYPE html>")
    assert json.loads(reports.read("audit.json"))["exit_status"] == status
