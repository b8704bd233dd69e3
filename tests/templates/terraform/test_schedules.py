"""What runs at night: options that exist, accounts and places of its own, in order."""

import re

import pytest

from rally.errors import ConfigurationError
from tests.templates.terraform.module import items, load, references
from tests.templates.terraform.options_of import options_of

SCHEDULES = load().locals["schedules"]
EACH = pytest.mark.parametrize("name", SCHEDULES)


def parameters(module, name):
    """Those that a schedule passes, and what is added to the places."""
    found = SCHEDULES[name]["parameters"]
    where = dict(module.locals["where"])
    if "local.where_with_keys" in found:
        where |= {"keys": "gs://…"}
    if "local.releases" in found:
        where |= {"releases": "gs://…"}
    return where | dict(re.findall(r'(\w+) = "([^"]*)"', found))


def test_the_places_are_those_of_the_module(module):
    assert module.locals["where"].keys() == {"store", "platform", "platform_keys"}
    with_keys = module.locals["where_with_keys"]
    assert re.findall(r"(\w+) =", with_keys) == ["keys"]
    assert "local.where" in references(with_keys)


@EACH
def test_every_option_that_is_passed_exists(module, name):
    words = [f"--{key}={value}" for key, value in parameters(module, name).items()]
    options_of(SCHEDULES[name]["job"]).parse_args(words)


def test_an_option_that_does_not_exist_is_found():
    with pytest.raises(ConfigurationError, match="--reason"):
        options_of("compact").parse_args(["--reason=left"])


def test_the_parameters_are_what_is_expected(module):
    added = {
        name: {key: value for key, value in parameters(module, name).items()
               if key not in module.locals["where"]}
        for name in SCHEDULES
    }  # fmt: skip
    assert added == {
        "delete": {},
        "replay": {"keys": "gs://…", "reason": "left"},
        "compact": {},
        "purge": {"keys": "gs://…"},
        "audit": {"keys": "gs://…", "releases": "gs://…", "sample": "0.1"},
        "audit-whole": {"keys": "gs://…", "releases": "gs://…"},
    }


def test_a_day_has_its_order_and_audit_reads_all_once_a_week():
    times = {name: each["schedule"] for name, each in SCHEDULES.items()}
    assert times == {
        "delete": "0 1 * * *",
        "replay": "0 2 * * *",
        "compact": "0 3 * * *",
        "purge": "0 4 * * *",
        "audit": "0 5 * * 1-6",
        "audit-whole": "0 5 * * 0",
    }
    hours = [int(each.split()[1]) for each in times.values()]
    assert hours == sorted(hours)


@EACH
def test_who_has_the_keys_folder_may_read_it(module, name):
    reads = module.locals["accounts"][SCHEDULES[name]["job"]]["reads"]
    assert ("keys" in parameters(module, name)) == ("keys" in reads)


def test_a_launch_is_closed_and_the_jobs_own(module):
    scheduled = module.one("google_cloud_scheduler_job", "nightly")
    assert scheduled["for_each"] == "${local.scheduled}"
    assert scheduled["retry_config"] == [{"retry_count": 3}]
    (target,) = scheduled["http_target"]
    assert target["uri"] == (
        "https://dataflow.googleapis.com/v1b3/projects/${var.project}/locations/"
        "${var.region}/flexTemplates:launch"
    )
    body = target["body"]
    for part in (
        'jobName = "rally-${each.value.job}"',
        "/${var.release}/${each.value.job}.json",
        "parameters = each.value.parameters",
        "serviceAccountEmail = google_service_account.account[each.value.job].email",
        "subnetwork = google_compute_subnetwork.workers.self_link",
        'ipConfiguration = "WORKER_IP_PRIVATE"',
        'kmsKeyName = google_kms_crypto_key.service["jobs"].id',
        "google_storage_bucket.temp[each.value.job].name}/temp",
        "google_storage_bucket.temp[each.value.job].name}/staging",
        'additionalExperiments = ["use_runner_v2"]',
    ):
        assert body.count(part) == 1, part
    assert target["oauth_token"] == [
        {"service_account_email": "${google_service_account.launch.email}"}
    ]


def test_every_job_but_the_stream_and_releases_is_scheduled(module):
    """A recipe says itself which days a release is of, and somebody looks at each."""
    jobs = set(items(module.locals["jobs"]))
    scheduled = {each["job"] for each in SCHEDULES.values()}
    assert jobs - scheduled == {"ingest", "release"}


def test_a_request_is_open_for_longer_than_a_message_is_kept(module):
    """Who left is looked for until the last of their pings can have come."""
    days = options_of("delete").parse_args([]).longest_delay_days
    assert days * 24 * 3600 > int(module.locals["message_retention"].rstrip("s"))
