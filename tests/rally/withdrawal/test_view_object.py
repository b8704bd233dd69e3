"""The view as an object: believed only as deletion published it for its study."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.errors import ConfigurationError
from rally.keys.names import Job
from rally.keys.signing import verifier_of
from rally.storage.layout import view_file
from rally.storage.marker import NAME, Marker, PlaceKind
from rally.storage.objectstore.open_store import open_store
from rally.withdrawal import view_object
from rally.withdrawal.fold import Verdict
from rally.withdrawal.root import ROOT
from rally.withdrawal.verdict_periods import FIRST, LAST, VerdictPeriod
from rally.withdrawal.view_object import (
    ExpungedRows,
    ViewHead,
    encode_view,
    read_head,
    read_view,
)
from rally.withdrawal.withdrawal_list import WithdrawalList
from tests.fakes.memory_store import MemoryStore
from tests.support.people import job_key, signer
from tests.support.stores import publish

STUDY, NAME_OF_VIEW = "rally-garden", view_file("rally-garden")
KEY = job_key(Job.DELETE)
VERIFIER = verifier_of(KEY.public)
PLATFORM = "c" * 32
HEAD = ViewHead(
    STUDY, PLATFORM, 7, 3, 1_777_593_600_000_000, 2, "1.5", "0.25", 4, "e" * 64
)
EXPUNGES = (ExpungedRows("visit.1", None, "2026-05-01", "2026-05-02"),)
PEOPLE = [
    ("00000000-0000-8000-8000-000000000001",
     [VerdictPeriod(FIRST, 9, Verdict.DEFERRED), VerdictPeriod(10, 11, Verdict.HELD)]),
    ("00000000-0000-8000-8000-000000000002",
     [VerdictPeriod(5, LAST, Verdict.WITHDRAWN)]),
]  # fmt: skip
WHOLE = encode_view(HEAD, EXPUNGES, PEOPLE, KEY)


def as_read(store, study=STUDY, key=VERIFIER):
    return read_view(
        store, study, key, lambda head, orders, people: (head, orders, [*people])
    )


def holding(data, study=STUDY):
    store = MemoryStore()
    store.create(view_file(study), data)
    return store


def refuses(store, words="is not as deletion published it for this study", **how):
    with pytest.raises(ConfigurationError, match=words) as error:
        as_read(store, **how)
    assert "\n" not in str(error.value)
    return True


def test_view_is_read_as_it_was_made():
    assert as_read(holding(WHOLE)) == (HEAD, EXPUNGES, PEOPLE)
    assert read_head(holding(WHOLE), STUDY, VERIFIER) == HEAD


def test_lines_are_as_documented():
    _, head, order, first, second = WHOLE.decode().splitlines()
    assert head == (
        '{"counter":7,"expunges":1,"ledger_digest":"' + 64 * "e" + '",'
        '"ledger_number":4,"number":3,"people":2,"platform":"' + PLATFORM + '",'
        '"published":1777593600000000,"rho_allotted":"1.5","rho_left":"0.25",'
        '"study":"rally-garden"}'
    )
    assert order == (
        '{"document":"visit.1","field":null,"first":"2026-05-01","last":"2026-05-02"}'
    )
    assert first.endswith('"rows":[[null,10,"deferred"],[10,12,"held"]]}')
    assert second.endswith('"rows":[[5,null,"withdrawn"]]}')


@given(st.data())
def test_any_other_bytes_are_refused(data):
    at = data.draw(st.integers(0, len(WHOLE) - 1))
    changed = data.draw(
        st.sampled_from(
            [
                WHOLE[:at],
                WHOLE[:at] + bytes([WHOLE[at] ^ 1]) + WHOLE[at + 1 :],
                WHOLE[:at] + b"\n" + WHOLE[at:],
                WHOLE + WHOLE[at:],
            ]
        )
    )
    assert refuses(holding(changed))


@pytest.mark.parametrize("key", [job_key(Job.PURGE), signer("owner-1").key])
def test_view_of_anybody_else_is_refused(key):
    assert refuses(holding(encode_view(HEAD, EXPUNGES, PEOPLE, key)))
    assert refuses(holding(WHOLE), key=verifier_of(key.public))


def test_root_is_no_view():
    """The same key signs both."""
    platform = MemoryStore()
    publish(platform, WithdrawalList(7), KEY)
    assert refuses(holding(platform.read(ROOT)))


def test_view_of_another_study_or_platform_is_refused():
    assert refuses(holding(WHOLE, "rally-pond"), study="rally-pond")
    for platform, is_own in ((PLATFORM, True), ("d" * 32, False)):
        store = holding(WHOLE)
        marker = Marker.new(PlaceKind.STORE, platform, STUDY, "0" * 64)
        store.create(NAME, marker.serialise())
        assert as_read(store)[0] == HEAD if is_own else refuses(store)


def test_view_that_is_missing_is_refused(tmp_path):
    """Absent is not empty: nobody knows whom not to read."""
    assert refuses(MemoryStore(), "withdrawn.json: the study's view .* is missing")
    (tmp_path / NAME_OF_VIEW).mkdir(parents=True)
    assert refuses(
        open_store(str(tmp_path)), "withdrawn.json: is a folder; take it away"
    )


def test_link_in_the_place_of_a_view_is_refused(tmp_path):
    (tmp_path / "mine.json").write_bytes(WHOLE)
    (tmp_path / NAME_OF_VIEW).parent.mkdir(parents=True)
    (tmp_path / NAME_OF_VIEW).symlink_to(tmp_path / "mine.json")
    assert refuses(
        open_store(str(tmp_path)),
        "is a link, which nobody follows or opens; take it away",
    )


def test_view_larger_than_any_is_not_read(monkeypatch):
    monkeypatch.setattr(view_object, "_MOST_BYTES", len(WHOLE) - 1)
    store = holding(WHOLE)
    assert refuses(store)
    assert not store.reads


def test_line_that_never_ends_is_not_held_in_memory():
    store = holding(b"00\n" + b" " * (8 << 20))
    assert refuses(store)
    assert sum(length for _, _, length in store.reads) < 10_000
