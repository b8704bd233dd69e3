"""Reads who sent a ping: their ids, and the pseudonyms that stand for these."""

from rally.errors import PingFailed
from rally.ingestion.ping import OpenedPing, Sender
from rally.validation.ids import canonical_id
from rally.validation.pointers import look_up
from rally.validation.pseudonyms import Pseudonyms


def identify(opened: OpenedPing, pseudonyms: Pseudonyms) -> Sender:
    """Reads who sent a ping, and computes the pseudonyms of that person.

    Args:
        opened: ping whose document names its sender.
        pseudonyms: pseudonyms of the platform.

    Raises:
        PingFailed: the rally id, or a deletion id that is there, is none.
    """
    sender, illegible = identify_as_legible(opened, pseudonyms)
    if illegible is not None:
        raise illegible
    return sender


def identify_as_legible(
    opened: OpenedPing, pseudonyms: Pseudonyms
) -> tuple[Sender, PingFailed | None]:
    """Reads who sent a ping, without their deletion id where that is illegible.

    Returns:
        The sender, and what is wrong with the deletion id; None where nothing is.

    Raises:
        PingFailed: the rally id is none.
    """
    route, clear = opened.route, opened.clear
    assert route.participant
    rally_id = canonical_id(look_up(clear, route.participant))
    sender = Sender(rally_id, pseudonyms.of_platform(rally_id))
    value = look_up(clear, route.deletion_id) if route.deletion_id else None
    if value is None:
        return sender, None
    try:
        deletion_id = canonical_id(value)
    except PingFailed as failed:
        return sender, failed
    pseudonym = pseudonyms.of_deletion_id(deletion_id)
    known = sender._replace(deletion_id=deletion_id, deletion_pseudonym=pseudonym)
    return known, None
