"""What each account could forge, plant, remove or put back, where it may write.

The rights are those of templates/terraform/accounts.tf. Each prefix has a cell: an
attempt, after which every job runs, nobody's rows or requests are other than before,
and the audit or a job says what is wrong; tests elsewhere that show the same; or why
whoever may write there can do what they can, which docs/infrastructure.md says, too.
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
from rally.storage.layout import view_file
from rally.storage.marker import NAME as MARKER
from rally.withdrawal.list_object import read_list
from rally.withdrawal.requests import key_of, subject_of
from tests.rally.audit import tampering
from tests.rally.audit.audited_platform import (
    AuditedPlatform,
    count_by_description,
    leave,
    lines_by_check,
)
from tests.support.memory_deployment import DeploymentSettings
from tests.support.named_tests import Named
from tests.support.stores import save_list
from tests.support.world import GARDEN
from tests.templates.terraform.accounts import table

STORE, PLATFORM, KEYS, OWN = "store", "platform", "keys", "platform_keys"
RELEASES = "releases"
CREATES, DELETES = "creates", "deletes"


@dataclass(frozen=True)
class InMemoryPurgeSettings(DeploymentSettings, PurgeSettings):
    """Settings of a purge of a platform in memory."""

    def key_folders(self):
        return None, KeyFolder(str(self.deployment.folder / "platform"))


class Tampering(NamedTuple):
    """Something that somebody can do who has a right and no key.

    Attributes:
        do: Function that does it to a platform.
        check: Check of the audit that it breaks; None where nothing is wrong by it.
        description: Words of the audit about it.
        refusal: Words of the jobs that refuse to run; "" where all of them run.
        also: Check of the audit that it breaks besides.
    """

    do: Callable[[AuditedPlatform], None]
    check: Check | None = None
    description: str = ""
    refusal: str = ""
    also: Check | None = None


class ShownElsewhere(NamedTuple):
    """Tests elsewhere that show that nothing comes of it."""

    by: tuple[str, ...]


class AcceptedRisk(NamedTuple):
    """Harm that a right makes possible: why it has to be so, and what limits it."""

    why: str


Cell = Tampering | ShownElsewhere | AcceptedRisk


CELLS: dict[tuple[str, str, str], list[Cell]] = {
    (CREATES, PLATFORM, "decisions/"): [
        Tampering(tampering.decision_on_requests, Check.DECISIONS, "void"),
        Tampering(tampering.decision_on_a_study, Check.DECISIONS, "void"),
        Tampering(tampering.decision_by_a_job, Check.DECISIONS, "void"),
        Tampering(tampering.decision_beside, Check.DECISIONS, "no part of the chain"),
    ],
    (CREATES, PLATFORM, "events/date="): [
        Tampering(tampering.letter, Check.DECISIONS, "a letter that nobody signed for"),
        Tampering(tampering.closed),
        AcceptedRisk(
            "what a ping said is an event, and who may write one can write that"
            " somebody joined or left; of many at once a person is asked. Who writes an"
            " enrolment before all others of somebody names the key to which a ping's"
            " copy goes; two people have to approve it"
        ),
        ShownElsewhere(("tests/rally/access/test_proof.py::*",)),
    ],
    (CREATES, PLATFORM, "events/"): [
        ShownElsewhere(("tests/rally/event_log/test_log_file.py::*",)),
    ],
    (DELETES, PLATFORM, "events/"): [
        ShownElsewhere(
            (
                "tests/rally/retention/test_safety_limits.py::*",
                "tests/rally/audit/test_decisions_audit.py::*",
            )
        ),
    ],
    (CREATES, PLATFORM, "consents/"): [
        Tampering(
            tampering.consent,
            Check.NOTICES,
            "consents to a notice that the study does not list",
        ),
        Tampering(
            tampering.letter_of_a_consent,
            Check.DECISIONS,
            "a letter that nobody signed for",
        ),
        AcceptedRisk(
            "what a ping said is a record, and who may write one can write that"
            " somebody agreed; no row is stored by it, and none goes"
        ),
    ],
    (DELETES, PLATFORM, "consents/"): [
        AcceptedRisk(
            "a consent that is removed is none, and opens nothing; who removes a"
            " refusal alone would bring back what was given before"
        ),
    ],
    (CREATES, PLATFORM, "withdrawals/"): [
        Tampering(
            tampering.list_of_a_stranger, refusal="is not as deletion published it"
        ),
        Tampering(
            tampering.list_of_the_purge, refusal="is not as deletion published it"
        ),
        Tampering(tampering.other_people, refusal="is not as deletion published it"),
    ],
    (DELETES, PLATFORM, "withdrawals/"): [
        Tampering(tampering.no_list, refusal="the withdrawal list is missing"),
        Tampering(tampering.no_people, refusal="the withdrawal list is missing"),
        Tampering(
            tampering.older_list, Check.WITHDRAWN, "an older list", "", Check.FILES
        ),
    ],
    (CREATES, PLATFORM, "receipts/"): [
        Tampering(
            tampering.receipt_again, Check.RECEIPTS, refusal="is not as it was written"
        ),
        Tampering(tampering.anchor, Check.RECEIPTS),
    ],
    (CREATES, PLATFORM, "cases/"): [
        Tampering(
            tampering.copy_of_nobody, Check.COPIES, "a person's copy without a case"
        ),
        ShownElsewhere(("tests/rally/access/test_records.py::*",)),
    ],
    (DELETES, PLATFORM, "cases/"): [
        AcceptedRisk("a copy that somebody removes is made again, in another case"),
    ],
    (CREATES, PLATFORM, "leases/"): [Tampering(tampering.run_without_end)],
    (DELETES, PLATFORM, "leases/"): [
        ShownElsewhere(("tests/rally/deletion/test_races.py::*",)),
    ],
    (CREATES, PLATFORM, "plans/"): [
        Tampering(
            tampering.garbled_plan, refusal="is not what a run of deletion wrote"
        ),
        Tampering(
            tampering.garbled_results, refusal="is not what a run of deletion wrote"
        ),
        Tampering(tampering.plan_of_everything),
        Tampering(tampering.lines_of_a_purge),
        AcceptedRisk(
            "what is written there of files that went is told in receipts, which"
            " `rally receipts verify` holds against the files"
        ),
    ],
    (DELETES, PLATFORM, "plans/"): [
        ShownElsewhere(("tests/rally/deletion/test_killed.py::*",))
    ],
    (CREATES, PLATFORM, "results/compact/"): [Tampering(tampering.results("compact"))],
    (CREATES, PLATFORM, "results/delete/"): [Tampering(tampering.results("delete"))],
    (CREATES, PLATFORM, "results/audit/"): [Tampering(tampering.results("audit"))],
    (CREATES, PLATFORM, "results/release/"): [
        ShownElsewhere(("tests/pipelines/test_release.py::*",)),
    ],
    (CREATES, PLATFORM, "results/purge/"): [
        Tampering(tampering.results("purge")),
        ShownElsewhere(
            (
                "tests/pipelines/test_planted.py::*",
                "tests/rally/retention/test_reasons.py::*",
            )
        ),
    ],
    **{
        (DELETES, PLATFORM, f"results/{each}"): [
            ShownElsewhere(("tests/rally/test_results.py::*",))
        ]
        for each in ("compact/", "delete/", "audit/", "release/", "")
    },
    **{
        (what, PLATFORM, f"runs/{job}.json"): [
            ShownElsewhere(("tests/rally/storage/test_last_runs.py::*",)),
            AcceptedRisk(
                "how a run went a job says itself, for people; no job acts on it"
            ),
        ]
        for what in (CREATES, DELETES)
        for job in JOBS
    },
    (CREATES, PLATFORM, "dead-letters/"): [
        Tampering(tampering.unsealed_letter, Check.FILES),
    ],
    (DELETES, PLATFORM, "dead-letters/"): [
        AcceptedRisk(
            "a dead letter that somebody removes is not missed: who left by a ping"
            " that could not be read has to leave again"
        ),
    ],
    (CREATES, PLATFORM, "reports/"): [
        Tampering(tampering.report),
        ShownElsewhere(("tests/rally/audit/test_verified_receipts.py::*",)),
    ],
    (DELETES, PLATFORM, "reports/"): [
        AcceptedRisk("a report is for people; run another")
    ],
    (CREATES, PLATFORM, ".rally-probe-"): [
        Tampering(tampering.probe, Check.COPIES, "no record of ours"),
    ],
    (DELETES, PLATFORM, ".rally-probe-"): [AcceptedRisk("nothing else has that name")],
    (CREATES, PLATFORM, MARKER): [Tampering(tampering.marker)],
    (CREATES, STORE, MARKER): [ShownElsewhere(("tests/pipelines/test_init.py::*",))],
    (CREATES, PLATFORM, "releases/"): [
        Tampering(tampering.ledger_line, Check.LEDGER, "is not JSON"),
        Tampering(tampering.draft, Check.LEDGER, "is not JSON"),
        AcceptedRisk(
            "whoever has signing.release, too, can spend what is left of a budget; what"
            " people signed, and what they did not, they cannot change"
        ),
        ShownElsewhere(("tests/rally/audit/release_violations.py::unapproved",)),
    ],
    (CREATES, RELEASES, "study="): [
        Tampering(
            tampering.file_that_leaves, Check.RELEASES, "no file that the ledger has"
        ),
    ],
    (CREATES, RELEASES, MARKER): [
        ShownElsewhere(("tests/rally/releases/test_placing.py::*",)),
    ],
    (CREATES, STORE, "data/"): [
        Tampering(
            tampering.rows_of_who_left, Check.WITHDRAWN, "of people who have left"
        ),
        Tampering(tampering.rows_of_strangers, Check.ENROLMENT, "without an enrolment"),
        Tampering(
            tampering.list_in_a_header, Check.FILES, "under a withdrawal list that"
        ),
        AcceptedRisk(
            "rows are not signed: who may write them can invent what people did"
        ),
    ],
    (DELETES, STORE, "data/"): [
        AcceptedRisk("a file that somebody removes is not missed by anything yet"),
    ],
    (CREATES, STORE, "views/"): [
        Tampering(tampering.view_of_a_stranger, Check.VIEWS, "not as deletion"),
        Tampering(tampering.view_of_another_study, Check.VIEWS, "not as deletion"),
        Tampering(tampering.file_beside_a_view, Check.COPIES, "unregistered"),
    ],
    (DELETES, STORE, "views/"): [
        Tampering(tampering.no_view, Check.VIEWS, "is missing"),
        Tampering(tampering.older_view, Check.VIEWS, "of an older withdrawal list"),
    ],
    (CREATES, STORE, ".rally-probe-"): [AcceptedRisk("the audit names it a copy")],
    (DELETES, STORE, ".rally-probe-"): [AcceptedRisk("nothing else has that name")],
    (CREATES, OWN, "founding.json"): [
        ShownElsewhere(("tests/pipelines/test_init.py::*",))
    ],
    **{
        (what, place, ""): [
            ShownElsewhere(
                (
                    "tests/rally/deletion/test_signed.py::*",
                    "tests/rally/keys/test_platform_keys.py::*",
                )
            ),
            AcceptedRisk(
                "who makes the keys can destroy them; a signing key that is put in"
                " the place of another signs nothing"
            ),
        ]
        for what in (CREATES, DELETES)
        for place in (KEYS, OWN)
    },
}

TAMPERINGS = [
    each for cells in CELLS.values() for each in cells if isinstance(each, Tampering)
]


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
             if isinstance(each, ShownElsewhere) for name in each.by}  # fmt: skip
    assert all(Named(*each.split("::")).is_there for each in named), named


@pytest.fixture(scope="module")
def settled(make_deployment):
    """A platform on which all jobs have done what there is to do."""
    deployment = make_deployment()
    deployment.live_a_week()
    deployment.first_list = save_list(deployment.platform)
    deployment.first_view = deployment.data.read(view_file(GARDEN))
    deployment.at(7)
    run_all(deployment)
    deployment.ingest([leave(0, GARDEN, 7)])
    run_all(deployment)
    assert deployment.audit().exit_status == 0
    return deployment


@pytest.fixture
def deployment(make_deployment, settled):
    deployment = make_deployment().copy_from(settled)
    deployment.first_list = settled.first_list
    deployment.first_view = settled.first_view
    return deployment


def purge(deployment):
    made = InMemoryPurgeSettings(
        store="memory", platform_keys="memory", deployment=deployment, run="1" * 32
    )
    return Purge(made, lambda *step: deployment._run_step(made, *step)).run()


def run_all(deployment):
    """Runs every job once, and returns the words of those that refuse."""
    refusals = list[str]()
    for job in (
        deployment.delete,
        deployment.compact,
        deployment.replay,
        lambda: purge(deployment),
    ):
        try:
            job()
        except DamagedObject:
            pass  # replay names it, and goes on with the others
        except (ConfigurationError, CorruptFile) as error:
            refusals.append(str(error))
    return refusals


def requests(deployment):
    with suppress(ConfigurationError):
        return {
            subject_of(key_of(each)): (each.status, each.deferred)
            for each in read_list(deployment.platform).list.withdrawals
        }
    return None


@pytest.mark.parametrize("attempt", TAMPERINGS, ids=lambda each: each.do.__name__)
def test_nobody_acts_on_tampering_and_somebody_reports_it(deployment, attempt):
    rows, before = deployment.view(), requests(deployment)

    attempt.do(deployment)
    report = deployment.audit()
    refusals = run_all(deployment)

    assert set(lines_by_check(report)) - {attempt.also} == (
        {attempt.check} if attempt.check else set()
    )
    if attempt.check:
        assert any(
            attempt.description in what
            for what in count_by_description(lines_by_check(report)[attempt.check])
        )
    assert all(attempt.refusal in each and "\n" not in each for each in refusals)
    assert bool(refusals) == bool(attempt.refusal)
    assert deployment.view() == rows
    assert requests(deployment) in ((None, before) if attempt.refusal else (before,))
