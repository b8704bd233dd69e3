"""Counts what one part of an audit found, so that parts can be added up.

It travels from workers as JSON, and does not grow with the number of rows: places
beyond a few hundred of one check are counted together. Names stand in it as they are;
what leaves it goes through `results`, which shows no id.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from rally.audit.findings import Check, CheckResult, Observation, Unit
from rally.registry.registry import Registry

MOST_PLACES = 500
"""Most places of one check that are kept apart, for each kind of line."""

ELSEWHERE = "elsewhere"
"""Name of all places beyond these."""

OTHERS = "and others"
"""Words about them, where they are of as many kinds again."""


class LineKind(StrEnum):
    """Whether a line breaks the promise, only looks like it, or was not looked at."""

    BROKEN = "broken"
    APART = "apart"
    UNSEEN = "unseen"


class TallyLine(NamedTuple):
    """Something at a place; see rally.audit.findings.Observation."""

    check: Check
    kind: LineKind
    where: str
    what: str
    unit: Unit
    until: str = ""


class Tally:
    """Adds up findings.

    Attributes:
        lines: Number for each line.
        documents: Rows by study, document and submission day.
        files: Number of files of rows that were read.
        rows: Number of rows that were read.
    """

    def __init__(self) -> None:
        """Begins with nothing."""
        self.lines: Counter[TallyLine] = Counter()
        self.documents: Counter[tuple[str, str, str]] = Counter()
        self.files = 0
        self.rows = 0
        self._places: Counter[tuple[Check, LineKind]] = Counter()

    def add_broken(
        self, check: Check, where: str, what: str, number: int, unit: Unit
    ) -> None:
        """Notes what breaks a promise; nothing where the number is 0."""
        self.add(TallyLine(check, LineKind.BROKEN, where, what, unit), number)

    def add_apart(
        self,
        check: Check,
        where: str,
        what: str,
        number: int,
        unit: Unit,
        until: date | None = None,
    ) -> None:
        """Notes what looks like it and does not break it."""
        day = until.isoformat() if until else ""
        self.add(TallyLine(check, LineKind.APART, where, what, unit, day), number)

    def add_unseen(
        self, check: Check, where: str, why: str, unit: Unit = Unit.OBJECTS
    ) -> None:
        """Notes that one thing could not be looked at."""
        self.add(TallyLine(check, LineKind.UNSEEN, where, why, unit), 1)

    def add(self, line: TallyLine, number: int) -> None:
        """Adds to a line."""
        if not number:
            return
        if line not in self.lines:
            key = line.check, line.kind
            if self._places[key] >= MOST_PLACES:
                line = line._replace(where=ELSEWHERE)
            if self._places[key] >= 2 * MOST_PLACES and line not in self.lines:
                line = line._replace(what=OTHERS, until="")
            self._places[key] += line not in self.lines
        self.lines[line] += number

    def merge(self, other: "Tally") -> None:
        """Adds what another part found."""
        for line, number in other.lines.items():
            self.add(line, number)
        self.documents.update(other.documents)
        self.files += other.files
        self.rows += other.rows

    def to_json(self) -> dict[str, Any]:
        """Returns JSON values, of text that any encoder takes."""
        return {
            "lines": [
                [*map(encodable, line), number] for line, number in self.lines.items()
            ],
            "documents": [[*key, number] for key, number in self.documents.items()],
            "files": self.files,
            "rows": self.rows,
        }

    @property
    def days(self) -> dict[tuple[str, str], int]:
        """Rows by study and submission day, sorted."""
        days = Counter[tuple[str, str]]()
        for (study, _, day), rows in self.documents.items():
            days[study, day] += rows
        return dict(sorted(days.items()))

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "Tally":
        """Reads what to_json returns."""
        tally = cls()
        for check, kind, where, what, unit, until, number in content["lines"]:
            line = TallyLine(
                Check(check), LineKind(kind), where, what, Unit(unit), until
            )
            tally.add(line, number)
        for study, document, day, number in content["documents"]:
            tally.documents[study, document, day] = number
        tally.files, tally.rows = content["files"], content["rows"]
        return tally

    def results(self, shown: Callable[[str], str]) -> tuple[CheckResult, ...]:
        """Returns one result for each Check, in its order.

        Args:
            shown: Function that takes out of a text what could be somebody's id.
        """
        lines = Counter[TallyLine]()
        for line, number in self.lines.items():
            where, what = shown(line.where), shown(line.what)
            lines[line._replace(where=where, what=what)] += number
        return tuple(
            CheckResult(
                check,
                *(
                    tuple(_observations(lines, check, kind))
                    for kind in (LineKind.BROKEN, LineKind.APART, LineKind.UNSEEN)
                ),
            )
            for check in Check
        )


def merged(parts: Iterable[Tally]) -> Tally:
    """Returns the sum of some tallies."""
    whole = Tally()
    for each in parts:
        whole.merge(each)
    return whole


def encodable(text: str) -> str:
    """Returns the text, with escapes for bytes that are not UTF-8."""
    return text.encode(errors="backslashreplace").decode()


def _observations(
    lines: Counter[TallyLine], check: Check, kind: LineKind
) -> Iterator[Observation]:
    """Yields lines sorted by place, those that are counted together last."""
    own = [each for each in lines if each.check is check and each.kind is kind]
    for line in sorted(own, key=lambda each: (each.where == ELSEWHERE, each)):
        until = date.fromisoformat(line.until) if line.until else None
        yield Observation(line.where, line.what, lines[line], line.unit, until)


def count_expiring(tally: Tally, registry: Registry) -> dict[tuple[str, str], int]:
    """Counts rows by study and the day from which they are past their retention.

    Args:
        tally: Tally of the files that were read.
        registry: Registry of the studies.
    """
    found = Counter[tuple[str, str]]()
    for (namespace, document, day), rows in tally.documents.items():
        study = registry.studies[namespace]
        days = registry.documents(study)[document].delete_after_days
        if days is not None:
            goes = date.fromisoformat(day) + timedelta(days=days + 1)
            found[namespace, goes.isoformat()] += rows
    return dict(sorted(found.items()))
