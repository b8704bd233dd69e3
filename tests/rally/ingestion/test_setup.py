import dataclasses
import pickle
from datetime import UTC, datetime, timedelta

import pytest

from rally.decisions.entry import entry_name
from rally.errors import ConfigurationError
from rally.ingestion.preflight import check_before_start
from rally.ingestion.setup import (
    IngestSettings,
    LiveStates,
    make_intake,
    make_unsealer,
    make_writer,
)
from rally.registry.transitions import Action, State, States
from rally.storage.objectstore.local import LocalStore
from rally.storage.objectstore.open_store import open_store
from tests.support.decided import decide_study
from tests.support.places import found_platform, mark_stores

NOON = datetime(2022, 6, 1, 12, tzinfo=UTC)


def test_settings_travel_and_hold_no_secret(bench, tmp_path):
    settings = bench.settings(tmp_path)
    assert pickle.loads(pickle.dumps(settings)) == settings
    values = (getattr(settings, name) for name in IngestSettings.__slots__)
    assert {type(value) for value in values} <= {str, float, type(None)}


def test_clock_is_as_of_or_now(bench, tmp_path):
    clock = bench.settings(tmp_path, "2022-06-01T14:00:00+02:00").clock()
    assert clock() == clock() == NOON
    now = bench.settings(tmp_path, as_of=None).clock()()
    assert abs(now - datetime.now(UTC)) < timedelta(minutes=1)
    assert now.tzinfo is UTC


@pytest.mark.parametrize(
    ("keys", "platform_keys", "expected"),
    [
        ("/keys", None, "/keys/platform"),
        ("/keys/", None, "/keys/platform"),
        ("gs://bucket/keys", None, "gs://bucket/keys/platform"),
        ("/keys", "/other", "/other"),
    ],
)
def test_platform_keys_are_below_the_keys_by_default(keys, platform_keys, expected):
    settings = IngestSettings(store="s", keys=keys, platform_keys=platform_keys)
    assert settings.platform_keys_uri == expected


def spoil(store, name, generation):
    store.replace(name, b"{}", generation)


@pytest.mark.parametrize(("reload_seconds", "seen"), [(0.0, True), (3600.0, False)])
def test_states_are_read_again_when_they_are_old(bench, tmp_path, reload_seconds, seen):
    platform = open_store(str(tmp_path))
    found_platform(platform)
    states = LiveStates(bench.registry, platform, reload_seconds)
    study = bench.registry.studies["rally-x"]
    assert states().at(study, NOON) is State.COLLECTING
    decide_study(platform, "rally-x", Action.PAUSE, NOON)
    expected = State.PAUSED if seen else State.COLLECTING
    assert states().at(study, NOON) is expected


@pytest.mark.parametrize("lose", [LocalStore.delete, spoil])
def test_stream_that_knows_of_a_pause_goes_on_with_it(bench, tmp_path, lose):
    """Whatever becomes of the decision: else the study would collect again."""
    platform = LocalStore(str(tmp_path))
    found_platform(platform)
    decide_study(platform, "rally-x", Action.PAUSE, NOON)
    states = LiveStates(bench.registry, platform, 0.0)
    lose(platform, entry_name(2), platform.stat(entry_name(2)).generation)

    study = bench.registry.studies["rally-x"]
    assert States.read(bench.registry, platform).at(study, NOON) is State.COLLECTING
    assert states().at(study, NOON) is State.PAUSED
    decide_study(platform, "rally-x", Action.END, NOON)
    assert states().at(study, NOON) is State.ENDED


def test_writer_needs_no_key(bench, tmp_path):
    mark_stores(tmp_path)
    settings = bench.settings(tmp_path, keys=str(tmp_path / "no keys"))
    writer = make_writer(settings, int)
    writer.flush()
    with pytest.raises(ConfigurationError):
        make_intake(settings)


def test_unsealer_is_made_for_who_has_the_private_key(bench, tmp_path):
    assert make_unsealer(bench.settings(tmp_path))
    settings = bench.settings(tmp_path, platform_keys=str(tmp_path))
    with pytest.raises(ConfigurationError, match=r"dead-letter\.private"):
        make_unsealer(settings)


def wrong_registry(tmp_path):
    return {"studies": str(tmp_path / "nothing")}


def wrong_keys(tmp_path):
    return {"keys": str(tmp_path / "nothing")}


def wrong_store(tmp_path):
    (tmp_path / "file").write_text("")
    return {"store": str(tmp_path / "file")}


def unnamed_platform(tmp_path):
    return {"store": str(tmp_path / "{study}")}


def refounded(tmp_path):
    (tmp_path / "store/platform" / entry_name(1)).write_text("{}")
    return {}


@pytest.mark.parametrize(
    "change",
    [wrong_registry, wrong_keys, wrong_store, unnamed_platform, refounded],
)
def test_preflight_stops_at_what_is_not_as_it_must_be(bench, tmp_path, change):
    settings = bench.started(tmp_path / "store")
    settings = dataclasses.replace(settings, **change(tmp_path))
    with pytest.raises(ConfigurationError) as caught:
        check_before_start(settings)
    assert "\n" not in str(caught.value)
