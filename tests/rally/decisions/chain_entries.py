"""Entries of a chain as tests write and read them."""

from datetime import UTC, datetime

from rally.decisions.contents import DecisionKind, StudyDecision
from rally.decisions.entry import Entry, encode, entry_name, sign
from rally.decisions.verifying import read_chain
from rally.decisions.writing import approve, decide
from rally.keys import keysets
from rally.keys.signing import TinkKey
from tests.support.people import signer

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
PAUSE = StudyDecision("rally-garden", NOW, "a bug")


def fresh():
    return TinkKey(keysets.generate("signature"))


def pause(platform, by="decide", **options):
    return decide(platform, signer(by), DecisionKind.PAUSE, PAUSE, NOW, **options)


def put(platform, entry, number=None):
    platform.create(entry_name(number or entry.number), encode(entry))


def next_entry(store, by, content, kind=DecisionKind.PAUSE, key=None, **changes):
    chain = read_chain(store)
    values = {
        "platform": chain.platform,
        "number": chain.head.number + 1,
        "previous": chain.head.digest,
        "list": 0,
        "kind": kind,
        "content": content,
        "when": NOW,
        "by": by,
    }
    return sign(Entry(**values | changes), key or signer(by).key)


def worth(platform):
    return [(each.status, each.why) for each in read_chain(platform).records[1:]]


def two_owners(platform, kind, content):
    entry = decide(platform, signer("owner-1"), kind, content, NOW)
    return approve(platform, signer("owner-2"), entry.number, NOW)
