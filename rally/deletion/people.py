"""Which namespaces and files a withdrawal is about."""

from collections.abc import Iterable, Iterator

from rally.deletion.plan import FileResult, Outcome, StoredFile
from rally.events import RALLY
from rally.registry.registry import Registry
from rally.registry.study import Kind, Study
from rally.storage.header import MAGIC
from rally.storage.layout import DATA, Stores, study_folder
from rally.storage.objectstore.interface import ObjectInfo, ObjectNotFound, ObjectStore
from rally.storage.objectstore.strays import describe, list_but_strays
from rally.storage.partitions import is_row_file
from rally.withdrawal.withdrawal_list import Withdrawal


def concerns(withdrawal: Withdrawal, study: Study) -> bool:
    """Whether a withdrawal is about rows of that namespace.

    Who leaves Rally leaves every namespace. Who leaves a study leaves it, and the
    platform has the row of the enrolment in it.
    """
    return withdrawal.scope in (RALLY, study.namespace) or study.kind is Kind.PLATFORM


def namespaces_of(withdrawal: Withdrawal, registry: Registry) -> list[str]:
    """The namespaces that a withdrawal is about, those where it is deferred too."""
    return [
        study.namespace
        for study in registry.studies.values()
        if concerns(withdrawal, study)
    ]


def list_files(stores: Stores, namespaces: Iterable[str]) -> Iterator[StoredFile]:
    """Every file of these namespaces that can have rows.

    An Avro file may, whatever it is called; what else other programs leave cannot, and
    the audit names it.
    """
    for namespace in namespaces:
        store = stores.of(namespace)
        for info in list_but_strays(store, study_folder(namespace)):
            if is_row_file(info.name) or _is_container(store, info):
                yield StoredFile(namespace, *info)


def _is_container(store: ObjectStore, info: ObjectInfo) -> bool:
    try:
        return store.read_range(info.name, 0, len(MAGIC)) == MAGIC
    except ObjectNotFound:
        return False
    except OSError:
        return True  # who looks into the file names it


def find_strays(stores: Stores, namespaces: Iterable[str]) -> list[FileResult]:
    """A fault for each link and the like in a study: rows may be behind it."""
    return [
        FileResult(namespace, stray.name, Outcome.STRAY, describe(stray))
        for namespace in namespaces
        for stray in stores.of(namespace).strays(study_folder(namespace))
    ]


def unregistered(stores: Stores, registry: Registry) -> list[str]:
    """Folders of rows whose study the registry does not know, sorted.

    Nobody could tell whose rows they are, nor delete them when somebody leaves.
    """
    prefix = study_folder("")[:-1]
    return sorted(
        {
            info.name.removeprefix(prefix).partition("/")[0]
            for store in stores.each(registry.studies)
            for info in list_but_strays(store, DATA)
            if info.name.startswith(prefix) and "/" in info.name.removeprefix(prefix)
        }
        - set(registry.namespaces)
    )
