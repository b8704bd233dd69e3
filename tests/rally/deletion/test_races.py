"""Others write between the read and the replace of a rewrite: no write is ever lost."""

import errno
import itertools
import random

import pytest

from rally.deletion.file_steps import FileSteps, RewriteTask
from rally.deletion.plan import FileOutcome, ListedFile
from rally.storage.layout import DATA
from rally.storage.leases import LeaseHeld
from rally.storage.objectstore.interface import GenerationMismatch
from tests.support.memory_deployment import MemoryDeployment, Row, live, nothing
from tests.support.world import GARDEN

LEAVER = 1
FILES = 4


class Others:
    """Whoever else writes: ingest, compaction, retention, another deletion.

    Attributes:
        kept: numbers of the rows of those who stay that must be there at the end.
        owed: numbers of the leaver's rows that nobody but this deletion takes out.
    """

    def __init__(self, deployment: MemoryDeployment, seed: int, wanted: int) -> None:
        self.deployment = deployment
        self.kept: set[int] = set()
        self.owed: set[int] = set()
        self.strikes = 0
        self._wanted = wanted
        self._random = random.Random(seed)
        self._numbers = itertools.count(1)
        self._busy = False
        self._lost = False

    def rows(self):
        """A few rows, some of them of who leaves; all have to be accounted for."""
        made = [
            Row(self._random.choice([LEAVER, 2, 3]), next(self._numbers))
            for _ in range(self._random.randint(1, 6))
        ]
        for row in made:
            (self.owed if row.person == LEAVER else self.kept).add(row.number)
        return made

    def content(self):
        made = self.rows()
        indexed = self._random.random() < 0.5
        return (
            self.deployment.indexed_file(made)
            if indexed
            else self.deployment.foreign_file(made)
        )

    def before(self, operation, name):
        """Strikes before a file of rows is replaced, but by one of themselves."""
        is_rewrite = operation == "replace" and name.startswith(DATA)
        if not is_rewrite or self._busy or self.strikes >= self._wanted:
            return
        if self._random.random() < 0.3:
            return
        self._busy = True
        self.strikes += 1
        choice = self._random.choice(
            [self.ingest, self.compaction, self.retention, self.deletion, self.lose]
        )
        choice(name)
        self._busy = False

    def after(self, operation, name):
        """The answer to a write that was done gets lost."""
        is_rewrite = operation == "replace" and name.startswith(DATA)
        if is_rewrite and self._lost and not self._busy:
            self._lost = False
            raise OSError(errno.ETIMEDOUT, "timed out")

    def forget(self, name):
        """Somebody else takes the file away, with all that is in it."""
        for number in self.deployment.numbers_in(name):
            self.kept.discard(number)
            self.owed.discard(number)

    def ingest(self, name):
        """The file went, and stands there again with other rows."""
        self.forget(name)
        self.deployment.data.delete(name, live(self.deployment.data, name).generation)
        self.deployment.data.create(name, self.content())

    def compaction(self, name):
        self.forget(name)
        generation = live(self.deployment.data, name).generation
        self.deployment.data.replace(name, self.content(), generation)

    def retention(self, name):
        self.forget(name)
        self.deployment.data.delete(name, live(self.deployment.data, name).generation)

    def deletion(self, name):
        """Another plan takes out the same rows; no receipt of this one tells them."""
        steps = FileSteps(self.deployment.settings)
        found = steps.find_rows(ListedFile(GARDEN, *live(self.deployment.data, name)))
        if found.planned:
            work = RewriteTask(found.planned, "f" * 32, steps._list.counter)
            before = self.deployment.numbers_in(name)
            assert steps.rewrite(work).outcome is FileOutcome.REWRITTEN
            self.owed -= {*before} - {*self.deployment.numbers_in(name)}

    def lose(self, name):
        self._lost = True

    def in_store(self):
        return set(self.deployment.numbers())


@pytest.mark.slow("kills")
@pytest.mark.parametrize("seed", range(10))
def test_hundred_conflicts_lose_no_update_and_tell_every_row_once(
    make_deployment, seed
):
    """A thousand, over all seeds."""
    strikes = runs = 0
    while strikes < 100:
        assert runs < 300
        deployment = make_deployment()
        others = Others(deployment, seed * 1000 + runs, 100 - strikes)
        for number in range(FILES):
            deployment.put(others.content(), str(number))
        deployment.leave(LEAVER, document="left")
        deployment.data.fault, deployment.data.after = others.before, others.after
        for _ in range(50):
            runs += 1
            if not deployment.delete().faults:
                break
        deployment.data.fault = deployment.data.after = nothing
        report = deployment.delete()

        assert report.faults == []
        assert others.in_store() == others.kept, (seed, others.strikes)
        assert deployment.told() == {"left": [("deletion", len(others.owed))]}
        assert deployment.stages()["left"][-1] == "verified"
        deployment.check()
        strikes += others.strikes


def test_rows_that_this_deletion_took_out_are_told_though_answers_are_lost(
    make_deployment,
):
    for seed in range(30):
        deployment = make_deployment()
        others = Others(deployment, seed, 50)
        for number in range(FILES):
            deployment.put(others.content(), str(number))
        deployment.leave(LEAVER, document="left")
        owed = len(others.owed)

        def fault(operation, name, others=others):
            others.strikes += operation == "replace"
            others._lost = operation == "replace" and others.strikes % 2 == 0

        deployment.data.fault, deployment.data.after = fault, others.after
        while deployment.delete().faults:
            pass
        assert deployment.told() == {"left": [("deletion", owed)]}
        deployment.check()


@pytest.mark.parametrize("second", ["run", "plan"])
def test_second_run_beside_the_first_is_told_so_and_changes_nothing(deployment, second):
    deployment.put(deployment.indexed_file([Row(LEAVER, 1), Row(2, 2)]))
    deployment.leave(LEAVER, document="left")
    refused = []

    def fault(operation, name):
        if operation == "replace" and not refused:
            before = deployment.all_objects()
            with pytest.raises(LeaseHeld) as caught:
                getattr(deployment.job(), second)()
            refused.append(str(caught.value))
            assert deployment.all_objects() == before

    deployment.data.fault = fault
    assert deployment.delete().faults == []

    assert len(refused) == 1
    assert refused[0].startswith("`rally delete` works there (process ")
    assert deployment.told() == {"left": [("deletion", 1)]}
    deployment.check()


@pytest.mark.parametrize("moment", ["draft", "replace", "list"])
def test_run_that_lost_its_lease_tells_nothing_twice(deployment, moment):
    """It was taken for dead, and another has done all of it meanwhile."""
    deployment.put(deployment.indexed_file([Row(LEAVER, 1), Row(2, 2)]))
    deployment.put(deployment.indexed_file([Row(LEAVER, 3)]), "all of it")
    deployment.leave(LEAVER, document="left")
    job = deployment.job()
    done = []

    def fault(operation, name):
        if operation == moment and deployment.steps and not done:
            done.append(name)
            deployment.mark_runs_dead()
            assert deployment.delete().faults == []
            deployment.leave(3, document="third")
            deployment.delete()

    deployment.data.fault = fault
    with pytest.raises(GenerationMismatch):
        job.run()

    assert deployment.delete().faults == []
    assert deployment.numbers() == [2]
    assert deployment.told() == {"left": [("deletion", 2)], "third": [("deletion", 0)]}
    deployment.check()
