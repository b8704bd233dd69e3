"""Destroys the keys of a concluded study of which nothing is left."""

from collections.abc import Iterator

from rally.errors import ConfigurationError, cause_of
from rally.keys import names
from rally.keys.cloud_kms import destroy_versions
from rally.keys.folder import JWK, KEYSET, KeyFolder
from rally.registry.object_classifier import folder_of
from rally.retention.context import Context
from rally.retention.report import Remains, Report
from rally.retention.settings import PurgeSettings
from rally.storage.objectstore.interface import FOREVER, ObjectHeld, ObjectStore

SERVICE = "gcp-kms://"


class CannotTell(Exception):
    """Of a place nobody can say which key it is encrypted with; the text names it."""


def other_uses(
    settings: PurgeSettings, opened: Context, namespace: str
) -> set[str | None]:
    """The keys of all that is not in a study's own store, by their resource names.

    These are of the other stores, of all studies' researchers' folders, of the key
    folders that are in buckets, and the KEKs that these folders' files need.

    Args:
        settings: say where keys are.
        opened: the stores.
        namespace: of the study.

    Raises:
        CannotTell: something cannot be asked.
        OSError: a bucket does not answer.
    """
    ping, platform = settings.key_folders()
    if ping is None:
        raise CannotTell("the folder of --keys, which was not given,")
    if opened.registry.unavailable:
        raise CannotTell(", ".join(opened.registry.unavailable))
    others = [each for each in opened.registry.studies if each != namespace]
    keys = {each.storage_key() for each in opened.stores.each(others)}
    keys.add(opened.platform.storage_key())
    keys |= {each.storage_key() for each in _derived(settings, opened, namespace)}
    for folder in (ping, platform):
        if not folder.is_local:
            keys.add(settings.open_derived(folder.uri).storage_key())
        keys |= set(_keks(folder))
    return keys


def _derived(
    settings: PurgeSettings, opened: Context, namespace: str
) -> Iterator[ObjectStore]:
    own = folder_of(opened.stores.of(namespace).uri)
    for study in opened.registry.studies.values():
        for uri in study.derived:
            if folder_of(uri).startswith(own):
                continue
            try:
                yield settings.open_derived(uri)
            except ConfigurationError:
                raise CannotTell(uri) from None


def _keks(folder: KeyFolder) -> Iterator[str]:
    try:
        keks = folder.kek_file()
    except (ConfigurationError, ConnectionError):
        raise CannotTell(folder.uri) from None
    for uri in (keks.kek_uri, *keks.namespaces.values(), *keks.purposes.values()):
        yield uri.removeprefix(SERVICE)


def destroy_keys(
    settings: PurgeSettings, opened: Context, namespace: str, report: Report
) -> None:
    """Those that open its pings, that of its pseudonyms, and its storage key.

    What is gone already is fine. A refusal is a fault of the report's.

    Args:
        settings: say where keys are.
        opened: the stores.
        namespace: of the study.
        report: is told.
    """
    before = len(report.destroyed)
    ping, platform = settings.key_folders()
    if ping is None:
        what = "the keys that open its pings were not looked at; give --keys"
        report.faults.append((namespace, what))
    else:
        for suffix in (KEYSET, JWK):
            _forget(ping, namespace + suffix, report)
    _forget(platform, names.pseudonym(namespace) + KEYSET, report)
    if not settings.has_pseudonyms(namespace):
        # The last: while a study has pseudonyms its store must be there, and readable.
        _destroy_storage_key(settings, opened, namespace, report)
    if len(report.destroyed) > before:
        report.words.append(_readable(namespace, report))


def has_keys(settings: PurgeSettings, namespace: str) -> bool:
    """Whether a file of them is there still. Raises ConfigurationError."""
    ping, platform = settings.key_folders()
    files = [(platform, names.pseudonym(namespace) + KEYSET)]
    if ping is not None:
        files += [(ping, namespace + KEYSET), (ping, namespace + JWK)]
    return any(folder.exists(name) for folder, name in files)


def _forget(folder: KeyFolder, name: str, report: Report) -> None:
    where = folder.where(name)
    try:
        was_there = folder.exists(name)
        left = folder.forget(name)
    except ObjectHeld as error:
        report.remains.append(Remains(where, 1, error.until or FOREVER, "hold"))
        return
    except ConfigurationError as error:
        report.faults.append((where, f"is not destroyed ({error})"))
        return
    except ConnectionError as error:
        report.faults.append((where, f"is not destroyed ({cause_of(error)})"))
        return
    if was_there:
        report.destroyed.append(where)
    if left:
        until = max(each.until or FOREVER for each in left)
        report.remains.append(Remains(where, len(left), until, left[-1].why))


def _destroy_storage_key(
    settings: PurgeSettings, opened: Context, namespace: str, report: Report
) -> None:
    """Where the bucket is the study's own, and nothing else has the same key."""
    if not opened.stores.is_one_a_study:
        return
    store = opened.stores.of(namespace)
    try:
        key = store.storage_key()
        if key is None:
            report.words.append(f"{namespace}: its store has no key of its own")
            return
        if key in other_uses(settings, opened, namespace):
            report.words.append(f"{namespace}: shares its storage key, which stays")
            return
        destroyed = destroy_versions(settings.key_service(), key)
    except CannotTell as error:
        report.words.append(
            f"{namespace}: its storage key stays: nobody can tell whether {error} is"
            " encrypted with it"
        )
        return
    except OSError as error:
        what = f"its storage key is not destroyed ({error.strerror or 'refused'})"
        report.faults.append((namespace, what))
        return
    if destroyed.versions:
        report.destroyed.append(SERVICE + key)
    if destroyed.until:
        why = "destruction is scheduled"
        report.remains.append(Remains(SERVICE + key, 1, destroyed.until, why))


def _readable(namespace: str, report: Report) -> str:
    dated = [each.until for each in report.remains if each.is_dated]
    soft = f" old copies until {max(dated):%Y-%m-%d};" if dated else ""
    return (
        f"{namespace}: its keys are gone; what stays readable without them: copies that"
        f" nobody registered; exports; backups of its stores;{soft} nothing else"
    )
