"""The graph for runners that deliver messages themselves, as Dataflow does."""

import apache_beam as beam
import pytest
from apache_beam.io.gcp.pubsub import PubsubMessage
from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions
from apache_beam.testing import test_stream
from apache_beam.transforms.window import TimestampedValue

from pipelines import cli
from pipelines.jobs.ingest import build
from rally.ingestion.settings import IngestSettings
from rally.ingestion.setup import check_before_start
from tests.support.world import (
    AS_OF,
    GARDEN,
    POND,
    SENT_LATER,
    document_id,
    lists_of_rows,
    rally_id,
    stored_events,
    stored_rows,
    write_lines,
)
from transforms.ingest_messages import IngestMessages, _JudgeFn, _WriteFn


@pytest.fixture
def settings(world, store):
    world.make_stores(store)
    settings = IngestSettings(
        store=store, ping_keys=world.keys, studies=world.studies, as_of=AS_OF
    )
    check_before_start(settings)
    return settings


Stream = test_stream.TestStream  # under its own name pytest takes it for tests


def pubsub(message):
    return PubsubMessage(message.body, dict(message.attributes))


def at(second, *messages):
    return [TimestampedValue(pubsub(message), second) for message in messages]


def streaming_options():
    options = PipelineOptions(["--runner=BundleBasedDirectRunner"])
    options.view_as(StandardOptions).streaming = True
    return options


def drain(stream, settings):
    """Runs the graph behind a stream to its end.

    This runner counts the first bundle of a stream only, so counts are not looked at.
    """
    pipeline = beam.Pipeline(options=streaming_options())
    _ = pipeline | stream | IngestMessages(settings, flush_seconds=5, batch_rows=10)
    pipeline.run().wait_until_finish()


@pytest.fixture
def messages(world):
    visits = [world.visit(person, person) for person in range(20)]
    return [
        *visits,
        world.visit(1, 21, sent=SENT_LATER),
        world.message(f"{GARDEN}/study-enrollment/1", {"rally.id": rally_id(1)}, 22),
        world.message(f"{POND}/visit/1", {"rally.id": rally_id(1)}, 23),
        world.message(f"{GARDEN}/visit/2", {}, 24),
    ]


def rows_of(store):
    """Every row once, however often it is stored, and where."""
    found = {}
    for partition, row in stored_rows(store):
        found.setdefault((partition, row["document_id"]), []).append(row)
    for copies in found.values():
        assert all(copy == copies[0] for copy in copies)
    return {key: copies[0] for key, copies in found.items()}


def test_stream_stores_what_batch_stores(world, settings, messages, store, tmp_path):
    batch = str(tmp_path / "batch")
    path = write_lines(tmp_path / "in.ndjson", messages)
    assert cli.main(["ingest", f"--input={path}", *world.options(batch)]) == 0
    on_time, late, twice = messages[:10], messages[10:], messages[5:8]
    stream = (
        Stream()
        .advance_watermark_to(0)
        .add_elements(at(1, *on_time))
        .advance_processing_time(10)
        .advance_watermark_to(1_000)
        .add_elements(at(2, *late))
        .add_elements(at(1, *twice))
        .advance_processing_time(10)
        .advance_watermark_to_infinity()
    )

    drain(stream, settings)

    assert rows_of(store) == rows_of(batch)
    assert len(list(stored_rows(store))) == len(rows_of(store)) + len(twice)
    assert stored_events(store) == stored_events(batch)
    assert world.dead_letters(store) == world.dead_letters(batch)


def test_stream_gathers_rows_in_few_files(settings, messages, store, tmp_path):
    stream = Stream()
    for second, message in enumerate(messages[:20]):
        stream.add_elements(at(second, message))

    drain(stream.advance_watermark_to_infinity(), settings)

    assert len(list(stored_rows(store))) == 20
    assert len(list((tmp_path / "store").rglob("data/**/*.avro"))) <= 4


def test_file_names_the_list_under_which_its_rows_were_judged(world, store):
    """The list changes between two bundles; the files are written after both."""
    world.make_stores(store)
    settings = IngestSettings(
        store=store,
        ping_keys=world.keys,
        studies=world.studies,
        as_of=AS_OF,
        reload_seconds=1e-9,
    )
    world.publish(store, 3)
    judge, leave = _JudgeFn(settings), world.left(1, GARDEN)
    schema = settings.registry().studies[GARDEN].documents["visit.1"].schema
    judge.setup()
    rows = list(judge.process(pubsub(world.visit(1, 1))))
    world.publish(store, 4, leave)
    rows += judge.process(pubsub(world.visit(1, 2)))
    rows += judge.process(pubsub(world.visit(2, 3)))
    assert [key for key, _ in rows] == [
        f"{GARDEN}/visit.1/2026-05-20/{schema.fingerprint}/{counter}"
        for counter in (3, 4)
    ]

    with beam.Pipeline(runner="BundleBasedDirectRunner") as pipeline:
        _ = (
            pipeline
            | beam.Create(rows)
            | beam.GroupIntoBatches.WithShardedKey(10)
            | beam.ParDo(_WriteFn(settings))
        )

    assert lists_of_rows(store) == {document_id(1): 3, document_id(3): 4}


def test_graph_for_dataflow_reads_pubsub_and_translates(settings):
    options = PipelineOptions(["--subscription=projects/a-project/subscriptions/s"])
    options.view_as(StandardOptions).runner = "DataflowRunner"
    options.view_as(StandardOptions).streaming = True
    pipeline = beam.Pipeline(runner="BundleBasedDirectRunner")

    build(pipeline, options, settings)

    components = pipeline.to_runner_api().components
    urns = {each.spec.urn for each in components.transforms.values()}
    assert "beam:transform:pubsub_read:v1" in urns
    assert "beam:transform:group_into_batches_with_sharded_key:v1" in urns
    names = {each.unique_name for each in components.transforms.values()}
    assert {"ReadMessages", "IngestMessages/Judge", "IngestMessages/Write"} <= names
