"""The table of an audit."""

from dataclasses import replace

import pytest

from rally.audit.findings import Check, CheckResult, Scope
from rally.audit.report.html import to_html
from rally.audit.report.json import to_json
from rally.audit.report.text import to_text
from rally.audit.report.wording import PROMISES
from tests.rally.audit.sample_reports import EMPTY, SMALL, checks, objects

KEPT = CheckResult(Check.FILES)
BROKEN = CheckResult(Check.FILES, findings=(objects("a", "is cut off", 1),))
UNKNOWN = CheckResult(Check.FILES, unseen=(objects("a", "is unreachable", 1),))


def test_report_is_told_in_tables():
    assert (
        to_text(SMALL, 10)
        == """\
Audit as of 2024-03-01T06:30:00Z: 1 of 3 promises is broken. \
1 promise could not be checked everywhere.
Read: a sample of 10 % of the files of rows; 3 files, at least 1,230 rows, 2.3 s.

CHECK      STATUS   FINDINGS  PROMISE
withdrawn  BROKEN          2  No row is left of anybody who has left.
retention  kept            0  No row is kept past its retention.
files      unknown         0  Every file is whole: its rows, its checksum, its index.

What breaks a promise:
CHECK      WHERE                            WHAT              NUMBER
withdrawn  rally-garden/visit.1/2024-02-01  rows of who left  <10 rows
withdrawn  rally-garden/visit.1/2024-02-02  rows of who left  1,230+ rows

Counted apart, and breaking none:
CHECK      WHERE                          WHAT      NUMBER      UNTIL
withdrawn  rally-pond/visit.1/2023-05-06  deferred  20+ rows    2024-05-01
withdrawn  rally-pond                     held      <10 people  -

What could not be looked at:
CHECK  WHERE                   WHAT            NUMBER
files  data/rally-pond/a.avro  is unreachable  1 object

Rows and people are rounded down to a multiple of 10: <10 is fewer than 10 and not \
none, 30+ is at least 30."""
    )


def test_threshold_of_one_tells_all():
    text = to_text(SMALL, 1)
    assert "3 files, 1,241 rows" in text
    assert "rows of who left  7 rows" in text
    assert "held      9 people" in text
    assert text.endswith("exactly: this is not to leave the environment.")


@pytest.mark.parametrize(
    ("results", "verdict"),
    [
        ((), "No promise was looked at."),
        ((KEPT,), "1 of 1 promise is kept."),
        (checks(), "25 of 25 promises are kept."),
        (checks(BROKEN), "1 of 25 promises is broken."),
        ((BROKEN, BROKEN), "2 of 2 promises are broken."),
        (
            checks(UNKNOWN),
            "No promise is seen to be broken. "
            "1 promise could not be checked everywhere.",
        ),
    ],
)
def test_verdict_stands_first(results, verdict):
    first, *_ = to_text(replace(EMPTY, checks=results)).splitlines()
    assert first == f"Audit as of 2024-03-01T06:30:00Z: {verdict}"


def test_verdict_on_a_sample_says_so():
    report = replace(EMPTY, checks=checks(), scope=Scope(0.1, 5, 1000, 1.0))
    first, *_ = to_text(report).splitlines()
    assert first.endswith(": 25 of 25 promises are kept, in a sample of the rows.")


@pytest.mark.parametrize(
    ("scope", "read"),
    [
        (
            Scope(1.0, 1, 10, 0.04),
            "all files of rows; 1 file, at least 10 rows, 0.0 s.",
        ),
        (
            Scope(0.015, 1234, 3, 1234.5),
            "a sample of 1.5 % of the files of rows; 1,234 files, fewer than 10 rows, "
            "1,234.5 s.",
        ),
    ],
)
def test_scope_stands_second(scope, read):
    _, second, *_ = to_text(replace(EMPTY, scope=scope)).splitlines()
    assert second == f"Read: {read}"


def test_each_check_has_a_promise():
    assert list(PROMISES) == list(Check)


@pytest.mark.parametrize("show", [to_text, to_json, to_html])
def test_development_platform_is_called_so(show):
    one, other = (show(replace(EMPTY, development=each)) for each in (True, False))
    assert "development" in one
    assert '"development": true' in one or "one person may play everybody" in one
    assert "development" not in other.replace('"development": false', "")
