"""A case that a ping of the person's own client verifies."""

import pytest

from rally.decisions.access_contents import VerificationMeans
from rally.events import EventKind
from tests.support.access_cases import OPENED, RECIPIENT, make_recipient, verify_case

OTHER = make_recipient("another")


@pytest.fixture
def office(case_office):
    return case_office


def test_client_that_asked_with_its_first_key_verifies_a_case(office):
    office.receive(
        office.event(EventKind.JOINED, "01-01"),
        office.event(EventKind.JOINED, "05-01", OTHER),
        office.event(EventKind.ASKED, "05-30"),
    )
    case = office.open("--client_key")
    assert office.cases()[case].recipient == RECIPIENT
    assert office.person("verify", case, "--ping", by="decide") == (
        0,
        f"case {case}: is verified; waits for the approval of another than decide\n",
        "",
    )
    [verification] = office.cases()[case].verified
    assert verification.means is VerificationMeans.PING
    assert office.person("approve", case, by="decide-2")[0] == 0


def test_client_without_a_key_verifies_nothing(office):
    office.receive(
        office.event(EventKind.JOINED, "01-01", None),
        office.event(EventKind.JOINED, "05-01", OTHER),
        office.event(EventKind.ASKED, "05-30", OTHER),
    )
    assert office.person("open", "--client_key", by="decide") == (
        2,
        "",
        "rally: --client_key: what was heard first of the person is no enrolment in"
        " Rally with a key; give --recipient, or neither\n",
    )
    case = office.open(f"--recipient={OTHER}")
    status, _, err = office.person("verify", case, "--ping", by="decide")
    assert (status, office.cases()[case].state) == (2, "opened")
    assert "heard first of the person is no enrolment in Rally with a key" in err


def test_ping_that_nobody_sent_is_not_taken_on_somebodys_word(office):
    """Whoever signs that there was one may be wrong, or lie."""
    office.receive(office.event(EventKind.JOINED, "01-01"))
    case = office.open("--client_key")
    means = VerificationMeans.PING
    verify_case(office.store, "decide", means, case=case, when=OPENED)
    assert office.cases()[case].state == "verified"
    status, out, err = office.person("approve", case, by="decide-2")
    assert (status, out) == (2, "")
    assert err.startswith(f"rally: {case}: the person's client has not asked with")
    assert office.cases()[case].state == "verified"
    office.verify(case)  # by their account: it rests on the ping no more
    assert office.person("approve", case, by="decide-2")[0] == 0


def test_key_is_given_in_one_way(office):
    words = ("--client_key", f"--recipient={OTHER}")
    assert office.person("open", *words, by="decide") == (
        2, "", "rally: give one of --recipient and --client_key\n",
    )  # fmt: skip
    case = office.open()
    assert office.verify(case, "--ping", by="decide") == (
        2, "", "rally: --evidence: is for another than --ping; remove it\n",
    )  # fmt: skip
