"""The registry's folder: which files it must have, and no others."""

import gc
import re
from collections.abc import Container, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from math import inf
from pathlib import Path

from rally import plain_yaml
from rally.errors import ConfigurationError, ManyFaults, faults_of, unusable
from rally.fields import AllFields, Place, raise_all
from rally.names import check_namespace
from rally.plain_yaml import PlainYaml, read_yaml
from rally.registry import schemas
from rally.registry.cross_checks import close_clashing, close_unjoinable
from rally.registry.parsing import read_study
from rally.registry.review_parsing import read_review
from rally.registry.reviews import FOLDER as REVIEWS
from rally.registry.reviews import Review
from rally.registry.schemas import SchemaFile, read_schema
from rally.registry.study import Study, StudyKind, UnavailableStudy, all_faults
from rally.storage.objectstore.interface import ObjectNotFound
from rally.storage.objectstore.open_store import open_store

FILE = "study.yaml"
"""The file of a study's promises, in its folder."""

_LONGEST = 1000  # of a line: a schema's words stand in some, as long as they are
_REVIEW_SUFFIX = ".yaml"
_MOST_REVIEWS = 1000  # each change of a schema needs one
_SCHEMA_SUFFIX = ".avsc"
_REVISIONS = "revisions/"
_REVISION = re.compile(_REVISIONS + "([^/]+)/([1-9][0-9]{0,8})[.]avsc")
_MOST_REVISIONS = 200  # of a document, but the newest; a worker compiles them all
_MOST_BYTES = max(plain_yaml.MAX_BYTES, schemas.MAX_BYTES)
_MOST_SCHEMA_BYTES = 2 * 1024 * 1024
_MOST_REVISION_BYTES = 8 * 1024 * 1024
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
        self._names: dict[str, list[str]] = {}
        for name in self._sizes:
            self._names.setdefault(name.partition("/")[0], []).append(name)
        if not self._folders():
            raise Place(uri).error("holds no study; give the folder of the registry")

    def studies(self) -> tuple[dict[str, Study], dict[str, UnavailableStudy]]:
        """Reads every study: those that load, and those that do not, by namespace.

        Raises:
            ConfigurationError: no study loads; it tells all faults of all files.
            ConnectionError: the folder cannot be reached any more.
        """
        studies = dict[str, Study]()
        unavailable = dict[str, UnavailableStudy]()
        places = dict[str, Place]()
        with _collector_paused():
            self._read_all(studies, unavailable, places)
        close_clashing(studies, unavailable, places)
        close_unjoinable(studies, unavailable, places)
        if not studies:
            closed = (unavailable[name] for name in sorted(unavailable))
            raise ManyFaults(all_faults(closed))
        return studies, unavailable

    def names_below(self, prefix: str) -> list[str]:
        """Gives the names of all files below a folder, `rally-birds/reviews/`."""
        folder = prefix.partition("/")[0]
        names = self._names.get(folder, ())
        return sorted(name for name in names if name.startswith(prefix))

    def file(self, name: str) -> str:
        """Gives the file of a name in the folder, for messages."""
        return f"{self._root}/{name}"

    def read(self, name: str) -> bytes:
        """Reads a file of the folder.

        Raises:
            ConfigurationError: It is missing, too long, or cannot be read.
            ConnectionError: The folder cannot be reached any more.
        """
        place = Place(self.file(name))
        if self._sizes.get(name, 0) > _MOST_BYTES:  # before it is in memory
            raise place.error(f"is longer than {_MOST_BYTES:,} bytes; shorten it")
        try:
            return self._store.read(name)
        except ObjectNotFound:
            raise place.error("is missing; add it") from None
        except OSError as error:
            what = f"cannot be read ({error.strerror or error})"
            raise unusable(place.file, error, what) from None

    def _read_all(
        self,
        studies: dict[str, Study],
        unavailable: dict[str, UnavailableStudy],
        places: dict[str, Place],
    ) -> None:
        """Reads each study, and puts it where it belongs; raises as `studies` does."""
        for folder in self._folders():
            places[folder] = Place(self.file(f"{folder}/{FILE}"))
            try:
                yaml = read_yaml(places[folder].file, self.read(f"{folder}/{FILE}"))
            except ConfigurationError as error:
                unavailable[folder] = read_unavailable(None, faults_of(error))
                continue
            places[folder] = places[folder]._replace(lines=yaml.lines)
            try:
                studies[folder] = self._study(folder, places[folder], yaml)
            except ConfigurationError as error:
                is_legible = not (yaml.faults or yaml.unreadable)
                content = yaml.value if is_legible else None
                faults_in_order = _by_line(places[folder].file, faults_of(error))
                unavailable[folder] = read_unavailable(content, faults_in_order)

    def _study(self, folder: str, place: Place, yaml: PlainYaml) -> Study:
        newest, older = self._schema_sizes(folder)
        for what, size, most in (
            ("schemas", newest, _MOST_SCHEMA_BYTES),
            ("older revisions", older, _MOST_REVISION_BYTES),
        ):
            if size > most:
                raise place.error(
                    f"its {what} have more than {most:,} bytes together; make another"
                    " study"
                )
        fields = AllFields(place, yaml.value)
        fields.add(yaml.faults)
        fields.add(self._find_undeclared(folder, yaml.value))
        return read_study(
            fields,
            folder,
            partial(self._revisions, folder),
            partial(self._reviews, folder),
        )

    def _reviews(self, folder: str) -> tuple[Review, ...]:
        """Reads the reviews of a study. Raises ConfigurationError with all faults."""
        prefix = f"{folder}/{REVIEWS}/"
        names = self.names_below(prefix)
        if len(names) > _MOST_REVIEWS:
            what = f"has more than {_MOST_REVIEWS:,} reviews; make another study"
            raise Place(self.file(prefix)).error(what)
        found, faults = list[Review](), list[str]()
        for name in names:
            try:
                found.append(self._review(name))
            except ConfigurationError as error:
                faults += faults_of(error)
        faults += _find_wrong_renewals(found, self.file(prefix))
        raise_all(faults)
        return tuple(found)

    def _review(self, name: str) -> Review:
        place = Place(self.file(name))
        stem = name.rpartition("/")[2].removesuffix(_REVIEW_SUFFIX)
        if not name.endswith(_REVIEW_SUFFIX):
            raise place.error(f"is no review; name it *{_REVIEW_SUFFIX}, or remove it")
        yaml = read_yaml(place.file, self.read(name))
        try:
            review = read_review(place._replace(lines=yaml.lines), stem, yaml.value)
        except ConfigurationError as error:
            raise ManyFaults([*yaml.faults, *faults_of(error)]) from None
        raise_all([*yaml.faults])
        return review

    def _revisions(
        self, folder: str, place: Place, document: str
    ) -> Sequence[SchemaFile]:
        """Reads all schemas of a document, the newest first.

        Raises:
            ConfigurationError: one is missing or not good; all faults are told.
        """
        name = f"{folder}/{document}{_SCHEMA_SUFFIX}"
        if name not in self._sizes:
            raise place.error(f"has no schema; add {document}{_SCHEMA_SUFFIX} beside")
        found, faults = list[SchemaFile](), list[str]()
        for each in (name, *self._find_older(folder, place, document)):
            try:
                found.append(read_schema(self.file(each), self.read(each)))
            except ConfigurationError as error:
                faults += faults_of(error)
        raise_all(faults)
        return found

    def _find_older(self, folder: str, place: Place, document: str) -> Sequence[str]:
        """Finds the files of a document's older revisions, the newest first.

        Raises:
            ConfigurationError: their numbers have a gap, or they are too many.
        """
        at = f"{folder}/{_REVISIONS}{document}/"
        matches = (
            _REVISION.fullmatch(name.removeprefix(f"{folder}/"))
            for name in self.names_below(at)
        )
        numbers = sorted(int(match[2]) for match in matches if match)
        if len(numbers) > _MOST_REVISIONS:
            raise place.error(
                f"has more than {_MOST_REVISIONS} older revisions; make a new version"
            )
        if numbers != list(range(1, len(numbers) + 1)):
            missing = min(set(range(1, len(numbers) + 1)) - set(numbers))
            raise Place(self.file(f"{at}{missing}{_SCHEMA_SUFFIX}")).error(
                "is missing; revisions are numbered from 1 on without a gap"
            )
        return [f"{at}{number}{_SCHEMA_SUFFIX}" for number in reversed(numbers)]

    def _find_undeclared(self, folder: str, content: object) -> list[str]:
        """Finds schemas beside study.yaml of which it has no document."""
        documents = content.get("documents") if isinstance(content, dict) else None
        if not isinstance(documents, dict):
            return []
        return [
            str(Place(self.file(f"{folder}/{name}")).error(what))
            for name in sorted(self._schemas_of(folder))
            if (what := _undeclared(name, documents))
        ]

    def _schema_sizes(self, folder: str) -> tuple[int, int]:
        """Gives the bytes of a study's newest schemas, and of the older ones."""
        sizes = [0, 0]
        for name, size in self._schemas_of(folder).items():
            sizes["/" in name] += size
        return sizes[0], sizes[1]

    def _schemas_of(self, folder: str) -> dict[str, int]:
        """Gives the sizes of all schemas in a study's folder, by their names there."""
        prefix = f"{folder}/"
        return {
            name.removeprefix(prefix): self._sizes[name]
            for name in self._names[folder]
            if name.startswith(prefix) and name.endswith(_SCHEMA_SUFFIX)
        }

    def _folders(self) -> list[str]:
        return sorted(
            folder
            for folder, names in self._names.items()
            if names != [folder] and not folder.startswith(_NOT_OURS)
        )


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Keeps Python from looking for garbage: nearly all that a registry makes stays.

    Of a hundred studies these looks, each through all of it, are a tenth of the time.
    What was made counts as old at the end: only a look through everything sees it.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.unfreeze()  # moves all of it among the oldest, without a look
        if was_enabled:
            gc.enable()


def _undeclared(name: str, documents: Container[object]) -> str:
    """Says why a schema is of no document, by its name in the folder; "" if it is."""
    if name.startswith(_REVISIONS):
        match = _REVISION.fullmatch(name)
        known = match is not None and match[1] in documents
        what = f"is no revision of a document of {FILE}; name it"
        return (
            "" if known else f"{what} {_REVISIONS}<document>/<number>.avsc or remove it"
        )
    if name.removesuffix(_SCHEMA_SUFFIX) in documents:
        return ""
    return f"is no document of {FILE}; declare it there or remove it"


def _find_wrong_renewals(reviews: Sequence[Review], folder: str) -> list[str]:
    """Finds reviews that rest on what is not there, or on each other in a circle."""
    renews = {each.id: each.rests_on for each in reviews}
    faults = list[str]()
    for review in reviews:
        path = ("incremental", "of") if review.incremental else ("request", "renews")
        place = Place(f"{folder}{review.id}{_REVIEW_SUFFIX}").at(*path)
        seen, each = {review.id}, renews[review.id]
        while each is not None and each in renews and each not in seen:
            seen.add(each)
            each = renews[each]
        if each is not None and each in seen:
            faults.append(str(place.error("renews itself in a circle; correct it")))
        elif each is not None and each == review.rests_on:
            faults.append(str(place.error(f"there is no review {each}; correct it")))
    return faults


def local_study_folder(studies: str, namespace: str) -> Path:
    """Gives the folder of a study, in a registry that a person writes into here.

    Raises:
        ConfigurationError: no study can have the name, or the registry is elsewhere.
    """
    check_namespace(namespace)
    if "://" in studies:
        raise ConfigurationError("--studies: must be a folder of this machine here")
    return Path(studies) / namespace


def read_unavailable(content: object, faults: Sequence[str]) -> UnavailableStudy:
    """Makes the record of a study that does not load, of what is legible of it.

    Args:
        content: The content of its study.yaml; None where it is not good YAML.
        faults: The reasons for which it does not load, one line each.
    """
    lines = tuple(each[:_LONGEST] for each in faults)
    entries = content if isinstance(content, dict) else {}
    kind = next((each for each in StudyKind if each == entries.get("kind")), None)
    aliases, derived = (entries.get(name, []) for name in ("aliases", "derived"))
    if kind is None or not (_are_texts(aliases) and _are_texts(derived)):
        return UnavailableStudy(lines)
    return UnavailableStudy(lines, kind, tuple(aliases), tuple(derived))


def _by_line(file: str, faults: Sequence[str]) -> list[str]:
    """Sorts faults as a reader goes: this file's by line, then those of others."""

    def order(fault: str) -> tuple[bool, float]:
        line = re.match(": line ([0-9]+): ", fault.removeprefix(file))
        return not fault.startswith(f"{file}: "), int(line[1]) if line else inf

    return sorted(faults, key=order)


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)
