"""A ping proves by the key of the first enrolment that was heard, and by no other."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.access.cases import Case, Decided, subject_of
from rally.access.proof import find_client_key, prove_by_ping
from rally.errors import ConfigurationError
from rally.events import RALLY, Event, EventKind
from rally.times import to_micros
from tests.support.access_cases import CASE, OPENED, RECIPIENT, make_recipient

ANN, BOB = (
    "6f1d2c3b-0000-8000-8000-00000000000a",
    "6f1d2c3b-0000-8000-8000-00000000000b",
)
OTHER = make_recipient("another")
HOUR = timedelta(hours=1)
JOINED, ASKED, LEFT = EventKind.JOINED, EventKind.ASKED, EventKind.LEFT


def event(kind, hours, key=RECIPIENT, who=ANN, scope=RALLY, document=""):
    """An event so many hours after the case was opened."""
    time = to_micros(OPENED + hours * HOUR)
    document = document or f"{kind}-{hours}"
    return Event(kind, scope, who, time, None, document, "rally-core/x.1", key)


def case(recipient=RECIPIENT):
    subject = subject_of(CASE, ANN)
    return Case(CASE, subject, False, recipient, Decided("jo", OPENED))


FIRST, LONG_AGO = event(JOINED, -100), event(JOINED, -24 * 90)
KEYS = [
    ([], None),
    ([FIRST], RECIPIENT),
    ([FIRST, FIRST], RECIPIENT),
    # Of an enrolment whose deletion id was read later there are two events.
    ([FIRST, FIRST._replace(deletion_id=BOB)], RECIPIENT),
    ([event(JOINED, -100, None)], None),
    # Whoever knows the id can join again, before and after the person has left.
    ([FIRST, event(JOINED, -99, OTHER)], RECIPIENT),
    ([event(JOINED, -100, None), event(JOINED, -99)], None),
    ([event(JOINED, -100, None), event(LEFT, -99, None), event(JOINED, -98)], None),
    ([FIRST, event(LEFT, -99, None), event(JOINED, -98, OTHER)], RECIPIENT),
    # Of two of one time nobody can say which was first.
    ([FIRST, event(JOINED, -100, OTHER, document="again")], None),
    ([FIRST, event(JOINED, -100, None, document="again")], None),
    ([FIRST, event(JOINED, -100, RECIPIENT, document="again")], None),
    ([FIRST, FIRST._replace(recipient=OTHER)], None),
    ([FIRST, FIRST._replace(recipient=None)], None),
    ([FIRST, event(JOINED, -101, OTHER, who=BOB)], RECIPIENT),
    ([FIRST, event(JOINED, -99, OTHER, scope="rally-birds")], RECIPIENT),
    # Whoever was heard of before they joined Rally may have joined it unheard.
    ([FIRST, event(JOINED, -101, OTHER, scope="rally-birds")], None),
    ([FIRST, event(JOINED, -100, OTHER, scope="rally-birds")], None),
    ([FIRST, event(LEFT, -101, None, scope="rally-birds")], None),
    ([FIRST, event(LEFT, -100, None)], None),
    ([FIRST, event(ASKED, -101, OTHER)], None),
    ([FIRST, event(ASKED, -100)], None),
    ([event(ASKED, -101)], None),
    ([event(JOINED, -101, scope="rally-birds")], None),
]


@pytest.mark.parametrize(("events", "key"), KEYS)
def test_key_is_that_of_the_first_enrolment(events, key):
    assert find_client_key(events, ANN) == key
    assert find_client_key(events[::-1], ANN) == key


@given(st.permutations([each for events, _ in KEYS[7:14] for each in events]))
def test_no_order_of_arrival_changes_the_key(events):
    assert find_client_key(events, ANN) is None  # some of them are of one time


@given(
    st.lists(
        st.builds(
            event,
            st.sampled_from(list(EventKind)),
            st.integers(-99, 99),
            st.sampled_from([None, OTHER]),
            scope=st.sampled_from([RALLY, "rally-birds"]),
        )
    ),
    st.data(),
)
def test_whatever_comes_later_replaces_no_key(later, data):
    events = data.draw(st.permutations([FIRST, *later]))
    assert find_client_key(events, ANN) == RECIPIENT


def proved(*events, recipient=RECIPIENT):
    return prove_by_ping(case(recipient), events, ANN)


def refused(*events, **options):
    with pytest.raises(ConfigurationError) as caught:
        proved(*events, **options)
    return str(caught.value)


def test_ping_of_the_client_proves_and_its_hash_is_the_evidence():
    asked = event(ASKED, -2)
    evidence = proved(FIRST, asked)
    assert len(evidence) == 64
    assert evidence == proved(asked, event(ASKED, -3), FIRST)
    assert evidence != proved(FIRST, event(ASKED, -3))


NEVER = (
    f"{CASE}: the person's client has not asked with the key of its first enrolment"
    " within 30 days; have them ask by it"
)
NO_KEY = (
    f"{CASE}: cannot be verified by a ping: what was heard first of the person is no"
    " enrolment in Rally with a key; take --account or --attestation"
)
ELSEWHERE = (
    f"{CASE}: its copy does not go to the key of the person's client; refuse it, and"
    " open another with --client_key"
)


@pytest.mark.parametrize(
    ("events", "recipient", "message"),
    [
        ([FIRST], RECIPIENT, NEVER),
        ([FIRST, event(ASKED, 1, OTHER)], RECIPIENT, NEVER),
        ([FIRST, event(ASKED, 1, who=BOB)], RECIPIENT, NEVER),
        ([LONG_AGO, event(ASKED, -24 * 30 - 1)], RECIPIENT, NEVER),
        ([event(ASKED, 1)], RECIPIENT, NO_KEY),
        ([event(JOINED, -9, None), event(JOINED, -8), event(ASKED, 1)], RECIPIENT,
         NO_KEY),
        ([FIRST, event(ASKED, 1)], None, ELSEWHERE),
        ([FIRST, event(JOINED, -9, OTHER), event(ASKED, 1, OTHER)], OTHER, ELSEWHERE),
    ],
)  # fmt: skip
def test_what_proves_nothing_is_said(events, recipient, message):
    assert refused(*events, recipient=recipient) == message


def test_ping_that_is_sent_again_asks_when_it_was_sent_first():
    old = event(ASKED, -24 * 40, document="one")
    again = event(ASKED, -1, document="one")
    assert refused(LONG_AGO, old, again) == refused(again, LONG_AGO, old) == NEVER
    assert proved(LONG_AGO, old, event(ASKED, -2, document="two"), again)


@pytest.mark.parametrize("kind", [JOINED, LEFT])
def test_other_ping_that_is_sent_again_as_a_request_asks_for_nothing(kind):
    seen = event(kind, -9, document="seen")
    asked = event(ASKED, -1, document="seen")
    assert refused(FIRST, seen, asked) == refused(asked, seen, FIRST) == NEVER
    of_bob = seen._replace(participant=BOB)
    assert proved(FIRST, of_bob, asked)


@pytest.mark.parametrize("hours", [-24 * 30, 0, 24 * 5])
def test_request_may_be_a_month_older_than_its_case(hours):
    assert proved(LONG_AGO, event(ASKED, hours))
