"""The registry's folder: which files it must have, and no others."""

from functools import partial

from rally import plain_yaml
from rally.errors import ConfigurationError, ManyFaults, faults_of, unusable
from rally.fields import AllFields, Place, raise_all
from rally.plain_yaml import read_yaml
from rally.registry import schemas
from rally.registry.cross_checks import FILE, find_clashes, find_unjoinable
from rally.registry.legible import read_unavailable
from rally.registry.parsing import read_study
from rally.registry.review import read_stewards
from rally.registry.schemas import read_schema
from rally.registry.study import (
    Means,
    PayloadSchema,
    Study,
    UnavailableStudy,
    all_faults,
)
from rally.storage.objectstore.interface import ObjectNotFound
from rally.storage.objectstore.open_store import open_store
from rally.validation.avro_types import Type

_STEWARDS = "stewards.yaml"
_SCHEMA_SUFFIX = ".avsc"
_MOST_BYTES = max(plain_yaml.MAX_BYTES, schemas.MAX_BYTES)
_MOST_SCHEMA_BYTES = 2 * 1024 * 1024
_NOT_OURS = (".", "__")  # hidden folders, and Python's caches


class StudyFolder:
    """A folder of studies, on this machine or below gs://."""

    def __init__(self, uri: str) -> None:
        """Lists the folder.

        Raises:
            ConfigurationError: it cannot be read, or holds no study.
            ConnectionError: it cannot be reached; as `studies` does.
        """
        self._store = open_store(uri, follows=True)  # a ConfigMap's are links
        self._root = uri.rstrip("/")
        try:
            self._sizes = {info.name: info.size for info in self._store.list()}
        except OSError as error:
            what = f"cannot be listed ({error.strerror or error})"
            raise unusable(uri, error, what) from None
        if not self._folders():
            raise Place(uri).error("holds no study; give the folder of the registry")

    def studies(self) -> tuple[dict[str, Study], dict[str, UnavailableStudy]]:
        """Reads every study: those that load, and those that do not, by namespace.

        Raises:
            ConfigurationError: the stewards are not as they must be, or no study loads;
                then it tells all faults.
            ConnectionError: the folder cannot be reached any more.
        """
        stewards = read_stewards(self._file(_STEWARDS), self._read(_STEWARDS))
        studies = dict[str, Study]()
        unavailable = dict[str, UnavailableStudy]()
        for folder in self._folders():
            try:
                studies[folder] = self._study(folder, stewards)
            except ConfigurationError as error:
                unavailable[folder] = self._legible(folder, error)
        for namespace, faults in find_clashes(studies, self._file).items():
            study = studies.pop(namespace)  # nobody can say whose its aliases are
            unavailable[namespace] = UnavailableStudy(
                faults, study.kind, (), study.derived
            )
        unjoinable = find_unjoinable(studies, unavailable, self._file)
        for namespace, faults in unjoinable.items():
            unavailable[namespace] = studies.pop(namespace).closed(faults)
        if not studies:
            raise ManyFaults(all_faults(unavailable.values()))
        return studies, unavailable

    def _study(self, folder: str, stewards: frozenset[str]) -> Study:
        name = f"{folder}/{FILE}"
        place = Place(self._file(name))
        if self._schemas_size(folder) > _MOST_SCHEMA_BYTES:
            raise place.error(
                f"its schemas have more than {_MOST_SCHEMA_BYTES:,} bytes together;"
                " make another study"
            )
        fields = AllFields(place, read_yaml(place.file, self._read(name)))
        study = read_study(fields, folder, stewards, partial(self._schema, folder))
        self._check_all_declared(study)
        return study

    def _legible(self, folder: str, error: ConfigurationError) -> UnavailableStudy:
        """What can be told of a study that does not load."""
        name = f"{folder}/{FILE}"
        try:
            content = read_yaml(self._file(name), self._read(name))
        except ConfigurationError:
            content = None
        return read_unavailable(content, faults_of(error))

    def _schema(
        self, folder: str, place: Place, document: str, means: Means
    ) -> tuple[PayloadSchema, Type]:
        name = f"{folder}/{document}{_SCHEMA_SUFFIX}"
        if name not in self._sizes:
            raise place.error(f"has no schema; add {document}{_SCHEMA_SUFFIX} beside")
        return read_schema(self._file(name), self._read(name), means)

    def _check_all_declared(self, study: Study) -> None:
        prefix = f"{study.namespace}/"
        declared = {f"{prefix}{name}{_SCHEMA_SUFFIX}" for name in study.documents}
        what = f"is no document of {FILE}; declare it there or remove it"
        raise_all(
            [
                str(Place(self._file(name)).error(what))
                for name in sorted(self._sizes.keys() - declared)
                if name.startswith(prefix) and name.endswith(_SCHEMA_SUFFIX)
            ]
        )

    def _schemas_size(self, folder: str) -> int:
        return sum(
            size
            for name, size in self._sizes.items()
            if name.startswith(f"{folder}/") and name.endswith(_SCHEMA_SUFFIX)
        )

    def _folders(self) -> list[str]:
        parents = {name.partition("/")[0] for name in self._sizes if "/" in name}
        return sorted(name for name in parents if not name.startswith(_NOT_OURS))

    def _file(self, name: str) -> str:
        return f"{self._root}/{name}"

    def _read(self, name: str) -> bytes:
        place = Place(self._file(name))
        if self._sizes.get(name, 0) > _MOST_BYTES:  # before it is in memory
            raise place.error(f"is longer than {_MOST_BYTES:,} bytes; shorten it")
        try:
            return self._store.read(name)
        except ObjectNotFound:
            raise place.error("is missing; add it") from None
        except OSError as error:
            what = f"cannot be read ({error.strerror or error})"
            raise unusable(place.file, error, what) from None
