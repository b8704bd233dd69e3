"""What is true of Cloud Storage alone; test_object_stores.py has what all stores do.

The server is a fake: it honours preconditions of uploads and no others.
"""

import pytest
from google.auth.exceptions import DefaultCredentialsError, RefreshError
from google.cloud import storage
from google.cloud.storage.exceptions import DataCorruption

from rally.errors import ConfigurationError
from rally.storage.layout import Stores
from rally.storage.objectstore.gcs import GcsStore, translated
from rally.storage.objectstore.interface import ObjectNotFound, StrayKind
from rally.storage.objectstore.open_store import open_store

pytestmark = pytest.mark.integration


def test_gs_uri_opens_a_bucket_and_what_is_below_its_prefix(gcs_bucket):
    store = open_store(f"gs://{gcs_bucket}/a/b/")
    assert type(store) is GcsStore
    store.create("c", b"1")
    whole = open_store(f"gs://{gcs_bucket}")
    assert store.uri == f"gs://{gcs_bucket}/a/b"
    assert [info.name for info in whole.list()] == ["a/b/c"]


@pytest.mark.parametrize("uri", ["gs://", "gs:///a"])
def test_uri_without_bucket_is_refused(uri):
    with pytest.raises(ConfigurationError) as caught:
        open_store(uri)
    assert str(caught.value) == f"{uri}: names no bucket; give gs://bucket/folder"


def test_no_credentials_say_what_to_do(monkeypatch, tmp_path):
    monkeypatch.delenv("STORAGE_EMULATOR_HOST", raising=False)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "absent"))
    with pytest.raises(ConfigurationError) as caught:
        open_store("gs://bucket/a")
    assert str(caught.value) == (
        "gs://bucket/a: no credentials for Google Cloud; run"
        " `gcloud auth application-default login`"
    )


@pytest.mark.parametrize(
    "act",
    [
        lambda store: store.create("a", b""),
        lambda store: store.replace("a", b"", 1),
        lambda store: list(store.list()),
        lambda store: store.check_writable(),
    ],
    ids=["create", "replace", "list", "check_writable"],
)
def test_missing_bucket_is_an_error_and_not_an_empty_store(gcs_server, act):
    with pytest.raises(FileNotFoundError) as caught:
        act(open_store("gs://no-such-bucket/a"))
    assert caught.value.strerror == "there is no such bucket"


def test_missing_bucket_stops_a_job_at_its_start(gcs_server, gcs_bucket):
    stores = Stores("gs://no-such-{study}", f"gs://{gcs_bucket}")
    with pytest.raises(ConfigurationError) as caught:
        stores.check_writable(["bucket"])
    assert str(caught.value) == (
        "gs://no-such-bucket: cannot be written (there is no such bucket);"
        " check that it exists and that this account may write there"
    )


def test_listing_skips_the_probe_of_another_job(gcs_bucket):
    store = open_store(f"gs://{gcs_bucket}/a")
    store.create(".rally-probe-123", b"")
    store.create("b", b"")
    assert [info.name for info in store.list()] == ["b"]


@pytest.mark.parametrize(
    "error",
    [RefreshError("secret"), DefaultCredentialsError("s"), DataCorruption("s", "s")],
    ids=lambda error: type(error).__name__,
)
def test_answer_that_the_service_could_not_give_is_an_os_error(error):
    with pytest.raises(OSError, match="Cloud Storage says") as caught, translated("a"):
        raise error
    assert caught.value.strerror == f"Cloud Storage says {type(error).__name__}"
    assert caught.value.__suppress_context__


ODD = ["a//b", "../up", "x/../y", "c\nd", "e/\x1b[2J"]


def test_names_that_no_store_takes_are_named_and_neither_read_nor_written(gcs_bucket):
    """Others may write whatever the service takes; `..` is no step up in a bucket."""
    store = open_store(f"gs://{gcs_bucket}/below")
    for name in ODD:
        blob = storage.Client().bucket(gcs_bucket).blob(f"below/{name}")
        blob.upload_from_string(b"theirs")
    store.create("kept", b"ours")
    assert [info.name for info in store.list()] == ["kept"]
    strays = list(store.strays())
    assert sorted(each.name for each in strays) == sorted(ODD)
    assert {each.kind for each in strays} == {StrayKind.NAME}
    assert [each.name for each in store.strays("x/")] == ["x/../y"]
    assert list(store.strays("kept")) == []
    for name in ODD:
        assert store.stat(name) is None
        store.delete(name, 1)
        with pytest.raises(ObjectNotFound):
            store.read(name)
        with pytest.raises(ObjectNotFound), store.open(name):
            pass
        with pytest.raises(FileNotFoundError):
            store.create(name, b"1")
        with pytest.raises(FileNotFoundError):
            store.replace(name, b"1", 1)
    assert len(list(store.strays())) == len(ODD)


def test_marker_of_a_folder_is_an_object_still(gcs_bucket):
    store = open_store(f"gs://{gcs_bucket}")
    store.create("a/", b"")
    assert [info.name for info in store.list()] == ["a/"]
    assert list(store.strays()) == []
    store.delete("a/", store.stat("a/").generation)
    assert list(store.list()) == []
