"""Each job may do what it does, and no more; and nobody else may do anything."""

import re

import pytest

from rally.access.records import FOLDER as CASES
from rally.decisions.entry import FOLDER as DECISIONS
from rally.decisions.entry import entry_name
from rally.decisions.founding import FILE as FOUNDING
from rally.keys import names
from rally.releases.draft import FOLDER as RELEASES
from rally.results import name_results
from rally.storage.layout import VIEWS
from rally.storage.marker import NAME
from rally.withdrawal.root import FOLDER as LISTS
from tests.templates.terraform import trace
from tests.templates.terraform.accounts import table
from tests.templates.terraform.module import ROOT, items

pytestmark = pytest.mark.slow("servers")

PEOPLE = {"copy", "desk", "keeper", "publish"}
PLACES = ["store", "platform", "keys", "platform_keys", "releases"]
TABLE = table()


@pytest.fixture(scope="module")
def deeds(tmp_path_factory):
    """What the jobs did in the demo."""
    return trace.watch(tmp_path_factory.mktemp("trace") / "demo")


def sort_of(owner):
    """The sort of a platform key: all pseudonyms have one KEK."""
    is_pseudonym = names.is_pseudonym(owner)
    return "pseudonym" if is_pseudonym else owner


def test_there_is_an_account_for_each_job_and_for_people(module):
    assert TABLE.keys() == {*trace.JOBS, *PEOPLE}
    assert sorted(items(module.locals["jobs"])) == sorted(trace.JOBS)


@pytest.mark.parametrize("job", trace.JOBS)
def test_a_job_opens_the_platform_keys_that_it_may_and_no_others(deeds, job):
    opened = {
        sort_of(each.name)
        for each in deeds
        if (each.job, each.what, each.place) == (job, "opens", "platform_keys")
    }
    assert opened == set(TABLE[job]["opens"])


@pytest.mark.parametrize("job", trace.JOBS)
def test_only_who_may_opens_pings(deeds, job):
    opens = any(
        (each.job, each.what, each.place) == (job, "opens", "keys") for each in deeds
    )
    assert opens == TABLE[job]["opens_pings"]


@pytest.mark.parametrize("job", trace.JOBS)
def test_a_job_reads_where_it_may(deeds, job):
    read = {each.place for each in deeds if (each.job, each.what) == (job, "reads")}
    assert read == set(TABLE[job]["reads"])


# A concluded study's key files; access.tf lets purge delete these and no others.
CONCLUDED = re.compile(r"(pseudonym\.)?rally-demo-news\.(keyset|jwk)\.json")


@pytest.mark.parametrize("job", trace.JOBS)
def test_a_job_writes_and_deletes_where_it_may(deeds, job):
    refused = {
        each
        for each in deeds
        if each.job == job
        and each.what in ("creates", "deletes")
        and not each.name.startswith(tuple(TABLE[job][each.what].get(each.place, ())))
    }
    keys = {each for each in refused if job == "purge" and each.what == "deletes"
            and each.place in ("keys", "platform_keys")
            and CONCLUDED.fullmatch(each.name)}  # fmt: skip
    assert refused - keys == set()
    assert len(keys) == (2 if job == "purge" else 0)


def test_init_is_the_desks_and_of_keys_the_keepers(deeds):
    """Nobody may delete what it says of a place, nor replace it."""
    by_init = {each for each in deeds if each.job == trace.INIT}
    made = {
        place: {
            each.name
            for each in by_init
            if (each.what, each.place) == ("creates", place)
        }
        for place in PLACES
    }
    # The demo's one human has deletion's key; the desk has not, and delete does it.
    views = {each for each in made["store"] if each.startswith(VIEWS)}
    made["store"] -= views
    assert views
    assert made["store"] == {NAME}
    decided = {each for each in made["platform"] if each.startswith(DECISIONS)}
    assert entry_name(1) in decided
    lists = {each for each in made["platform"] if each.startswith(LISTS)}
    assert made["platform"] - decided - lists == {NAME}
    assert FOUNDING in made["platform_keys"]
    assert {each.what for each in by_init} == {"creates", "opens", "reads"}
    for place in ("store", "platform"):
        may_create = tuple(TABLE["desk"]["creates"][place])
        assert all(name.startswith(may_create) for name in made[place])
        for account in TABLE.values():
            may_delete = tuple(account["deletes"].get(place, ()))
            assert not NAME.startswith(may_delete)


def test_the_demo_shows_most_of_the_table(deeds):
    """What it does not show is only: a second try, a large store, another list."""
    shown = {
        (each.job, each.what, each.place, below)
        for each in deeds
        if each.job in trace.JOBS and each.what in ("creates", "deletes")
        for below in TABLE[each.job][each.what].get(each.place, ())
        if each.name.startswith(below)
    }
    rights = {
        (job, what, place, below)
        for job in trace.JOBS
        for what in ("creates", "deletes")
        for place, all_below in TABLE[job][what].items()
        for below in all_below
    }
    assert rights - shown == {
        *(
            (job, "creates", "platform", "consents/")  # no client of it asks for one
            for job in ("ingest", "replay", "purge")
        ),
        ("purge", "deletes", "platform", "consents/"),
        ("replay", "creates", "platform", "events/date="),
        ("delete", "deletes", "platform", "plans/"),  # what became of it, a second time
        ("purge", "creates", "store", "data/"),  # files of which some rows go
        ("purge", "creates", "platform", "results/purge/"),
        ("purge", "deletes", "platform", "results/"),
        ("purge", "deletes", "platform", "cases/"),  # of who asked for a copy
        ("purge", "deletes", "platform", "events/"),  # that no delete has merged
        ("audit", "deletes", "platform", "reports/"),
        ("audit", "creates", "platform", "results/audit/"),
        ("audit", "deletes", "platform", "results/audit/"),
        *(  # of runs of the command line
            (job, what, "platform", f"runs/{job}.json")
            for job in trace.JOBS
            for what in ("creates", "deletes")
        ),
    }


def test_a_report_of_the_audit_can_be_written_where_its_page_says_and_stays():
    """Tried first by a probe, then made, or put in the place of an older one."""
    page = (ROOT / "docs" / "audit.md").read_text()
    folders = set(re.findall(r"gs://<prefix>-platform/([\w/]+/)", page))
    assert len(folders) == 1
    for folder in folders:
        for name in (f"{folder}audit.html", f"{folder}{trace.PROBE}1"):
            for what in ("creates", "deletes"):
                allowed = tuple(TABLE["audit"][what]["platform"])
                assert name.startswith(allowed)
        others = [
            name
            for name, each in TABLE.items()
            if folder.startswith(tuple(each["deletes"].get("platform", ())))
        ]
        assert others == ["audit"]


def test_who_deletes_cannot_open_pings_and_who_ingests_no_dead_letter():
    opens_pings = {name for name, each in TABLE.items() if each["opens_pings"]}
    assert opens_pings == {"ingest", "replay"}
    opens_letters = {
        n for n, e in TABLE.items() if names.DEAD_LETTER_PRIVATE in e["opens"]
    }
    assert opens_letters == {"replay"}


def test_only_who_publishes_the_list_can_sign_it():
    signs = {
        n for n, e in TABLE.items() if names.signing(names.Job.DELETE) in e["opens"]
    }
    assert signs == {"delete"}
    assert not any(names.signing(names.Job.PURGE) in e["opens"] for e in TABLE.values())


def test_only_who_makes_copies_signs_and_writes_what_became_of_them():
    signs = {n for n, e in TABLE.items() if names.signing(names.Job.COPY) in e["opens"]}
    assert signs == {"copy"}
    for what, who in (("creates", {"copy"}), ("deletes", {"copy", "purge"})):
        writes = {
            name
            for name, each in TABLE.items()
            if CASES.startswith(tuple(each[what].get("platform", ())))
        }
        assert writes == who, what
    assert {*TABLE["copy"]["creates"], *TABLE["copy"]["deletes"]} == {"platform"}


def test_only_who_makes_releases_signs_them_and_writes_where_they_leave():
    """And nobody deletes or replaces what is there, nor a line of the ledger."""
    signing = names.signing(names.Job.RELEASE)
    assert {n for n, e in TABLE.items() if signing in e["opens"]} == {"release"}
    for place, below in (("releases", "study=x/"), ("platform", RELEASES)):
        for what, who in (("creates", {"release"}), ("deletes", set())):
            may = {
                name
                for name, each in TABLE.items()
                if below.startswith(tuple(each[what].get(place, ())))
            }
            assert may == who, (place, what)


def test_who_fetches_results_from_outside_sees_nothing_else():
    publish = TABLE["publish"]
    assert publish["reads"] == ["releases"]
    assert not any((*publish["opens"], *publish["creates"], *publish["deletes"]))
    reads = {name for name, each in TABLE.items() if "releases" in each["reads"]}
    assert reads == {"audit", "desk", "publish", "release"}


def test_nobody_may_delete_a_receipt():
    deletes = {
        below
        for each in TABLE.values()
        for below in each["deletes"].get("platform", ())
    }
    assert not any("receipts/".startswith(below) for below in deletes)


def test_what_workers_answer_only_their_own_job_may_write():
    """Else an auditor plants what purge then deletes; purge takes away what is left."""
    jobs = ("audit", "compact", "delete", "purge", "release")
    for what, more in (("creates", set()), ("deletes", {"purge"})):
        for job in jobs:
            may = {
                name
                for name, each in TABLE.items()
                if name_results(job).startswith(tuple(each[what].get("platform", ())))
            }
            assert may == {job} | more, (what, job)


def test_only_the_keeper_writes_keys_and_it_reads_no_data():
    for name, account in TABLE.items():
        writes = {*account["creates"], *account["deletes"]} & {"keys", "platform_keys"}
        if name == "desk":  # says whose they are, which no key's name begins with
            assert account["creates"]["platform_keys"] == [FOUNDING]
            writes -= {"platform_keys"} - {*account["deletes"]}
        assert bool(writes) == (name == "keeper"), name
    assert TABLE["keeper"]["reads"] == ["keys", "platform_keys"]


def test_the_table_names_places_and_purposes_that_there_are(module):
    assert module.locals["places"] == PLACES
    purposes = set(items(module.locals["purposes"]))
    assert purposes == {
        *map(names.signing, names.Job), names.DEAD_LETTER_PRIVATE,
        sort_of(names.pseudonym("platform")),
    }  # fmt: skip
    for account in TABLE.values():
        assert set(account["opens"]) <= purposes
        assert {*account["reads"], *account["creates"], *account["deletes"]} <= {
            *PLACES
        }
