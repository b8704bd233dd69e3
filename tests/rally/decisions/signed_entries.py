"""Entries of the chain that their authors signed, whoever may decide that."""

from datetime import UTC, datetime

from rally.decisions.content_parsing import Content
from rally.decisions.contents import DecisionKind
from rally.decisions.entry import Entry, encode, entry_name, sign
from rally.decisions.verifying import read_chain
from rally.storage.objectstore.interface import ObjectStore
from tests.support.people import signer

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def append_entry(
    platform: ObjectStore, by: str, kind: DecisionKind, content: Content
) -> Entry:
    """Appends an entry that is signed by its author, and checks no right to it."""
    chain = read_chain(platform)
    number, previous = chain.head.number + 1, chain.head.digest
    entry = Entry(chain.platform, number, previous, 0, kind, content, NOW, by)
    entry = sign(entry, signer(by).key)
    platform.create(entry_name(number), encode(entry))
    return entry
