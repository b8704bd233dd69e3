"""The withdrawal list for whoever still works on a platform that is concluded."""

from rally.decisions.chain import Head, PlatformConcluded
from rally.decisions.verifying import read_chain
from rally.receipts.conclusion import read_conclusion
from rally.storage.objectstore.interface import ObjectStore
from rally.withdrawal.list_object import Published, read_list
from rally.withdrawal.withdrawal_list import WithdrawalList


def read_surviving_list(platform: ObjectStore) -> Published[WithdrawalList]:
    """Reads the list; where it went with its platform, an empty one stands for it.

    The decisions beside it are then held against the head that the platform's last
    receipt names.

    Raises:
        ConfigurationError: The list, or the last receipt, is not as it was signed; or
            the list is missing, and the platform is not concluded.
        OSError: The platform cannot be read.
    """
    try:
        return read_list(platform)
    except PlatformConcluded:
        decisions = read_chain(platform)
    last = read_conclusion(platform, decisions)
    head = last.head if last else Head()
    return Published(WithdrawalList(), head, decisions.against(head), None)
