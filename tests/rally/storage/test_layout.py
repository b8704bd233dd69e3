import pytest

from rally.errors import ConfigurationError
from rally.storage.layout import (
    EVENTS,
    Partition,
    Stores,
    log_bucket_file,
    log_file,
    new_file,
)
from rally.storage.objectstore.local import LocalStore
from rally.storage.objectstore.open_store import open_store

PARTITION = Partition("rally-one", "user-journey.1", "2022-03-10")


def test_paths_are_hive_style():
    assert PARTITION.folder == (
        "data/study=rally-one/document=user-journey.1/date=2022-03-10/"
    )
    assert new_file(PARTITION, "0a1b") == f"{PARTITION.folder}bucket=new/0a1b.avro"
    assert log_file(EVENTS, "2022-03-10", "0a1b") == "events/date=2022-03-10/0a1b.avro"
    assert log_bucket_file("8-0f", 17, "0a1b") == (
        "events/log/bucket=8-0f/000000000017-0a1b.avro"
    )


@pytest.mark.parametrize(
    ("store", "platform", "of_study", "of_platform"),
    [
        ("/s", None, "/s", "/s/platform"),
        ("/s/", None, "/s/", "/s/platform"),
        ("s", "/p", "s", "/p"),
        ("/s/rally-{study}/x", "/p", "/s/rally-rally-one/x", "/p"),
        ("/{study}/{study}", "/p", "/rally-one/rally-one", "/p"),
    ],
)
def test_stores_are_where_the_options_say(store, platform, of_study, of_platform):
    stores = Stores(store, platform)
    assert stores.of("rally-one").uri == of_study
    assert stores.platform.uri == of_platform


def test_store_of_a_study_is_opened_once():
    stores = Stores("/s/{study}", "/p")
    assert stores.of("a") is stores.of("a")
    assert stores.of("a") is not stores.of("b")
    together = Stores("/s", None)
    assert together.of("a") is together.of("b")


def test_template_without_platform_is_refused():
    with pytest.raises(ConfigurationError) as caught:
        Stores("gs://rally-{study}", None)
    assert str(caught.value) == (
        "--store has {study} in it; say with --platform where the platform's own"
        " records go"
    )


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("", "a store's URI is empty; give a folder or gs://…"),
        (
            "s3://bucket/a",
            "s3://bucket/a: only local folders and gs:// are stores; give one of these",
        ),
        (
            "file:///a",
            "file:///a: only local folders and gs:// are stores; give one of these",
        ),
    ],
)
def test_uri_that_is_no_store_is_refused(uri, message):
    with pytest.raises(ConfigurationError) as caught:
        open_store(uri)
    assert str(caught.value) == message


def test_folder_is_a_local_store_and_is_not_made_by_opening(tmp_path):
    store = open_store(str(tmp_path / "a"))
    assert type(store) is LocalStore
    assert not (tmp_path / "a").exists()


def test_stores_that_can_be_written_hold_nothing_afterwards(tmp_path):
    stores = Stores(f"{tmp_path}/{{study}}", f"{tmp_path}/platform")
    stores.check_writable(["a", "b"])
    assert list(open_store(str(tmp_path)).list()) == []


def test_store_of_a_concluded_study_need_not_be_written(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    stores = Stores(f"{tmp_path}/{{study}}", f"{tmp_path}/platform")
    stores.check_writable(["a", "file"], {"file"})
    with pytest.raises(ConfigurationError, match="/file: cannot be written"):
        stores.check_writable(["a", "file"], {"a"})


@pytest.mark.parametrize(
    ("store", "platform", "named"),
    [
        ("{tmp}/file/store", "{tmp}/platform", "{tmp}/file/store"),
        ("{tmp}/store", "{tmp}/file", "{tmp}/file"),
        ("{tmp}/{study}", "{tmp}/platform", "{tmp}/file"),
    ],
    ids=["store", "platform", "one study's"],
)
def test_store_that_cannot_be_written_is_named_at_the_start(
    tmp_path, store, platform, named
):
    (tmp_path / "file").write_bytes(b"")
    stores = Stores(*(uri.replace("{tmp}", str(tmp_path)) for uri in (store, platform)))
    with pytest.raises(ConfigurationError) as caught:
        stores.check_writable(["a", "file"])
    assert str(caught.value) == (
        f"{named.replace('{tmp}', str(tmp_path))}: cannot be written (Not a directory);"
        " check that it exists and that this account may write there"
    )
