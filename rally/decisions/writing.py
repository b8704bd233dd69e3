"""Appends decisions: each is signed for the one number that is next.

Of two people who decide at once one is first. The other looks again, and decides only
where that still makes sense: so both are in the chain, in an order.
"""

from collections.abc import Callable
from datetime import datetime

from rally.decisions.chain import Chain, Head
from rally.decisions.content_parsing import Content
from rally.decisions.contents import Approval, DecisionKind, JobKey
from rally.decisions.entry import Entry, check_content, encode, entry_name, sign
from rally.decisions.rights import APPROVED_BY
from rally.decisions.signers import Signer
from rally.decisions.verifying import read_chain
from rally.errors import ConfigurationError
from rally.keys.names import Job
from rally.storage.objectstore.interface import ObjectStore

UNSIGNED = "is not signed by "


def no_check(chain: Chain) -> None:
    """Nothing is to be looked at again."""


def decide(
    platform: ObjectStore,
    signer: Signer,
    kind: DecisionKind,
    content: Content,
    now: datetime,
    head: Head | None = None,
    counter: int = 0,
    check: Callable[[Chain], None] = no_check,
) -> Entry:
    """Appends what a person decided, and says how it stands there.

    Args:
        platform: Its store.
        signer: The person who decides.
        kind: Kind of the decision.
        content: The subject of the decision.
        now: Time at which it is signed.
        head: Head of the chain that the withdrawal list names; None where it was not
            read.
        counter: Counter of that list.
        check: Raises ConfigurationError where the decision makes no sense after the
            entries that are there. It is asked again where somebody else was first.

    Raises:
        ConfigurationError: the person may not decide that, it makes no sense, or the
            platform has no chain.
        OSError: the platform cannot be read or written, or a KMS does not serve.
    """
    check_content(kind, content)
    while True:
        chain = read_chain(platform)
        if head is not None:
            chain = chain.against(head)
        check(chain)
        unsigned = Entry(
            platform=chain.platform,
            number=chain.head.number + 1,
            previous=chain.head.digest,
            list=counter,
            kind=kind,
            content=content,
            when=now,
            by=signer.name,
        )
        entry = sign(unsigned, signer.key)
        if why := chain.why_void(entry):
            raise ConfigurationError(f"--by: {_explained(why, signer.name)}")
        if platform.create(entry_name(entry.number), encode(entry)):
            return entry


def approve(
    platform: ObjectStore,
    signer: Signer,
    number: int,
    now: datetime,
    head: Head | None = None,
    counter: int = 0,
) -> Entry:
    """Appends a second person's approval of an entry, as `decide` does."""
    chain = read_chain(platform)
    found = next((each for each in chain.records if each.number == number), None)
    if found is None or not found.entry or found.entry.kind not in APPROVED_BY:
        raise ConfigurationError(
            f"{number}: is no entry that waits for a second signature; `rally decisions"
            " list` shows them"
        )
    content = found.entry.content
    is_of_lists = isinstance(content, JobKey) and content.job is Job.DELETE
    if is_of_lists and counter > found.entry.list:
        raise ConfigurationError(
            f"{number}: withdrawal list {counter} was published since, and would count"
            " no more; look whose it is, and ask anew by `rally people replace-key`"
        )
    approval = Approval(number, found.digest)
    return decide(platform, signer, DecisionKind.APPROVE, approval, now, head, counter)


def _explained(why: str, name: str) -> str:
    if why.startswith(UNSIGNED):
        return f"the key that was given is not {name}'s"
    return why
