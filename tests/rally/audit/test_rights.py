"""What each account could forge, plant, remove or put back, where it may write.

The rights are those of templates/terraform/accounts.tf. Each prefix has a cell: a deed,
after which every job runs, nobody's rows or requests are other than before, and the
audit or a job says what is wrong; tests elsewhere that show the same; or why whoever
may write there can do what they can, which docs/infrastructure.md says, too.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

import pytest

from rally.audit.findings import Check
from rally.errors import ConfigurationError, CorruptFile
from rally.ingestion.replay import DamagedObject
from rally.keys.folder import KeyFolder
from rally.retention.purge import Purge
from rally.retention.settings import PurgeSettings
from rally.storage.last_runs import JOBS
from rally.storage.marker import NAME as MARKER
from rally.withdrawal.list_object import LIST, read_list
from rally.withdrawal.requests import key_of, subject_of
from tests.rally.audit import deeds
from tests.rally.audit.place import Audited, counts, found, leave
from tests.support.memory_deployment import DeploymentSettings
from tests.support.named_tests import Named
from tests.support.world import GARDEN
from tests.templates.terraform.accounts import table

STORE, PLATFORM, KEYS, OWN = "store", "platform", "keys", "platform_keys"
CREATES, DELETES = "creates", "deletes"


@dataclass(frozen=True)
class OfPurge(DeploymentSettings, PurgeSettings):
    """A purge's settings."""

    def key_folders(self):
        return None, KeyFolder(str(self.deployment.folder / "platform"))


class Deed(NamedTuple):
    """What somebody does who has a right and no key.

    Attributes:
        does: it, to a place.
        told: by which check of the audit; None where nothing is wrong by it.
        says: what the audit says then.
        refused: what the jobs say that refuse to run; "" where all of them run.
        also: which check of the audit it breaks besides.
    """

    does: Callable[[Audited], None]
    told: Check | None = None
    says: str = ""
    refused: str = ""
    also: Check | None = None


class Shown(NamedTuple):
    """Tests elsewhere."""

    by: tuple[str, ...]


class Theirs(NamedTuple):
    """Who has the right can do harm by it; why it has to be so, and what limits it."""

    why: str


Cell = Deed | Shown | Theirs


CELLS: dict[tuple[str, str, str], list[Cell]] = {
    (CREATES, PLATFORM, "decisions/"): [
        Deed(deeds.decision_on_requests, Check.DECISIONS, "void"),
        Deed(deeds.decision_on_a_study, Check.DECISIONS, "void"),
        Deed(deeds.decision_by_a_job, Check.DECISIONS, "void"),
        Deed(deeds.decision_beside, Check.DECISIONS, "no part of the chain"),
    ],
    (CREATES, PLATFORM, "events/"): [
        Deed(deeds.letter, Check.DECISIONS, "a letter that nobody signed for"),
        Deed(deeds.closed),
        Theirs(
            "what a ping said is an event, and who may write one can write that"
            " somebody joined or left; of many at once a person is asked"
        ),
    ],
    (DELETES, PLATFORM, "events/"): [
        Shown((
            "tests/rally/retention/test_safety_limits.py::*",
            "tests/rally/audit/test_decisions.py::*",
        )),
    ],
    (CREATES, PLATFORM, "withdrawals/"): [
        Deed(deeds.list_of_a_stranger, refused="is not as deletion published it"),
        Deed(deeds.list_of_the_purge, refused="is not as deletion published it"),
    ],
    (DELETES, PLATFORM, "withdrawals/"): [
        Deed(deeds.no_list, refused="the withdrawal list is missing"),
        Deed(deeds.older_list, Check.WITHDRAWN, "an older list", "", Check.FILES),
    ],
    (CREATES, PLATFORM, "receipts/"): [
        Deed(deeds.receipt_again, Check.RECEIPTS, refused="is not as it was written"),
        Deed(deeds.anchor, Check.RECEIPTS),
    ],
    (CREATES, PLATFORM, "leases/"): [Deed(deeds.run_without_end)],
    (DELETES, PLATFORM, "leases/"): [
        Shown(("tests/rally/deletion/test_races.py::*",)),
    ],
    (CREATES, PLATFORM, "plans/"): [
        Deed(deeds.garbled_plan, refused="is not what a run of deletion wrote"),
        Deed(deeds.garbled_results, refused="is not what a run of deletion wrote"),
        Deed(deeds.plan_of_everything),
        Deed(deeds.lines_of_a_purge),
        Theirs(
            "what is written there of files that went is told in receipts, which"
            " `rally receipts verify` holds against the files"
        ),
    ],
    (DELETES, PLATFORM, "plans/"): [Shown(("tests/rally/deletion/test_killed.py::*",))],
    (CREATES, PLATFORM, "results/compact/"): [Deed(deeds.results("compact"))],
    (CREATES, PLATFORM, "results/delete/"): [Deed(deeds.results("delete"))],
    (CREATES, PLATFORM, "results/audit/"): [Deed(deeds.results("audit"))],
    (CREATES, PLATFORM, "results/purge/"): [
        Deed(deeds.results("purge")),
        Shown(("tests/pipelines/test_planted.py::*",
               "tests/rally/retention/test_reasons.py::*")),
    ],
    **{
        (DELETES, PLATFORM, f"results/{each}"): [
            Shown(("tests/rally/test_results.py::*",))
        ]
        for each in ("compact/", "delete/", "audit/", "")
    },
    **{
        (what, PLATFORM, f"runs/{job}.json"): [
            Shown(("tests/rally/storage/test_last_runs.py::*",)),
            Theirs("how a run went a job says itself, for people; no job acts on it"),
        ]
        for what in (CREATES, DELETES) for job in JOBS
    },
    (CREATES, PLATFORM, "dead-letters/"): [
        Deed(deeds.unsealed_letter, Check.FILES),
    ],
    (DELETES, PLATFORM, "dead-letters/"): [
        Theirs(
            "a dead letter that somebody removes is not missed: who left by a ping"
            " that could not be read has to leave again"
        ),
    ],
    (CREATES, PLATFORM, "reports/"): [Deed(deeds.report)],
    (DELETES, PLATFORM, "reports/"): [Theirs("a report is for people; run another")],
    (CREATES, PLATFORM, ".rally-probe-"): [
        Deed(deeds.probe, Check.COPIES, "no record of ours"),
    ],
    (DELETES, PLATFORM, ".rally-probe-"): [Theirs("nothing else has that name")],
    (CREATES, PLATFORM, MARKER): [Deed(deeds.marker)],
    (CREATES, STORE, MARKER): [Shown(("tests/pipelines/test_init.py::*",))],
    (CREATES, STORE, "data/"): [
        Deed(deeds.rows_of_who_left, Check.WITHDRAWN, "of people who have left"),
        Deed(deeds.rows_of_strangers, Check.ENROLMENT, "without an enrolment"),
        Deed(deeds.list_in_a_header, Check.FILES, "under a withdrawal list that"),
        Theirs("rows are not signed: who may write them can invent what people did"),
    ],
    (DELETES, STORE, "data/"): [
        Theirs("a file that somebody removes is not missed by anything yet"),
    ],
    (CREATES, STORE, ".rally-probe-"): [Theirs("the audit names it a copy")],
    (DELETES, STORE, ".rally-probe-"): [Theirs("nothing else has that name")],
    (CREATES, OWN, "founding.json"): [Shown(("tests/pipelines/test_init.py::*",))],
    **{
        (what, place, ""): [
            Shown(("tests/rally/deletion/test_signed.py::*",
                   "tests/rally/keys/test_platform_keys.py::*")),
            Theirs("who makes the keys can destroy them; a signing key that is put in"
                   " the place of another signs nothing"),
        ]
        for what in (CREATES, DELETES) for place in (KEYS, OWN)
    },
}  # fmt: skip

DEEDS = [each for cells in CELLS.values() for each in cells if isinstance(each, Deed)]


def test_every_right_of_every_account_has_its_cell_and_no_other():
    rights = {
        (what, place, below)
        for account in table().values()
        for what in (CREATES, DELETES)
        for place, prefixes in account[what].items()
        for below in prefixes
    }
    assert rights == CELLS.keys()


def test_tests_that_show_it_elsewhere_are_there():
    named = {name for cells in CELLS.values() for each in cells
             if isinstance(each, Shown) for name in each.by}  # fmt: skip
    assert all(Named(*each.split("::")).is_there for each in named), named


@pytest.fixture(scope="module")
def calm(make_audited):
    """A platform on which all jobs have done what there is to do."""
    place = make_audited()
    place.live()
    place.first_list = place.platform.read(LIST)
    place.at(7)
    run_all(place)
    place.ingest([leave(0, GARDEN, 7)])
    run_all(place)
    assert place.audit().exit_status == 0
    return place


@pytest.fixture
def place(make_audited, calm):
    place = make_audited().like(calm)
    place.first_list = calm.first_list
    return place


def purge(place):
    made = OfPurge("memory", "memory", deployment=place, run="1" * 32)
    return Purge(made, lambda *step: place._run_step(made, *step)).run()


def run_all(place):
    """Every job once; gives what those say that refuse."""
    said = list[str]()
    for job in (place.delete, place.compact, place.replay, lambda: purge(place)):
        try:
            job()
        except DamagedObject:
            pass  # replay names it, and goes on with the others
        except (ConfigurationError, CorruptFile) as error:
            said.append(str(error))
    return said


def requests(place):
    with suppress(ConfigurationError):
        return {
            subject_of(key_of(each)): (each.status, each.deferred)
            for each in read_list(place.platform).list.withdrawals
        }
    return None


@pytest.mark.parametrize("deed", DEEDS, ids=lambda each: each.does.__name__)
def test_nobody_acts_on_it_and_somebody_tells(place, deed):
    rows, asked = place.view(), requests(place)

    deed.does(place)
    report = place.audit()
    said = run_all(place)

    assert set(found(report)) - {deed.also} == ({deed.told} if deed.told else set())
    if deed.told:
        assert any(deed.says in what for what in counts(found(report)[deed.told]))
    assert all(deed.refused in each and "\n" not in each for each in said)
    assert bool(said) == bool(deed.refused)
    assert place.view() == rows
    assert requests(place) in ((None, asked) if deed.refused else (asked,))
