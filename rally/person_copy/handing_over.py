"""Makes the copy of an approved case, hands it out once, and destroys it.

The archive is written first and its signed record last: a run that is killed leaves no
copy that counts, and a plain next run makes one archive.
"""

import hashlib
from collections.abc import Callable, Iterable
from datetime import datetime

from rally.access.cases import Case, CaseState, read_cases
from rally.access.due_copies import DueCopy, Leavers
from rally.access.records import (
    Built,
    Destroyed,
    DestroyedFor,
    Fetched,
    archive_name,
    write_record,
)
from rally.decisions.chain import Chain
from rally.errors import ConfigurationError
from rally.keys.signing import SigningKey
from rally.person_copy.archive import make_archive
from rally.person_copy.encryption import encrypt_to_key, encrypt_to_words
from rally.person_copy.gathering import Gathered, Places
from rally.storage.objectstore.interface import (
    GenerationMismatch,
    ObjectInfo,
    ObjectNotFound,
    ObjectStore,
)
from rally.withdrawal.withdrawal_list import Withdrawal


def check_exportable(case: Case) -> None:
    """Refuses a case of which no copy may be made.

    Raises:
        ConfigurationError: It is not approved, or its copy was made before.
    """
    if case.state is CaseState.BUILT:
        raise ConfigurationError(
            f"case {case.id}: its copy is made; hand it out by `rally person fetch`"
        )
    if case.state is not CaseState.APPROVED:
        raise ConfigurationError(
            f"case {case.id}: is {case.state}, and must be approved"
        )


def check_whole(gathered: Gathered) -> None:
    """Refuses a copy that would leave rows out without saying so.

    Raises:
        ConfigurationError: A file cannot be read that may have rows of the person.
        ConnectionError: Such files cannot be reached now, and nothing else is amiss.
    """
    unread = gathered.found.unread
    if not unread:
        return
    broken = [each for each in unread if not each.is_unavailable]
    first = broken[0] if broken else unread[0]
    more = f", and {len(unread) - 1} more" if len(unread) > 1 else ""
    said = f"{first.name}: {first.reason}{more}; a copy has all rows or is not made: "
    if broken:
        raise ConfigurationError(f"{said}mend it and run the command again")
    raise ConnectionError(f"{said}run the command again")


def build_copy(
    places: Places,
    case: Case,
    gathered: Gathered,
    key: SigningKey,
    now: datetime,
    tell_words: Callable[[str], None],
) -> Built:
    """Writes the encrypted archive of an approved case, and then its record.

    Args:
        places: Places of the platform.
        case: The case.
        gathered: Copy of its person.
        key: Signing key of the copying job.
        now: Time at which it is made, UTC.
        tell_words: Shows the words that open the copy, which stand nowhere else, before
            the copy counts; it is called where the case has no key.

    Raises:
        ConfigurationError: The case is not approved, the person has left meanwhile, a
            file cannot be read, or another run made the copy.
        ConnectionError: A file cannot be reached.
        GenerationMismatch: Another run writes the archive.
        OSError: The platform cannot be written.
    """
    check_exportable(case)
    check_whole(gathered)
    if Leavers(places.published.list.withdrawals).left_at(case):
        raise _left(case)
    archive = make_archive(gathered.copy)
    if case.recipient:
        encrypted = encrypt_to_key(archive, case.recipient)
    else:
        encrypted = encrypt_to_words(archive)
    name = archive_name(case.id)
    # Without a record, what lies there before the case is read again is what a killed
    # run left, and that alone is replaced: not what another run has made meanwhile.
    before = places.platform.stat(name)
    check_exportable(read_cases(places.chain, places.platform, now)[case.id])
    generation = _put(places.platform, name, encrypted.data, before)
    # Whoever has left while it was made gets none.
    again = Places.open(places.registry, places.stores, places.pseudonyms)
    current = read_cases(again.chain, places.platform, now)[case.id]
    if Leavers(again.published.list.withdrawals).left_at(case):
        places.platform.delete(name, generation)
        raise _left(case)
    check_exportable(current)
    if _read_archive(places.platform, case, len(encrypted.data)) != encrypted.data:
        raise GenerationMismatch(name)
    if encrypted.words:
        tell_words(encrypted.words)
    digest = hashlib.sha256(encrypted.data).hexdigest()
    built = Built(case.id, now, digest, len(encrypted.data))
    if not write_record(places.platform, again.chain, key, built):
        raise ConfigurationError(
            f"case {case.id}: another run has just made its copy; what this run showed "
            "opens nothing"
        )
    return built


def _left(case: Case) -> ConfigurationError:
    return ConfigurationError(
        f"case {case.id}: its person has left since it was opened, and is being "
        "deleted; no copy is made or handed out"
    )


def _put(
    platform: ObjectStore, name: str, data: bytes, before: ObjectInfo | None
) -> int:
    """Writes the archive over what a killed run left; gives its generation.

    Raises:
        GenerationMismatch: Something else lies there than what was seen before.
    """
    if before is not None:
        return platform.replace(name, data, before.generation)
    info = platform.stat(name) if platform.create(name, data) else None
    if info is None:
        raise GenerationMismatch(name)
    return info.generation


def read_built(
    platform: ObjectStore, case: Case, withdrawals: Iterable[Withdrawal] = ()
) -> bytes:
    """Reads the encrypted archive of a case that nobody fetched yet.

    Args:
        platform: Store of the platform.
        case: The case.
        withdrawals: Requests on the published list.

    Raises:
        ConfigurationError: The case has none to hand out, its person has left, or what
            lies there is not the archive that was built.
        OSError: The platform cannot be read.
    """
    if case.state is not CaseState.BUILT or case.built is None:
        raise ConfigurationError(
            f"case {case.id}: is {case.state}; a copy is handed out once, within 7 days"
        )
    if Leavers(withdrawals).left_at(case):
        raise _left(case)
    data = _read_archive(platform, case, case.built.bytes)
    if hashlib.sha256(data).hexdigest() != case.built.archive:
        raise ConfigurationError(
            f"{archive_name(case.id)}: is not the archive that was made; hand it to "
            "nobody, refuse the case and open another"
        )
    return data


def _read_archive(platform: ObjectStore, case: Case, most: int) -> bytes:
    """Reads the archive of a case, at most a byte more than it has; b"" of none."""
    try:
        return platform.read_range(archive_name(case.id), 0, most + 1)
    except ObjectNotFound:
        return b""


def record_fetched(
    platform: ObjectStore, chain: Chain, key: SigningKey, case: Case, now: datetime
) -> bool:
    """Records that a copy was handed out, and destroys it.

    Returns:
        Whether this run handed it out; if not, another run did, and destroys it.

    Raises:
        OSError: The platform cannot be written.
    """
    assert case.built is not None  # of a case that is built
    fetched = Fetched(case.id, now, case.built.archive)
    if not write_record(platform, chain, key, fetched):
        return False
    info = platform.stat(archive_name(case.id))
    due = DueCopy(case.id, DestroyedFor.FETCHED, now, info)
    destroy_copy(platform, chain, key, due, case, now)
    return True


def destroy_copy(
    platform: ObjectStore,
    chain: Chain,
    key: SigningKey,
    due: DueCopy,
    case: Case,
    now: datetime,
) -> None:
    """Removes a copy and then records it; killed in between, a next run goes on.

    Raises:
        GenerationMismatch: Somebody wrote there meanwhile.
        ObjectHeld: A hold forbids it.
        OSError: The platform cannot be written.
    """
    if due.archive is not None:
        platform.delete(due.archive.name, due.archive.generation)
    if case.built is not None and case.destroyed is None:
        destroyed = Destroyed(case.id, now, case.built.archive, due.why)
        write_record(platform, chain, key, destroyed)
