"""Files come, people leave and come back, runs die: it ends as the fold says."""

from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.storage.layout import DATA
from tests.rally.deletion.model import Move, stays
from tests.rally.deletion.test_killed import count
from tests.support.memory_deployment import Killed, Row

pytestmark = pytest.mark.slow("models")

people = st.integers(1, 4)
days = st.integers(1, 28)
row_of = st.tuples(people, days)
files = st.tuples(
    st.just("file"),
    st.lists(row_of, min_size=1, max_size=5),
    st.sampled_from(["indexed_file", "foreign_file"]),
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

    def __init__(self, deployment):
        self.deployment = deployment
        self.rows: list[Row] = []
        self.moves: list[Move] = []

    def file(self, content, how):
        rows = [
            Row(person, len(self.rows) + at, day)
            for at, (person, day) in enumerate(content)
        ]
        self.rows += rows
        self.deployment.put(getattr(self.deployment, how)(rows), f"{len(self.rows)}")

    def join(self, person, day):
        self.moves.append(Move(True, person, day + 0.25))
        self.deployment.join(person, when=day + 0.25)

    def leave(self, person, day):
        self.moves.append(Move(False, person, day + 0.5))
        self.deployment.leave(person, when=day + 0.5)

    def run(self):
        assert self.deployment.delete().faults == []

    def plan(self):
        assert self.deployment.job().plan().faults == []

    def die(self, before):
        count(self.deployment, before)
        with suppress(Killed):
            self.deployment.delete()
        self.deployment.mark_runs_dead()

    def wait(self, time):
        self.deployment.now += timedelta(days=time) / 3


@given(stories, st.booleans(), st.booleans())
def test_any_story_ends_as_the_fold_says(make_deployment, story, versioned, keeps):
    week = timedelta(days=7) if keeps else None
    deployment = make_deployment(versioned=versioned, soft_delete=week)
    told = Story(deployment)
    # An enrolment that is known only when the rows since have gone brings none back.
    for what, *how in sorted(story, key=lambda each: each[0] != "join"):
        getattr(told, what)(*how)

    told.run()
    deployment.now += timedelta(days=7)
    told.run()

    expected = [row.number for row in told.rows if stays(told.moves, row)]
    assert deployment.numbers() == sorted(expected)
    assert list(deployment.data.old_copies(DATA)) == []
    receipts = deployment.told()
    asked = {each.document_id for each in deployment.withdrawals().withdrawals}
    assert receipts.keys() == asked
    for each in receipts.values():
        assert [reason for reason, _ in each[:1]] == ["deletion"]
        assert {reason for reason, _ in each[1:]} <= {"late"}
    gone = sum(rows for each in receipts.values() for _, rows in each)
    assert gone == len(told.rows) - len(expected)
    deployment.check()

    before = deployment.all_objects()
    told.run()
    assert deployment.all_objects() == before
