"""A platform in memory on which a study lives its whole life, by a calendar of its own.

The calendar goes over a year's end and a leap day. All of it is the jobs' own code.
"""

import json
import re
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rally.access.cases import CaseState, read_cases
from rally.access.due_copies import Leavers
from rally.decisions.verifying import read_chain
from rally.deletion.plan import FileOutcome, FileResult
from rally.events import RALLY
from rally.keys import names
from rally.keys.folder import JWK, KEYSET
from rally.keys.names import Job
from rally.keys.platform_keys import PlatformKeys
from rally.person_copy.gathering import Places
from rally.person_copy.handing_over import build_copy, read_built, record_fetched
from rally.registry.legal_holds import LegalHolds
from rally.registry.registry import Registry
from rally.registry.transitions import StudyAction
from rally.retention.purge import Purge
from rally.settings import make_pseudonyms
from rally.storage.partitions import partition_of
from rally.times import from_micros, to_micros
from rally.validation.pseudonyms import PLATFORM
from rally.withdrawal.fold import RequestStatus
from rally.withdrawal.rulings import RequestAction as Decision
from rally.withdrawal.rulings import choose
from tests.model.studies import LOOSE_DATA
from tests.model.words import Ping
from tests.rally.audit.audited_platform import AuditedPlatform
from tests.support.access_cases import RECIPIENT, approved_case
from tests.support.memory_deployment import KeylessPrf
from tests.support.people import job_key
from tests.support.purge_deployment import MemoryPurgeSettings as PurgeSettings
from tests.support.request_decisions import expedite
from tests.support.reviews import write_reviews
from tests.support.schemas import described
from tests.support.study_decisions import decide_study, hold_rows, release_rows
from tests.support.world import GARDEN, HOUSE, JOINED, LEFT, POND

BEGIN = datetime(2027, 12, 28, 18, tzinfo=UTC)
"""The evening of the first day: jobs run at such an hour."""

LAST_DAY = datetime(2028, 3, 5, tzinfo=UTC)
"""On which the garden collects."""

_DOCUMENTS = """
documents:
  visit.1:
    means: data
    buckets: 4
    delete_after_days: DAYS
    purpose: what is visited
  study-enrollment.1:
    means: joins
    delete_after_days: 20
    purpose: who joined
  study-unenrollment.1:
    means: leaves
    purpose: who left"""
_POLICY = "enrolment: required, do_not_track: consent, private_browsing: client"
_STUDIES = {
    f"{GARDEN}/study.yaml": f"""
namespace: {GARDEN}
kind: study
name: Garden
starts: 2027-12-28
ending_announced: 2028-02-15
collect_through: {LAST_DAY:%Y-%m-%d}
analysis_until: 2028-06-30
policy: {{{_POLICY}, after_end: defer}}{_DOCUMENTS.replace("DAYS", "60")}
  survey.1:
    means: data
    keep: latest
    purpose: what they say""",
    f"{POND}/study.yaml": f"""
namespace: {POND}
kind: study
name: Pond
starts: 2027-12-28
policy: {{{_POLICY}, after_end: delete}}{_DOCUMENTS.replace("DAYS", "25")}""",
    f"{HOUSE}/study.yaml": f"""
namespace: {HOUSE}
kind: platform
name: Rally
starts: 2027-12-01
policy: {{{_POLICY}}}
documents:
  enrollment.1:
    means: joins
    delete_after_days: 30
    purpose: who joined Rally
  study-enrollment.1:
    means: joins
    delete_after_days: 400
    scope: [/study]
    purpose: who joined a study
  unenrollment.1:
    means: leaves
    purpose: who left Rally
  study-unenrollment.1:
    means: leaves
    scope: [/study]
    purpose: who left a study""",
}
_DELETE_FIRST = re.compile("waits for|never told; run `rally delete`")
"""What purge says where the day's order has deletion after it."""

_STUDY = {"name": "study", "type": ["null", "string"], "default": None}
_MARK = {"name": "mark", "type": "string"}


def _with(schema, *fields):
    return {**schema, "fields": [*schema["fields"], *fields]}


_JOINED, _LEFT = _with(JOINED, _STUDY, _MARK), _with(LEFT, _STUDY)
_SCHEMAS = {
    **{f"{study}/visit.1": LOOSE_DATA for study in (GARDEN, POND)},
    **{f"{study}/study-enrollment.1": _JOINED for study in (GARDEN, POND, HOUSE)},
    **{f"{study}/study-unenrollment.1": _LEFT for study in (GARDEN, POND, HOUSE)},
    f"{GARDEN}/survey.1": LOOSE_DATA,
    f"{HOUSE}/enrollment.1": _JOINED,
    f"{HOUSE}/unenrollment.1": _LEFT,
}


def load_registry(folder: Path) -> Registry:
    """Two studies and the platform's namespace."""
    schemas = {
        f"{name}.avsc": json.dumps(described(each)) for name, each in _SCHEMAS.items()
    }
    for name, text in {**_STUDIES, **schemas}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    write_reviews(folder)
    return Registry.load(str(folder))


class Life(AuditedPlatform):
    """A platform, its calendar, and the jobs of a day.

    Attributes:
        now: the evening of the day that it is.
    """

    def __init__(self, registry, folder: Path) -> None:
        super().__init__(registry, folder, folder / "derived")
        self.now = BEGIN
        for study in registry.studies:
            (folder / "keys" / (study + KEYSET)).write_text("{}")
            (folder / "keys" / (study + JWK)).write_text("{}")
            self._pseudonym_file(study).write_text("{}")

    def _pseudonym_file(self, study: str) -> Path:
        return self.folder / "platform" / (names.pseudonym(study) + KEYSET)

    def open_keys(self) -> PlatformKeys:
        """The keys as they are now: some are gone with their study."""
        left = [s for s in self.registry.studies if self._pseudonym_file(s).exists()]
        prfs = {name: KeylessPrf(name) for name in (PLATFORM, *left)}
        signers = {Job.DELETE: job_key(Job.DELETE)}
        return PlatformKeys(prfs, signers, sealer=None, opener=None)

    @property
    def key_files(self) -> list[str]:
        """Names of all that are there."""
        return sorted(path.name for path in self.folder.glob("*/*.json"))

    def act(self, study: str, action: StudyAction) -> None:
        """An operator decides, this afternoon."""
        at = self.now - timedelta(hours=3)
        decide_study(self.platform, study, action, at)

    def hold(self, study: str) -> None:
        """Counsel wants what was sent in these days to stay."""
        day = self.now.date()
        days, at = (day - timedelta(days=4), day), self.now - timedelta(hours=3)
        hold_rows(self.platform, study, days, at)

    @property
    def holds(self) -> LegalHolds:
        """Those that are in force."""
        return LegalHolds.read(self.platform, self.now)

    def release(self) -> None:
        """All that counsel wanted is done with."""
        for each in self.holds.holds:
            release_rows(self.platform, each, self.now - timedelta(hours=2))

    def let_go_at_once(self) -> None:
        """Who waits for a study's end need not: a person has decided it."""
        published = self.withdrawals()
        waiting = [
            each.request
            for each in published.withdrawals
            if each.deferred
            and each.status is RequestStatus.ACTIVE
            and each.participant
        ]
        chosen = choose(Decision.EXPEDITE, published, published, None, waiting)
        expedite(self.platform, published.counter, *chosen)

    @property
    def cases(self):
        """Cases of people who asked for a copy, as they are now."""
        return read_cases(read_chain(self.platform), self.platform, self.now)

    def ask(self, person: int, *, leaves: bool) -> None:
        """Somebody asks for a copy, and two people stand for it, this afternoon."""
        who, at = self.platform_pseudonym(person), self.now - timedelta(hours=1)
        if any(each.is_open and each.is_of(who) for each in self.cases.values()):
            return
        number = f"{len(self.cases):08x}"
        approved_case(self.platform, who, number, at, leaves=leaves, to=RECIPIENT)

    def make_copies(self) -> None:
        """Whoever makes copies makes each that is approved, of who has not left."""
        pseudonyms = make_pseudonyms(self.open_keys(), self.registry)
        for case in self.cases.values():
            if case.state is CaseState.APPROVED:
                places = Places.open(self.registry, self.stores, pseudonyms)
                who = next(
                    each
                    for each in map(self.platform_pseudonym, range(4))
                    if case.is_of(each)
                )
                if Leavers(places.published.list.withdrawals).left_at(case):
                    continue
                gathered = places.gather(case, who, self.now)
                key = job_key(Job.COPY)
                build_copy(places, case, gathered, key, self.now, str)

    def fetch_copies(self) -> None:
        """People come for their copies."""
        chain, key = read_chain(self.platform), job_key(Job.COPY)
        for case in self.cases.values():
            if case.state is CaseState.BUILT:
                read_built(self.platform, case)
                record_fetched(self.platform, chain, key, case, self.now)

    def purge(self):
        """As pipelines.purge; its report."""
        run = uuid.uuid4().hex
        made = PurgeSettings(
            store="memory",
            platform_keys="memory",
            deployment=self,
            run=run,
            ping_keys="k",
        )
        return Purge(made, lambda *step: self._run_step(made, *step)).run()

    def run(self, job: str) -> list[object]:
        """A daily job; what it says that somebody has to look at."""
        if job == "purge":
            problems = self.purge().problems
            return [each for each in problems if not _DELETE_FIRST.search(each)]
        if job == "delete":
            faults = self.delete().faults
            return [each for each in faults if not self._is_held(each)]
        if job == "compact":
            return [each for each in self.compact() if each.troubles]
        self.replay()
        return []

    def _is_held(self, fault: FileResult) -> bool:
        """Whether a legal hold is all that keeps a file."""
        is_held = fault.outcome is FileOutcome.HELD
        return is_held and bool(self.holds.over(fault.study, day_in(fault.name)))

    def ping(self, kind, person, scope, age=0, own=True, mark="a") -> Ping:
        """One that was sent so many days ago, in the afternoon."""
        sent = self.now - timedelta(days=age, hours=2)
        number = (sent - BEGIN).days
        is_own = own and scope != RALLY
        return Ping(kind, person, scope, is_own, number, to_micros(sent), mark)

    def is_open(self, ping: Ping) -> bool:
        """Whether it can have been sent: nobody browsed before the beginning."""
        return from_micros(ping.time) > BEGIN - timedelta(hours=6)


def day_in(name: str) -> str:
    """The submission date that a file's path names."""
    partition = partition_of(GARDEN, name)
    return partition.day if partition else ""
