"""What workers measure reaches Beam's metrics, once for each bundle."""

import shutil
from contextlib import contextmanager
from pathlib import Path

import pytest
from apache_beam.io.gcp.pubsub import PubsubMessage
from apache_beam.metrics.execution import MetricsContainer
from apache_beam.runners.worker import statesampler
from apache_beam.utils.counters import CounterFactory
from apache_beam.utils.sharded_key import ShardedKey

from pipelines import cli
from rally.dead_letters import list_dead_letters
from rally.envelope import make_envelope
from rally.ingestion.settings import IngestSettings
from rally.ingestion.setup import check_before_start, make_intake
from rally.observability.measures import Spread, Sum
from rally.sources.inputs import match_inputs, plan_units
from rally.storage.objectstore.open_store import open_store
from rally.withdrawal import live_list
from tests.support.world import (
    AS_OF,
    GARDEN,
    POND,
    SENT_LATER,
    rally_id,
    stored_rows,
    write_lines,
)
from transforms.counters import TOTAL, WORK
from transforms.ingest_files import _IngestUnitFn
from transforms.ingest_messages import _JudgeFn, _WriteFn
from transforms.replay_dead_letters import _ReplayFn

ELEVEN_DAYS = 11 * 86_400 + 2 * 3_600
TWELVE_DAYS = ELEVEN_DAYS + 86_400
LAGS = (2, ELEVEN_DAYS + TWELVE_DAYS, ELEVEN_DAYS, TWELVE_DAYS)
"""Of two flushes, the first of pings of two days: number, sum, least, greatest."""


class Clock:
    """Stands still, but where a test sets it."""

    now = 100.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    """By which the withdrawal list's age is told, and nothing else."""
    monkeypatch.setattr(live_list, "time", clock := Clock())
    return clock


@contextmanager
def metered():
    """Gives a function that says what was counted within, by its name in WORK."""
    container = MetricsContainer("step")
    sampler = statesampler.StateSampler("", CounterFactory())
    before = statesampler.get_current_tracker()
    statesampler.set_current_tracker(sampler)

    def work():
        told = container.get_cumulative()
        counted = {**told.counters, **told.distributions}
        return {
            key.metric.name: spread(value)
            for key, value in counted.items()
            if key.metric.namespace in (WORK, TOTAL)
        }

    sampler.start()
    try:
        with sampler.scoped_state("step", "process", metrics_container=container):
            yield work
    finally:
        sampler.stop()
        statesampler.set_current_tracker(before)


def spread(value):
    """A counter's number as it is; of a distribution its number, sum and ends."""
    if isinstance(value, int):
        return value
    return value.count, value.sum, value.min, value.max


@pytest.fixture
def settings(world, store):
    world.make_stores(store)
    settings = IngestSettings(
        store=store, ping_keys=world.keys, studies=world.studies, as_of=AS_OF
    )
    check_before_start(settings)
    return settings


@pytest.fixture
def bundles(world):
    """The newer ping of the first comes first."""
    first = [world.visit(1, 1, sent=SENT_LATER), world.visit(2, 2)]
    return first, [world.visit(3, 3, sent=SENT_LATER)]


def bytes_of(*bundles):
    return sum(len(message.body) for bundle in bundles for message in bundle)


def bytes_below(store):
    return sum(file.stat().st_size for file in Path(store).rglob("data/**/*.avro"))


def test_two_units_of_files_are_measured_each(
    settings, bundles, store, tmp_path, clock
):
    fn = _IngestUnitFn(settings)
    fn.setup()

    with metered() as work:
        for number, bundle in enumerate(bundles):
            path = write_lines(tmp_path / f"{number}.ndjson", bundle)
            for unit in plan_units(match_inputs(path), 1_000_000):
                assert list(fn.process(unit)) == []

    assert work() == {
        "stored": 3,
        Sum.RECEIVED_BYTES: bytes_of(*bundles),
        Sum.FILES: 3,
        Sum.WRITTEN_BYTES: bytes_below(store),
        Spread.FILE_ROWS: (3, 3, 1, 1),
        Spread.LAG_SECONDS: LAGS,
        Spread.LIST_AGE_SECONDS: (2, 0, 0, 0),
    }


def test_two_bundles_of_messages_are_measured_each(settings, bundles, store, clock):
    judge, write = _JudgeFn(settings), _WriteFn(settings)
    judge.setup()
    write.setup()
    rows = {}

    with metered() as work:
        for bundle in bundles:
            for message in bundle:
                pubsub = PubsubMessage(message.body, dict(message.attributes))
                for key, row in judge.process(pubsub):
                    rows.setdefault(key, []).append(row)
            judge.finish_bundle()

    assert work() == {
        "stored": 3,
        Sum.RECEIVED_BYTES: bytes_of(*bundles),
        Spread.LAG_SECONDS: LAGS,
        Spread.LIST_AGE_SECONDS: (2, 0, 0, 0),
    }
    with metered() as work:
        for key, batch in rows.items():
            assert list(write.process((ShardedKey(key, b""), batch))) == []

    assert work() == {
        Sum.FILES: 2,
        Sum.WRITTEN_BYTES: bytes_below(store),
        Spread.FILE_ROWS: (2, 3, 1, 2),
    }


def test_two_objects_of_dead_letters_are_measured_each(
    world, settings, store, tmp_path
):
    keys = tmp_path / "keys"
    shutil.copytree(world.keys, keys)
    for namespace in (GARDEN, POND):
        (keys / f"{namespace}.keyset.json").unlink()
    clear = {"rally.id": rally_id(1), "page": "a page", "count": 1}
    path = write_lines(
        tmp_path / "in.ndjson",
        [
            *(world.visit(number, number) for number in range(3)),
            world.message(f"{POND}/visit/1", clear, 4),
        ],
    )
    argv = [f"--input={path}", *world.options(store), f"--keys={keys}"]
    assert cli.main(["ingest", *argv]) == 0
    assert list(stored_rows(store)) == []
    fn = _ReplayFn(settings, None)
    fn.setup()

    with metered() as work:
        for found in list_dead_letters(open_store(f"{store}/platform")):
            assert list(fn.process(found)) == []

    assert work() == {
        "stored": 4,
        Sum.FILES: 2,
        Sum.WRITTEN_BYTES: bytes_below(store),
        Spread.FILE_ROWS: (2, 4, 1, 3),
    }


def test_age_of_the_list_is_since_it_was_looked_for(world, settings, clock):
    intake = make_intake(settings)
    visit = world.visit(1, 1)
    envelope = make_envelope(visit.body, visit.attributes, None)

    ages = []
    for seconds in (0, 0.75, 0.75):  # whole ones are told
        clock.now += seconds
        intake.take(envelope)
        intake.flush()
        ages.append(dict(intake.measures.spreads)[Spread.LIST_AGE_SECONDS])

    assert ages == [0, 1, 2]
