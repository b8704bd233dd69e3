"""How far withdrawal lists came: what signed records name, whatever list is there.

Who may write the root could put an older one in its place, which is signed as
well, and whoever left since would be stored again. But decisions and receipts name the
list of their day, are signed, and nobody may delete them.

A file's header names a list, too, but nobody signed it: one that claims a later list
than all signed records is foreign. It stops nobody, and the audit names it.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from rally.decisions.chain import Chain, EntryStatus, Head
from rally.decisions.content_parsing import Content
from rally.decisions.contents import DecisionKind
from rally.decisions.entry import Entry
from rally.decisions.signers import Signer
from rally.decisions.verifying import read_chain
from rally.decisions.writing import decide, no_check
from rally.errors import ConfigurationError
from rally.receipts.chain import find_signed
from rally.storage.objectstore.interface import ObjectStore
from rally.withdrawal.concluded_list import read_surviving_list
from rally.withdrawal.list_object import Published
from rally.withdrawal.root import ROOT
from rally.withdrawal.withdrawal_list import WithdrawalList


def newest_signed(platform: ObjectStore, published: Published[WithdrawalList]) -> int:
    """The counter of the newest list that signed records know; at least its own.

    Args:
        platform: Its store.
        published: The list that is there. Of receipts those are read that it does not
            know: only they can name a later one.

    Raises:
        OSError: the platform cannot be read.
    """
    decisions, known = published.decisions, published.list.last_receipt
    signed = (EntryStatus.COUNTS, EntryStatus.WAITING)
    decided = (
        each.entry.list
        for each in decisions.records
        if each.entry and each.status in signed
    )
    received = (each.list for each in find_signed(platform, decisions, known))
    return max(published.list.counter, *decided, *received)


def see(platform: ObjectStore) -> Published[WithdrawalList]:
    """What whoever decides has seen of the list, by which the decision is signed.

    Owners can decide where there is no list, or none that can be believed: then it is
    an empty one, of the newest counter that signed records know.

    Raises:
        ConfigurationError: the platform has no first decision.
        OSError: it cannot be read.
    """
    try:
        published = read_surviving_list(platform)
    except ConfigurationError:
        published = Published(WithdrawalList(), Head(), read_chain(platform), None)
    newest = newest_signed(platform, published)
    return published._replace(list=replace(published.list, counter=newest))


def check_newest(platform: ObjectStore, published: Published[WithdrawalList]) -> None:
    """Refuses a list that is older than signed records know.

    Raises:
        ConfigurationError: it is.
        OSError: the platform cannot be read.
    """
    newest = newest_signed(platform, published)
    if newest > published.list.counter:
        raise ConfigurationError(put_back(platform, published, newest))


def put_back(
    platform: ObjectStore, published: Published[WithdrawalList], newest: int
) -> str:
    """What is said of an older list."""
    return (
        f"{platform.uri.rstrip('/')}/{ROOT}: is list {published.list.counter}, and"
        f" signed records know of list {newest}: an older one was put back; restore the"
        " newest, or run `rally delete`, which makes the next from the event log"
    )


def decide_by_list(
    platform: ObjectStore,
    signer: Signer,
    kind: DecisionKind,
    content: Content,
    now: datetime,
    check: Callable[[Chain], None] = no_check,
) -> Entry:
    """Appends a decision that says which list its signer saw, as `decide` does."""
    seen = see(platform)
    return decide(
        platform, signer, kind, content, now, seen.head, seen.list.counter, check
    )
