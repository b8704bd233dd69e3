"""Rights are what the table says and no more: to keys, objects and accounts."""

import re

import pytest

from tests.templates.terraform.module import references

PEOPLE = ("desk", "keeper", "publish")

KEYS = {
    # {binding: (role, whose members, of which keys)}
    "open_ping": ("Decrypter", "account.opens_pings", "google_kms_crypto_key.ping"),
    "open_purpose": ("Decrypter",
                     'contains(account.opens, each.key) || (local.is_over && name =='
                     ' "purge" && contains(local.end.opens, each.key))',
                     "google_kms_crypto_key.purpose"),
}  # fmt: skip


def test_only_purge_opens_more_at_the_platforms_end_and_that_is_its_own(module):
    assert module.locals["end"]["opens"] == ["signing.purge"]


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
        "${[for name, study in var.studies : name if coalesce(study.concluded, false)]}"
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
    assert {each.name for each in bindings} == {"worker", "launcher", "buckets"}
    for each in bindings:
        role = module.one("google_project_iam_custom_role", each.name)
        assert (
            each.body["role"] == f"${{google_project_iam_custom_role.{each.name}.id}}"
        )
        assert not [
            p
            for p in role["permissions"]
            if re.match(r"storage\.(?!buckets\.)|cloudkms|iam", p)
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
    launch = "${google_service_account.launch.member}"
    assert module.one("google_project_iam_binding", "launcher")["members"] == [launch]


def test_a_job_is_run_by_its_launcher_by_itself_and_the_audit_by_the_build(module):
    run_as = module.one("google_service_account_iam_binding", "run_as")
    assert run_as["for_each"] == "${local.jobs}"
    assert run_as["service_account_id"] == (
        "${google_service_account.account[each.key].name}"
    )
    assert run_as["role"] == "roles/iam.serviceAccountUser"
    assert run_as["members"] == (
        "${concat([google_service_account.launch.member,"
        " google_service_account.account[each.key].member],"
        ' each.key == "audit" ? var.builders : [])}'
    )


def permissions_of(module, role, service):
    found = module.one("google_project_iam_custom_role", role)["permissions"]
    return {each.removeprefix(service) for each in found if each.startswith(service)}


def test_who_launches_may_make_jobs_and_so_may_a_templates_launcher(module):
    made_by_both = {"create", "get", "list"}
    assert permissions_of(module, "worker", "dataflow.jobs.") == made_by_both
    assert permissions_of(module, "launcher", "dataflow.jobs.") == {
        *made_by_both, "cancel", "updateContents",
    }  # fmt: skip
    for role in ("worker", "launcher"):
        assert permissions_of(module, role, "dataflow.messages.") == {"list"}
        binding = module.one("google_project_iam_binding", role)
        assert len(binding["members"]) > 0


def test_terraform_keeps_its_rights_to_buckets_whose_policies_it_writes(module):
    """A whole policy takes away what the project's owners have in a bucket."""
    assert permissions_of(module, "buckets", "") == {
        f"storage.buckets.{verb}"
        for verb in (
            *("create", "delete", "get", "getIamPolicy"),
            *("list", "setIamPolicy", "update"),
        )
    }
    binding = module.one("google_project_iam_binding", "buckets")
    assert binding["members"] == "${var.administrators}"
    policies = module.of("google_storage_bucket_iam_policy")
    assert len(policies) == 4
    for each in policies:
        assert each.body["depends_on"] == ["${google_project_iam_binding.buckets}"]


def test_people_act_as_accounts_and_have_no_right_of_their_own(module):
    people = {"var.operators", "var.key_keepers", "var.placers", "var.publishers"}
    users = {n for n, value in module.locals.items() if people & references(value)}
    users |= {e.address for e in module.resources if people & references(e.body)}
    assert users == {"acted_as", "ways_in"}
    act_as = module.one("google_service_account_iam_binding", "act_as")
    assert act_as["role"] == "roles/iam.serviceAccountTokenCreator"


def test_it_is_told_who_acted_and_what_people_read(module):
    told = module.one("google_project_iam_audit_config", "told")
    services = ("iam", "cloudkms", "storage")
    assert [*told["for_each"]] == [f"{each}.googleapis.com" for each in services]
    kinds = {each["log_type"] for each in told["audit_log_config"]}
    assert kinds == {"DATA_READ", "ADMIN_READ"}
    exempt = told["for_each"]["storage.googleapis.com"]
    # Of an account as which people act, too: what it reads a person may have read.
    assert references(exempt) == {
        "local.jobs", "local.acted_as", "google_service_account.account",
    }  # fmt: skip
