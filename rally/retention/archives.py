"""Surveys archives of ingested files, which globs name, by their time of writing."""

import os
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from rally.errors import ConfigurationError, cause_of
from rally.registry.object_classifier import folder_of
from rally.retention.context import Context
from rally.retention.plan_entry import Phase, PlanEntry, Reason, whole_entry
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
    """An archive that a glob names.

    Attributes:
        store: URI of its folder or bucket.
        info: The object as listed there.
        written: Time of writing, UTC; an end of the range if it is out of range.
    """

    store: str
    info: ObjectInfo
    written: datetime


def survey_archives(context: Context, survey: SurveyResult) -> Iterator[PlanEntry]:
    """Yields entries for archives past their time, each once.

    Args:
        context: Context of the purge.
        survey: Survey, to which faults of links and impossible times are added.

    Raises:
        ConfigurationError: A glob names something in a store, a key folder, the
            registry or a researchers' folder, or cannot be listed.
    """
    if context.registry.illegible:
        return  # a glob may name tables that an illegible study file registered
    days, seen = context.limits.archive_days, set[str]()
    newest = latest(context.now) + _CLOCKS_DIFFER
    kept = {folder_of(uri): uri for uri in _kept(context)}
    for pattern in filter(None, (context.archives or "").split(",")):
        for store, info, written in _match(pattern, kept, survey):
            path = f"{folder_of(store)}{info.name}"
            _check_is_ours_to_delete(path, kept)
            is_new = path not in seen
            seen.add(path)
            if is_new and not EARLIEST < written < newest:
                survey.faults.append((path, _UNDATED))
            elif is_new and context.is_older(written, days):
                labels = ("", _ARCHIVE, "")
                yield whole_entry(Phase.REST, store, labels, info, Reason.ARCHIVE)


def _match(
    pattern: str, kept: Mapping[str, str], survey: SurveyResult
) -> Iterator[Archive]:
    is_remote = pattern.startswith("gs://")
    if "://" in pattern and not is_remote:
        raise ConfigurationError(
            f"--archives {pattern}: only local files and gs:// are served"
        )
    try:
        yield from _objects(pattern) if is_remote else _files(pattern, kept, survey)
    except OSError as error:
        raise ConfigurationError(
            f"--archives {pattern}: cannot be listed ({error.strerror or 'refused'})"
        ) from None


def _files(
    pattern: str, kept: Mapping[str, str], survey: SurveyResult
) -> Iterator[Archive]:
    """Yields files below the folder before the first wildcard, without links.

    Deleting a link would leave its target, which may be somebody else's.
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
            survey.faults.append((path, f"is not deleted: {cause_of(error)}"))
            continue
        if info is not None:
            yield Archive(store.uri, info, nearest_seconds(os.stat(path).st_mtime))


def _objects(pattern: str) -> Iterator[Archive]:
    bucket, _, name = pattern.removeprefix("gs://").partition("/")
    store = open_store(f"gs://{bucket}")
    for info, written in store.list_dated(plain_prefix(name)):
        if is_match(info.name, name):
            yield Archive(store.uri, info, written)


def _kept(context: Context) -> Iterator[str]:
    """Yields the URIs of places that have no archives, whatever a glob says."""
    yield context.platform.uri
    for store in context.stores.each(context.registry.studies):
        yield store.uri
    yield from (uri for uri, _ in context.registry.derived)
    yield from context.keys
    yield context.studies


def _check_is_ours_to_delete(path: str, kept: Mapping[str, str]) -> None:
    """Raises ConfigurationError if a path, with links resolved, is in a kept place."""
    real = folder_of(path)
    for folder, uri in kept.items():
        if real.startswith(folder):
            raise ConfigurationError(
                f"--archives: names what {uri} holds; name the archives alone"
            )
