"""Makes the copy of an approved case, hands it out once, and destroys it.

The archive is written first and its signed record last: a run that is killed leaves no
copy that counts, and a plain next run makes one archive. Archives are named by their
content, and a record is made once: of runs at the same time, the first to write the
record has made the copy, and the archives of the others go.
"""

import hashlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime

from rally.access.cases import Case, CaseState, read_cases
from rally.access.due_copies import DueCopy, Leavers, find_archive, list_archives
from rally.access.records import (
    Built,
    Destroyed,
    DestroyedFor,
    Fetched,
    archive_name,
    read_records,
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
    ObjectHeld,
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
        GenerationMismatch: Another run writes the record.
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
    built = Built(
        case.id, now, hashlib.sha256(encrypted.data).hexdigest(), len(encrypted.data)
    )
    name = archive_name(case.id, built.archive)
    places.platform.create(name, encrypted.data)
    try:
        # Whoever has left while it was made gets none.
        again = Places.open(places.registry, places.stores, places.pseudonyms)
        current = read_cases(again.chain, places.platform, now)[case.id]
        if Leavers(again.published.list.withdrawals).left_at(case):
            raise _left(case)
        check_exportable(current)
        if encrypted.words:
            tell_words(encrypted.words)
        if not write_record(places.platform, again.chain, key, built):
            raise ConfigurationError(
                f"case {case.id}: another run has just made its copy; what this run"
                " showed opens nothing"
            )
    except ConfigurationError:
        _remove_unnamed(places, case, built.archive)
        raise
    _remove_unnamed(places, case, built.archive)
    return built


def _remove_unnamed(places: Places, case: Case, own: str) -> None:
    """Removes a run's own archive, unless it counts; where one counts, all others.

    One that cannot be removed now is due, and goes by `destroy` or a purge.
    """
    counts = read_records(places.platform, places.chain).of(case.id).built
    for archive in list_archives(places.platform, case.id):
        is_named = counts is not None and archive.digest == counts.archive
        if not is_named and (counts is not None or archive.digest == own):
            with suppress(GenerationMismatch, ObjectHeld):
                places.platform.delete(archive.info.name, archive.info.generation)


def _left(case: Case) -> ConfigurationError:
    return ConfigurationError(
        f"case {case.id}: its person has left since it was opened, and is being "
        "deleted; no copy is made or handed out"
    )


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
    name = archive_name(case.id, case.built.archive)
    try:  # at most a byte more than it has
        data = platform.read_range(name, 0, case.built.bytes + 1)
    except ObjectNotFound:
        data = b""
    if hashlib.sha256(data).hexdigest() != case.built.archive:
        raise ConfigurationError(
            f"{name}: is not the archive that was made; hand it to nobody, refuse the"
            " case and open another"
        )
    return data


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
    archive = find_archive(platform, case)
    due = DueCopy(case.id, DestroyedFor.FETCHED, now, archive)
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

    No record is made of an archive that none names.

    Raises:
        GenerationMismatch: Somebody wrote there meanwhile.
        ObjectHeld: A hold forbids it.
        OSError: The platform cannot be written.
    """
    archive, built = due.archive, case.built
    if archive is not None:
        platform.delete(archive.info.name, archive.info.generation)
    if built is None or case.destroyed is not None:
        return
    if archive is None or archive.digest == built.archive:
        destroyed = Destroyed(case.id, now, built.archive, due.why)
        write_record(platform, chain, key, destroyed)
