"""Divides searches of partitions into tasks, and combines the results."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from rally.registry.registry import Registry
from rally.results import WrongResults, read_strictly
from rally.retention.plan_entry import (
    STUDY,
    Phase,
    Reason,
    join_scopes,
    split_scopes,
)
from rally.retention.row_search import SearchResult, SearchTask
from rally.retention.survey import SurveyResult
from rally.storage.layout import Partition

_BYTES, _PARTITIONS = 64 * 1024 * 1024, 200
"""Limits of one task: bytes of files, and number of partitions."""


def make_tasks(
    partitions: Mapping[Partition, int], about: str, *, event_only: bool = False
) -> Iterator[SearchTask]:
    """Divides a search into tasks of bounded size.

    Args:
        partitions: Partitions, with the size of their files in bytes.
        about: See SearchTask.
        event_only: See SearchTask.
    """
    held, size = list[Partition](), 0
    for partition, length in partitions.items():
        if held and (size + length > _BYTES or len(held) >= _PARTITIONS):
            yield SearchTask(tuple(held), about, event_only)
            held, size = [], 0
        held.append(partition)
        size += length
    if held:
        yield SearchTask(tuple(held), about, event_only)


def merge_sizes(
    enrolments: Mapping[str, Mapping[Partition, int]],
) -> dict[str, dict[Partition, int]]:
    """Groups partitions by all studies that they tell of, so that a file is read once.

    Args:
        enrolments: Partitions by study, with their size in bytes.

    Returns:
        Partitions with their size, by studies as in `PlanEntry.about`.
    """
    studies = dict[Partition, set[str]]()
    for study, partitions in enrolments.items():
        for partition in partitions:
            studies.setdefault(partition, set()).add(study)
    found: dict[str, dict[Partition, int]] = {}
    for partition, abouts in studies.items():
        size = enrolments[min(abouts)][partition]
        found.setdefault(join_scopes(abouts), {})[partition] = size
    return dict(sorted(found.items()))


def read_result(value: Any, task: SearchTask) -> SearchResult:
    """Reads the result of a task.

    Raises:
        WrongResults: It is no result, or about other partitions than those of the task.
    """
    with read_strictly("search"):
        result = SearchResult.from_json(value)
    reason, phase = Reason.UNENROLLED, Phase.ROWS
    if task.about:
        reason, phase = Reason.CONCLUDED, Phase.ENROLMENTS
    expected = (phase, STUDY, reason, task.about)
    for entry in result.entries:
        partition = Partition(entry.study, entry.document, entry.day)
        found = (entry.phase, entry.where, entry.reason, entry.about)
        if found != expected or partition not in task.partitions:
            raise WrongResults("step search: a result is about another partition")
    return result


def add_found(result: SearchResult, about: str, survey: SurveyResult) -> None:
    """Adds to a survey what a search found other than entries.

    Args:
        result: Result of a task.
        about: See SearchTask.
        survey: The survey.
    """
    if not about:
        survey.rows.update(result.rows)
    survey.faults += result.faults
    if result.faults:
        survey.waiting |= split_scopes(about)


def select_joins(
    registry: Registry, studies: Collection[str], joins: Mapping[Partition, int]
) -> dict[Partition, int]:
    """Selects the partitions whose rows tell of enrolments in some studies."""
    return {
        partition: size
        for partition, size in joins.items()
        if _joined_studies(registry, partition, studies)
    }


def add_event_only(
    registry: Registry,
    studies: Collection[str],
    result: SearchResult,
    survey: SurveyResult,
) -> None:
    """Adds to a survey the enrolments without an event, by study.

    A document that joins several studies may be about any of them: the search does
    not read what a row says of that.

    Args:
        registry: Registry of the studies.
        studies: Studies with unenrolled rows.
        result: Result of a task.
        survey: The survey.
    """
    for entry in result.entries:
        partition = Partition(entry.study, entry.document, entry.day)
        for study in _joined_studies(registry, partition, studies):
            lost = survey.event_only.setdefault(study, Counter())
            lost[f"{entry.study}/{entry.document}"] += entry.removes
    survey.faults += result.faults


def _joined_studies(
    registry: Registry, partition: Partition, studies: Collection[str]
) -> list[str]:
    """Lists the studies of which rows of a partition may tell enrolments."""
    study = registry.studies[partition.study]
    has_scope = registry.documents(study)[partition.document].scope
    return [each for each in studies if has_scope or each == partition.study]
