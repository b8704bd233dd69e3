"""How far withdrawal lists came: what signed records name, whatever list is there.

Who may write the list's object could put an older one in its place, which is signed as
well, and whoever left since would be stored again. But decisions and receipts name the
list of their day, are signed, and nobody may delete them.

A file's header names a list, too, but nobody signed it: one that claims a later list
than all signed records is foreign. It stops nobody, and the audit names it.
"""

from rally.decisions.chain import Chain, Status
from rally.errors import ConfigurationError
from rally.receipts.chain import newest_list
from rally.storing.objects import ObjectStore
from rally.withdrawing.list_object import LIST, Published
from rally.withdrawing.withdrawal_list import WithdrawalList


def newest_signed(platform: ObjectStore, published: Published[WithdrawalList]) -> int:
    """The counter of the newest list that signed records know; at least its own.

    Args:
        platform: its store.
        published: the list that is there. Of receipts those are read that it does not
            know: only they can name a later one.

    Raises:
        OSError: the platform cannot be read.
    """
    decisions, known = published.decisions, published.list.last_receipt
    return max(
        published.list.counter,
        newest_decided(decisions),
        newest_list(platform, decisions, known),
    )


def newest_decided(decisions: Chain) -> int:
    """The counter of the newest list that a person saw who decided something."""
    signed = (Status.COUNTS, Status.WAITING)
    return max(
        (e.entry.list for e in decisions.records if e.entry and e.status in signed),
        default=0,
    )


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
        f"{platform.uri.rstrip('/')}/{LIST}: is list {published.list.counter}, and"
        f" signed records know of list {newest}: an older one was put back; restore the"
        " newest, or run `rally delete`, which makes the next from the event log"
    )
