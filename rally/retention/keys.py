"""Destroys the keys of a concluded study once nothing of the study is left."""

from collections.abc import Iterator

from rally.errors import ConfigurationError, cause_of
from rally.keys import names
from rally.keys.cloud_kms import destroy_versions
from rally.keys.folder import JWK, KEYSET, KeyFolder
from rally.registry.object_classifier import folder_of
from rally.retention.context import Context
from rally.retention.report import PurgeReport, Remains
from rally.retention.settings import PurgeSettings
from rally.storage.objectstore.interface import FOREVER, ObjectHeld, ObjectStore

SERVICE = "gcp-kms://"


class UnknownKeyUse(Exception):
    """The key that encrypts a place is unknown; the message names the place."""


def find_other_uses(
    settings: PurgeSettings, context: Context, namespace: str
) -> set[str | None]:
    """Finds the keys, by resource name, that encrypt anything but a study's own store.

    These are the keys of the other stores, of all researchers' folders, of the key
    folders that are in buckets, and the KEKs of the files in key folders.

    Args:
        settings: Settings of the job, with the key folders.
        context: Context of the purge.
        namespace: Namespace of the study.

    Raises:
        UnknownKeyUse: The key of a place cannot be found out.
        OSError: A bucket does not answer.
    """
    ping, platform = settings.key_folders()
    if ping is None:
        raise UnknownKeyUse("the folder of --keys, which was not given,")
    if context.registry.unavailable:
        raise UnknownKeyUse(", ".join(context.registry.unavailable))
    others = [each for each in context.registry.studies if each != namespace]
    keys = {each.storage_key() for each in context.stores.each(others)}
    keys.add(context.platform.storage_key())
    keys |= {each.storage_key() for each in _derived(settings, context, namespace)}
    for folder in (ping, platform):
        if not folder.is_local:
            keys.add(settings.open_derived(folder.uri).storage_key())
        keys |= set(_keks(folder))
    return keys


def _derived(
    settings: PurgeSettings, context: Context, namespace: str
) -> Iterator[ObjectStore]:
    own = folder_of(context.stores.of(namespace).uri)
    for study in context.registry.studies.values():
        for uri in study.derived:
            if folder_of(uri).startswith(own):
                continue
            try:
                yield settings.open_derived(uri)
            except ConfigurationError:
                raise UnknownKeyUse(uri) from None


def _keks(folder: KeyFolder) -> Iterator[str]:
    try:
        keks = folder.kek_file()
    except (ConfigurationError, ConnectionError):
        raise UnknownKeyUse(folder.uri) from None
    for uri in (keks.kek_uri, *keks.namespaces.values(), *keks.purposes.values()):
        yield uri.removeprefix(SERVICE)


def destroy_keys(
    settings: PurgeSettings, context: Context, namespace: str, report: PurgeReport
) -> None:
    """Destroys the keys of a study's pings, of its pseudonyms, and of its store.

    Keys that are gone already are no fault. A refusal is reported as a fault.

    Args:
        settings: Settings of the job, with the key folders.
        context: Context of the purge.
        namespace: Namespace of the study.
        report: Report, to which destroyed keys and faults are added.
    """
    before = len(report.destroyed)
    ping, platform = settings.key_folders()
    if ping is None:
        what = "the keys that open its pings were not looked at; give --keys"
        report.faults.append((namespace, what))
    else:
        for suffix in (KEYSET, JWK):
            forget_key(ping, namespace + suffix, report)
    forget_key(platform, names.pseudonym(namespace) + KEYSET, report)
    if not settings.has_pseudonyms(namespace):
        # Last, since the store of a study with a pseudonym key must stay readable.
        _destroy_storage_key(settings, context, namespace, report)
    if len(report.destroyed) > before:
        report.remarks.append(_describe_readable_copies(namespace, report))


def has_keys(settings: PurgeSettings, namespace: str) -> bool:
    """Tells whether a key file of a study exists. Raises ConfigurationError."""
    ping, platform = settings.key_folders()
    files = [(platform, names.pseudonym(namespace) + KEYSET)]
    if ping is not None:
        files += [(ping, namespace + KEYSET), (ping, namespace + JWK)]
    return any(folder.exists(name) for folder, name in files)


def forget_key(folder: KeyFolder, name: str, report: PurgeReport) -> None:
    """Destroys a file of keys, if it is there, with its old copies.

    Args:
        folder: Its folder.
        name: Name of the file.
        report: Report, to which it is added, or what keeps it.
    """
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
    settings: PurgeSettings, context: Context, namespace: str, report: PurgeReport
) -> None:
    """Destroys the key of the study's own bucket, if nothing else has the same key."""
    if not context.stores.is_one_a_study:
        return
    store = context.stores.of(namespace)
    try:
        key = store.storage_key()
        if key is None:
            report.remarks.append(f"{namespace}: its store has no key of its own")
            return
        if key in find_other_uses(settings, context, namespace):
            report.remarks.append(f"{namespace}: shares its storage key, which stays")
            return
        destroyed = destroy_versions(settings.key_service(), key)
    except UnknownKeyUse as error:
        report.remarks.append(
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
        reason = "destruction is scheduled"
        report.remains.append(Remains(SERVICE + key, 1, destroyed.until, reason))


def _describe_readable_copies(namespace: str, report: PurgeReport) -> str:
    dated = [each.until for each in report.remains if each.is_dated]
    soft = f" old copies until {max(dated):%Y-%m-%d};" if dated else ""
    return (
        f"{namespace}: its keys are gone; what stays readable without them: copies that"
        f" nobody registered; exports; backups of its stores;{soft} nothing else"
    )
