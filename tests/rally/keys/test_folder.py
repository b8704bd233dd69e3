"""A key file goes with its old copies, and with what killed writers left of it."""

from datetime import UTC, datetime, timedelta

import pytest

from rally.errors import ConfigurationError
from rally.keys.folder import KeyFolder
from rally.storage.objectstore.interface import ObjectHeld
from tests.fakes.memory_store import MemoryStore

NOW = datetime(2026, 5, 1, tzinfo=UTC)
KEY, OTHER = "rally-one.keyset.json", "rally-one.keyset.json.bak"


@pytest.fixture
def make_folder():
    """A folder in memory with a key that was replaced once, and another."""

    def made(**bucket):
        folder = KeyFolder("memory")
        folder._store = store = MemoryStore(clock=lambda: NOW, **bucket)
        for name in (KEY, OTHER):
            store.create(name, b"1")
            store.replace(name, b"2", store.stat(name).generation)
        return folder, store

    return made


def test_generations_go_and_others_stay(make_folder):
    folder, store = make_folder(versioned=True)
    assert folder.forget(KEY) == []
    assert [info.name for info in store.list()] == [OTHER]
    assert [copy.name for copy in store.old_copies("")] == [OTHER]
    assert folder.forget(KEY) == []


def test_what_the_store_keeps_is_told(make_folder):
    folder, _ = make_folder(soft_delete=timedelta(days=7))
    left = folder.forget(KEY)
    assert [(copy.name, copy.until) for copy in left] == [
        (KEY, NOW + timedelta(days=7))
    ] * 2


def test_hold_is_told(make_folder):
    folder, store = make_folder()
    store.hold(KEY)
    with pytest.raises(ObjectHeld):
        folder.forget(KEY)
    assert folder.exists(KEY)


def test_half_written_keys_go(tmp_path):
    folder = KeyFolder(str(tmp_path))
    folder.create(KEY, b"1")
    (tmp_path / ".rally-tmp-1").write_bytes(b"a key")
    assert folder.forget(KEY) == []
    assert [path.name for path in tmp_path.iterdir() if "lock" not in path.name] == []


def test_key_of_a_secret_that_kubernetes_mounts_is_read_and_not_destroyed(tmp_path):
    """There it is a link: its bytes would stay where that leads."""
    (tmp_path / "..2026").mkdir()
    (tmp_path / "..2026" / KEY).write_bytes(b"a key")
    (tmp_path / "..data").symlink_to("..2026")
    (tmp_path / KEY).symlink_to(f"..data/{KEY}")
    folder = KeyFolder(str(tmp_path))
    assert folder.names() == [KEY]
    assert folder.read(KEY) == b"a key"
    with pytest.raises(ConfigurationError, match="is a link"):
        folder.forget(KEY)
    with pytest.raises(ConfigurationError, match="is a link"):
        folder.replace(KEY, b"another", folder.generation(KEY))
    assert folder.read(KEY) == b"a key"


def test_key_with_another_name_is_not_said_to_be_destroyed(tmp_path):
    folder = KeyFolder(str(tmp_path / "keys"))
    folder.create(KEY, b"a key")
    (tmp_path / "backup").hardlink_to(tmp_path / "keys" / KEY)
    with pytest.raises(ConfigurationError, match="its bytes would stay"):
        folder.forget(KEY)
    (tmp_path / "backup").unlink()
    assert folder.forget(KEY) == []
    assert not folder.exists(KEY)
