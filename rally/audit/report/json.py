"""Writes an audit's report as JSON, for machines."""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from rally.audit.findings import AuditReport
from rally.audit.report.disclosure import (
    DisclosedCheck,
    DisclosedGroup,
    DisclosedObservation,
    DisclosedReport,
    disclose,
)
from rally.disclosure import THRESHOLD, Disclosed, in_json
from rally.times import moment

FORMAT = 1
"""Version of the document; a name that goes, or changes its meaning, raises it."""


def to_json(report: AuditReport, threshold: int = THRESHOLD) -> str:
    """Returns one document of JSON; equal reports are equal text.

    COUNT is a whole number, of objects and of studies exact, of rows and of people
    rounded down to a multiple of `threshold`; or "<10", which is fewer than 10, and
    not 0. DAY is YYYY-MM-DD, in UTC. Keys are sorted, and none is ever left out:

        as_of        the audit's clock, UTC, YYYY-MM-DDTHH:MM:SSZ
        checks       in the order of Check, a list of
          check      its name
          status     kept, broken or unknown
          findings   what breaks it, a list of {where, what, number: COUNT,
                     unit: rows, people, objects or studies, until: DAY or null}
          apart      what looks like it and does not break it, the same
          unseen     what could not be looked at, the same
        development  whether one person may play everybody on the platform
        exit_status  0 all kept, 1 one is broken, 2 one could not be checked
        expiring     {study: {DAY from which they are past their retention: COUNT}}
        format       1
        rows         {study: {DAY of submission: COUNT}}
        scope        what was read: {share: 0 to 1 of the files of rows, files: exact,
                     rows: COUNT, the sum of those in `rows`, seconds}
        studies      {study: its state}
        threshold    the whole number that COUNT speaks of
        withdrawals  a list of {scope, state, people: COUNT, under_7_days: COUNT,
                     under_30_days: COUNT, older: COUNT, oldest: DAY, next_deadline:
                     DAY or null, late: COUNT}
    """
    content = _content(disclose(report, threshold))
    return json.dumps(content, indent=2, sort_keys=True)


def _content(report: DisclosedReport) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "threshold": report.threshold,
        "as_of": moment(report.as_of),
        "exit_status": report.exit_status,
        "development": report.development,
        "scope": {**report.scope._asdict(), "rows": in_json(report.scope.rows)},
        "studies": report.studies,
        "checks": [_check(each) for each in report.checks],
        "rows": _rows(report.rows),
        "expiring": _rows(report.expiring),
        "withdrawals": [_group(each) for each in report.withdrawals],
    }


def _check(each: DisclosedCheck) -> dict[str, Any]:
    return {
        "check": each.check,
        "status": each.status,
        "findings": [_observation(seen) for seen in each.findings],
        "apart": [_observation(seen) for seen in each.apart],
        "unseen": [_observation(seen) for seen in each.unseen],
    }


def _observation(seen: DisclosedObservation) -> dict[str, Any]:
    return {
        "where": seen.where,
        "what": seen.what,
        "number": in_json(seen.number),
        "unit": seen.unit,
        "until": _day(seen.until),
    }


def _rows(
    rows: Mapping[tuple[str, date], Disclosed],
) -> dict[str, dict[str, int | str]]:
    studies: dict[str, dict[str, int | str]] = {}
    for (study, day), count in rows.items():
        studies.setdefault(study, {})[day.isoformat()] = in_json(count)
    return studies


def _group(each: DisclosedGroup) -> dict[str, Any]:
    young, old, older = map(in_json, each.ages)
    return {
        "scope": each.scope,
        "state": each.state,
        "people": in_json(each.people),
        "under_7_days": young,
        "under_30_days": old,
        "older": older,
        "oldest": each.oldest.isoformat(),
        "next_deadline": _day(each.deadline),
        "late": in_json(each.late),
    }


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
