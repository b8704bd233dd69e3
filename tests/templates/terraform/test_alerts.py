"""Somebody is woken for what the issue of a promise is."""

import re

from tests.templates.terraform.module import items, references

POLICY = "google_monitoring_alert_policy"


def test_each_event_has_its_job_and_its_field(module):
    events = module.locals["events"]
    assert {name: (each["jobs"], each["field"]) for name, each in events.items()} == {
        "late_withdrawals": ("delete", "late_withdrawals"),
        "audit_broken": ("audit", "broken"),
        "approvals_ending": ("audit", "approvals_ending"),
        "cases_overdue": ("audit", "cases_overdue"),
        "dead_letters": ("replay", "dead_letters"),
        "not_as_promised": ("[a-z]+", "status"),
        "crashed": ("[a-z]+", "status"),
    }
    known = items(module.locals["jobs"])
    for each in events.values():
        jobs = [job for job in known if re.fullmatch(each["jobs"], job)]
        assert len(jobs) == (len(known) if each["field"] == "status" else 1)


def test_each_event_is_alerted_on(module):
    alert = module.one("google_monitoring_alert_policy", "event")
    assert alert["for_each"] == "${local.events}"
    (condition,) = alert["conditions"]
    assert "local.ended" in references(condition["condition_matched_log"])
    (strategy,) = alert["alert_strategy"]  # without a limit Cloud refuses it
    assert strategy["notification_rate_limit"] == [{"period": "300s"}]


def test_no_alert_asks_at_its_making_for_a_metric_that_is_not_there_yet(module):
    """Cloud knows a metric minutes after it was made, or when it first has a value."""
    ours = {each.address for each in module.of("google_logging_metric")}
    policies = {each.name: each.body for each in module.of(POLICY)}
    conditions = {name: str(each) for name, each in policies.items()}
    of_prometheus = {n for n, text in conditions.items() if "prometheus" in text}
    assert of_prometheus == {"missing", "failing_pings"}
    for name, text in conditions.items():
        unchecked = "'disable_metric_validation': True" in text
        assert unchecked == (name in of_prometheus), name
        assert unchecked or not ours & references(policies[name]), name


def test_a_nightly_job_that_does_not_end_is_missed(module):
    (condition,) = module.one("google_monitoring_alert_policy", "missing")["dynamic"]
    each = condition["conditions"]
    assert "local.scheduled" in references(each["for_each"])
    (query,) = each["content"][0]["condition_prometheus_query_language"]
    hours = re.escape('${conditions.value == "audit" ? "49h" : "25h"}')
    assert re.search(rf"\[{hours}\]\)\) or vector\(0\)\) < 1$", query["query"])
    assert "google_logging_metric.ended" in references(query["query"])
    assert 'job="rally-${conditions.value}"' in query["query"]
    metric = module.one("google_logging_metric", "ended")
    assert metric["label_extractors"] == {"job": "EXTRACT(resource.labels.job_name)"}


def test_the_stream_is_watched(module):
    alerts = module.locals["stream_alerts"]
    metrics = {
        name: re.match(r'metric\.type="([^"]+)"', each["filter"])[1]
        for name, each in alerts.items()
    }
    subscription = "pubsub.googleapis.com/subscription"
    assert metrics == {
        "oldest_message": f"{subscription}/oldest_unacked_message_age",
        "watermark": "dataflow.googleapis.com/job/data_watermark_age",
        "lag": "dataflow.googleapis.com/job/system_lag",
        "failed": "dataflow.googleapis.com/job/is_failed",
    }
    above = {name: each["above"] for name, each in alerts.items()}
    assert above == {"oldest_message": 3600, "watermark": 3600, "lag": 600, "failed": 0}
    policy = module.one("google_monitoring_alert_policy", "stream")
    assert policy["for_each"] == "${local.stream_alerts}"
    (condition,) = policy["conditions"]
    (threshold,) = condition["condition_threshold"]
    assert threshold["filter"] == "${each.value.filter}"
    assert threshold["comparison"] == "COMPARISON_GT"
    assert threshold["threshold_value"] == "${each.value.above}"
    assert threshold["duration"] == '${try(each.value.lasts, "300s")}'
    lasts = {name: each["lasts"] for name, each in alerts.items() if "lasts" in each}
    assert lasts == {"failed": "0s"}  # which Dataflow says once


def test_alerts_ask_for_the_stream_and_the_jobs_by_their_names(module):
    alerts = module.locals["stream_alerts"]
    names = {name: re.findall(r'(subscription_id|job_name)=(\S+)$', each["filter"])
             for name, each in alerts.items()}  # fmt: skip
    subscription = '"${google_pubsub_subscription.ingest.name}"'
    assert names == {
        "oldest_message": [("subscription_id", subscription)],
        "watermark": [("job_name", 'starts_with("rally-ingest")')],
        "lag": [("job_name", 'starts_with("rally-ingest")')],
        "failed": [("job_name", 'starts_with("rally-")')],
    }


def test_a_first_burst_of_failing_pings_is_not_missed(module):
    """A counter that was not there ten minutes ago counts as a whole."""
    (condition,) = module.one("google_monitoring_alert_policy", "failing_pings")[
        "conditions"
    ]
    (query,) = condition["condition_prometheus_query_language"]
    now = "${local.failures}"
    assert query["query"] == f"sum(({now} - {now} offset 10m) or {now}) > 0"
    assert module.locals["failures"].startswith(
        'dataflow_googleapis_com:job_user_counter{monitored_resource="dataflow_job", '
    )


def test_every_alert_says_what_to_do_and_reaches_somebody(module):
    policies = module.of("google_monitoring_alert_policy")
    assert len(policies) == 4
    for each in policies:
        assert each.body["notification_channels"] == "${var.notification_channels}"
        (documentation,) = each.body["documentation"]
        assert documentation["content"], each.name
    for each in (*module.locals["events"].values(),
                 *module.locals["stream_alerts"].values()):  # fmt: skip
        assert each["title"]
        assert each["text"]
