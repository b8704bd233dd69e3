"""Files come, people leave and come back, runs die: it ends as the fold says."""

from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rally.deletion.model import Move, stays
from tests.rally.deletion.place import Killed, Row
from tests.rally.deletion.test_killed import count

pytestmark = pytest.mark.slow("models")

people = st.integers(1, 4)
days = st.integers(1, 28)
row_of = st.tuples(people, days)
files = st.tuples(
    st.just("file"),
    st.lists(row_of, min_size=1, max_size=5),
    st.sampled_from(["ours", "foreign"]),
)
moves = st.tuples(st.sampled_from(["join", "leave"]), people, days)
runs = st.tuples(st.sampled_from(["run", "plan"]))
deaths = st.tuples(st.just("die"), st.integers(1, 30))
waits = st.tuples(st.just("wait"), st.integers(1, 9))
stories = st.lists(
    st.one_of(files, files, moves, moves, runs, deaths, waits), max_size=12
)


class Story:
    """What happened so far, and what must be there in the end."""

    def __init__(self, place):
        self.place = place
        self.rows: list[Row] = []
        self.moves: list[Move] = []

    def file(self, content, how):
        rows = [
            Row(person, len(self.rows) + at, day)
            for at, (person, day) in enumerate(content)
        ]
        self.rows += rows
        self.place.put(getattr(self.place, how)(rows), f"{len(self.rows)}")

    def join(self, person, day):
        self.moves.append(Move(True, person, day + 0.25))
        self.place.join(person, when=day + 0.25)

    def leave(self, person, day):
        self.moves.append(Move(False, person, day + 0.5))
        self.place.leave(person, when=day + 0.5)

    def run(self):
        assert self.place.delete().faults == []

    def plan(self):
        assert self.place.job().plan().faults == []

    def die(self, before):
        count(self.place, before)
        with suppress(Killed):
            self.place.delete()
        self.place.bury()

    def wait(self, time):
        self.place.now += timedelta(days=time) / 3


@given(stories, st.booleans(), st.booleans())
def test_any_story_ends_as_the_fold_says(make_place, story, versioned, keeps):
    week = timedelta(days=7) if keeps else None
    place = make_place(versioned=versioned, soft_delete=week)
    told = Story(place)
    # An enrolment that is known only when the rows since have gone brings none back.
    for what, *how in sorted(story, key=lambda each: each[0] != "join"):
        getattr(told, what)(*how)

    told.run()
    place.now += timedelta(days=7)
    told.run()

    expected = [row.number for row in told.rows if stays(told.moves, row)]
    assert place.numbers() == sorted(expected)
    assert list(place.data.old_copies("")) == []
    receipts = place.told()
    asked = {each.document_id for each in place.withdrawals().withdrawals}
    assert receipts.keys() == asked
    for each in receipts.values():
        assert [reason for reason, _ in each[:1]] == ["deletion"]
        assert {reason for reason, _ in each[1:]} <= {"late"}
    gone = sum(rows for each in receipts.values() for _, rows in each)
    assert gone == len(told.rows) - len(expected)
    place.check()

    before = place.everything()
    told.run()
    assert place.everything() == before
