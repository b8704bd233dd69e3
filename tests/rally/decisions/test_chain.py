"""The chain counts what was signed, in its order, and says what was lost."""

import pytest

from rally.decisions.chain import EntryStatus, Head
from rally.decisions.contents import (
    Approval,
    DecisionKind,
    HoldPlacement,
    RequestDecision,
    StudyDecision,
)
from rally.decisions.entry import MOST_BYTES, encode, entry_name
from rally.decisions.platform_contents import AcceptedLoss
from rally.decisions.verifying import ChainReader, read_chain
from rally.decisions.writing import approve, decide
from rally.errors import ConfigurationError
from tests.fakes.memory_store import MemoryStore
from tests.rally.decisions.chain_entries import (
    NOW,
    PAUSE,
    fresh,
    next_entry,
    pause,
    put,
    worth,
)
from tests.support.people import signer
from tests.support.stores import found_platform


def test_chain_counts_what_was_signed_in_its_order(platform):
    first = pause(platform)
    second = decide(
        platform, signer("decide"), DecisionKind.RESUME, PAUSE, NOW, counter=7
    )

    chain = read_chain(platform)

    assert list(chain.of(DecisionKind.PAUSE, DecisionKind.RESUME)) == [first, second]
    assert [first.number, second.number, second.list] == [2, 3, 7]
    assert chain.development
    assert not chain.faulty()


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (
            lambda p: next_entry(p, "decide", PAUSE, key=fresh()),
            "is not signed by decide",
        ),
        (
            lambda p: next_entry(p, "jo", PAUSE, key=fresh()),
            "jo may not sign (any more)",
        ),
        (
            lambda p: next_entry(p, "steward", PAUSE),
            "steward may not decide that; it takes the role decide or stop",
        ),
        (
            lambda p: next_entry(p, "stop", PAUSE, DecisionKind.RESUME),
            "stop may not decide that; it takes the role decide",
        ),
        (
            lambda p: next_entry(p, "decide", PAUSE, platform="0" * 32),
            "is of another platform",
        ),
        (
            lambda p: next_entry(p, "decide", PAUSE, number=9),
            "says that it is number 9",
        ),
        (
            lambda p: next_entry(
                p, "owner-1", Approval(1, "0" * 64), DecisionKind.APPROVE
            ),
            "entry 1 waits for nobody",
        ),
        (
            lambda p: next_entry(
                p, "owner-1", Approval(9, "0" * 64), DecisionKind.APPROVE
            ),
            "there is no entry 9",
        ),
    ],
    ids=[
        "forged",
        "nobody",
        "role",
        "stop",
        "platform",
        "number",
        "approval",
        "unknown",
    ],
)
def test_chain_leaves_out_what_does_not_verify_and_goes_on(platform, make, why):
    put(platform, make(platform), 2)
    good = pause(platform)

    chain = read_chain(platform)

    assert worth(platform) == [(EntryStatus.VOID, why), (EntryStatus.COUNTS, "")]
    assert list(chain.of(*DecisionKind)) == [chain.records[0].entry, good]


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data[:-1],
        lambda data: data.replace(b"a bug", b"a cat"),
        lambda data: data.replace(b'"list":0', b'"list":1'),
        lambda data: data.replace(b'{"by"', b'{ "by"'),
        lambda data: b"[" * 100_000,
        lambda data: b"",
        lambda data: b"\xff" * (MOST_BYTES + 1),
    ],
    ids=["cut", "words", "list", "space", "deep", "empty", "long"],
)
def test_chain_counts_no_byte_that_its_signer_did_not_write(platform, change):
    entry = pause(platform)
    info = platform.stat(entry_name(2))
    platform.replace(info.name, change(encode(entry)), info.generation)
    good = pause(platform, by="stop")

    chain = read_chain(platform)

    assert [each.status for each in chain.records] == [
        EntryStatus.COUNTS,
        EntryStatus.VOID,
        EntryStatus.COUNTS,
    ]
    assert list(chain.of(DecisionKind.PAUSE)) == [good]


def test_chain_is_founded_by_one_entry_and_no_other(platform):
    other = MemoryStore()
    found_platform(other)
    info = platform.stat(entry_name(1))
    platform.replace(info.name, other.read(info.name), info.generation)

    with pytest.raises(ConfigurationError, match="was founded with"):
        read_chain(platform)


def test_chain_without_its_first_entry_is_no_chain(platform):
    pause(platform)
    info = platform.stat(entry_name(1))
    platform.delete(info.name, info.generation)

    with pytest.raises(ConfigurationError, match="is missing; restore it"):
        read_chain(platform)


def test_second_founding_is_void(platform):
    first = read_chain(platform).founding
    put(platform, next_entry(platform, "owner-1", first, DecisionKind.FOUND))

    assert worth(platform) == [(EntryStatus.VOID, "a platform is founded once")]


def test_chain_that_lost_an_entry_says_so_until_two_owners_go_on(platform):
    pause(platform)
    pause(platform, by="stop")
    head = read_chain(platform).head
    info = platform.stat(entry_name(2))
    platform.delete(info.name, info.generation)

    lost = read_chain(platform).against(head)
    assert lost.has_loss
    assert [each.status for each in lost.records] == [
        EntryStatus.COUNTS,
        EntryStatus.MISSING,
        EntryStatus.COUNTS,
    ]
    loss = AcceptedLoss(head.number, lost.head.digest, "a disk")
    entry = decide(
        platform, signer("owner-1"), DecisionKind.ACCEPT_LOSS, loss, NOW, head=head
    )
    assert read_chain(platform).against(head).has_loss
    approve(platform, signer("owner-2"), entry.number, NOW, head=head)

    assert not read_chain(platform).against(head).has_loss


def test_chain_that_lost_its_end_says_so_and_numbers_go_on_behind_it(platform):
    pause(platform)
    pause(platform, by="stop")
    head = read_chain(platform).head
    for number in (2, 3):
        info = platform.stat(entry_name(number))
        platform.delete(info.name, info.generation)

    assert read_chain(platform).against(head).has_loss
    hold = HoldPlacement("rally-garden", NOW.date(), NOW.date(), NOW, "")
    entry = decide(
        platform, signer("stop"), DecisionKind.PLACE_HOLD, hold, NOW, head=head
    )

    assert entry.number == 4
    again = read_chain(platform).against(head)
    assert again.has_loss
    assert list(again.of(DecisionKind.PLACE_HOLD)) == [entry]


def test_chain_that_was_put_back_is_missing_what_a_head_names(platform):
    pause(platform)

    assert read_chain(platform).against(Head(9, "0" * 64)).has_loss


def test_foreign_objects_are_named_and_decide_nothing(platform):
    entry = pause(platform)
    platform.create("decisions/notes.txt", b"x")
    platform.create("decisions/000000000002.json.bak", encode(entry))
    platform.create(entry_name(77), b"{}")

    chain = read_chain(platform)

    assert chain.head.number == 2
    assert chain.foreign == (
        "decisions/000000000002.json.bak",
        entry_name(77),
        "decisions/notes.txt",
    )


def test_signed_entry_far_behind_the_end_is_foreign_and_costs_nothing(platform):
    """Somebody who may decide, and wants that nobody can any more."""
    for number in (10_003, 999_999_999_999):
        put(platform, next_entry(platform, "decide", PAUSE, number=number))

    assert read_chain(platform).foreign == (
        entry_name(10_003),
        entry_name(999_999_999_999),
    )
    assert pause(platform).number == 2


def test_two_who_decide_at_once_are_both_in_the_chain_in_an_order(platform):
    beaten = []

    def check(chain):
        if not beaten:
            beaten.append(pause(platform, by="stop"))

    entry = pause(platform, check=check)

    assert [beaten[0].number, entry.number] == [2, 3]
    assert list(read_chain(platform).of(DecisionKind.PAUSE)) == [beaten[0], entry]


def test_who_comes_second_looks_again(platform):
    def check(chain):
        if list(chain.of(DecisionKind.PAUSE)):
            raise ConfigurationError("it is paused")
        pause(platform, by="stop")

    with pytest.raises(ConfigurationError, match="it is paused"):
        pause(platform, check=check)

    assert read_chain(platform).head.number == 2


def test_decision_that_could_not_be_read_back_is_not_written(platform):
    with pytest.raises(ConfigurationError, match="must be one line"):
        decide(
            platform,
            signer("decide"),
            DecisionKind.PAUSE,
            StudyDecision("rally-garden", NOW, "a\nb"),
            NOW,
        )
    with pytest.raises(ConfigurationError, match="hexadecimal"):
        decide(
            platform,
            signer("decide"),
            DecisionKind.REJECT,
            RequestDecision(("jo",), ""),
            NOW,
        )

    assert read_chain(platform).head.number == 1


def test_platform_without_a_marker_has_no_chain():
    with pytest.raises(ConfigurationError, match="has no first decision"):
        read_chain(MemoryStore())


def test_chain_that_did_not_change_is_verified_once(platform):
    reader = ChainReader(platform)
    first = reader.read()
    assert reader.read() is first
    pause(platform)
    second = reader.read()
    assert [each.status for each in second.records] == [EntryStatus.COUNTS] * 2
    assert reader.read() is second
    assert second.records == read_chain(platform).records


@pytest.mark.parametrize("what", ["replaced", "deleted", "foreign"])
def test_chain_that_changed_is_verified_again(platform, what):
    pause(platform)
    reader = ChainReader(platform)
    before, name = reader.read(), entry_name(2)
    generation = platform.stat(name).generation
    if what == "replaced":
        platform.replace(name, b"{}", generation)
    elif what == "deleted":
        platform.delete(name, generation)
    else:
        platform.create("decisions/note.txt", b"")
    after = reader.read()
    assert after is not before
    assert (after.records, after.foreign) == (
        read_chain(platform).records,
        read_chain(platform).foreign,
    )
    assert (after.records, after.foreign) != (before.records, before.foreign)
