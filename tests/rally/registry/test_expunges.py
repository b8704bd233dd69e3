"""Orders to expunge are read out of the chain: who signed what, and what counts."""

from datetime import UTC, date, datetime, timedelta

import pytest

from rally.decisions.contents import DecisionKind, Expunge, Revocation
from rally.decisions.entry import entry_name
from rally.decisions.verifying import read_chain
from rally.decisions.writing import approve, decide
from rally.errors import ConfigurationError
from rally.registry.expunges import Expunges, find_order
from rally.storage.objectstore.local import LocalStore
from tests.support.expunges import order_expunge
from tests.support.people import signer
from tests.support.stores import found_platform

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
DAYS = date(2026, 5, 4), date(2026, 5, 6)
A_PATH = "must be a path such as /events/*/address, of up to 1000 characters"
ORDER = Expunge("rally-x", "visit.1", None, *DAYS, "a mistake")


@pytest.fixture
def platform(tmp_path):
    store = LocalStore(str(tmp_path))
    found_platform(store)
    return store


def read(platform, through=None):
    return Expunges.of_chain(read_chain(platform), through)


def test_order_counts_from_its_approval_on(platform):
    entry = decide(platform, signer("decide"), DecisionKind.EXPUNGE, ORDER, NOON)
    (waiting,) = read(platform).waiting
    assert (read(platform).orders, waiting.approved, waiting.approved_by) == (
        (),
        None,
        "",
    )
    later = NOON + timedelta(days=1)
    approval = approve(platform, signer("privacy"), entry.number, later)
    (order,) = read(platform).orders
    assert read(platform).waiting == ()
    assert order == waiting._replace(approved_by="privacy", approved=later)
    assert order[2:9] == ("rally-x", "visit.1", None, *DAYS, "decide", "a mistake")
    assert read(platform, approval.number - 1) == Expunges(waiting=(waiting,))
    assert read(platform, entry.number - 1) == Expunges()
    assert find_order(read_chain(platform), entry.number) == order
    assert find_order(read_chain(platform), approval.number) is None


def test_approval_with_an_earlier_time_counts_from_the_order_on(platform):
    entry = decide(platform, signer("decide"), DecisionKind.EXPUNGE, ORDER, NOON)
    approve(platform, signer("privacy"), entry.number, NOON - timedelta(days=9))
    assert [each.approved for each in read(platform).orders] == [NOON]


@pytest.mark.parametrize(
    ("by", "why"),
    [
        ("decide", "takes a second person"),
        ("owner-1", "owner-1 may not decide that; it takes the role decide or privacy"),
        (
            "data",
            "data may not decide that; it takes the role decide or owner or privacy",
        ),
    ],
)
def test_person_who_may_not_approve_makes_nothing_count(platform, by, why):
    entry = decide(platform, signer("decide"), DecisionKind.EXPUNGE, ORDER, NOON)
    with pytest.raises(ConfigurationError, match=f"^--by: {why}$"):
        approve(platform, signer(by), entry.number, NOON)
    assert read(platform).orders == ()


@pytest.mark.parametrize("by", ["stop", "privacy", "owner-1"])
def test_person_who_may_not_order_is_refused(platform, by):
    why = f"^--by: {by} may not decide that; it takes the role decide$"
    with pytest.raises(ConfigurationError, match=why):
        decide(platform, signer(by), DecisionKind.EXPUNGE, ORDER, NOON)


def test_owner_approves_no_order_and_privacy_no_owners_decision(platform):
    """Who may approve is said by what is approved, not by who approves elsewhere."""
    gone = Revocation("author", "left")
    kind = DecisionKind.REVOKE_PERSON
    entry = decide(platform, signer("owner-1"), kind, gone, NOON)
    why = "^--by: privacy may not decide that; it takes the role owner$"
    with pytest.raises(ConfigurationError, match=why):
        approve(platform, signer("privacy"), entry.number, NOON)
    approve(platform, signer("owner-2"), entry.number, NOON)
    assert "author" not in read_chain(platform).people


def test_order_that_is_changed_after_it_was_signed_does_nothing(platform):
    order = order_expunge(platform, "rally-x", "visit.1", DAYS, NOON)
    name = entry_name(order.number)
    data = platform.read(name).replace(b"2026-05-06", b"2026-05-07")
    platform.replace(name, data, platform.stat(name).generation)
    assert read(platform) == Expunges()


def test_orders_are_found_by_document_and_day(platform):
    rows = order_expunge(platform, "rally-x", "visit.1", DAYS, NOON)
    field = order_expunge(platform, "rally-x", "visit.1", DAYS[:1] * 2, NOON, "/url")
    known = read(platform)
    assert known.orders == (rows, field)
    assert known.over("rally-x", "visit.1", "2026-05-04") == (rows, field)
    assert known.over("rally-x", "visit.1", "2026-05-06") == (rows,)
    for where in (
        ("rally-x", "visit.1", "2026-05-07"),
        ("rally-x", "visit.1", "2026-05-03"),
        ("rally-x", "visit.2", "2026-05-04"),
        ("rally-y", "visit.1", "2026-05-04"),
        ("rally-x", "visit.1", ""),
    ):
        assert known.over(*where) == ()
    assert field.what == "/url of visit.1 from 2026-05-04 to 2026-05-04"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"field": "url"}, f"field: {A_PATH}"),
        ({"field": "/" + "a" * 1000}, f"field: {A_PATH}"),
        ({"field": ""}, "field: must be text; write some, in quotes where YAML needs"),
        ({"first": date(2026, 5, 7)}, "last: must not be before the first day"),
        ({"document": "visit"}, "document: must be a document such as visit.1; "),
        ({"namespace": "../x"}, "namespace: must be a namespace"),
    ],
)  # fmt: skip
def test_order_that_is_none_is_not_signed(platform, changes, message):
    with pytest.raises(ConfigurationError) as caught:
        decide(
            platform,
            signer("decide"),
            DecisionKind.EXPUNGE,
            ORDER._replace(**changes),
            NOON,
        )
    assert str(caught.value).startswith(f"document.expunge: {message}")
    assert read(platform) == Expunges()
