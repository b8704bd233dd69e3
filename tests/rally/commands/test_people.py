"""Owners say who decides, and people read who decided what."""

import json

import pytest

from pipelines.cli import main
from rally.decisions.entry import entry_name
from rally.decisions.verifying import read_chain
from rally.keys.names import Job
from rally.receipts.chain import append
from rally.receipts.receipt import receipt_name
from rally.withdrawal.root import ROOT
from rally.withdrawal.withdrawal_list import WithdrawalList
from tests.rally.receipts.examples import KEY, made, request
from tests.support.people import make_people_keys
from tests.support.stores import mark_stores, publish, see_list


class Desk:
    """People with keys at a platform."""

    def __init__(self, folder, capsys):
        self.platform = mark_stores(folder / "store").platform
        self.keys = make_people_keys(folder / "people")
        self.own = str(folder / "jo")
        self._capsys = capsys

    def type(self, *words, by=None, keys=None):
        """Types a command; its status, output and complaints."""
        signs = [f"--by={by}", f"--people_keys={keys or self.keys}"] if by else []
        where = () if words[:2] == ("people", "key") else ("--platform", self._uri)
        status = main([*words, *where, *signs])
        told = self._capsys.readouterr()
        return status, told.out, told.err

    def add(self, name="jo", role="decide"):
        """Has two owners add somebody who makes a key of their own."""
        self.type("people", "key", by=name, keys=self.own)
        public = f"{self.own}/person.{name}.public.json"
        options = ("--name", name, "--role", role, "--public", public)
        assert self.type("people", "add", *options, by="owner-1")[0] == 0
        number = str(self.chain.head.number)
        return self.type("decisions", "approve", number, by="owner-2")

    @property
    def chain(self):
        return read_chain(self.platform)

    @property
    def _uri(self):
        return self.platform.uri


@pytest.fixture
def desk(tmp_path, capsys):
    return Desk(tmp_path, capsys)


def test_two_owners_add_a_person_who_made_their_own_key(desk):
    status, said, _ = desk.add()

    assert (status, said) == (0, "decision 2 counts from decision 3 on\n")
    assert "jo" in desk.chain.people
    listed = desk.type("people", "list")[1]
    assert [line.split()[:2] for line in listed.splitlines()[1:4]] == [
        ["author", "author"],
        ["data", "data"],
        ["decide", "decide"],
    ]
    assert ["jo", "decide"] in [line.split()[:2] for line in listed.splitlines()]
    assert listed.endswith(
        "This is a development platform: one person may play everybody.\n"
    )


def test_person_who_is_no_owner_adds_nobody(desk):
    desk.type("people", "key", by="jo", keys=desk.own)
    public = f"{desk.own}/person.jo.public.json"

    status, said, complaint = desk.type(
        "people", "add", "--name=jo", "--role=owner", "--public", public, by="decide"
    )

    assert (status, said) == (2, "")
    assert "decide may not decide that; it takes the role owner" in complaint


@pytest.mark.parametrize(
    ("words", "by", "complaint"),
    [
        (("people", "revoke", "--name=nobody"), "owner-1", "there is no nobody"),
        (("people", "revoke", "--name=Jo"), "owner-1", "lower-case letters"),
        (
            ("people", "add", "--name=jo", "--role=stop", "--public=nowhere"),
            "owner-1",
            "nowhere: No such file",
        ),
        (("people", "revoke", "--name=decide"), "jo", "has no key of jo"),
        (("people", "revoke", "--name=decide"), None, "--by: is missing"),
        (("decisions", "approve", "1"), "owner-1", "1: is no entry that waits"),
        (("decisions", "show", "7"), None, "7: is no decision"),
        (("decisions", "accept-loss"), "owner-1", "nothing is lost"),
    ],
    ids=["unknown", "name", "file", "key", "by", "approve", "show", "loss"],
)
def test_people_are_told_what_is_wrong_and_nothing_is_signed(
    desk, words, by, complaint
):
    status, _, said = desk.type(*words, by=by)

    assert status == 2
    assert complaint in said
    assert said.count("\n") == 1
    assert desk.chain.head.number == 1


def test_public_half_of_another_kind_is_refused(desk, tmp_path):
    (tmp_path / "bad.json").write_text('{"a": 1}')
    status, _, said = desk.type(
        "people",
        "add",
        "--name=jo",
        "--role=stop",
        f"--public={tmp_path / 'bad.json'}",
        by="owner-1",
    )

    assert status == 2
    assert "is no Tink public keyset that verifies signatures" in said


def test_revoked_person_signs_no_more(desk):
    desk.add()
    desk.type("people", "revoke", "--name=jo", "--note=left", by="owner-2")
    desk.type("decisions", "approve", "4", by="owner-1")

    assert "jo" not in desk.chain.people
    assert desk.chain.records[3].entry.content.note == "left"


def test_key_of_a_job_is_replaced_by_two_owners(desk, tmp_path):
    desk.type("people", "key", by="jo", keys=desk.own)  # any other key will do
    public = f"{desk.own}/person.jo.public.json"
    desk.type("people", "replace-key", "--job=delete", "--public", public, by="owner-1")
    desk.type("decisions", "approve", "2", by="owner-2")

    assert len(desk.chain.keys[Job.DELETE]) == 2
    assert len(desk.chain.keys[Job.PURGE]) == 1


def test_key_is_made_once(desk):
    first = desk.type("people", "key", by="jo", keys=desk.own)
    second = desk.type("people", "key", by="jo", keys=desk.own)

    assert (first[0], second[0]) == (0, 2)
    assert "has a key of jo already" in second[2]


def test_decisions_are_listed_and_shown_as_they_were_signed(desk):
    desk.add()

    status, listed, _ = desk.type("decisions", "list")
    rows = [line.split() for line in listed.splitlines()[1:4]]
    assert status == 0
    assert [(row[0], *row[2:4]) for row in rows] == [
        ("1", "owner-1", "platform.found"),
        ("2", "owner-1", "person.add"),
        ("3", "owner-2", "decision.approve"),
    ]
    shown = desk.type("decisions", "show", "3")[1]
    worth, _, text = shown.partition("\n")
    assert worth == "counts"
    assert json.loads(text)["content"]["entry"] == 2


def test_chain_that_is_whole_is_said_to_be(desk):
    desk.type("people", "revoke", "--name=decide", by="owner-1")

    assert desk.type("decisions", "verify")[:2] == (
        0,
        "2 decisions, 1 of them waiting for a second signature; wrong: 0\n",
    )


def test_what_is_wrong_with_the_chain_is_named(desk):
    desk.platform.create(entry_name(2), b"{}")
    desk.platform.create("decisions/a.txt", b"{}")

    assert desk.type("decisions", "verify")[:2] == (
        1,
        "decisions/000000000002.json: void: kind: is missing; add it\n"
        "decisions/a.txt: is no decision, and nobody acts on it\n"
        "2 decisions; wrong: 2\n",
    )


def test_decisions_name_the_list_that_was_there(desk):
    publish(desk.platform, WithdrawalList(5))
    desk.add()
    assert [each.entry.list for each in desk.chain.records] == [0, 5, 5]


def test_people_decide_where_no_list_can_be_believed(desk):
    """The newest that signed records know is named."""
    see_list(desk.platform, 7)
    desk.platform.create(ROOT, b"no list")
    assert desk.add()[0] == 0
    assert desk.chain.records[-1].entry.list == 7


def test_key_is_replaced_up_to_the_list_that_both_owners_saw(desk):
    """What the old key signs meanwhile would be void: somebody has to look at it."""
    publish(desk.platform, WithdrawalList(5))
    public = f"{desk.keys}/person.stop.public.json"
    asks = ("people", "replace-key", "--job=delete", "--public", public)
    assert desk.type(*asks, by="owner-1")[0] == 0
    publish(desk.platform, WithdrawalList(6))

    assert desk.type("decisions", "approve", "2", by="owner-2") == (
        2,
        "",
        "rally: 2: withdrawal list 6 was published since, and would count no more; look"
        " whose it is, and ask anew by `rally people replace-key`\n",
    )
    assert desk.type(*asks, by="owner-1")[0] == 0
    assert desk.type("decisions", "approve", "3", by="owner-2")[0] == 0
    assert [each.lists for each in desk.chain.keys[Job.DELETE]] == [6, None]


def test_receipts_that_the_list_does_not_know_yet_keep_counting(desk):
    """A run was killed behind them; what nobody signed is not among them."""
    publish(desk.platform, WithdrawalList(5, receipts=1))
    for number in (1, 2):
        append(desk.platform, desk.chain, KEY, made(request=request(number)))
    desk.platform.create(receipt_name(3), b"{}")
    public = f"{desk.keys}/person.stop.public.json"
    desk.type("people", "replace-key", "--job=delete", "--public", public, by="owner-1")
    assert desk.chain.records[-1].entry.content.receipts == 2


def test_key_is_not_replaced_beside_a_list_that_nobody_can_believe(desk):
    desk.platform.create(ROOT, b"no list")
    public = f"{desk.keys}/person.stop.public.json"
    asks = ("people", "replace-key", "--job=delete", "--public", public)
    status, _, complaint = desk.type(*asks, by="owner-1")
    assert (status, "is not as deletion published it" in complaint) == (2, True)


def test_loss_is_told_until_two_owners_accept_it(desk):
    desk.add()
    publish(desk.platform, WithdrawalList(5))
    desk.platform.delete(entry_name(3), desk.platform.stat(entry_name(3)).generation)
    lost = "the withdrawal list names other decisions than are there\n"

    status, told, _ = desk.type("decisions", "verify")
    assert (status, lost in told) == (1, True)
    options = ("accept-loss", "--note=a disk")
    assert desk.type("decisions", *options, by="owner-1")[0] == 0
    assert desk.type("decisions", "approve", "4", by="owner-2")[0] == 0
    assert lost not in desk.type("decisions", "verify")[1]
