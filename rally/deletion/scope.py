"""The scope of deletion: which namespaces and files a withdrawal is about."""

from collections.abc import Iterable, Iterator

from rally.deletion.plan import FileOutcome, FileResult, ListedFile
from rally.events import RALLY
from rally.registry.registry import Registry
from rally.registry.study import Study, StudyKind
from rally.storage.layout import DATA, Stores, study_folder
from rally.storage.objectstore.strays import describe, list_but_strays
from rally.storage.partitions import list_containers
from rally.withdrawal.withdrawal_list import Withdrawal


def concerns(withdrawal: Withdrawal, study: Study) -> bool:
    """Tells whether a withdrawal is about rows of a study or of the platform.

    A person who leaves Rally leaves every study. A person who leaves one study has a
    row of their enrolment in it among the platform's rows.
    """
    return (
        withdrawal.scope in (RALLY, study.namespace) or study.kind is StudyKind.PLATFORM
    )


def namespaces_of(withdrawal: Withdrawal, registry: Registry) -> list[str]:
    """Lists the namespaces that a withdrawal is about, including deferred ones."""
    return [
        study.namespace
        for study in registry.studies.values()
        if concerns(withdrawal, study)
    ]


def list_files(stores: Stores, namespaces: Iterable[str]) -> Iterator[ListedFile]:
    """Lists every file of some namespaces that can have rows.

    Any Avro file may have rows, whatever its name is. The audit reports other files.
    """
    for namespace in namespaces:
        for info in list_containers(stores.of(namespace), namespace):
            yield ListedFile(namespace, *info)


def find_strays(stores: Stores, namespaces: Iterable[str]) -> list[FileResult]:
    """Reports each link and the like in a study as a fault: rows may be behind it."""
    return [
        FileResult(namespace, stray.name, FileOutcome.STRAY, describe(stray))
        for namespace in namespaces
        for stray in stores.of(namespace).strays(study_folder(namespace))
    ]


def find_unregistered(stores: Stores, registry: Registry) -> list[str]:
    """Names the folders of rows whose study the registry does not know, sorted.

    Nobody can find a person's rows there, or delete them.
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
