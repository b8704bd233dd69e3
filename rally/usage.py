"""Finds which registered studies are used, and which of those lack what they need.

The registry that ships knows more studies than most platforms have. A study is used
when it has its pseudonyms' key, which `rally init` makes; its rows lie in its store
then. One of both without the other was lost, and nothing may be concluded from what is
not there: the study counts as one that does not load.
"""

from collections.abc import Callable, Collection, Iterable

from rally.errors import ConfigurationError, describe_os_error
from rally.keys import names
from rally.keys.folder import KEYSET, KeyFolder
from rally.registry.registry import Registry
from rally.storage.layout import DATA, document_folder, study_folder
from rally.storage.marked_stores import MarkedStores
from rally.storage.objectstore.interface import ObjectStore
from rally.storage.occupancy import holds

_IS_USED = "whether its pseudonyms' key was lost"


def find_faults(
    registry: Registry,
    stores: MarkedStores,
    keys: KeyFolder,
    concluded: Callable[[], Collection[str]],
    is_concluded: Callable[[], bool] = lambda: False,
) -> dict[str, str]:
    """Finds what is missing of studies that are used: by namespace, one line each.

    Args:
        registry: registry of the studies.
        stores: stores of the studies and the platform.
        keys: folder of the platform's keys.
        concluded: source of the namespaces of concluded studies, asked where a key is
            missing. When nothing is left of a study, its key is destroyed; from then on
            its store may be gone, too.
        is_concluded: source of whether the platform is, asked where the key of its own
            pseudonyms is missing.

    Raises:
        ConfigurationError: the folder is not that of the platform's keys, or it or a
            store cannot be listed.
        ConnectionError: one of them is unavailable.
    """
    files = set(keys.names())
    shared = names.pseudonym(names.PLATFORM) + KEYSET
    if shared not in files and not is_concluded():
        keys.read(shared)  # says that it is missing, of all studies at once
    found: dict[str, str] = {}
    for namespace in registry.studies:
        file = names.pseudonym(namespace) + KEYSET
        fault = stores.fault_of(namespace)
        if refused := _refused(stores, [study_folder(namespace)], namespace):
            found[namespace] = refused
        elif file in files:
            if fault:
                found[namespace] = f"{namespace}: {fault}"
        elif (
            not fault and namespace not in concluded() and _is_begun(stores, namespace)
        ):
            found[namespace] = (
                f"{keys.where(file)}: is missing, and {namespace} is used; restore it,"
                " or correct --platform_keys: a new key would make other pseudonyms of"
                " the same people"
            )
    return found


def find_unwritable(registry: Registry, stores: MarkedStores) -> dict[str, str]:
    """Finds the studies with a folder that takes no rows: by namespace, one line each.

    Ingest alone asks: other jobs that meet such a folder name it and go on.

    Args:
        registry: registry of the studies.
        stores: stores of the studies and the platform.
    """
    found: dict[str, str] = {}
    for namespace, study in registry.studies.items():
        documents = registry.documents(study)
        folders = [document_folder(namespace, each) for each in documents]
        folders.insert(0, study_folder(namespace))
        if refused := _refused(stores, folders, namespace, writes=True):
            found[namespace] = refused
    return found


def _refused(
    stores: MarkedStores,
    folders: Iterable[str],
    namespace: str,
    *,
    writes: bool = False,
) -> str | None:
    """Describes which of a study's folders cannot be used; None where all can."""
    store = stores.of(namespace)
    try:
        for folder in folders:
            store.has_folder(folder, writes=writes)
    except OSError as error:
        may = "list and write" if writes else "list"
        if not stores.is_one_a_study and (whole := _refusal_of(store, DATA)):
            if writes:  # who lists the store says it at once; ingest lists nothing
                raise ConfigurationError(
                    f"{whole}; put the folder itself there, which this account may"
                    f" {may}"
                ) from None
            return None
        return (
            f"{namespace}: {describe_os_error(error)}; put the folder itself there,"
            f" which this account may {may}"
        )
    return None


def _refusal_of(store: ObjectStore, folder: str) -> str | None:
    """Describes why a folder cannot be listed; None where it can be."""
    try:
        store.has_folder(folder)
    except OSError as error:
        return describe_os_error(error)
    return None


def _is_begun(stores: MarkedStores, namespace: str) -> bool:
    """Tells whether a study has a marked store of its own, or rows in a shared one."""
    return stores.is_one_a_study or holds(
        stores.of(namespace), study_folder(namespace), _IS_USED
    )
