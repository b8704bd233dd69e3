"""The alerts' filters find what jobs write when they end, and nothing else of it."""

import json
import logging
import re

import pytest

from rally.observability.log_entries import EntryFormatter, LogEvent
from rally.outcomes import FAILED, Count, FailureReason
from tests.templates.terraform.logging_query import matches
from tests.templates.terraform.module import load

MODULE = load()
EVENTS = MODULE.locals["events"]
ENDED = MODULE.locals["ended"]
(CONDITION,) = MODULE.one("google_monitoring_alert_policy", "event")["conditions"]
FILTER = CONDITION["condition_matched_log"][0]["filter"]


def query(event):
    """The filter of an event's alert, as Terraform writes it."""
    text = FILTER.replace("${local.ended}", ENDED)
    for part in ("jobs", "field", "found", "text"):
        text = text.replace(f"${{each.value.{part}}}", EVENTS[event][part])
    assert "${" not in text
    return text


def line(job, event=LogEvent.JOB_ENDED, **fields):
    """What the job's log says, by the formatter that wrote it."""
    about = {"name": "rally", "msg": f"{job} ended", "levelno": logging.INFO}
    record = logging.makeLogRecord(about)
    record.rally_fields = {"event": event.value, **fields}
    return EntryFormatter(job).format(record)


def entries(text, resource="dataflow_step"):
    """The three ways in which Cloud Logging may have a line."""
    payloads = (
        {"jsonPayload": json.loads(text)},
        {"textPayload": text},
        {"jsonPayload": {"message": text}},
    )
    return [{"resource": {"type": resource}, **each} for each in payloads]


CASES = {
    # {event: (a job of it, one that is not)}
    "late_withdrawals": ("delete", "audit"),
    "audit_broken": ("audit", "purge"),
    "approvals_ending": ("audit", "delete"),
    "cases_overdue": ("audit", "delete"),
    "dead_letters": ("replay", "ingest"),
    "not_as_promised": ("compact", None),
    "crashed": ("compact", None),
}
BAD = {event: (1, 2, 9, 10, 143) for event in CASES} | {"crashed": (70,)}


def test_every_event_is_tried():
    assert CASES.keys() == EVENTS.keys()


@pytest.mark.parametrize("event", CASES)
def test_a_bad_end_is_found_however_it_is_logged(event):
    job, _ = CASES[event]
    for number in BAD[event]:
        bad = line(
            job, **{"status": 0, "seconds": 70.5, EVENTS[event]["field"]: number}
        )
        found = [matches(query(event), each) for each in entries(bad)]
        assert found == [True] * 3, number


@pytest.mark.parametrize("status", [0, 1, 2, 7, 143, 700])
def test_what_is_no_crash_is_not_taken_for_one(status):
    text = line("compact", status=status, seconds=70)
    assert not any(matches(query("crashed"), each) for each in entries(text))


@pytest.mark.parametrize("event", CASES)
def test_a_good_end_is_not_found(event):
    job, other = CASES[event]
    field, found = EVENTS[event]["field"], query(event)
    good = [line(job, **{field: 0, "seconds": 12.5}), line(job, seconds=12.5)]
    if other:
        good += [line(other, **{field: 3})]
    for text in good:
        assert not any(matches(found, each) for each in entries(text)), text


@pytest.mark.parametrize("event", CASES)
def test_only_an_end_counts_and_only_dataflows(event):
    job, _ = CASES[event]
    field, found = EVENTS[event]["field"], query(event)
    for other in set(LogEvent) - {LogEvent.JOB_ENDED}:
        text = line(job, other, **{field: 3})
        assert not any(matches(found, each) for each in entries(text))
    elsewhere = entries(line(job, **{field: 3}), "dataflow_job")
    assert not any(matches(found, each) for each in elsewhere)


@pytest.mark.parametrize("status", [0, 1])
def test_every_end_is_counted_good_or_bad(status):
    assert MODULE.one("google_logging_metric", "ended")["filter"] == "${local.ended}"
    for job in ("delete", "replay"):
        found = [matches(ENDED, each) for each in entries(line(job, status=status))]
        assert found == [True] * 3
    launched = entries(line("ingest", LogEvent.JOB_LAUNCHED, status=status))
    assert not any(matches(ENDED, each) for each in launched)


def test_of_failing_pings_only_those_count_that_are_faults():
    failures = MODULE.locals["failures"]
    (wanted,) = re.findall(r'metric_name=~"([^"]+)"', failures)
    (but,) = re.findall(r'metric_name!~"([^"]+)"', failures)
    counted = {
        reason
        for reason in FailureReason
        if re.fullmatch(wanted, name := Count("s", "d.1", FAILED, reason).name)
        and not re.fullmatch(but, name)
    }
    assert counted == set(FailureReason) - {FailureReason.LEFT}
    for name in ("s/d.1/stored", "s/d.1/refused/ended", "failed", "stored"):
        assert not re.fullmatch(wanted, name)
