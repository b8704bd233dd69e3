"""The inventory as records: the registry, and what people decided."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from rally.decisions.verifying import read_chain
from rally.disclosure import Disclosed
from rally.inventory.records import ExpungeEntry, StudyEvent
from rally.inventory.taking import take_inventory
from rally.registry.registry import Registry
from rally.registry.reviews import Announcement
from rally.registry.study import StudyKind, UnavailableStudy
from rally.registry.transitions import StudyAction, StudyState
from tests.rally.inventory.samples import AT, STREAM, shipped, stream
from tests.support.expunges import order_expunge
from tests.support.reviews import sign_reviews
from tests.support.stores import mark_stores
from tests.support.study_decisions import decide_study

NOON = datetime(2022, 9, 1, 12, tzinfo=UTC)


def test_states_follow_dates_where_no_platform_is_named():
    inventory = take_inventory(shipped(), None, AT)
    assert (inventory.day, inventory.decisions_known, inventory.development) == (
        date(2022, 10, 1),
        False,
        False,
    )
    assert {each.study.namespace: each.state for each in inventory.studies} == {
        "pioneer-citp-news-disinfo": StudyState.COLLECTING,
        "pioneer-core": StudyState.COLLECTING,
        "pioneer-debug": StudyState.COLLECTING,
        "pioneer-meta": StudyState.COLLECTING,
        "rally-attention-stream": StudyState.COLLECTING,
        "rally-core": StudyState.COLLECTING,
        "rally-lab-study": StudyState.DRAFT,
        "rally-zero-one": StudyState.COLLECTING,
    }


def test_signed_decisions_count_up_to_their_time(tmp_path):
    platform = mark_stores(tmp_path / "store").platform
    decide_study(platform, STREAM, StudyAction.PAUSE, NOON, "stop")
    decide_study(platform, STREAM, StudyAction.END, datetime(2022, 11, 1, tzinfo=UTC))
    registry = Registry({STREAM: stream()})
    inventory = take_inventory(registry, read_chain(platform), AT)
    assert (inventory.decisions_known, inventory.development) == (True, True)
    (entry,) = inventory.studies
    assert entry.state is StudyState.PAUSED
    assert entry.events == (StudyEvent(StudyAction.PAUSE, NOON),)


def test_orders_to_expunge_are_told_once_they_count(tmp_path):
    platform = mark_stores(tmp_path / "store").platform
    days = date(2022, 5, 4), date(2022, 5, 6)
    document = "user-journey.1"
    order_expunge(platform, STREAM, document, days, NOON, approved_by=None)
    order_expunge(platform, STREAM, document, days, NOON, "/a/b")
    order_expunge(platform, STREAM, document, days, AT + timedelta(seconds=1))
    registry = Registry({STREAM: stream()})
    (entry,) = take_inventory(registry, read_chain(platform), AT).studies
    told = ExpungeEntry(NOON.date(), document, "/a/b", *days, "a test")
    assert entry.expunges == (told,)
    assert take_inventory(registry, None, AT).studies[0].expunges == ()


@pytest.mark.parametrize(
    ("numbers", "changes", "told"),
    [
        (None, {}, None),
        ({}, {}, Disclosed(0)),
        ({STREAM: 7, "rally": 500}, {}, Disclosed(0, 10)),
        ({STREAM: 127}, {}, Disclosed(120, 130)),
        ({STREAM: 127}, {"starts": date(2022, 11, 1)}, None),
        ({STREAM: 127}, {"collect_through": date(2022, 9, 1)}, Disclosed(120, 130)),
        ({STREAM: 127, "rally": 7}, {"kind": StudyKind.PLATFORM}, Disclosed(0, 10)),
    ],
    ids=["no platform", "nobody", "few", "many", "not begun", "ended", "Rally"],
)
def test_participants_are_told_in_tens(numbers, changes, told):
    registry = Registry({STREAM: stream(**changes)})
    (entry,) = take_inventory(registry, None, AT, numbers).studies
    assert entry.participants == told


def test_participants_of_a_concluded_study_are_not_told(tmp_path):
    platform = mark_stores(tmp_path / "store").platform
    decide_study(platform, STREAM, StudyAction.END, NOON)
    decide_study(platform, STREAM, StudyAction.CONCLUDE, NOON + timedelta(seconds=1))
    registry = Registry({STREAM: stream()})
    (entry,) = take_inventory(registry, read_chain(platform), AT, {STREAM: 99}).studies
    assert (entry.state, entry.participants) == (StudyState.CONCLUDED, None)


def test_documents_may_be_collected_when_reviews_say_so(tmp_path):
    registry = Registry({STREAM: stream()})
    (by_word,) = take_inventory(registry, None, AT).studies
    store = mark_stores(tmp_path / "store")
    (unsigned,) = take_inventory(registry, read_chain(store.platform), AT).studies
    sign_reviews(store.platform, registry)
    (signed,) = take_inventory(registry, read_chain(store.platform), AT).studies
    for entry, expected in ((by_word, True), (unsigned, False), (signed, True)):
        (found,) = [
            each.approval.covers(AT)
            for each in entry.documents
            if each.document.name == "user-journey.1"
        ]
        assert found is expected


def test_review_is_shown_once_it_is_public_or_its_days_have_begun():
    private = [replace(each, public=None) for each in stream().reviews]
    registry = Registry({STREAM: stream(reviews=tuple(private))})
    for at, shown in (
        (datetime(2022, 7, 11, tzinfo=UTC), []),
        (datetime(2022, 7, 12, tzinfo=UTC), ["2022-07-12", "2022-07-12-2"]),
    ):
        (entry,) = take_inventory(registry, None, at).studies
        assert sorted(each.id for each in entry.reviews) == shown
    told = Announcement("https://example.org/review", date(2022, 7, 1))
    public = replace(private[0], public=told)
    registry = Registry({STREAM: stream(reviews=(public,))})
    (entry,) = take_inventory(registry, None, datetime(2022, 7, 2, tzinfo=UTC)).studies
    assert entry.reviews == (public,)


def test_study_with_a_fault_is_named_alone():
    registry = Registry({STREAM: stream()}, {"rally-y": UnavailableStudy(("a fault",))})
    inventory = take_inventory(registry, None, AT)
    assert [each.study.namespace for each in inventory.studies] == [STREAM]
    assert inventory.unavailable == ("rally-y",)


@pytest.mark.parametrize(
    ("name", "built_in", "category", "own", "added"),
    [
        ("user-journey.1", False, 4, 10, 18),
        ("article-contents.1", False, 4, 5, 18),
        ("deletion-request.1", False, 1, 1, 19),
        ("pioneer-enrollment.1", True, 1, 2, 0),
    ],
)
def test_document_counts_its_fields(name, built_in, category, own, added):
    (entry,) = take_inventory(Registry({STREAM: stream()}), None, AT).studies
    (found,) = [each for each in entry.documents if each.document.name == name]
    assert (found.is_built_in, found.category) == (built_in, category)
    assert (len(found.own_fields), len(found.sdk_fields)) == (own, added)
    assert entry.category == 4
