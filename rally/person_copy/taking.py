"""Takes a person's copy: from rows, events, the withdrawal list and the registry."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from rally.access.person_rows import PersonRows, StoredRow
from rally.decisions.chain import Chain
from rally.events import Event, EventKind
from rally.inventory.records import StudyEntry
from rally.inventory.taking import take_inventory
from rally.person_copy.records import (
    DELETIONS,
    OTHER,
    YOUR_ID,
    Act,
    DocumentCopy,
    PersonCopy,
    PersonRecords,
    RowCopy,
    StudyCopy,
)
from rally.registry.registry import Registry
from rally.registry.study import Document
from rally.releases.published import StudyReleases
from rally.storage.row_keys import COLUMNS
from rally.times import from_micros
from rally.validation.pointers import Pointer, look_up, parse_pointer
from rally.validation.pseudonyms import Pseudonyms
from rally.version import pipeline_version
from rally.withdrawal.people_index import PeopleIndex
from rally.withdrawal.rulings import Rulings
from rally.withdrawal.selection import Selection

_ID_POINTERS = ("participant", "deletion_id")
"""Properties of a payload schema that name an id's place by a JSON pointer."""


class PlatformFacts(NamedTuple):
    """What the platform knows of studies and of who left, beside rows.

    Attributes:
        registry: Registry of the studies.
        chain: Decisions of the platform.
        pseudonyms: Pseudonyms of the platform and of the studies that have a key.
        people: People on the published withdrawal list.
        releases: What was published of studies, by their namespaces.
    """

    registry: Registry
    chain: Chain
    pseudonyms: Pseudonyms
    people: PeopleIndex
    releases: Mapping[str, StudyReleases]


def take_copy(
    case: str,
    person: str,
    facts: PlatformFacts,
    found: PersonRows,
    records: PersonRecords,
    at: datetime,
) -> PersonCopy:
    """Gathers all that is held of a person.

    Args:
        case: Id of the case.
        person: Platform pseudonym.
        facts: What the platform knows.
        found: Rows of the person.
        records: What the platform's own records say of the person.
        at: Time for which the copy is true, UTC.

    Raises:
        CorruptFile: A row is not what its schema says.
    """
    by_study: dict[str, list[StoredRow]] = {}
    for row in found.rows:
        by_study.setdefault(row.partition.study, []).append(row)
    known = {*by_study, *(each.scope for each in records.acts)}
    known.update(each.study for each in records.consents)
    registry = facts.registry
    studies = {name: it for name, it in registry.studies.items() if name in known}
    entries = take_inventory(
        Registry(studies), facts.chain, at, releases=facts.releases
    ).studies
    return PersonCopy(
        case,
        at,
        pipeline_version(),
        tuple(
            _take_study(entry, person, facts, by_study, found.concluded)
            for entry in entries
        ),
        found.closed,
        records,
    )


def find_acts(events: Iterable[Event], person: str, rulings: Rulings) -> list[Act]:
    """Finds when a person joined and left, sorted, each act once.

    Args:
        events: Event log, which is read twice: a deletion id is known by an enrolment.
        person: Platform pseudonym.
        rulings: Decisions of people, by which a letter is one.
    """
    deletion_ids = {
        each.deletion_id
        for each in events
        if each.participant == person and each.deletion_id
    }
    acts = {
        Act(from_micros(each.submission_timestamp), *_said(each))
        for each in events
        if each.kind in (EventKind.JOINED, EventKind.LEFT)
        and (each.participant == person or _is_of(each, deletion_ids))
        and rulings.is_genuine(each)
    }
    return sorted(acts)


def _said(event: Event) -> tuple[EventKind, str, str]:
    return event.kind, event.scope, event.signal


def _is_of(event: Event, deletion_ids: set[str]) -> bool:
    return event.participant is None and event.deletion_id in deletion_ids


def _take_study(
    entry: StudyEntry,
    person: str,
    facts: PlatformFacts,
    by_study: dict[str, list[StoredRow]],
    concluded: tuple[str, ...],
) -> StudyCopy:
    study = entry.study
    documents = facts.registry.documents(study)
    only = {person}
    selection = Selection(facts.people, study, facts.pseudonyms, only)
    by_name: dict[str, list[RowCopy]] = {}
    for row in by_study.get(study.namespace, ()):
        document = documents.get(row.partition.document)
        name = document.name if document else OTHER
        by_name.setdefault(name, []).append(_take_row(row, document, selection))
    return StudyCopy(
        entry,
        study.namespace in concluded,
        tuple(
            DocumentCopy(name, documents.get(name), tuple(rows))
            for name, rows in sorted(by_name.items())
        ),
    )


def _take_row(
    row: StoredRow, document: Document | None, selection: Selection
) -> RowCopy:
    stored = row.decode()
    payload = stored.pop("payload", None)
    agent, tags = stored.pop("client_agent", None), stored.pop("source_tags", None)
    if payload is None:  # of another program's writer, which has columns of its own
        payload = {name: it for name, it in stored.items() if name not in COLUMNS}
    sent_at = from_micros(row.key.time)
    hide = _IdHider(row, payload)
    verdict = selection.judge(*row.key).verdict
    days = document.delete_after_days if document else None
    return RowCopy(
        hide.in_value(payload),
        hide.in_text(row.key.document_id.decode("ascii", "replace")),
        sent_at,
        agent and hide.in_text(agent),
        tags and hide.in_text(tags),
        row.fingerprint,
        DELETIONS[verdict],
        None if days is None else sent_at.date() + timedelta(days=days),
    )


class _IdHider:
    """Takes a row's pseudonyms out of it, at their own places and in texts.

    A pseudonym tells others which rows are whose; the person has no use for it.
    """

    def __init__(self, row: StoredRow, payload: Any) -> None:
        self._places = list(_id_places(row))
        ids = [row.key.participant.decode("ascii", "replace")]
        ids += [
            found
            for each in self._places
            if isinstance(found := look_up(payload, each), str) and found
        ]
        forms = {form for each in ids for form in (each, each.replace("-", ""))}
        listed = "|".join(map(re.escape, sorted(forms, key=len, reverse=True)))
        self._pattern = re.compile(listed, re.IGNORECASE)

    def in_text(self, text: str) -> str:
        """Puts YOUR_ID in the place of each pseudonym."""
        return self._pattern.sub(YOUR_ID, text)

    def in_value(self, value: Any, at: Pointer = ()) -> Any:
        """Copies a JSON value without the ids at their places, and in its texts."""
        if isinstance(value, str):
            return self.in_text(value)
        if isinstance(value, list):
            return [self.in_value(each, (*at, "*")) for each in value]
        if not isinstance(value, dict):
            return value
        found: dict[str, Any] = {}
        for name, each in value.items():
            if (*at, name) not in self._places:
                found[self._name(name, found)] = self.in_value(each, (*at, name))
        return found

    def _name(self, name: str, taken: dict[str, Any]) -> str:
        """Returns a name without ids; two names that become one are told apart."""
        hidden, number = self.in_text(name), 1
        unique = hidden
        while unique in taken:
            number += 1
            unique = f"{hidden} {number}"
        return unique


def _id_places(row: StoredRow) -> Iterator[Pointer]:
    """Yields the places of ids that the row's own schema names."""
    schema = row.payload_schema
    for name in _ID_POINTERS:
        pointer = schema.get(name)
        if isinstance(pointer, str) and pointer.startswith("/"):
            yield parse_pointer(pointer)
