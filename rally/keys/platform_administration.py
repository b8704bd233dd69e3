"""Makes, rotates and destroys the platform's own keys."""

from collections.abc import Callable, Iterable, Sequence

from rally.errors import ConfigurationError
from rally.keys import administration, kek_file, keysets, local_kek, names
from rally.keys.folder import KEYSET, KeyFolder
from rally.keys.kek_assignment import assign_kek
from rally.keys.platform_keys import PUBLIC_FILE
from rally.keys.signing import PUBLIC, create_signing_key, replace_signing_key


def nothing_is_stored(namespace: str) -> bool:
    """Says of every namespace that its pseudonyms are in no store yet.

    And of jobs, that nothing is signed by them.
    """
    return False


def ensure_platform_keys(
    uri: str,
    namespaces: Sequence[str],
    in_use: Callable[[str], bool] = nothing_is_stored,
) -> list[str]:
    """Makes the platform keys that a folder lacks, so that a laptop needs no set-up.

    Only in a folder of this machine and only under a local KEK; anywhere else a person
    makes each key, once and knowingly. A pseudonym's key is one for ever (design:
    "Keys"), so none is made where something is stored under it: it was lost, or the
    folder is not the right one. Processes that race end with the same keys.

    Args:
        uri: The folder of platform keys.
        namespaces: Namespaces whose pseudonyms are wanted, besides the platform's.
        in_use: Whether anything is stored under the pseudonyms of a namespace, or of
            `platform`; or under a signature. It is asked only of those whose key is
            missing, before any key is made.

    Returns:
        The purposes whose keys were made by this call.

    Raises:
        ConfigurationError: keys are missing and are not made here; the message says
            which command makes them. Or a pseudonym's key is lost, and not replaced:
            it is in use, or it is `pseudonym.platform`, which is always the first to
            be made, and others are there.
    """
    folder = KeyFolder(uri)
    files = folder.names()
    missing = [p for p in _wanted(namespaces, files) if file_of(p) not in files]
    if missing:
        _check_may_be_made(folder, missing)
        _check_platform_is_not_lost(folder, missing, files)
        _check_none_is_in_use(folder, missing, namespaces, in_use)
        assign_kek(folder, "purposes", missing[0])
    return [purpose for purpose in missing if create_purpose(folder, purpose)]


def create_purpose(folder: KeyFolder, purpose: str) -> bool:
    """Makes a purpose's keyset; its KEK is settled already. False where it exists.

    The dead letters' public keyset is taken from the private one.
    """
    if purpose == names.DEAD_LETTER_PUBLIC:
        return folder.create(PUBLIC_FILE, _public_keyset(folder))
    if names.is_signing(purpose):
        return create_signing_key(folder, purpose)
    sealed = folder.seal_keyset(purpose, keysets.generate(_template(purpose)))
    return folder.create(purpose + KEYSET, sealed)


def rotate_purpose(folder: KeyFolder, purpose: str) -> None:
    """Adds a key to the dead letters' keyset; the old ones still serve.

    A job's signing key is replaced: what the job signs counts again once two owners
    have put the new public half into the chain.

    Raises:
        ConfigurationError: the purpose is a pseudonym, whose key is for ever.
    """
    if names.is_pseudonym(names.check_purpose(purpose)):
        raise ConfigurationError(
            f"{purpose}: is never rotated: another key makes other pseudonyms of the "
            "same people, and their withdrawals would no longer find their data"
        )
    if purpose == names.DEAD_LETTER_PUBLIC:
        raise ConfigurationError(f"{purpose}: rotate {names.DEAD_LETTER_PRIVATE}")
    if names.is_signing(purpose):
        replace_signing_key(folder, purpose)
        return
    administration.rotate_keyset(folder, purpose)
    if purpose == names.DEAD_LETTER_PRIVATE:
        # After the private one: whatever is sealed in between can be opened.
        publish(folder)


def publish(folder: KeyFolder) -> None:
    """Writes the dead letters' public keyset anew from the private one."""
    generation = folder.generation(PUBLIC_FILE)
    public = _public_keyset(folder)
    if generation is None:
        folder.create(PUBLIC_FILE, public)
    else:
        folder.replace(PUBLIC_FILE, public, generation)


def destroy_pseudonym(folder: KeyFolder, purpose: str) -> list[str]:
    """Deletes a study's pseudonym key, after which nothing links its rows to a person.

    Raises:
        ConfigurationError: it is not a study's pseudonym, or is not there.
    """
    shared = names.pseudonym(names.PLATFORM)
    if not names.is_pseudonym(names.check_purpose(purpose)) or purpose == shared:
        raise ConfigurationError(
            f"{purpose}: is the platform's and is not destroyed; "
            "only the pseudonyms of a study are"
        )
    if not folder.exists(purpose + KEYSET):
        raise ConfigurationError(f"{folder.uri}: holds no key of {purpose}")
    folder.delete(purpose + KEYSET)
    return [purpose + KEYSET]


def file_of(purpose: str) -> str:
    """The file's name; the public keyset is in clear, which its name says.

    Of a job's signing key it is the public half, which everybody needs.
    """
    if names.is_signing(purpose):
        return purpose + PUBLIC
    return PUBLIC_FILE if purpose == names.DEAD_LETTER_PUBLIC else purpose + KEYSET


def _wanted(namespaces: Iterable[str], files: list[str]) -> list[str]:
    pseudonyms = [names.pseudonym(names.PLATFORM), *map(names.pseudonym, namespaces)]
    # Who only seals has the public keyset alone; a new private one would not be its.
    private = [] if PUBLIC_FILE in files else [names.DEAD_LETTER_PRIVATE]
    signing = map(names.signing, names.Job)
    return [*pseudonyms, *signing, *private, names.DEAD_LETTER_PUBLIC]


def _check_may_be_made(folder: KeyFolder, missing: list[str]) -> None:
    if folder.is_local:
        if not folder.exists(kek_file.NAME):
            return
        keks = folder.kek_file()
        if all(keks.uri_for(p).startswith(local_kek.SCHEME) for p in missing):
            return
    options = " ".join(f"--purpose {purpose}" for purpose in missing)
    raise ConfigurationError(
        f"{folder.uri}: platform keys are missing; restore those that were lost; for "
        f"new ones run `rally keys create --platform_keys {folder.uri} {options}`"
    )


def _check_platform_is_not_lost(
    folder: KeyFolder, missing: list[str], files: list[str]
) -> None:
    first = file_of(names.pseudonym(names.PLATFORM))
    others = [
        name for name in files if name.endswith(KEYSET) and name != local_kek.FILE
    ]
    # The second look is for another process, which was making the keys during ours.
    if missing[0] + KEYSET == first and others and not folder.exists(first):
        raise ConfigurationError(
            f"{folder.where(first)}: is missing though others are there; restore it: "
            "without it nobody's withdrawal finds their data"
        )


def _check_none_is_in_use(
    folder: KeyFolder,
    missing: list[str],
    namespaces: Sequence[str],
    in_use: Callable[[str], bool],
) -> None:
    purposes = {names.pseudonym(each): each for each in (names.PLATFORM, *namespaces)}
    purposes |= {each: each for each in map(names.signing, names.Job)}
    # Another process may have made a key and stored under it since ours looked.
    lost = [
        purpose
        for purpose, asked in purposes.items()
        if purpose in missing and in_use(asked) and not folder.exists(file_of(purpose))
    ]
    if lost:
        raise ConfigurationError(
            f"{folder.uri}: has no key of {', '.join(lost)}, though something is "
            "stored under it; restore it, or correct --platform_keys if that is "
            "mistyped: a new key would make other pseudonyms of the same people, and "
            "not know the withdrawal list"
        )


def _public_keyset(folder: KeyFolder) -> bytes:
    private = folder.read_keyset(names.DEAD_LETTER_PRIVATE)
    return keysets.serialise_public(private).encode()


def _template(purpose: str) -> str:
    if names.is_pseudonym(purpose):
        return "prf"
    return "hpke"
