"""Archives of what was ingested: files that globs name, by when they were written."""

import os
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from rally.errors import ConfigurationError, cause_of
from rally.registry.object_classifier import folder_of
from rally.retention.context import Context
from rally.retention.plan_entry import Phase, PlanEntry, Reason, whole_object
from rally.retention.survey import SurveyResult
from rally.settings import latest
from rally.sources.inputs import is_match, match_paths, plain_prefix
from rally.storage.objectstore.interface import ObjectInfo, StrayInTheWay
from rally.storage.objectstore.open_store import open_store
from rally.times import EARLIEST, nearest_seconds

_ARCHIVE = "(archives)"
_CLOCKS_DIFFER = timedelta(days=1)
_UNDATED = (
    "is an archive whose time of writing cannot be true, so nobody knows how old it is;"
    " set the time (`touch`), or remove the file"
)


class Archive(NamedTuple):
    """A file that a glob names.

    Attributes:
        store: URI of the folder or bucket that it is in.
        info: as listed there.
        written: when, UTC; an end of the range of times where it cannot be true.
    """

    store: str
    info: ObjectInfo
    written: datetime


def survey_archives(opened: Context, notes: SurveyResult) -> Iterator[PlanEntry]:
    """The archives past their time, each once.

    Args:
        opened: says what goes.
        notes: get a fault for each archive that is a link, or whose age nobody knows.

    Raises:
        ConfigurationError: a glob names what a store, a key folder, the registry or
            a researchers' folder holds, or cannot be listed.
    """
    if opened.registry.illegible:
        return  # a glob may name its tables: archives wait until that is legible
    days, seen = opened.limits.archive_days, set[str]()
    newest = latest(opened.now) + _CLOCKS_DIFFER
    kept = {folder_of(uri): uri for uri in _kept(opened)}
    for pattern in filter(None, (opened.archives or "").split(",")):
        for store, info, written in _match(pattern, kept, notes):
            path = f"{folder_of(store)}{info.name}"
            _check_is_ours_to_delete(path, kept)
            is_new = path not in seen
            seen.add(path)
            if is_new and not EARLIEST < written < newest:
                notes.faults.append((path, _UNDATED))
            elif is_new and opened.is_older(written, days):
                labels = ("", _ARCHIVE, "")
                yield whole_object(Phase.REST, store, labels, info, Reason.ARCHIVE)


def _match(
    pattern: str, kept: Mapping[str, str], notes: SurveyResult
) -> Iterator[Archive]:
    is_remote = pattern.startswith("gs://")
    if "://" in pattern and not is_remote:
        raise ConfigurationError(
            f"--archives {pattern}: only local files and gs:// are served"
        )
    try:
        yield from _objects(pattern) if is_remote else _files(pattern, kept, notes)
    except OSError as error:
        raise ConfigurationError(
            f"--archives {pattern}: cannot be listed ({error.strerror or 'refused'})"
        ) from None


def _files(
    pattern: str, kept: Mapping[str, str], notes: SurveyResult
) -> Iterator[Archive]:
    """Files below the folder that the glob names in plain, and reached by no link.

    To delete a link would leave what it leads to, and that may be somebody else's.
    """
    plain = plain_prefix(pattern)
    start = len(plain) - len(os.path.basename(plain))
    store = open_store(os.path.realpath(pattern[:start] or "."))
    for path in match_paths(pattern):
        name = path[start:]
        try:
            info = store.stat(name)
        except StrayInTheWay as error:
            _check_is_ours_to_delete(path, kept)
            notes.faults.append((path, f"is not deleted: {cause_of(error)}"))
            continue
        if info is not None:
            yield Archive(store.uri, info, nearest_seconds(os.stat(path).st_mtime))


def _objects(pattern: str) -> Iterator[Archive]:
    bucket, _, name = pattern.removeprefix("gs://").partition("/")
    store = open_store(f"gs://{bucket}")
    for info, written in store.list_dated(plain_prefix(name)):
        if is_match(info.name, name):
            yield Archive(store.uri, info, written)


def _kept(opened: Context) -> Iterator[str]:
    """Where no archives are, whatever a glob says."""
    yield opened.platform.uri
    for store in opened.stores.each(opened.registry.studies):
        yield store.uri
    yield from (uri for uri, _ in opened.registry.derived)
    yield from opened.keys
    yield opened.studies


def _check_is_ours_to_delete(path: str, kept: Mapping[str, str]) -> None:
    """Raises ConfigurationError where it is not, by whatever links it was reached."""
    real = folder_of(path)
    for folder, uri in kept.items():
        if real.startswith(folder):
            raise ConfigurationError(
                f"--archives: names what {uri} holds; name the archives alone"
            )
