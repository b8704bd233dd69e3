"""What is drawn: pings, who leaves, and what goes wrong."""

from collections.abc import Sequence
from typing import NamedTuple

from hypothesis import strategies as st

from rally.events import RALLY
from tests.model.words import PEOPLE, Ping, moment
from tests.support.world import GARDEN, POND


class Fault(NamedTuple):
    """What goes wrong in a job: its so many-th change, how, and whether it is rerun."""

    at: int
    way: str
    rerun: bool


class Sent(NamedTuple):
    """A ping by how long ago it was made and how much later it is sent, in days."""

    kind: str
    person: int
    study: str
    own: bool
    age: int
    later: int
    hour: int
    mark: str

    def ping(self, today: int) -> Ping:
        scope = RALLY if self.kind in ("JOIN", "LEAVE", "uninstall") else self.study
        if self.kind == "survey":
            scope = GARDEN
        number = today - self.age
        if self.kind.lower() == "join":  # of its copies the first alone may count
            return Ping("join", self.person, scope, self.own and scope != RALLY,
                        number, moment(number), self.mark)  # fmt: skip
        time = moment(number + min(self.later, self.age), -self.hour)
        return Ping(self.kind.lower(), self.person, scope, self.own and scope != RALLY,
                    number, time, self.mark)  # fmt: skip


class Again(NamedTuple):
    """A copy of a ping that was seen, by how many days after that was made.

    No more than the days in which compaction finds duplicates.
    """

    pick: int
    kind: str
    study: str
    own: bool
    later: int
    hour: int

    def ping(self, seen: Sequence[Ping], today: int) -> Ping:
        first = seen[self.pick % len(seen)]
        scope = RALLY if self.kind in ("JOIN", "LEAVE") else self.study
        if self.kind == "survey":
            scope = GARDEN
        time = moment(min(first.number + self.later, today), -self.hour)
        return Ping(self.kind.lower(), first.person, scope,
                    self.own and scope != RALLY, first.number, time, first.mark,
                    first.document_id)  # fmt: skip


class FieldOrder(NamedTuple):
    """An order to expunge a field that some stored row has.

    Attributes:
        pick: which row and field.
        days: how many days, of which the row's is the last.
        is_approved: whether a second person approves it.
        has_stream: whether a stream begins just before, and does not know of it.
    """

    pick: int
    days: int
    is_approved: bool
    has_stream: bool


scopes = st.sampled_from([GARDEN, POND, RALLY])
people = st.sampled_from([0, 0, 0, 1, 1, *PEOPLE])
ages = st.sampled_from([0, 0, 0, 0, 1, 1, 2, 3])
pings = st.builds(
    Sent,
    kind=st.sampled_from(
        ["visit"] * 7 + ["survey"] * 3 + ["join"] * 4 + ["JOIN", "JOIN", "leave",
                                                         "leave", "LEAVE", "uninstall"]
    ),
    person=people,
    study=st.sampled_from([GARDEN, GARDEN, POND]),
    own=st.booleans(),
    age=ages,
    later=st.sampled_from([0, 0, 1, 2, 3]),
    hour=st.sampled_from([0, 0, 1]),
    mark=st.sampled_from("ab"),
)  # fmt: skip
leavers = st.lists(
    pings.map(
        lambda sent: sent._replace(kind="LEAVE" if sent.mark == "b" else "leave")
    ),
    min_size=1,
    max_size=2,
)
copies = st.builds(
    Again,
    pick=st.integers(0, 30),
    kind=st.sampled_from(["join", "JOIN", "leave", "LEAVE", "visit", "survey"]),
    study=st.sampled_from([GARDEN, GARDEN, POND]),
    own=st.booleans(),
    later=st.sampled_from([0, 1, 1, 2, 3]),
    hour=st.sampled_from([0, 0, 1]),
)
moments = st.one_of(st.integers(1, 12), st.integers(1, 60))
ways = st.sampled_from(["killed", "killed", "refused", "unanswered"])
left_behind = st.builds(Fault, at=moments, way=ways, rerun=st.just(False))
faults = st.one_of(
    st.none(), st.builds(Fault, at=moments, way=ways, rerun=st.booleans())
)
field_orders = st.builds(
    FieldOrder,
    pick=st.integers(0, 60),
    days=st.sampled_from([1, 1, 2, 3]),
    is_approved=st.sampled_from([True, True, True, False]),
    has_stream=st.booleans(),
)
