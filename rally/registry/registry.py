"""The registry: every study that the platform knows, and its documents.

A folder holds, for each namespace, `study.yaml` with its Avro schemas beside it, and
the records of its data reviews below `reviews/`. A study is read as a whole or not at
all: one wrong entry and nothing of it is collected, deleted or purged, while all others
go on. It loads whatever the date is today; States and Approvals tell what a date means.
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from rally.errors import ConfigurationError
from rally.names import is_namespace
from rally.registry.folder import StudyFolder
from rally.registry.pioneer import PioneerDocuments, built_in_documents
from rally.registry.study import Document, Study, UnavailableStudy

SHIPPED = str(Path(__file__).resolve().parents[2] / "schemas")
"""The registry that comes with the software."""


class Registry:
    """All studies by namespace and alias, each with its documents.

    Attributes:
        studies: Studies that load, by namespace, in the order of their names.
        unavailable: Studies that do not, likewise; they are registered all the same.
    """

    def __init__(
        self,
        studies: Mapping[str, Study],
        unavailable: Mapping[str, UnavailableStudy] = MappingProxyType({}),
    ) -> None:
        """Indexes studies whose names and aliases differ, which `load` has checked."""
        self.studies = studies
        self.unavailable = dict(sorted(unavailable.items()))
        self._names = dict(studies)
        for study in studies.values():
            self._names |= dict.fromkeys(study.aliases, study)
        self._unavailable_names = {
            name: namespace
            for namespace, study in self.unavailable.items()
            for name in (*study.aliases, namespace)
        }
        self._built_in = {
            name: built_in_documents(name, study.kind)
            for name, study in studies.items()
        }
        self._of_pioneer = {
            name: PioneerDocuments(self._built_in[name], study.documents)
            for name, study in studies.items()
        }

    @classmethod
    def load(cls, uri: str) -> "Registry":
        """Reads a folder of this machine or below gs://.

        Raises:
            ConfigurationError: the folder is not as it must be, or no study in it
                loads.
            ConnectionError: it cannot be reached.
        """
        return cls(*StudyFolder(uri).studies())

    @property
    def faults(self) -> Mapping[str, str]:
        """Why studies do not load, by namespace.

        Each is one line, `<file>: <path inside>: <reason, and what to do>`.
        """
        return {name: study.fault for name, study in self.unavailable.items()}

    @property
    def namespaces(self) -> list[str]:
        """All that are registered, sorted: of studies that load and that do not."""
        return sorted({*self.studies, *filter(is_namespace, self.unavailable)})

    @property
    def derived(self) -> list[tuple[str, str]]:
        """The URI of each table of researchers with its study, as far as legible."""
        tables = {name: study.derived for name, study in self.studies.items()}
        tables |= {name: study.derived for name, study in self.unavailable.items()}
        return [(uri, name) for name in sorted(tables) for uri in tables[name]]

    @property
    def illegible(self) -> list[str]:
        """Studies of which nobody can read kind, aliases and tables of researchers."""
        return [name for name, each in self.unavailable.items() if each.kind is None]

    def closing(self, faults: Mapping[str, str]) -> "Registry":
        """The same registry, in which these studies count as not loading, too.

        Args:
            faults: One line each, by namespace; one that is not registered is ignored.
        """
        closed = {
            name: study.closed((faults[name],))
            for name, study in self.studies.items()
            if name in faults
        }
        studies = {
            name: study for name, study in self.studies.items() if name not in closed
        }
        return Registry(studies, {**self.unavailable, **closed})

    def keeping(self, others: "Registry", fault: str) -> "Registry":
        """The same registry, in which those of another are registered as well.

        Args:
            others: registry with studies that this one may not have: they count as not
                loading.
            fault: one line that says why, of those that load in the other.
        """
        more = {
            **others.unavailable,
            **{name: study.closed((fault,)) for name, study in others.studies.items()},
        }
        more = {name: it for name, it in more.items() if not self.is_registered(name)}
        return Registry(self.studies, {**self.unavailable, **more})

    def is_registered(self, namespace: str) -> bool:
        """Tells whether a study has this namespace, be it one that does not load."""
        return namespace in self.studies or namespace in self.unavailable

    def study(self, namespace: str) -> Study | None:
        """The study of exactly this namespace, if it loads."""
        return self.studies.get(namespace)

    def resolve(self, name: str) -> Study | None:
        """The study that a client calls so: by its namespace or by an alias."""
        return self._names.get(name)

    def resolve_unavailable(self, name: str) -> str | None:
        """The namespace of a study that does not load, which a client calls so."""
        return self._unavailable_names.get(name)

    def document(
        self, study: Study, type: str, version: int, pioneer: bool = False
    ) -> Document | None:
        """A declared document, or one of the two that are built in for Pioneer v2.

        Args:
            study: One of this registry.
            type: The document type that the ping names.
            version: The version that the ping names.
            pioneer: The ping came in a Pioneer v2 envelope.
        """
        if pioneer:
            return self._of_pioneer[study.namespace].find(type, version)
        return self.documents(study).get(f"{type}.{version}")

    def find_document(self, study: Study, name: str) -> Document:
        """Finds a document by its name; without a version it is the newest one's.

        Raises:
            ConfigurationError: The study has none.
        """
        documents = self.documents(study)
        if name in documents:
            return documents[name]
        versions = [each for each in documents.values() if each.type == name]
        if versions:
            return max(versions, key=lambda each: each.version)
        known = ", ".join(sorted(documents))
        raise ConfigurationError(
            f"{name}: is no document of {study.namespace}; it has {known}"
        )

    def documents(self, study: Study) -> Mapping[str, Document]:
        """All documents of a study by name: the declared ones and the built-in."""
        return self._built_in[study.namespace] | dict(study.documents)
