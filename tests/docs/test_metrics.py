"""docs/metrics.md and the dashboard say what jobs really tell, no more and no less."""

import json
import logging
import re
from collections import Counter

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions

from pipelines.jobs.ingest import build
from pipelines.runners import LOCAL_RUNNER
from rally.ingestion.replay import Replayed
from rally.ingestion.settings import IngestSettings
from rally.ingestion.setup import check_before_start
from rally.observability.log_entries import EntryFormatter, LogEvent, LogFields
from rally.observability.measures import Spread, Sum
from rally.outcomes import (
    ASKED,
    CONSENTED,
    FAILED,
    JOINED,
    LEFT,
    REFUSED,
    STORED,
    Count,
    FailureReason,
    RefusalReason,
)
from tests.docs.metrics_page import ROOT, SECTIONS, column, names, rows
from tests.support.world import AS_OF, GARDEN, POND, World, rally_id, write_lines

OUTCOMES = {STORED, REFUSED, FAILED, JOINED, LEFT, ASKED, CONSENTED}
OF_FEW = {ASKED, CONSENTED}
"""No released client sends what these count, and no panel shows them."""
OF_OUR_READER = {Sum.ACKNOWLEDGE_FAILURES}
OF_CHANGES = {Sum.RELOADS, Sum.RELOAD_FAILURES}
DASHBOARD = json.loads((ROOT / "templates/terraform/dashboard.json").read_text())
TWELVE_DAYS = 12 * 86_400 + 2 * 3_600
LISTED = {*column("rally.total", "metric"), *column("rally.work", "metric")}


def test_page_has_each_outcome_and_its_reasons():
    found = {
        name: set(names(row["reasons"]))
        for row in rows("rally")
        for name in names(row["outcome"])
    }
    assert found == {
        STORED: set(),
        REFUSED: set(RefusalReason),
        FAILED: set(FailureReason),
        JOINED: set(),
        LEFT: set(),
        ASKED: set(),
        CONSENTED: set(),
    }


def test_page_has_each_metric_and_its_kind():
    kinds = {names(row["metric"])[0]: row["kind"] for row in rows("rally.work")}

    assert kinds == {
        **dict.fromkeys(Sum, "counter"),
        **dict.fromkeys(Spread, "distribution"),
    }
    assert set(column("rally.total", "metric")) == OUTCOMES
    assert column("rally.replay", "metric") == list(Replayed._fields)


def test_page_has_each_event_and_field_of_the_log():
    assert column("Logs", "event") == list(LogEvent)
    said = {*column("Logs", "says"), *column("Logs", "figures", 1)}
    assert said - {"rally withdrawals"} == set(LogFields.__annotations__)


def test_page_knows_how_many_counters_there_can_be():
    registry = IngestSettings(store="store", ping_keys="keys").load_registry()
    documents = sum(
        len(registry.documents(study)) for study in registry.studies.values()
    )
    each = 1 + len(RefusalReason) + len(FailureReason) + 4
    sentence = " ".join(SECTIONS["On Dataflow"].split())

    assert f"at most {each} counters" in sentence
    assert f"{documents} documents of the shipped registry" in sentence
    assert f"at most {each * documents:,}," in sentence


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return World(tmp_path_factory.mktemp("world"))


def test_job_counts_what_the_page_says(world, tmp_path):
    person = {"rally.id": rally_id(1)}
    pings = [
        *(world.visit(1, number) for number in range(3)),
        world.message(f"{GARDEN}/study-enrollment/1", person, 10),
        world.message(f"{GARDEN}/study-unenrollment/1", person, 11),
        world.message(f"{POND}/visit/1", person, 12, dnt="1"),
        world.message(f"{GARDEN}/visit/9", {}, 13),
        world.message(f"{GARDEN}/visit/1", person | {"page": "p", "count": "1"}, 14),
    ]
    path = write_lines(tmp_path / "in.ndjson", pings)
    settings = IngestSettings(
        store=str(tmp_path / "store"),
        ping_keys=world.keys,
        studies=world.studies,
        as_of=AS_OF,
    )
    world.make_stores(settings.store)
    check_before_start(settings)
    pipeline = beam.Pipeline(runner=LOCAL_RUNNER)
    build(pipeline, PipelineOptions([f"--input={path}"]), settings)

    result = pipeline.run()
    result.wait_until_finish()

    found = result.metrics().query()
    seen = {
        (each.key.metric.namespace, each.key.metric.name): each.result
        for kind in ("counters", "distributions")
        for each in found[kind]
    }
    assert found["gauges"] == []
    assert {namespace for namespace, _ in seen} == {
        "rally",
        "rally.mismatch",
        "rally.total",
        "rally.work",
    }
    outcomes = {
        f"{GARDEN}/visit.1/stored": 3,
        f"{GARDEN}/study-enrollment.1/stored": 1,
        f"{GARDEN}/study-enrollment.1/joined": 1,
        f"{GARDEN}/study-unenrollment.1/left": 1,
        f"{POND}/visit.1/refused/do_not_track": 1,
        f"{GARDEN}/unknown/failed/unknown_document": 1,
        f"{GARDEN}/visit.1/failed/schema_mismatch": 1,
    }
    assert of(seen, "rally") == outcomes
    assert of(seen, "rally.mismatch") == {f"{GARDEN}/visit.1//count wants long": 1}
    total = Counter[str]()
    for name, number in outcomes.items():
        total[Count.parse(name).outcome] += number
    assert of(seen, "rally.total") == total
    assert set(total) == OUTCOMES - OF_FEW
    work = of(seen, "rally.work")
    listed = set(column("rally.work", "metric"))
    assert set(work) == listed - OF_OUR_READER - OF_CHANGES
    assert work["received_bytes"] == sum(len(ping.body) for ping in pings)
    assert (work["file_rows"].count, work["file_rows"].sum) == (2, 4)
    assert (work["file_rows"].min, work["file_rows"].max) == (1, 3)
    assert work["files"] == 2
    assert work["written_bytes"] == sum(
        file.stat().st_size for file in (tmp_path / "store").rglob("data/**/*.avro")
    )
    lag = work["lag_seconds"]
    assert (lag.count, lag.min, lag.max) == (1, TWELVE_DAYS, TWELVE_DAYS)
    assert work["list_age_seconds"].max < 60


def of(seen, namespace):
    return {name: value for (where, name), value in seen.items() if where == namespace}


def widgets():
    return [tile["widget"] for tile in DASHBOARD["mosaicLayout"]["tiles"]]


def filters():
    return [
        each["timeSeriesQuery"]["timeSeriesFilter"]["filter"]
        for widget in widgets()
        if "xyChart" in widget
        for each in widget["xyChart"]["dataSets"]
    ]


def test_dashboard_names_only_metrics_of_the_page_and_all_that_dataflow_has():
    text = "\n".join(filters())
    named = set(re.findall(r'metric_name="([^"]+)"', text))
    patterns = re.findall(r'metric_name=monitoring.regex.full_match\("([^"]+)"\)', text)
    outcomes = [each for each in patterns if "/" in each]
    spreads = {
        name
        for pattern in set(patterns) - set(outcomes)
        for name in Spread
        if re.fullmatch(pattern, name)
    }

    assert named | spreads == LISTED - OF_OUR_READER - OF_FEW
    assert text.count("user_counter") == len(re.findall("metric_name=", text))
    for pattern in outcomes:
        count = Count(
            "s", "d.1", pattern.split("/")[1], *["r"] * pattern.endswith("/.+")
        )
        assert re.fullmatch(pattern, count.name)
        assert count.outcome in OUTCOMES
    assert len(outcomes) == 3


def test_dashboard_asks_for_distributions_by_both_names_that_they_may_have():
    found = {}
    for pattern in re.findall(r'full_match\("([^/"]+)"\)', "\n".join(filters())):
        names = (name for name in Spread if re.fullmatch(pattern, name))
        found |= {name: pattern for name in names}

    assert set(found) == set(Spread)
    for name, pattern in found.items():
        parts = ("MAX", "MEAN", "MIN", "COUNT")
        part = [each for each in parts if re.fullmatch(pattern, f"{name}_{each}")]
        assert part == ["MEAN" if name is Spread.FILE_ROWS else "MAX"]


def test_dashboard_asks_for_metrics_of_the_resource_that_has_them():
    resources = {"dataflow": "dataflow_job", "pubsub": "pubsub_subscription"}
    for each in filters():
        service, resource = re.match(
            r'metric.type="(\w+)\.googleapis\.com/\w+/\w+" resource.type="(\w+)"', each
        ).groups()
        assert resource == resources[service]


def test_dashboard_lists_how_jobs_ended():
    (panel,) = (each["logsPanel"] for each in widgets() if "logsPanel" in each)

    first, *others = panel["filter"].split(" OR ")
    assert first == f'jsonPayload.event="{LogEvent.JOB_ENDED}"'
    record = logging.makeLogRecord({"levelno": logging.INFO})
    vars(record)["rally_fields"] = {"event": LogEvent.JOB_ENDED}
    line = EntryFormatter("purge").format(record)
    assert [each.split("=~")[0] for each in others] == [
        "jsonPayload.message",
        "textPayload",
    ]
    for each in others:
        assert re.search(json.loads(each.split("=~")[1]), line)


def test_dashboard_has_no_panel_over_another():
    layout = DASHBOARD["mosaicLayout"]
    taken = Counter(
        (column, row)
        for tile in layout["tiles"]
        for column in range(tile["xPos"], tile["xPos"] + tile["width"])
        for row in range(tile["yPos"], tile["yPos"] + tile["height"])
    )
    assert set(taken.values()) == {1}
    assert max(column for column, _ in taken) < layout["columns"]
