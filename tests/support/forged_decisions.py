"""Decisions as somebody writes them who has no key of ours."""

from functools import cache

from rally.decisions.content_parsing import Content
from rally.decisions.contents import DecisionKind
from rally.decisions.entry import Entry, encode, entry_name, sign
from rally.decisions.verifying import read_chain
from rally.keys import keysets
from rally.keys.signing import TinkKey
from rally.storage.objectstore.interface import ObjectStore
from tests.support.stores import FOUNDED


@cache
def strangers_key() -> TinkKey:
    """Of nobody whom any platform knows."""
    return TinkKey(keysets.generate("signature"))


def forge(
    platform: ObjectStore,
    kind: DecisionKind,
    content: Content,
    number: int = 0,
    by: str = "decide",
    counter: int = 0,
) -> str:
    """Writes a decision in somebody's name; gives the object's.

    Args:
        platform: its store, which is founded.
        kind: of the decision.
        content: about what.
        number: that it takes; 0 is the next.
        by: in whose name.
        counter: of the withdrawal list that it says it saw.
    """
    chain = read_chain(platform)
    entry = Entry(
        platform=chain.platform,
        number=number or chain.head.number + 1,
        previous=chain.head.digest,
        list=counter,
        kind=kind,
        content=content,
        when=FOUNDED,
        by=by,
    )
    platform.create(entry_name(entry.number), encode(sign(entry, strangers_key())))
    return entry_name(entry.number)
