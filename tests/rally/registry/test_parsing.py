"""What study.yaml says is read strictly: each wrong value is one line."""

from datetime import date

import pytest

from rally.registry.study import (
    AfterEnd,
    StudyKind,
    Unmatched,
)
from tests.rally.registry.conftest import STUDY


@pytest.mark.parametrize(("entry", "refused"), [("keep", False), ("refuse", True)])
def test_study_says_what_becomes_of_automation(folder, entry, refused):
    folder.set("policy automation", entry)
    assert folder.load().study("rally-x").policy.refuse_automation is refused


@pytest.mark.parametrize("entry", [True, "yes", "", ["keep"], {}])
def test_wrong_automation_is_one_line(folder, entry):
    folder.set("policy automation", entry)
    assert folder.error() == (
        f"{STUDY}: policy.automation: must be one of: refuse, keep"
    )


def test_platform_deletes_and_may_do_without_enrolment(folder):
    folder.set("kind", "platform")
    folder.set("documents joined.1 delete_after_days", 730)
    folder.set("policy enrolment", "none")
    for path in ("access", "derived", "analysis_until", "policy after_end"):
        folder.drop(path)
    study = folder.load().study("rally-x")
    assert study.kind is StudyKind.PLATFORM
    assert not study.policy.enrolment_required
    assert study.policy.after_end is AfterEnd.DELETE


@pytest.mark.parametrize("kind", ["study", "platform"])
@pytest.mark.parametrize("value", Unmatched)
def test_withdrawals_without_an_enrolment_may_be_held(folder, kind, value):
    if kind == "platform":
        for path in ("access", "derived", "analysis_until", "policy after_end"):
            folder.drop(path)
        folder.set("documents joined.1 delete_after_days", 730)
    folder.set("kind", kind)
    folder.set("policy unmatched_withdrawals", value.value)
    assert folder.load().study("rally-x").policy.unmatched_withdrawals is value


TEXT = "must be text; write some, in quotes where YAML needs them"


DAY = "must be a date such as 2022-03-10, without quotes"


WHOLE = "must be a whole number of at least 1"


MISSING = "is missing; add it"


UNUSED = "(scope, kept_by, consent)"


MEANS = "data, joins, leaves, deletion-id, consents, access-request"


UNKNOWN = "is not known; remove it or correct its name"


VISIT = "documents visit.1"


WRONG_VALUES = [
    ("namespace", "rally-y", 'must be the folder\'s name, "rally-x"'),
    ("namespace", 3, TEXT),
    ("kind", "trial", "must be one of: study, platform"),
    ("name", "", TEXT),
    ("name", "two\nlines", "must be one line of printable text"),
    ("aliases", "studyX", "must be a list; write [one, two]"),
    ("starts", "2022-03-10", DAY),
    ("starts", 20220310, DAY),
    ("starts", None, DAY),
    ("collect_through", date(9999, 12, 31), "must be from 2000-01-01 to "
     "2199-12-31; remove it where there is no end"),
    ("collect_through", date(2022, 3, 10), "must be after starts"),
    ("analysis_until", date(2023, 3, 27), "must be after collect_through"),
    ("policy", [], "must be a mapping of names to values"),
    ("policy enrolment", "none", 'must be "required"; only a platform namespace may '
     "do without"),
    ("policy enrolment", True, "must be one of: required, none"),
    ("policy do_not_track", "ignore", "must be one of: refuse, consent"),
    ("policy private_browsing", "private", 'must be a JSON pointer; begin it with "/"'),
    ("policy minimum_age", 19.5, WHOLE),
    ("policy minimum_age", True, WHOLE),
    ("policy after_end", "keep", "must be one of: defer, delete"),
    ("policy unmatched_withdrawals", "wait", "must be one of: delete, hold"),
    ("policy consent", "yes", f"{UNKNOWN} (unmatched_withdrawals, automation)"),
    ("derived", [7], None),
    ("purpose", "research", f"{UNKNOWN} (about, notices)"),
    (f"{VISIT} delete_after_days", 0, WHOLE),
    (f"{VISIT} delete_after_days", 36_501, "must be at most 36500, which is 100 years; "
     "remove it to keep rows until the study is concluded"),
    (f"{VISIT} delete_after_days", 10**30, "must be at most 36500, which is 100 years; "
     "remove it to keep rows until the study is concluded"),
    (f"{VISIT} delete_after_days", True, WHOLE),
    (f"{VISIT} delete_after_days", "180", WHOLE),
    (f"{VISIT} means", "measures", f"must be one of: {MEANS}"),
    (f"{VISIT} scope", ["/private"], "is for joins, leaves and consents; remove it"),
    (f"{VISIT} keep", "newest", "must be one of: all, latest"),
    (f"{VISIT} buckets", 48, "must be a power of two, at most 4,096"),
    (f"{VISIT} buckets", 0, WHOLE),
    (f"{VISIT} purpose", None, TEXT),
    (f"{VISIT} sent", "", TEXT),
    (f"{VISIT} sent", "TODO when", "is still open; write it in the place of TODO"),
    (f"{VISIT} delete_after", 180, f"{UNKNOWN} {UNUSED}"),
    (f"{VISIT} review", {"category": 1, "result": "+"}, f"{UNKNOWN} {UNUSED}"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    WRONG_VALUES,
    ids=[f"{path}={value!r}".replace("\n", " ") for path, value, _ in WRONG_VALUES],
)
def test_wrong_value_is_one_line(folder, path, value, reason):
    folder.set(path, value)
    where = ".".join(path.split())
    if reason is None:
        where, reason = f"{where}.0", TEXT
    assert folder.error() == f"{STUDY}: {where}: {reason}"


@pytest.mark.parametrize(
    "path",
    [
        "namespace",
        "kind",
        "name",
        "starts",
        "policy",
        "policy enrolment",
        "policy do_not_track",
        "policy private_browsing",
        "policy after_end",
        "documents",
        f"{VISIT} means",
        f"{VISIT} purpose",
    ],
)
def test_missing_value_is_one_line(folder, path):
    folder.drop(path)
    assert folder.error() == f"{STUDY}: {'.'.join(path.split())}: {MISSING}"


def test_end_needs_its_other_dates(folder):
    folder.drop("analysis_until")
    assert folder.error() == (
        f"{STUDY}: analysis_until: is missing; say by when the ended study is concluded"
    )
    folder.drop("collect_through")
    assert folder.error() == (
        f"{STUDY}: collect_through: is missing; an end was announced"
    )
    folder.drop("ending_announced")
    assert folder.load()


def test_end_is_announced_before_it(folder):
    folder.set("ending_announced", date(2023, 3, 27))
    assert folder.error() == f"{STUDY}: collect_through: must be after ending_announced"


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (False, 'must be a country code of two capitals, such as "US"'),  # YAML's NO
        ("us", 'must be a country code of two capitals, such as "US"'),
        ("USA", 'must be a country code of two capitals, such as "US"'),
        ("ZZ", "ZZ stands for no country; remove it"),
        ("EU", "EU stands for no country; remove it"),
    ],
)
def test_wrong_country_is_one_line(folder, entry, reason):
    folder.set("policy countries", ["US", entry])
    assert folder.error() == f"{STUDY}: policy.countries.1: {reason}"


@pytest.mark.parametrize("alias", ["two words", "x" * 101])
def test_wrong_alias_is_one_line(folder, alias):
    folder.set("aliases", [alias])
    assert folder.error() == (
        f"{STUDY}: aliases.0: must be at most 100 characters without spaces"
    )


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ("analysis_until", date(2024, 3, 27),
         "analysis_until: a platform namespace is never locked for analysis; remove "
         "it"),
        ("policy after_end", "defer",
         "policy.after_end: platform data is never deferred; remove it"),
        ("derived", ["gs://tables"],
         "derived: a platform namespace has no researchers; remove it"),
        ("access", [{"group": "g", "agreement": "a", "from": date(2022, 1, 1),
                     "until": date(2023, 1, 1)}],
         "access: a platform namespace has no researchers; remove it"),
    ],
    ids=["analysis", "defers", "derived", "access"],
)  # fmt: skip
def test_platform_has_no_researchers(folder, path, value, reason):
    folder.set("kind", "platform")
    for name in ("access", "derived", "analysis_until", "policy after_end"):
        folder.drop(name)
    folder.set("documents joined.1 delete_after_days", 730)
    folder.set(path, value)
    assert folder.error() == f"{STUDY}: {reason}"


def test_access_ends_after_it_begins(folder):
    folder.study["access"][0]["until"] = date(2022, 3, 10)
    assert folder.error() == f"{STUDY}: access.0.until: must be after from"


TABLES = "is no folder of researchers' tables alone; name one that is made for them"


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("/", TABLES),
        ("//", TABLES),
        ("/root", TABLES),
        ("/srv", TABLES),
        ("/srv/", TABLES),
        ("/home/ann", TABLES),
        ("/home/ann/", TABLES),
        ("/Users/ann", TABLES),
        ("/etc/rally", TABLES),
        ("/proc/self", TABLES),
        ("/srv/../root", 'must not have "..", "." or "//" in it'),
        ("/srv/./tables", 'must not have "..", "." or "//" in it'),
        ("/srv//tables", 'must not have "..", "." or "//" in it'),
        ("gs://tables/../other", 'must not have "..", "." or "//" in it'),
        ("~", "must be a URI such as gs://tables, or a folder from the root on"),
        ("~/tables", "must be a URI such as gs://tables, or a folder from the root"),
        ("tables", "must be a URI such as gs://tables, or a folder from the root on"),
        ("./tables", "must be a URI such as gs://tables, or a folder from the root"),
        ("gs://", "must be a URI such as gs://tables, or a folder from the root on"),
        ("gs:///tables", "must be a URI such as gs://tables, or a folder from the"),
        ("file:x", "must be a URI such as gs://tables, or a folder from the root on"),
    ],
)
def test_tables_are_in_a_folder_of_their_own(folder, uri, reason):
    folder.set("derived", [uri])
    assert folder.error().startswith(f"{STUDY}: derived.0: {reason}")


@pytest.mark.parametrize(
    "uri",
    ["/srv/tables", "/srv/tables/", "/home/ann/tables", "/var/lib/tables",
     "gs://tables", "gs://tables/", "gs://tables/x/y", "bq://project.tables"],
)  # fmt: skip
def test_tables_may_be_anywhere_else(folder, uri):
    folder.set("derived", [uri])
    assert folder.load().studies["rally-x"].derived == (uri,)


def test_home_of_whoever_runs_it_is_no_folder_of_tables(folder, monkeypatch):
    monkeypatch.setenv("HOME", "/data/people/ann")
    for uri in ("/data/people/ann", "/data/people"):
        folder.set("derived", [uri])
        assert folder.error().startswith(f"{STUDY}: derived.0: {TABLES}")
    folder.set("derived", ["/data/people/ann/tables"])
    assert folder.faults() == {}
