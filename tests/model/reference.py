"""The plain model: what the design says in words, over sets of dicts in memory.

Nothing of rally.withdrawal is used here: this is what that is held against.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from rally.events import MAIL, RALLY
from tests.model.reviews import Coverage, Reviews
from tests.model.words import DAY, STUDIES, Ping, Row
from tests.support.world import GARDEN, HOUSE, POND

HOLD_ABOVE_PEOPLE, HOLD_ABOVE_SHARE, WINDOW = 2, 0.5, DAY
HOLD_DAYS = 5
"""How long a mass or a copy waits for a decision."""
UNKNOWN_DAYS = 15
"""How long a request stays on the list that nobody's enrolment explains."""


class Stranger(NamedTuple):
    """Somebody of whom only the deletion id is known."""

    person: int


Who = int | Stranger
Key = tuple[Who, str, str]
"""Who, scope, document id: what makes signals one."""


class Request(NamedTuple):
    """How a request stands on the published list."""

    who: Who
    scope: str
    time: int
    status: str
    deferred: bool


class Joined(NamedTuple):
    """An enrolment."""

    person: int
    scope: str
    document_id: str
    time: int


@dataclass(frozen=True)
class Book:
    """The published list.

    Attributes:
        requests: by key.
        joins: of the people on it.
    """

    requests: Mapping[Key, Request] = field(default_factory=dict)
    joins: tuple[Joined, ...] = ()

    def joining(self, ping: Ping) -> "Book":
        """With an enrolment more; of copies the first one counts."""
        one = Joined(ping.person, ping.scope, ping.document_id, ping.time)
        copies = [e for e in self.joins if (e.person, e.document_id) == one[::2]]
        if any((each.time, each.scope) <= (one.time, one.scope) for each in copies):
            return self
        others = [each for each in self.joins if each not in copies]
        return replace(self, joins=(*others, one))

    def knows(self, ping: Ping) -> bool:
        """Whether it was an enrolment before, of somebody who is on the list."""
        return any(each.who == ping.person for each in self.requests.values()) and any(
            (each.person, each.document_id) == (ping.person, ping.document_id)
            and each.time < ping.time
            for each in self.joins
        )

    def verdict(self, row: Row) -> str:
        """Withdrawn, unenrolled or kept (design, section 6)."""
        scope = RALLY if row.namespace == HOUSE else row.namespace
        left = [each for each in self.requests.values()
                if each.who == row.person and each.status == "active"]  # fmt: skip
        scopes = {scope, RALLY}
        if scope == RALLY:
            scopes |= self._about(row)
        for each in left:
            waits = each.deferred and scope == GARDEN
            if each.scope in scopes and each.time >= row.time and not waits:
                return "withdrawn"
        before = {each.scope: 0 for each in left if each.scope in (scope, RALLY)}
        for each in left:
            if each.scope in before and each.time < row.time:
                before[each.scope] = max(before[each.scope], each.time)
        if any(before.values()):
            if not self._joined(row, scope, max(before.values())):
                return "unenrolled"
            if before.get(RALLY) and not self._joined(row, RALLY, before[RALLY]):
                return "unenrolled"
        return "kept"

    def waits(self, row: Row) -> bool:
        """Whether a ping is parked, as somebody has still to decide on a request."""
        as_if = {key: each._replace(status="active") if each.status == "held"
                 else each for key, each in self.requests.items()}  # fmt: skip
        return replace(self, requests=as_if).verdict(row) != "kept"

    def _about(self, row: Row) -> set[str]:
        return {each.scope for each in self.joins
                if (each.person, each.document_id) == (row.person, row.document_id)
                }  # fmt: skip

    def _joined(self, row: Row, scope: str, after: int) -> bool:
        """Whether there is an enrolment after a time, up to the row's."""
        return any(
            (each.person, each.scope) == (row.person, scope)
            and after < each.time <= row.time
            for each in self.joins
        )


@dataclass(frozen=True)
class Orders:
    """What is ordered to be expunged: by study, document and day since 1970.

    Attributes:
        rows: of which all rows go.
        fields: of which a field goes, and its path.
    """

    rows: frozenset[tuple[str, str, int]] = frozenset()
    fields: frozenset[tuple[str, str, int, str]] = frozenset()

    def takes(self, row: Row) -> bool:
        """Whether the whole row goes."""
        return (row.namespace, row.document, row.day) in self.rows

    def left(self, row: Row) -> Row:
        """What stays of a row that stays."""
        where = row.namespace, row.document, row.day
        stay = {path for path in row.fields if (*where, path) not in self.fields}
        return row._replace(fields=frozenset(stay))


@dataclass
class Model:
    """The log, the operators' decisions, and the list as it is published."""

    end: int
    now: int
    joins: dict[Key, int] = field(default_factory=dict)
    owners: set[int] = field(default_factory=set)
    lefts: dict[Key, tuple[int, str]] = field(default_factory=dict)
    rejections: dict[Key, bool] = field(default_factory=dict)
    expedite: set[Key] = field(default_factory=set)
    steps: list[tuple[int, str, str]] = field(default_factory=list)
    held_for: dict[Key, str] = field(default_factory=dict)
    until: dict[Key, int] = field(default_factory=dict)
    closed: set[Key] = field(default_factory=set)
    book: Book = field(default_factory=Book)
    reviews: Reviews = field(default_factory=Reviews)
    orders: Orders = field(default_factory=Orders)

    def keeps(self, row: Row) -> bool:
        """Whether nobody's withdrawal takes a row, and no order to expunge."""
        return self.book.verdict(row) == "kept" and not self.orders.takes(row)

    def state(self, study: str, time: int) -> str:
        """Of a study at a time."""
        done = [action for at, of, action in sorted(self.steps, key=_at)
                if of == study and at <= time]  # fmt: skip
        if "conclude" in done:
            return "concluded"
        if "end" in done or (study == GARDEN and time >= self.end):
            return "ended"
        return "paused" if done and done[-1] == "pause" else "collecting"

    def outcome(
        self, ping: Ping, book: Book | None = None, orders: Orders | None = None
    ) -> str:
        """Stored, refused, lapsed or parked."""
        if ping.kind in ("leave", "uninstall"):
            return "refused"
        if self.state(ping.namespace, ping.time) != "collecting":
            return "refused"
        if self.state(ping.namespace, self.now) == "concluded":
            return "refused"
        if (orders or self.orders).takes(ping.row):
            return "refused"
        coverage = self.reviews.coverage(ping, self.now)
        if coverage is not Coverage.COVERED:
            waits = coverage is Coverage.LAPSED and ping.kind != "join"
            return "lapsed" if waits else "refused"
        book = book or self.book
        if book.knows(ping):
            return "refused"
        scope = RALLY if ping.namespace == HOUSE else ping.namespace
        scopes = {scope, ping.scope} if ping.kind == "join" else {scope}
        was_there = any(each.person == ping.person and each.scope in scopes
                        for each in book.joins)  # fmt: skip
        if ping.kind == "join":
            book = book.joining(ping)
        verdict = book.verdict(ping.row)
        if verdict == "kept" and was_there and book.waits(ping.row):
            return "parked"
        return {"withdrawn": "refused", "unenrolled": "parked"}.get(verdict, "stored")

    def hear(self, ping: Ping) -> None:
        """Its event is in the log."""
        key: Key = (ping.person, ping.scope, ping.document_id)
        if ping.kind == "join":
            self.joins[key] = min(ping.time, self.joins.get(key, ping.time))
            if ping.mark == "b":
                self.owners.add(ping.person)
        elif ping.kind == "leave":
            self.leave(key, ping.time, ping.namespace)
        elif ping.kind == "uninstall":
            stranger = Stranger(ping.person)
            self.leave((stranger, RALLY, ping.document_id), ping.time, HOUSE)

    def leave(self, key: Key, time: int, signal: str) -> None:
        """Somebody asks to leave."""
        before = self.lefts.get(key, (time, signal))
        self.lefts[key] = min(before, (time, signal))

    def close(self, closed: set[tuple[str, str]]) -> None:
        """The log says of these that nobody's enrolment has explained them.

        By scope and document id.
        """
        for key in {key for key in self.book.requests if key[1:] in closed}:
            if key not in self.closed and not self._is_known(key):
                late = self.now - self.book.requests[key].time
                assert late > UNKNOWN_DAYS * DAY
                self.closed.add(key)

    def _firsts(self) -> dict[tuple[Who, str], tuple[int, str, str]]:
        """What the first copy of each ping says: when, joined or left, and what."""
        said = [(time, "joined", key) for key, time in self.joins.items()]
        said += [(time, "left", key) for key, (time, _) in self._asked().items()]
        firsts: dict[tuple[Who, str], tuple[int, str, str]] = {}
        for time, kind, (who, scope, document_id) in said:
            each = time, kind, scope
            ping = who, document_id
            firsts[ping] = min(each, firsts.get(ping, each))
        return firsts

    def _true_joins(self) -> dict[Key, int]:
        """The enrolments, without those of pings that said something else before."""
        firsts = self._firsts()
        return {
            key: time
            for key, time in self.joins.items()
            if firsts[key[0], key[2]] == (time, "joined", key[1])
        }

    def _copied(self) -> set[Key]:
        """The requests by pings that said something else before."""
        firsts = self._firsts()
        return {
            key
            for key, (time, _) in self._asked().items()
            if firsts[key[0], key[2]] != (time, "left", key[1])
        }

    def _asked(self) -> dict[Key, tuple[int, str]]:
        """All requests, those of deletion ids as their owners'."""
        asked: dict[Key, tuple[int, str]] = {}
        for (who, scope, document_id), signal in self.lefts.items():
            if isinstance(who, Stranger) and who.person in self.owners:
                who = who.person
            asked[who, scope, document_id] = signal
        return asked

    def _is_known(self, key: Key) -> bool:
        """Whether somebody is known to have joined what they leave."""
        who, scope, _ = key
        joined = any(
            each == who and scope in (RALLY, other)
            for each, other, _ in self._true_joins()
        )
        return joined or self.lefts.get(key, (0, ""))[1] == MAIL

    def admit(self) -> None:
        """Deletion publishes the list."""
        asked, copied = self._asked(), self._copied()
        first = {key: asked[key] for key in asked if key not in copied}
        masses = set(self._masses(first))
        stand = {key: self._stand(key, asked, masses, copied) for key in asked}
        requests = {
            key: Request(key[0], key[1], time, _standing(stand[key]),
                         self._waits(key, asked, stand))
            for key, (time, _) in asked.items()
            if key not in self.closed or self._is_known(key)
        }  # fmt: skip
        own = [key for key in requests if isinstance(key[0], int)]
        self.held_for = {key: stand[key] for key in own}
        self.until = {
            key: self.until.get(key, self.now + HOLD_DAYS * DAY)
            for key in own
            if stand[key] in ("mass", "reposted")
        }
        joins = (
            Joined(int(str(who)), scope, document_id, time)
            for (who, scope, document_id), time in self._true_joins().items()
        )
        self.book = Book(requests, tuple(joins))

    def _stand(
        self,
        key: Key,
        asked: Mapping[Key, tuple[int, str]],
        masses: set[Key],
        copied: set[Key],
    ) -> str:
        """Active, rejected, or why it is held."""
        if isinstance(key[0], Stranger):
            return "active"
        if key in self.rejections:  # the first decision on what was held
            return "rejected" if self.rejections[key] else "active"
        if self.held_for.get(key, "unmatched") != "unmatched":
            is_over = self.until.get(key, self.now + 1) <= self.now
            return "active" if is_over else self.held_for[key]
        if key in copied:
            return "reposted"
        if key in masses:
            return "mass"
        joins = self._true_joins()
        alone = not any((who, scope) == key[:2] for who, scope, _ in joins)
        is_letter = asked[key][1] == MAIL
        return "unmatched" if key[1] == POND and alone and not is_letter else "active"

    def _masses(self, asked: Mapping[Key, tuple[int, str]]) -> Iterator[Key]:
        for scope in (*STUDIES, RALLY):
            own, all_joins = (
                [(time, who) for (who, joined, _), time in joins.items()
                 if scope in (RALLY, joined)]
                for joins in (self._true_joins(), self.joins)
            )  # fmt: skip
            leaving = [(time, key) for key, (time, signal) in asked.items()
                       if key[1] == scope and signal != MAIL
                       and any(who == key[0] and joined < time - WINDOW
                               for joined, who in own)]  # fmt: skip
            for first, _ in leaving:
                crowd = [key for time, key in leaving if 0 <= time - first <= WINDOW]
                people = len({key[0] for key in crowd})
                ever = len({who for joined, who in all_joins if joined < first})
                if people > max(HOLD_ABOVE_PEOPLE, HOLD_ABOVE_SHARE * ever):
                    yield from crowd

    def _waits(
        self,
        key: Key,
        asked: Mapping[Key, tuple[int, str]],
        stand: Mapping[Key, str],
    ) -> bool:
        """Whether it is deferred in the garden."""
        who, scope, _ = key
        if isinstance(who, Stranger) or scope not in (GARDEN, RALLY):
            return False
        if key in self.expedite:
            return False
        joins = self._true_joins()
        if scope == RALLY and not any(e[:2] == (who, GARDEN) for e in joins):
            return False
        time = asked[key][0]
        mine = [t for t_key, (t, _) in asked.items()
                if t_key[:2] == key[:2] and stand[t_key] == "active"]  # fmt: skip
        joined = [t for t_key, t in joins.items() if t_key[:2] == key[:2]]
        firsts = [
            first
            for first in (*mine, time)
            if first <= time and not any(first < each <= time for each in joined)
        ]
        received = min(firsts, default=time)
        return {self.state(GARDEN, received), self.state(GARDEN, self.now)} == {"ended"}


def best(rows: Iterable[Row]) -> set[Row]:
    """Of rivals the one that stays."""
    found: dict[tuple[object, ...], Row] = {}
    for row in rows:
        other = found.get(row.rival, row)
        found[row.rival] = min(row, other, key=lambda each: each.rank)
    return set(found.values())


def _standing(stand: str) -> str:
    return "held" if stand in ("mass", "unmatched", "reposted") else stand


def _at(step: tuple[int, str, str]) -> tuple[int, int]:
    return step[0], ["resume", "pause", "end", "conclude"].index(step[2])
