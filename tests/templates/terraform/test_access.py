"""A bucket's whole policy: jobs as in the table, researchers as in the registry."""

from tests.templates.terraform.module import references

CONDITION = (
    'request.time >= timestamp("${binding.value.from}")'
    ' && request.time < timestamp("${binding.value.until}")'
)


def bindings(module):
    """The dynamic bindings of a bucket's policy, by what they go through."""
    policy = module.one("data.google_iam_policy", "bucket")
    return {each["binding"]["for_each"]: each["binding"]["content"][0]
            for each in policy["dynamic"]}  # fmt: skip


def test_every_bucket_has_its_whole_policy_from_here(module):
    """Authoritative: what somebody grants by hand is gone with the next apply."""
    buckets = {each.address for each in module.of("google_storage_bucket")}
    policies = module.of("google_storage_bucket_iam_policy")
    assert {each.type for each in module.resources if "bucket_iam" in each.type} == {
        "google_storage_bucket_iam_policy"
    }
    named = references([each.body for each in policies]) | references(
        module.locals["buckets"]
    )
    assert buckets <= named
    for each in policies:
        (data,) = references(each.body["policy_data"])
        assert data == f"data.google_iam_policy.{each.name}"


def test_researchers_read_their_study_from_and_until_when(module):
    content = bindings(module)["${each.value.readers}"]
    assert content["role"] == "roles/storage.objectViewer"
    assert content["members"] == ["group:${binding.value.group}"]
    (condition,) = content["condition"]
    assert condition["expression"] == CONDITION


def test_a_group_is_in_the_policy_of_its_study_alone(module):
    buckets = module.locals["buckets"]
    readers = "readers = [for each in var.access : each if each.study == study]"
    assert buckets.count(readers) == 1
    assert buckets.count("readers = []") == 3
    assert "for study, bucket in google_storage_bucket.study :" in buckets
    uses = [
        each.address
        for each in (*module.resources, *module.read)
        if "var.access" in references(each.body)
    ]
    assert uses == []
    assert [n for n, v in module.locals.items() if "var.access" in references(v)] == [
        "buckets"
    ]


def test_groups_are_let_in_nowhere_else(module):
    everything = [each.body for each in (*module.resources, *module.read)]
    assert str((everything, module.locals)).count("group:") == 1


def test_jobs_have_the_rights_of_the_table(module):
    content = bindings(module)["${local.bindings[each.key]}"]
    assert content["role"] == '${local.roles[split(" ", binding.key)[0]]}'
    assert content["members"] == (
        "${[for name in binding.value : google_service_account.account[name].member]}"
    )
    (condition,) = content["dynamic"]
    (below,) = condition["condition"]["content"]
    assert below["expression"] == (
        'resource.name.startsWith("projects/_/buckets/${each.value.name}'
        '/objects/${condition.value}")'
    )
    assert module.locals["roles"] == {
        "reads": "${google_project_iam_custom_role.reader.id}",
        "creates": "${google_project_iam_custom_role.creator.id}",
        "deletes": "${google_project_iam_custom_role.deleter.id}",
    }


def test_only_the_backup_reads_beside_them(module):
    found = bindings(module)
    (rest,) = found.keys() - {
        "${each.value.readers}", "${local.bindings[each.key]}",
    }  # fmt: skip
    assert "each.value.backed_up" in rest
    assert found[rest]["members"] == ["${local.agents.transfer}"]
    backup = module.one("data.google_iam_policy", "backup")
    assert references(backup) == {"local.agents"}


def test_what_dataflow_keeps_is_its_jobs_alone(module):
    (dynamic,) = module.one("data.google_iam_policy", "temp")["dynamic"]
    (content,) = dynamic["binding"]["content"]
    assert content["members"] == ["${google_service_account.account[each.key].member}"]
