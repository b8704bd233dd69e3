"""What is staged does the job: Beam's own runner takes it in the service's place."""

import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from rally.storage.objectstore.open_store import open_store
from tests.integration.dataflow.graphs import JOBS, translate
from tests.support.world import AS_OF, contents, stored_rows

pytestmark = [pytest.mark.integration, pytest.mark.slow("dataflow")]


def run(graph):
    """As a worker would, but in this process and not in the image of the job."""
    for environment in graph.components.environments.values():
        environment.urn = "beam:env:embedded_python:v1"
        environment.payload = b""
    runner = FnApiRunner()
    runner.run_via_runner_api(graph, PipelineOptions([])).wait_until_finish()


def test_staged_graphs_do_the_jobs(cloud, tmp_path):
    """Who left is gone, and the audit, which else fails, finds each promise kept."""
    cloud.options["as_of"] = AS_OF
    store, world = cloud.options["store"], cloud.world
    done = []

    def do(template):
        done.append(template)
        run(translate(cloud, template, tmp_path).graph)

    do("ingest-batch")
    assert visitors(store) == {world.pseudonym(1), world.pseudonym(2)}
    do("replay")
    do("delete")
    assert visitors(store) == {world.pseudonym(1)}
    do("compact")
    assert [name for name in contents(store) if "bucket=new" in name] == []
    do("purge")
    do("audit")

    reports = open_store(f"{cloud.bucket}/reports")
    assert reports.read("audit.html").startswith(b"<!DOCTYPE html>")
    assert {*done, "ingest-streaming"} == set(JOBS)


def visitors(store):
    """Who has visited the garden."""
    rows = stored_rows(store)
    return {row["participant"] for place, row in rows if "garden/visit" in place}
