"""Finds studies whose view is old: their readers are refused, or soon will be."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from rally.decisions.chain import Chain
from rally.errors import ConfigurationError
from rally.keys.names import Job
from rally.registry.registry import Registry
from rally.registry.study import StudyKind
from rally.registry.transitions import States, StudyState
from rally.storage.layout import Stores, view_file
from rally.times import from_micros
from rally.withdrawal.view_object import read_head

_DAILY = timedelta(days=1)


class OldView(NamedTuple):
    """A study's view of the withdrawal list that is older than a day.

    Attributes:
        study: namespace of the study.
        published: time at which deletion published it, UTC; None where there is none
            that readers would believe.
    """

    study: str
    published: datetime | None


def find_old_views(
    stores: Stores,
    registry: Registry,
    states: States,
    chain: Chain,
    files: Mapping[str, int],
    now: datetime,
) -> Iterator[OldView]:
    """Finds views that are older than a day, or missing where there are rows.

    Args:
        stores: stores of the studies.
        registry: registry of the studies.
        states: states of the studies.
        chain: decisions, which name deletion's key.
        files: number of files of rows, by namespace.
        now: the time to tell it for, UTC.

    Raises:
        OSError: a store cannot be read.
    """
    key = chain.keys[Job.DELETE][-1].verifier
    for namespace, study in registry.studies.items():
        is_over = states.at(study, now) is StudyState.CONCLUDED
        if study.kind is StudyKind.PLATFORM or is_over:
            continue
        store = stores.of(namespace)
        if not files.get(namespace) and store.stat(view_file(namespace)) is None:
            continue  # not begun
        try:
            published = from_micros(read_head(store, namespace, key).published)
        except ConfigurationError:
            yield OldView(namespace, None)
            continue
        if now - published > _DAILY:
            yield OldView(namespace, published)
