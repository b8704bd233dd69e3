"""Each job may do what it does, and no more; and nobody else may do anything."""

import re

import pytest

from rally.keys import names
from tests.templates.terraform import trace
from tests.templates.terraform.module import items, load, references, resolved

PEOPLE = {"desk", "keeper"}
PLACES = ["store", "platform", "keys", "platform_keys"]


def table():
    """The accounts, with what stands for a local put in its place."""
    module = load()
    accounts = module.locals["accounts"]
    return {
        name: {
            **account,
            **{
                what: {
                    place: [resolved(module, each) for each in below]
                    for place, below in account[what].items()
                }
                for what in ("creates", "deletes")
            },
        }
        for name, account in accounts.items()
    }


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


def test_the_demo_shows_most_of_the_table(deeds):
    """What it does not show is only: a second try, a large store, another list."""
    shown = {
        (each.job, each.what, each.place, below)
        for each in deeds
        if each.what in ("creates", "deletes")
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
        ("replay", "creates", "platform", "events/"),
        ("replay", "creates", "platform", "withdrawals/"),
        ("purge", "creates", "store", "data/"),  # files of which some rows go
        ("purge", "creates", "platform", "results/"),
        ("purge", "deletes", "platform", "results/"),
        ("audit", "creates", "platform", "results/"),
        ("audit", "deletes", "platform", "results/"),
    }


def test_who_deletes_cannot_open_pings_and_who_ingests_no_dead_letter():
    opens_pings = {name for name, each in TABLE.items() if each["opens_pings"]}
    assert opens_pings == {"ingest", "replay"}
    opens_letters = {
        n for n, e in TABLE.items() if names.DEAD_LETTER_PRIVATE in e["opens"]
    }
    assert opens_letters == {"replay"}


def test_nobody_may_delete_a_receipt():
    deletes = {
        below
        for each in TABLE.values()
        for below in each["deletes"].get("platform", ())
    }
    assert not any("receipts/".startswith(below) for below in deletes)


def test_only_the_keeper_writes_keys_and_it_reads_no_data():
    for name, account in TABLE.items():
        writes = {*account["creates"], *account["deletes"]} & {"keys", "platform_keys"}
        assert bool(writes) == (name == "keeper"), name
    assert TABLE["keeper"]["reads"] == ["keys", "platform_keys"]


def test_the_table_names_places_and_purposes_that_there_are(module):
    assert module.locals["places"] == PLACES
    purposes = set(items(module.locals["purposes"]))
    assert purposes == {
        *names.MACS, names.DEAD_LETTER_PRIVATE, sort_of(names.pseudonym("platform")),
    }  # fmt: skip
    for account in TABLE.values():
        assert set(account["opens"]) <= purposes
        assert {*account["reads"], *account["creates"], *account["deletes"]} <= {
            *PLACES
        }


KEYS = {
    # {binding: (role, whose members, of which keys)}
    "open_ping": ("Decrypter", "account.opens_pings", "google_kms_crypto_key.ping"),
    "open_purpose": ("Decrypter", "contains(account.opens, each.key)",
                     "google_kms_crypto_key.purpose"),
}  # fmt: skip


@pytest.mark.parametrize("name", KEYS)
def test_rights_to_open_follow_from_the_table(module, name):
    role, condition, keys = KEYS[name]
    binding = module.one("google_kms_crypto_key_iam_binding", name)
    assert binding["role"] == f"roles/cloudkms.cryptoKey{role}"
    assert binding["for_each"] == f"${{{keys}}}"
    assert binding["crypto_key_id"] == "${each.value.id}"
    assert binding["members"] == (
        "${[for name, account in local.accounts : "
        f"google_service_account.account[name].member if {condition}]}}"
    )


def test_all_other_rights_to_keys_are_the_keepers_and_googles(module):
    bindings = {
        each.name: each.body
        for each in module.of("google_kms_crypto_key_iam_binding")
        if each.name not in KEYS
    }
    assert bindings.keys() == {"make", "storage", "service", "backup", "destroy"}
    members = {name: each["members"] for name, each in bindings.items()}
    storage = ["${local.agents.storage}"]
    assert members == {
        "make": ['${google_service_account.account["keeper"].member}'],
        "destroy": ['${google_service_account.account["purge"].member}'],
        "storage": storage,
        "backup": storage,
        "service": "${each.value}",
    }
    service = references(module.locals["service_keys"])
    assert service == {"local.agents"}
    agents = references(module.locals["agents"])
    assert all(each.startswith("data.google_") for each in agents)
    others = [each.type for each in module.resources if "kms" in each.type]
    assert {each for each in others if "iam" in each} == {
        "google_kms_crypto_key_iam_binding"
    }


def test_purge_destroys_only_the_storage_key_of_a_concluded_study(module):
    destroy = module.one("google_kms_crypto_key_iam_binding", "destroy")
    assert destroy["for_each"] == "${toset(local.concluded)}"
    assert module.locals["concluded"] == (
        "${[for name, study in var.studies : name if study.concluded]}"
    )
    assert destroy["crypto_key_id"] == "${google_kms_crypto_key.storage[each.key].id}"


def test_no_right_is_the_publics_or_a_whole_project(module):
    words = str([each.body for each in (*module.resources, *module.read)])
    words += str(module.locals)
    assert not re.search("allUsers|allAuthenticatedUsers", words)
    assert not re.search("roles/(owner|editor|viewer|browser)", words)
    assert not re.search(r"roles/[\w.]*[aA]dmin", words)
    # Predefined roles that reach into every bucket of the project.
    assert not re.search("roles/dataflow", words)


def test_rights_of_the_whole_project_reach_no_object(module):
    bindings = module.of("google_project_iam_binding")
    assert {each.name for each in bindings} == {"worker", "launcher"}
    for each in bindings:
        role = module.one("google_project_iam_custom_role", each.name)
        assert (
            each.body["role"] == f"${{google_project_iam_custom_role.{each.name}.id}}"
        )
        assert not [
            p for p in role["permissions"] if re.match("storage|cloudkms|iam", p)
        ]
    kinds = {each.type for each in module.resources}
    assert not kinds & {
        "google_project_iam_member", "google_project_iam_policy",
        "google_service_account_key",
    }  # fmt: skip


def test_roles_of_objects_are_exact(module):
    permissions = {
        name: module.one("google_project_iam_custom_role", name)["permissions"]
        for name in ("reader", "creator", "deleter")
    }
    assert permissions == {
        "reader": [
            "storage.buckets.get",
            "storage.objects.get",
            "storage.objects.list",
        ],
        "creator": ["storage.objects.create"],
        "deleter": ["storage.objects.delete"],
    }


def test_every_account_is_used(module):
    everybody = [each.body for each in (*module.resources, *module.read)]
    text = str((everybody, module.locals))
    for name in PEOPLE:
        assert f'account["{name}"]' in text
    run_as = module.one("google_service_account_iam_binding", "run_as")
    assert run_as["for_each"] == "${local.jobs}"
    launch = "${google_service_account.launch.member}"
    assert run_as["members"] == [launch]
    assert module.one("google_project_iam_binding", "launcher")["members"] == [launch]


def test_people_act_as_accounts_and_have_no_right_of_their_own(module):
    people = {"var.operators", "var.key_keepers"}
    users = {n for n, value in module.locals.items() if people & references(value)}
    users |= {e.address for e in module.resources if people & references(e.body)}
    assert users == {"acted_as"}
    act_as = module.one("google_service_account_iam_binding", "act_as")
    assert act_as["role"] == "roles/iam.serviceAccountTokenCreator"


def test_it_is_told_who_acted_and_what_people_read(module):
    told = module.one("google_project_iam_audit_config", "told")
    services = ("iam", "cloudkms", "storage")
    assert [*told["for_each"]] == [f"{each}.googleapis.com" for each in services]
    kinds = {each["log_type"] for each in told["audit_log_config"]}
    assert kinds == {"DATA_READ", "ADMIN_READ"}
    exempt = told["for_each"]["storage.googleapis.com"]
    assert references(exempt) == {"local.jobs", "google_service_account.account"}
