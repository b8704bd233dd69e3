"""The log of consents: whole, each record once, in pseudonyms alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.consent.records import (
    CONSENT_LOG,
    ConsentChoice,
    ConsentPurpose,
    ConsentRecord,
)
from rally.errors import CorruptFile
from rally.events import EVENT_LOG
from rally.registry.notices import NoticeName
from tests.fakes.memory_store import MemoryStore

WHO = "5b1a0c46-8a3e-8f0e-9d1f-0d6a4a5f2b11"
DAY = 24 * 3600 * 10**6
TIME = 20_000 * DAY

GIVEN = ConsentRecord(
    ConsentChoice.GIVEN,
    "rally-garden",
    WHO,
    ConsentPurpose.DEMOGRAPHICS,
    ("age", "gender"),
    TIME,
    TIME + 5,
    NoticeName("1", "a" * 64),
    "d0c",
    "rally-house/consent.1",
)

records = st.builds(
    ConsentRecord,
    st.sampled_from(ConsentChoice),
    st.sampled_from(["rally-garden", "rally-pond"]),
    st.just(WHO),
    st.sampled_from(ConsentPurpose),
    st.lists(st.sampled_from(["age", "gender"]), unique=True).map(tuple),
    st.integers(TIME, TIME + DAY),
    st.integers(TIME, TIME + 2 * DAY),
    st.none() | st.builds(NoticeName, st.sampled_from("12"), st.just("a" * 64)),
    st.sampled_from("xyz"),
    st.just("rally-house/consent.1"),
)


@given(st.lists(records, max_size=8))
def test_log_gives_back_what_was_appended(appended):
    platform = MemoryStore()
    CONSENT_LOG.write(platform, appended, "v")
    names = [info.name for info in platform.list("")]
    CONSENT_LOG.write(platform, reversed(appended), "v")
    assert [info.name for info in platform.list("")] == names
    assert {*CONSENT_LOG.read(platform)} == {*appended}
    assert len(list(CONSENT_LOG.read(platform))) == len({*appended})


def test_objects_are_by_the_day_of_receipt():
    platform = MemoryStore()
    CONSENT_LOG.write(
        platform, [GIVEN, GIVEN._replace(submission_timestamp=TIME - DAY)], "v"
    )
    folders = [info.name.rpartition("/")[0] for info in platform.list("")]
    assert folders == ["consents/date=2024-10-03", "consents/date=2024-10-04"]


def test_damaged_or_other_object_is_named():
    platform = MemoryStore()
    CONSENT_LOG.write(platform, [GIVEN], "v")
    (info,) = platform.list("")
    data = platform.read(info.name)
    platform.create("consents/date=2024-10-04/" + "0" * 32 + ".avro", data[:-1])
    with pytest.raises(CorruptFile, match=r"^consents/date=2024-10-04/0+[.]avro: "):
        list(CONSENT_LOG.read(platform))
    with pytest.raises(CorruptFile, match=r"^its rows are no events$"):
        EVENT_LOG.read_object(platform, info.name)
