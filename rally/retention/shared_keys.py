"""What else is encrypted with a storage key: it must not be destroyed for one study."""

from collections.abc import Iterator

from rally.errors import ConfigurationError
from rally.keys.folder import KeyFolder
from rally.registry.object_classifier import folder_of
from rally.retention.opened import Opened
from rally.retention.settings import PurgeSettings
from rally.storage.objectstore.interface import ObjectStore

SERVICE = "gcp-kms://"


class CannotTell(Exception):
    """Of a place nobody can say which key it is encrypted with; the text names it."""


def other_uses(
    settings: PurgeSettings, opened: Opened, namespace: str
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
    settings: PurgeSettings, opened: Opened, namespace: str
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
