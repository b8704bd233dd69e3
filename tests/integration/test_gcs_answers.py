"""What becomes of each answer that Cloud Storage documents and no emulator gives."""

import base64
from datetime import UTC, datetime

import google_crc32c
import pytest

from rally.storage.objectstore.interface import (
    FOREVER,
    GenerationMismatch,
    ObjectHeld,
    ObjectInfo,
    ObjectNotFound,
    OldCopy,
)
from rally.storage.objectstore.open_store import open_store
from tests.integration.scripted_gcs import BUCKET, Answer, refusal, scripted_gcs

pytestmark = pytest.mark.integration

PAST, THEN, FUTURE = "2021-03-01", "2022-03-10", "2999-01-01"
RETAINED = refusal(
    403,
    "retentionPolicyNotMet",
    "Object 'bucket/root/a' is subject to bucket's retention policy or object retention"
    " and cannot be deleted, overwritten or archived until 2999-01-01T00:00:00-08:00",
)
HELD = refusal(
    403,
    "objectUnderActiveHold",
    "Object 'bucket/root/a' is under active Temporary hold and cannot be deleted,"
    " overwritten or archived until hold is removed.",
)
DENIED = refusal(
    403,
    "forbidden",
    "on-hold@household.example does not have storage.objects.delete access to the"
    " object; Permission 'storage.objects.overrideUnlockedRetention' denied",
)
CHANGED = refusal(412, "conditionNotMet", "At least one precondition did not hold.")
GONE = refusal(404, "notFound", "No such object: bucket/root/a")
BUSY = refusal(429, "rateLimitExceeded", "The rate limit was exceeded.")
NO_SOFT_DELETE = refusal(400, "invalid", "Soft delete policy is required.")


def time(day):
    return f"{day}T12:30:00.123000Z"


def moment(day):
    return datetime.fromisoformat(time(day)).astimezone(UTC)


def blob(name, generation, **more):
    resource = {"name": f"root/{name}", "size": "5", "generation": f"{generation}"}
    return resource | more


def page(*blobs, **more):
    return Answer(200, {"kind": "storage#objects", "items": list(blobs), **more})


@pytest.fixture
def gcs(monkeypatch):
    with scripted_gcs() as script:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", script.address)
        yield script
        assert script.answers == []


@pytest.fixture
def store(gcs):
    return open_store("gs://bucket/root")


def old(name="a", generation=3, until=None, why="noncurrent"):
    return OldCopy(name, 5, generation, moment(THEN), until, why)


def test_old_copies_are_listed_with_their_dates(gcs, store):
    replaced = {"timeDeleted": time(THEN)}
    gcs.answers += [
        page(
            blob("d/b", 9),
            blob("d/b", 8, **replaced),
            blob("d/b", 10, **replaced, temporaryHold=True),
            blob("d/b", 11, **replaced, eventBasedHold=True),
            nextPageToken="more",
        ),
        page(
            blob("d/a", 7, **replaced, retentionExpirationTime=time(FUTURE)),
            blob("d/a", 6, **replaced, retentionExpirationTime=time(PAST)),
            blob(".rally-probe-1", 2, **replaced),
        ),
        page(
            blob("d/c", 4, softDeleteTime=time(THEN), hardDeleteTime=time(FUTURE)),
            blob(
                "d/c",
                3,
                timeDeleted=time(PAST),
                softDeleteTime=time(THEN),
                hardDeleteTime=time(FUTURE),
            ),
        ),
    ]
    since, until = moment(THEN), moment(FUTURE)
    assert list(store.old_copies("d/")) == [
        OldCopy("d/a", 5, 6, since, None, "noncurrent"),
        OldCopy("d/a", 5, 7, since, until, "retention"),
        OldCopy("d/b", 5, 8, since, None, "noncurrent"),
        OldCopy("d/b", 5, 10, since, FOREVER, "hold"),
        OldCopy("d/b", 5, 11, since, FOREVER, "hold"),
        OldCopy("d/c", 5, 3, moment(PAST), until, "soft-deleted"),
        OldCopy("d/c", 5, 4, since, until, "soft-deleted"),
    ]
    assert gcs.lines == [f"GET {BUCKET}"] * 3
    asked = [each.query for each in gcs.requests]
    assert [each["prefix"] for each in asked] == ["root/d/"] * 3
    assert [each.get("versions") for each in asked] == ["True", "True", None]
    assert asked[2]["softDeleted"] == "True"


def test_copy_that_is_soft_deleted_meanwhile_is_listed_once(gcs, store):
    times = {"softDeleteTime": time(FUTURE), "hardDeleteTime": time(FUTURE)}
    gcs.answers += [
        page(blob("a", 3, timeDeleted=time(THEN))),
        page(blob("a", 3, timeDeleted=time(THEN), **times)),
    ]
    [copy] = store.old_copies("")
    assert copy == old(until=moment(FUTURE), why="soft-deleted")


def test_bucket_without_soft_delete_has_noncurrent_copies_alone(gcs, store):
    gcs.answers += [page(blob("a", 3, timeDeleted=time(THEN))), NO_SOFT_DELETE]
    assert list(store.old_copies("")) == [old()]


def test_server_that_does_not_know_old_copies_has_none(gcs, store):
    """An emulator lists the live ones whatever it is asked for."""
    gcs.answers += [page(blob("a", 3)), page(blob("a", 3))]
    assert list(store.old_copies("")) == []


@pytest.mark.parametrize(
    "answers",
    [[NO_SOFT_DELETE], [DENIED], [page(), DENIED], [page(), GONE]],
    ids=["versions 400", "versions 403", "soft-deleted 403", "soft-deleted 404"],
)
def test_old_copies_that_cannot_be_listed_are_not_none(gcs, store, answers):
    gcs.answers += answers
    with pytest.raises(OSError, match=r"Cloud Storage says|no such bucket"):
        list(store.old_copies(""))


@pytest.mark.parametrize("answer", [Answer(204), GONE], ids=["deleted", "gone"])
def test_purge_deletes_that_generation(gcs, store, answer):
    gcs.answers += [answer]
    store.purge(old())
    assert gcs.lines == [f"DELETE {BUCKET}/root%2Fa"]
    assert gcs.requests[0].query["generation"] == "3"


def test_purge_of_what_is_soft_deleted_waits_for_its_date(gcs, store):
    with pytest.raises(ObjectHeld, match=r"^a$") as caught:
        store.purge(old(until=moment(FUTURE), why="soft-deleted"))
    assert caught.value.until == moment(FUTURE)
    assert gcs.requests == []
    gcs.answers += [GONE]
    store.purge(old(until=moment(PAST), why="soft-deleted"))


ACTS = {
    "purge": lambda store: store.purge(old()),
    "delete": lambda store: store.delete("a", 3),
    "replace": lambda store: store.replace("a", b"new", 3),
    "large replace": lambda store: store.replace("a", bytes(9_000_000), 3),
}


@pytest.fixture(params=ACTS.values(), ids=ACTS)
def act(request):
    return request.param


@pytest.mark.parametrize(
    ("refused", "found", "until"),
    [
        (RETAINED, {"retentionExpirationTime": time(FUTURE)}, moment(FUTURE)),
        (HELD, {"temporaryHold": True}, None),
        (
            HELD,
            {"eventBasedHold": True, "retentionExpirationTime": time(FUTURE)},
            None,
        ),
    ],
    ids=["retention", "hold", "both"],
)
def test_held_object_says_until_when(gcs, store, act, refused, found, until):
    gcs.answers += [refused, Answer(200, blob("a", 3, **found))]
    with pytest.raises(ObjectHeld, match=r"^a$") as caught:
        act(store)
    assert caught.value.until == until
    assert gcs.lines[1] == f"GET {BUCKET}/root%2Fa"


@pytest.mark.parametrize("second", [DENIED, GONE], ids=["denied", "gone"])
def test_held_object_that_cannot_be_looked_at_is_held_all_the_same(
    gcs, store, act, second
):
    gcs.answers += [RETAINED, second]
    with pytest.raises(ObjectHeld) as caught:
        act(store)
    assert caught.value.until is None


def test_retention_is_known_by_its_text_where_the_reason_says_nothing(gcs, store, act):
    message = RETAINED.body["error"]["message"]
    gcs.answers += [refusal(403, "forbidden", message), GONE]
    with pytest.raises(ObjectHeld):
        act(store)


def test_permission_denied_is_no_hold(gcs, store, act):
    gcs.answers += [DENIED]
    with pytest.raises(OSError, match="Cloud Storage says Forbidden"):
        act(store)


@pytest.mark.parametrize("name", ["delete", "replace", "large replace"])
def test_precondition_that_fails_is_a_mismatch(gcs, store, name):
    gcs.answers += [CHANGED]
    with pytest.raises(GenerationMismatch, match=r"^a$"):
        ACTS[name](store)
    assert gcs.requests[0].query["ifGenerationMatch"] == "3"


def test_name_that_is_taken_makes_nothing(gcs, store):
    gcs.answers += [CHANGED]
    assert store.create("a", b"new") is False
    assert gcs.requests[0].query["ifGenerationMatch"] == "0"


def test_busy_service_is_asked_again(gcs, store):
    gcs.answers += [BUSY, Answer(204)]
    store.delete("a", 3)
    assert gcs.lines == [f"DELETE {BUCKET}/root%2Fa"] * 2


def test_write_that_was_done_but_not_answered_is_a_mismatch(gcs, store):
    """The second attempt meets the first one's work: look whose it is."""
    gcs.answers += [refusal(503, "backendError", "try again"), CHANGED]
    with pytest.raises(GenerationMismatch):
        store.replace("a", b"new", 3)


def test_snapshot_reads_its_own_generation(gcs, store):
    gcs.answers += [Answer(200, blob("a", 3)), Answer(206, b"bcd"), GONE]
    with store.open("a", 3) as snapshot:
        assert snapshot.info == ObjectInfo("a", 5, 3)
        assert snapshot.read(1, 3) == b"bcd"
        with pytest.raises(GenerationMismatch, match=r"^a$"):
            snapshot.read(4, 1)
    first, second = gcs.requests[1:]
    assert first.query["generation"] == second.query["generation"] == "3"
    assert first.headers["range"] == "bytes=1-3"


def test_range_behind_the_end_is_empty(gcs, store):
    gcs.answers += [Answer(200, blob("a", 3)), Answer(416)]
    with store.open("a") as snapshot:
        assert snapshot.read(5, 1) == b""


@pytest.mark.parametrize(
    ("answer", "error"),
    [(GONE, ObjectNotFound), (Answer(200, blob("a", 4)), GenerationMismatch)],
    ids=["gone", "changed"],
)
def test_open_of_another_generation_is_refused(gcs, store, answer, error):
    gcs.answers += [answer]
    with pytest.raises(error, match=r"^a$"), store.open("a", 3):
        pass


def crc(data):
    return base64.b64encode(google_crc32c.Checksum(data).digest()).decode()


def test_large_draft_goes_in_chunks_and_goes_on_after_a_lost_one(gcs, store):
    data = bytes(range(256)) * 70_000
    session = {"Location": f"{gcs.address}/session"}
    seen = [8_388_607, 16_777_215]
    gcs.answers += [
        Answer(200, b"", session),
        Answer(308, b"", {"Range": f"bytes=0-{seen[0]}"}),
        refusal(503, "backendError", "try again"),
        Answer(308, b"", {"Range": f"bytes=0-{seen[1]}"}),
        Answer(200, blob("a", 4, crc32c=crc(data))),
    ]
    with store.draft("a") as draft:
        draft.file.write(data)
        assert draft.replace(3) == 4
    begin, *chunks = gcs.requests
    assert begin.query["ifGenerationMatch"] == "3"
    assert f'"crc32c": "{crc(data)}"'.encode() in begin.body
    assert [each.headers["content-range"] for each in chunks] == [
        "bytes 0-8388607/17920000",
        "bytes 8388608-16777215/17920000",
        "bytes 8388608-16777215/17920000",
        "bytes 16777216-17919999/17920000",
    ]
    assert b"".join([chunks[0].body, *(each.body for each in chunks[2:])]) == data
    assert chunks[-1].headers["x-goog-hash"] == f"crc32c={crc(data)}"


def test_service_that_takes_a_part_of_a_chunk_ends_the_upload(gcs, store):
    session = {"Location": f"{gcs.address}/session"}
    gcs.answers += [
        Answer(200, b"", session),
        Answer(308, b"", {"Range": "bytes=0-4194303"}),
    ]
    with pytest.raises(OSError, match="Cloud Storage took a part of a chunk alone"):
        store.replace("a", bytes(9_000_000), 3)


@pytest.mark.parametrize("size", [10, 9_000_000], ids=["small", "large"])
def test_bytes_that_change_on_their_way_make_nothing(gcs, store, size):
    gcs.answers += [refusal(400, "invalid", "Provided CRC32C does not match.")]
    with store.draft("a") as draft:
        draft.file.write(bytes(size))
        with pytest.raises(OSError, match="Cloud Storage says BadRequest"):
            draft.create()
    assert crc(bytes(size)).encode() in gcs.requests[0].body
    assert len(gcs.requests) == 1  # nothing live is deleted


@pytest.mark.parametrize(
    "key", ["projects/p/locations/l/keyRings/r/cryptoKeys/k", None]
)
def test_bucket_tells_its_storage_key(gcs, store, key):
    encryption = {"encryption": {"defaultKmsKeyName": key}} if key else {}
    gcs.bucket = Answer(200, {"kind": "storage#bucket", "name": "bucket", **encryption})
    assert store.storage_key() == key


def test_bucket_that_may_not_be_asked_for_its_key_is_an_error(gcs, store):
    with pytest.raises(OSError, match="Forbidden"):
        store.storage_key()


READS = ["storage.objects.get", "storage.objects.list"]
WRITES = ["storage.objects.create", "storage.objects.delete"]


@pytest.mark.parametrize(
    ("writes", "granted", "lacks"),
    [
        (False, READS, ""),
        (True, READS + WRITES, ""),
        (True, READS, "storage.objects.create, storage.objects.delete"),
        (True, [*WRITES, READS[0]], "storage.objects.list"),
        (False, [], "storage.objects.get, storage.objects.list"),
    ],
)
def test_rights_are_asked_for_and_nothing_is_written(
    gcs, store, writes, granted, lacks
):
    gcs.answers = [Answer(200, {"permissions": granted} if granted else {})]
    if lacks:
        with pytest.raises(PermissionError, match=f"account lacks {lacks}$"):
            store.check_rights(writes=writes)
    else:
        store.check_rights(writes=writes)
    assert [each.method for each in gcs.requests] == ["GET"]


def test_bucket_that_is_not_there_gives_no_rights(gcs, store):
    gcs.answers = [refusal(404, "notFound", "The specified bucket does not exist.")]
    with pytest.raises(FileNotFoundError, match="no such bucket"):
        store.check_rights(writes=True)
