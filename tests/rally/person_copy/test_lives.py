"""Random lives of cases: whatever happens, no copy is where it must not be."""

import tempfile
from datetime import timedelta
from pathlib import Path

import pyrage
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.access.cases import CaseState, read_cases
from rally.access.due_copies import find_due, list_archives
from rally.audit.copies_audit import audit_copies
from rally.decisions.verifying import read_chain
from rally.errors import ConfigurationError
from rally.keys.names import Job
from rally.person_copy.gathering import Places
from rally.person_copy.handing_over import (
    build_copy,
    destroy_copy,
    read_built,
    record_fetched,
)
from tests.support.access_cases import (
    approve_case,
    open_case,
    refuse_case,
    verify_case,
)
from tests.support.memory_deployment import Killed, Row, day
from tests.support.people import job_key
from tests.support.person_copies import files_of, lines
from tests.support.purge_deployment import PurgeDeployment
from tests.support.world import GARDEN

pytestmark = pytest.mark.slow("models")

ANN, BEN = 1, 2
OWN = pyrage.x25519.Identity.generate()
KEY = job_key(Job.COPY)
WAITING = (CaseState.VERIFIED, CaseState.APPROVED, CaseState.BUILT)
ACTS = [
    *("open", "open leaving", "verify", "approve", "refuse"),
    *("ask", "ask", "ask leaving"),
    *("export", "export", "export killed", "fetch", "fetch killed", "destroy"),
    *("export overtaken", "export while leaving"),
    *("leave", "delete", "delete", "purge", "purge"),
    *("an hour", "a day", "a week"),
]
MEANWHILE = {"overtaken": ["export"], "while leaving": ["leave", "delete", "purge"]}
TIMES = {"an hour": 1 / 24, "a day": 1.0, "a week": 7.0}


class Life:
    """Ann's rows and cases, what happened, and what has to be true of it."""

    def __init__(self, registry, folder):
        self.it = PurgeDeployment(registry, Path(folder))
        self.day, self.case, self.number = 20.0, "", 0
        self.left = self.held = None
        self.handed = {}
        for person in (ANN, BEN):
            self.it.join(person, GARDEN, 2)
        rows = [Row(ANN, 1), Row(BEN, 2), Row(ANN, 3)]
        self.it.put(self.it.indexed_file(rows))
        self.it.now = day(self.day)

    def places(self):
        return Places.open(self.it.registry, self.it.stores, self.it.pseudonyms)

    def cases(self):
        chain = read_chain(self.it.platform)
        return read_cases(chain, self.it.platform, self.it.now)

    def do(self, act):
        if act in TIMES:
            self.day += TIMES[act]
            self.it.now = day(self.day)
        elif act.startswith("open"):
            self.open(leaves=act.endswith("leaving"))
        elif act.startswith("ask"):
            for step in (act.replace("ask", "open"), "verify", "approve"):
                self.do(step)
        elif act in ("verify", "approve", "refuse"):
            does = {"verify": verify_case, "approve": approve_case}
            sign = does.get(act, refuse_case)
            if self.case:
                sign(self.it.platform, case=self.case, when=self.it.now)
        elif act == "leave":
            if self.left is None:
                self.it.leave(ANN, GARDEN, self.day)
                self.left = self.day
        else:
            job, _, how = act.partition(" ")
            if meanwhile := MEANWHILE.get(how):
                self.it.platform.after = self.interrupt(meanwhile)
            getattr(self, job)(killed=how == "killed")
            self.it.platform.after = lambda *_: None

    def interrupt(self, acts):
        """Has something happen once an archive was written and not yet recorded."""

        def act(operation, name):
            if name.endswith(".age"):
                self.it.platform.after = lambda *_: None
                for each in acts:
                    self.do(each)

        return act

    def open(self, leaves):
        if not self.case or not self.cases()[self.case].is_open:
            self.number += 1
            self.case = f"{self.number:08x}"
            open_case(
                *(self.it.platform, self.it.platform_pseudonym(ANN)),
                **{"case": self.case, "when": self.it.now, "leaves": leaves},
                to=str(OWN.to_public()),
            )

    def export(self, killed):
        if not self.case:
            return
        places, case = self.places(), self.cases()[self.case]
        person = self.it.platform_pseudonym(ANN)
        gathered = places.gather(case, person, self.it.now)
        numbers = [each for each in self.it.numbers() if each in (1, 3)]
        assert gathered.copy.rows == len(numbers)
        if killed:
            self.it.platform.after = _die
        try:
            build_copy(places, case, gathered, KEY, self.it.now, lambda _: None)
        except Killed:
            pass
        except ConfigurationError:
            is_left = self.left is not None and not case.wants_leaving
            assert is_left or self.cases()[self.case].state is not CaseState.APPROVED
        else:
            assert case.state is CaseState.APPROVED
            assert self.handed.setdefault(self.case, numbers) == numbers

    def fetch(self, killed):
        if not self.case:
            return
        places, case = self.places(), self.cases()[self.case]
        platform, withdrawals = self.it.platform, places.published.list.withdrawals
        try:
            data = read_built(platform, case, withdrawals)
        except ConfigurationError:
            return
        assert case.state is CaseState.BUILT
        files = files_of(pyrage.decrypt(data, [OWN]))
        rows = lines(files.get(f"data/{GARDEN}/visit.1.jsonl", b""))
        assert [each["sent"]["count"] for each in rows] == self.handed[self.case]
        platform.fault = _die_deleting if killed else platform.fault
        try:
            record_fetched(platform, places.chain, KEY, case, self.it.now)
        except Killed:
            assert killed
        platform.fault = lambda *_: None

    def destroy(self, killed):
        places, cases = self.places(), self.cases()
        withdrawals = places.published.list.withdrawals
        for each in find_due(self.it.platform, cases, withdrawals, self.it.now):
            case = cases[each.case]
            destroy_copy(self.it.platform, places.chain, KEY, each, case, self.it.now)

    def delete(self, killed):
        self.it.delete()
        if self.left is not None:
            waits = (
                any(
                    case.wants_leaving and case.state in WAITING
                    for case in self.cases().values()
                )
                and self.day < self.left + 20
            )
            self.held = waits if self.held is None else self.held and waits
            assert self.it.numbers() == ([1, 2, 3] if self.held else [2])

    def purge(self, killed):
        self.it.purge()
        cases = self.cases()
        withdrawals = self.it.withdrawals().withdrawals
        due = find_due(self.it.platform, cases, withdrawals, self.it.now)
        assert [each for each in due if each.archive] == []
        for archive in list_archives(self.it.platform):
            case = cases[archive.case]
            assert case.approved
            assert (case.refused, case.fetched) == (None, None)
            if case.built:
                assert archive.digest == case.built.archive
                assert self.it.now - case.built.at < timedelta(days=7)
        listed = self.it.withdrawals()
        tally = audit_copies(
            self.it.platform, read_chain(self.it.platform), listed, self.it.now, 0
        )
        assert dict(tally.lines) == {}


def _die(operation, name):
    if name.endswith(".age"):
        raise Killed


def _die_deleting(operation, name):
    if operation == "delete":
        raise Killed


@given(st.lists(st.sampled_from(ACTS), min_size=15, max_size=30))
def test_no_life_of_a_case_leaves_a_copy_that_must_not_be_there(registry, acts):
    with tempfile.TemporaryDirectory() as folder:
        life = Life(registry, folder)
        for act in (*acts, "delete", "purge"):
            life.do(act)
        for _ in range(4):  # and whatever happened, all of it ends
            for act in ("a week", "delete", "purge"):
                life.do(act)
        assert list_archives(life.it.platform) == []
        assert life.left is None or life.it.numbers() == [2]
