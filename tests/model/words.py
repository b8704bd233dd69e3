"""What people and clients do here, in plain values: pings, and the rows they become."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from rally.events import RALLY
from rally.times import to_micros
from tests.support.world import GARDEN, HOUSE, POND

START = datetime(2026, 5, 10, 12, tzinfo=UTC)
HOUR = 3_600_000_000
DAY = 24 * HOUR
PEOPLE = range(5)
STRANGERS = range(100, 106)
"""Made-up people."""

STUDIES = (GARDEN, POND)

DATA = ("visit.1", "survey.1")
"""Documents of data, whose clients have two builds."""

OF_ALL = ("/note", "/parts/*/word", "/amount")
OLDER_MARK = "b"
"""The mark of pings of data of an older client."""

PATHS = (*OF_ALL, "/memo", "/remark")
"""All of them, in the order in which rows have them."""


def fields_of(mark: str) -> tuple[str, ...]:
    """Paths of the fields that can be taken out of pings of data.

    The newer revision has widened the amount, and calls the memo a remark.
    """
    return (*OF_ALL, "/memo" if mark == OLDER_MARK else "/remark")


def moment(day: int, hour: int = 0) -> int:
    """Microseconds of a day, counted from START."""
    return to_micros(START + timedelta(days=day, hours=hour))


class Ping(NamedTuple):
    """A ping of a person.

    Attributes:
        kind: visit, survey, join, leave or uninstall.
        person: one of PEOPLE.
        scope: the study that it is of, or is joined or left; or RALLY.
        own: whether it goes to the study itself, and not to the platform.
        number: the day on which it was first sent: a duplicate has the same.
        time: submission timestamp, microseconds.
        mark: what it says; of a join, "b" has a deletion id.
        copied: of a ping that is another one's bytes, submitted again: its document id.
    """

    kind: str
    person: int
    scope: str
    own: bool
    number: int
    time: int
    mark: str
    copied: str = ""

    @property
    def namespace(self) -> str:
        if self.kind in ("visit", "survey") or (self.own and self.scope != RALLY):
            return self.scope
        return HOUSE

    @property
    def document(self) -> str:
        """`<type>.<version>`."""
        if self.kind in ("visit", "survey"):
            return f"{self.kind}.1"
        if self.kind == "uninstall":
            return "uninstall-deletion.1"
        name = {"join": "enrollment.1", "leave": "unenrollment.1"}[self.kind]
        return name if self.scope == RALLY else f"study-{name}"

    @property
    def document_id(self) -> str:
        """Of its sealed bytes."""
        if self.copied:
            return self.copied
        what = self._replace(time=0, mark="")
        return str(uuid.uuid5(uuid.NAMESPACE_OID, repr(what)))

    @property
    def fields(self) -> frozenset[str]:
        """Paths at which it has a value: one of three pings of data has none."""
        is_bare = (self.number + self.person) % 3 == 0
        if self.document not in DATA or is_bare:
            return frozenset()
        return frozenset(fields_of(self.mark))

    @property
    def row(self) -> "Row":
        """What is stored of it, where it is."""
        return Row(self.namespace, self.document, self.person, self.document_id,
                   self.time, self.mark, self.fields)  # fmt: skip


class Row(NamedTuple):
    """A stored row; its fields are the paths at which it has a value."""

    namespace: str
    document: str
    person: int
    document_id: str
    time: int
    mark: str
    fields: frozenset[str] = frozenset()

    @property
    def day(self) -> int:
        """Its submission date, as days since 1970."""
        return self.time // DAY

    @property
    def rival(self) -> tuple[object, ...]:
        """Rows that have this in common do not stay beside each other."""
        if self.document == "survey.1":
            return self.namespace, self.document, self.person
        return self[:4]

    @property
    def rank(self) -> tuple[object, ...]:
        """Of rivals the least one stays: the first; of a survey, the latest."""
        sign = -1 if self.document == "survey.1" else 1
        had = [path in self.fields for path in PATHS]
        return sign * self.time, self.document_id, self.time, self.mark, had


def content(it: Ping | Row) -> dict[str, Any]:
    """The fields of a ping of data, or of its row: null is what is not there."""
    values = {
        "note": f"noted in {it.document_id}",
        "amount": 3 if it.mark == OLDER_MARK else 1 << 40,
        "memo": "a memo",
        "remark": "a remark",
    }
    word = "a word" if "/parts/*/word" in it.fields else None
    parts = [{"word": word, "size": 1}, {"word": None, "size": 2}]
    names = [path[1:] for path in fields_of(it.mark) if path[1:] in values]
    own = {name: values[name] if f"/{name}" in it.fields else None for name in names}
    return own | {"mark": it.mark, "parts": parts}
