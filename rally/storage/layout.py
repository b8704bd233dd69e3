"""Where things are: the paths of partitions, events and dead letters.

Hive-style, so that BigQuery external tables and Spark read `data/…` as it is. Names
come from the registry, never from a ping.
"""

from collections.abc import Container, Iterable
from typing import NamedTuple

from rally.errors import ConfigurationError, unwritable
from rally.storage.objectstore.interface import ObjectStore
from rally.storage.objectstore.open_store import open_store
from rally.times import InvalidTime, parse_day

DATA = "data/"
EVENTS = "events/"
CONSENTS = "consents/"
"""What begins the names of all rows, in studies' stores, and of the platform's logs."""

LOG = EVENTS + "log/"
"""What begins the names of the event log's files, into which delete merges events."""

VIEWS = "views/"
"""What begins the name of each study's view of the withdrawal list, in its store."""

NEW = "new"
"""The bucket of files as ingest writes them, before compaction."""

UNKNOWN = "unknown"
"""Stands for a study that is not in the registry."""

_STUDY = "{study}"


class Partition(NamedTuple):
    """One study's rows of one document type and version, of one day.

    Attributes:
        study: Namespace.
        document: `<type>.<version>`.
        day: Submission date in UTC, YYYY-MM-DD.
    """

    study: str
    document: str
    day: str

    @property
    def folder(self) -> str:
        """Its folder in the store, with a slash at the end."""
        return f"{document_folder(self.study, self.document)}date={self.day}/"


def study_folder(study: str) -> str:
    """The folder of all of a study's rows, with a slash at the end."""
    return f"{DATA}study={study}/"


def document_folder(study: str, document: str) -> str:
    """The folder of its rows of one document, with a slash at the end."""
    return f"{study_folder(study)}document={document}/"


def view_folder(study: str) -> str:
    """The folder of a study's view of the withdrawal list, with a slash at the end."""
    return f"{VIEWS}study={study}/"


def view_file(study: str) -> str:
    """The object that says whose rows of a study nobody reads."""
    return f"{view_folder(study)}withdrawn.json"


def new_file(partition: Partition, name: str) -> str:
    """The object that ingest writes."""
    return f"{partition.folder}bucket={NEW}/{name}.avro"


def log_file(folder: str, day: str, name: str) -> str:
    """An object of one of the platform's logs, by submission date."""
    return f"{folder}date={day}/{name}.avro"


def log_bucket_file(bucket: str, counter: int, digest: str) -> str:
    """A file of the event log.

    Args:
        bucket: Name of its bucket, `<bits>-<hex>`.
        counter: Counter of the root that first names it.
        digest: First digits of the SHA-256 by which the root names it.
    """
    return f"{LOG}bucket={bucket}/{counter:012}-{digest}.avro"


def is_day(text: str) -> bool:
    """Tells whether it is a date, YYYY-MM-DD, of the range of times."""
    try:
        parse_day(text)
    except InvalidTime:
        return False
    return True


class Stores:
    """The store of each study, and the platform's own."""

    def __init__(self, store: str, platform: str | None) -> None:
        """Takes the URIs of `--store` and `--platform`.

        `{study}` in the store's URI gives each study a place of its own; then the
        platform has to be named.

        Raises:
            ConfigurationError: it is not, or has {study} in it itself; or one of them
                has other braces.
        """
        if platform is None and _STUDY in store:
            raise ConfigurationError(
                "--store has {study} in it; say with --platform where the platform's"
                " own records go"
            )
        if _STUDY in (platform or ""):
            raise ConfigurationError(
                "--platform has {study} in it; the platform's own records have one"
                " place for all studies"
            )
        for option, uri in (("--store", store), ("--platform", platform or "")):
            if set("{}") & set(uri.replace(_STUDY, "")):
                raise ConfigurationError(
                    f"{option} {uri}: has braces other than {_STUDY}; correct it"
                )
        self._template = store
        self._opened: dict[str, ObjectStore] = {}
        self.platform = open_store(platform or store.rstrip("/") + "/platform")

    def of(self, study: str) -> ObjectStore:
        """The store that holds a study's partitions."""
        uri = self._template.replace(_STUDY, study)
        if uri not in self._opened:
            self._opened[uri] = open_store(uri)
        return self._opened[uri]

    @property
    def is_one_a_study(self) -> bool:
        """Whether each study has a place of its own."""
        return _STUDY in self._template

    def each(self, studies: Iterable[str]) -> list[ObjectStore]:
        """The stores of these studies, each once."""
        return list({store.uri: store for store in map(self.of, studies)}.values())

    def check_writable(
        self, studies: Iterable[str], concluded: Container[str] = ()
    ) -> None:
        """Makes sure of every store that a job may write to, before it begins.

        Args:
            studies: The studies that are registered.
            concluded: Studies whose keys may be gone. A bucket whose storage key is
                destroyed takes nothing any more, and nothing is written there.

        Raises:
            ConfigurationError: one of them cannot be written.
            ConnectionError: one of them cannot be reached.
        """
        open_ones = (each for each in studies if each not in concluded)
        for store in (*self.each(open_ones), self.platform):
            try:
                store.check_writable()
            except OSError as error:
                raise unwritable(store.uri, error) from None
