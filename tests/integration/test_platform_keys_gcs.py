"""Who makes the platform's keys, where keys or rows are on Cloud Storage."""

import json

import pytest

from rally.decisions.founding import FOUNDER
from rally.errors import ConfigurationError
from rally.initialisation.initialise import Founders, initialise
from rally.keys.platform_administration import ensure_platform_keys
from rally.registry.registry import SHIPPED, Registry
from rally.storage.layout import Partition, Stores, new_file
from rally.storage.objectstore.open_store import open_store

pytestmark = pytest.mark.integration

ROW = new_file(Partition("rally-core", "visit.1", "2022-06-01"), "a")


@pytest.mark.parametrize("kek", [None, "gcp-kms://projects/p"])
def test_folder_on_cloud_storage_is_never_filled_or_asked_about(gcs_bucket, kek):
    uri, asked = f"gs://{gcs_bucket}/platform", []
    folder = open_store(uri)
    if kek:
        folder.create("kek.json", json.dumps({"kek_uri": kek}).encode())
    before = list(folder.list())
    with pytest.raises(ConfigurationError, match=f"--platform_keys {uri} --purpose"):
        ensure_platform_keys(uri, ["rally-core"], asked.append)
    assert (list(folder.list()), asked) == (before, [])


def test_rows_on_cloud_storage_keep_their_keys(gcs_bucket, tmp_path):
    uri, stores = str(tmp_path / "platform"), Stores(f"gs://{gcs_bucket}/a", None)
    registry = Registry.load(SHIPPED)
    studies = [registry.studies["rally-core"]]
    people = Founders(True, (), FOUNDER, str(tmp_path / "people"))
    list(initialise(stores, registry, studies, uri, founders=people))
    key = tmp_path / "platform/pseudonym.rally-core.keyset.json"
    key.unlink()
    for name in (ROW, ROW.replace("/a.", "/b.")):
        stores.of("rally-core").create(name, b"")
    with pytest.raises(ConfigurationError, match=r"of pseudonym\.rally-core, though"):
        list(initialise(stores, registry, studies, uri))
    assert not key.exists()
