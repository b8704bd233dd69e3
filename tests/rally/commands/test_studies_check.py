"""`rally studies check` tells every fault of a registry in one run."""

import json

import pytest

from pipelines import cli
from rally.registry.registry import Registry
from tests.support.reviews import write_reviews
from tests.support.schemas import SAYS

UNCHECKED = (
    "Reviews: signatures not checked; --platform or --store says where they are.\n"
)
UNREAD = "No notices: rally-good; what people read when they joined is not known.\n"
KNOWN_GOOD = f"rally-good: good (study, documents: 1)\n{UNCHECKED}{UNREAD}"

GOOD = """\
namespace: rally-good
kind: study
name: Good
starts: 2022-03-10
policy: {enrolment: required, do_not_track: refuse, private_browsing: client,
         after_end: delete}
documents:
  joined.1:
    means: joins
    purpose: who joined
"""

BAD = """\
namespace: rally-bad
kind: trial
name: Bad
name: Worse
starts: 2022-02-30
collect_through: 2022-01-01
analysis_until: 2021-01-01
aliases: [two words, good]
colour: red
policy:
  enrolment: maybe
  do_not_track: refuse
  countries: [US, us, ZZ]
  after_end: defer
access:
  - {group: g@example.org, agreement: MOU 7, from: 2022-03-40, until: 2024-03-27}
documents:
  visit:
    means: data
  visit.1:
    means: measures
    buckets: 3
    retention: 180
    purpose: what is visited
    review: {category: 1, requester: ann, result: "+"}
  left.1:
    means: leaves
    scope: [/study, /studies]
"""

UNCLOSED = """\
namespace: rally-cut
kind: study
aliases: [
"""

VISIT = """\
{"type": "record", "name": "visit", "participant": "/id", "fields": [
  {"name": "id", "type": "string"},
  {"name": "at", "type": "time"},
  {"name": "the url", "type": "string"},
  {"name": "seconds", "type": "long", "default": "none"}]}
"""

ID = """\
{"type": "record", "name": "who", "participant": "/who", "fields": [
  {"name": "id", "type": "string", "doc": "Who", "category": 1, "purpose": "A test"}]}
"""

BARE = """\
{"type": "record", "name": "who", "participant": "/id", "fields": [
  {"name": "id", "type": "string", "category": 0, "purpose": "", "expires": "soon"},
  {"name": "page", "type": {"type": "map", "values": "string"}}]}
"""

REVIEW = """\
request: {requester: ann, owner: ann, date: 2022-02-30}
covers:
- {document: bare, fingerprint: beef, from: 2022-03-10, until: 2022-03-09}
review: {by: ann, result: maybe}
"""

FAULTS = """\
rally: {0}/rally-bad/study.yaml: line 2: kind: must be one of: study, platform
rally: {0}/rally-bad/study.yaml: line 4: "name" stands twice; correct it
rally: {0}/rally-bad/study.yaml: line 5: starts: holds what cannot be (day is out of\
 range for month); correct it
rally: {0}/rally-bad/study.yaml: line 7: analysis_until: must be after collect_through
rally: {0}/rally-bad/study.yaml: line 8: aliases.0: must be at most 100 characters\
 without spaces
rally: {0}/rally-bad/study.yaml: line 9: colour: is not known; remove it or correct\
 its name (about, notices, ending_announced, derived)
rally: {0}/rally-bad/study.yaml: line 10: policy.private_browsing: is missing; add it
rally: {0}/rally-bad/study.yaml: line 11: policy.enrolment: must be one of: required,\
 none
rally: {0}/rally-bad/study.yaml: line 13: policy.countries.1: must be a country code\
 of two capitals, such as "US"
rally: {0}/rally-bad/study.yaml: line 13: policy.countries.2: ZZ stands for no\
 country; remove it
rally: {0}/rally-bad/study.yaml: line 16: access.0.from: holds what cannot be (day is\
 out of range for month); correct it
rally: {0}/rally-bad/study.yaml: line 18: documents.visit: must be a type and a\
 version such as user-journey.1; a document type is of lower-case letters, digits and\
 hyphens, at most 100, no hyphen first, and a version is a number from 1 to 999999999
rally: {0}/rally-bad/study.yaml: line 18: documents.visit.purpose: is missing; add it
rally: {0}/rally-bad/study.yaml: line 21: documents.visit.1.means: must be one of:\
 data, joins, leaves, deletion-id, consents, access-request
rally: {0}/rally-bad/study.yaml: line 22: documents.visit.1.buckets: must be a power\
 of two, at most 4,096
rally: {0}/rally-bad/study.yaml: line 23: documents.visit.1.retention: is not known;\
 remove it or correct its name (scope, delete_after_days, keep, kept_by, consent,\
 sent)
rally: {0}/rally-bad/study.yaml: line 25: documents.visit.1.review: is not known;\
 remove it or correct its name (scope, delete_after_days, keep, kept_by, consent,\
 sent)
rally: {0}/rally-bad/study.yaml: line 26: documents.left.1.purpose: is missing; add it
rally: {0}/rally-bad/study.yaml: line 28: documents.left.1.scope.0: /study is no\
 string of the document's schema; correct either
rally: {0}/rally-bad/study.yaml: line 28: documents.left.1.scope.1: /studies is no\
 string of the document's schema; correct either
rally: {0}/rally-bad/spare.1.avsc: is no document of study.yaml; declare it there or\
 remove it
rally: {0}/rally-bad/visit.1.avsc: schema.at: the type 'time' is unknown; define it\
 before its use
rally: {0}/rally-bad/visit.1.avsc: schema.fields[2]: 'the url' is no name in Avro;\
 use letters, digits and _, no digit first
rally: {0}/rally-bad/visit.1.avsc: schema.seconds: the default does not fit the type\
 (of a union, its first branch); correct or remove it
rally: {0}/rally-bad/left.1.avsc: participant: /who is no string of this schema;\
 correct either
rally: {0}/rally-bare/joined.1.avsc: /id: has no doc; say it
rally: {0}/rally-bare/joined.1.avsc: /id.category: must be 1, 2, 3 or 4
rally: {0}/rally-bare/joined.1.avsc: /id.purpose: must be text; write some, in\
 quotes where YAML needs them
rally: {0}/rally-bare/joined.1.avsc: /id.expires: must be a day such as 2022-03-10,\
 from 2000-01-01 to 2199-12-31
rally: {0}/rally-bare/joined.1.avsc: /page: has no doc, category, purpose; say it
rally: {0}/rally-bare/reviews/r1.yaml: line 1: request.date: holds what cannot be\
 (day is out of range for month); correct it
rally: {0}/rally-bare/reviews/r1.yaml: line 1: request.answers: is missing; add it
rally: {0}/rally-bare/reviews/r1.yaml: line 3: covers.0.document: must be a document\
 such as visit.1; a document type is of lower-case letters, digits and hyphens, at\
 most 100, no hyphen first, and a version is a number from 1 to 999999999
rally: {0}/rally-bare/reviews/r1.yaml: line 3: covers.0.fingerprint: must be\
 lower-case hexadecimal digits, all of them
rally: {0}/rally-bare/reviews/r1.yaml: line 4: review.date: is missing; add it
rally: {0}/rally-bare/reviews/r1.yaml: line 4: review.result: must be one of: +, -
rally: {0}/rally-bare/reviews/r1.yaml: line 4: review.reason: is missing; add it
rally: {0}/rally-bare/reviews/r1.yaml: line 4: review.answers: is missing; add it
rally: {0}/rally-cut/study.yaml: line 4: did not find expected node content; correct\
 it
rally: {0}/rally-none/study.yaml: is missing; add it
"""


def test_every_fault_has_its_line(tmp_path, capsys):
    write(tmp_path, {
        "rally-good/study.yaml": GOOD,
        "rally-good/joined.1.avsc": ID.replace("/who", "/id"),
    })  # fmt: skip
    write_reviews(tmp_path)
    write(tmp_path, {
        "rally-bad/study.yaml": BAD,
        "rally-bad/visit.1.avsc": VISIT,
        "rally-bad/left.1.avsc": ID,
        "rally-bad/spare.1.avsc": "{}",
        "rally-bare/study.yaml": GOOD.replace("rally-good", "rally-bare"),
        "rally-bare/joined.1.avsc": BARE,
        "rally-bare/reviews/r1.yaml": REVIEW,
        "rally-cut/study.yaml": UNCLOSED,
        "rally-none/visit.1.avsc": VISIT,
    })  # fmt: skip
    status = cli.main(["studies", "check", f"--studies={tmp_path}"])
    assert (status, *capsys.readouterr()) == (2, KNOWN_GOOD, FAULTS.format(tmp_path))


@pytest.fixture
def good(tmp_path):
    """A study whose one document is reviewed."""
    write(tmp_path, {
        "rally-good/study.yaml": GOOD,
        "rally-good/joined.1.avsc": ID.replace("/who", "/id"),
    })  # fmt: skip
    write_reviews(tmp_path)
    return tmp_path


def test_study_without_a_review_is_named(good, capsys):
    assert cli.main(["studies", "check", f"--studies={good}"]) == 0
    assert capsys.readouterr() == (KNOWN_GOOD, "")
    (good / "rally-good/reviews/r1.yaml").unlink()
    status = cli.main(["studies", "check", f"--studies={good}"])
    assert (status, *capsys.readouterr()) == (
        2,
        UNCHECKED,
        "rally: rally-good/joined.1: no review covers its schema,"
        f" {fingerprint(good)}\n",
    )


def test_fields_that_nobody_approved_are_named(good, capsys):
    """Somebody adds an address and a free map, and touches nothing else."""
    approved = fingerprint(good)
    file = good / "rally-good/joined.1.avsc"
    schema = json.loads(file.read_text())
    anything = {"type": "map", "values": "string"}
    schema["fields"] += [
        {"name": "email", "type": ["null", "string"], "default": None, **SAYS},
        {"name": "form", "type": ["null", anything], "default": None, **SAYS},
    ]
    file.write_text(json.dumps(schema))
    status = cli.main(["studies", "check", f"--studies={good}"])
    assert (status, *capsys.readouterr()) == (
        2,
        UNCHECKED,
        "rally: rally-good/joined.1: no review covers its schema,"
        f" {fingerprint(good)}\n"
        "rally: rally-good/reviews/r1: covers a schema of joined.1 that is not here,"
        f" {approved}; keep the schema that was reviewed, or have this one"
        " reviewed\n",
    )


def test_fault_of_a_recipe_is_told_and_closes_no_study(good, capsys):
    write(good, {"rally-good/releases/weekly.yaml": "rho: 0\n"})
    status = cli.main(["studies", "check", f"--studies={good}"])
    out, err = capsys.readouterr()
    assert (status, out) == (2, KNOWN_GOOD)
    assert err.splitlines()[-1] == (
        f"rally: {good}/rally-good/releases/weekly.yaml: line 1: rho: must be a decimal"
        " number above 0 and below 1,000, such as 0.0175"
    )
    assert not Registry.load(str(good)).unavailable


def fingerprint(folder):
    study = Registry.load(str(folder)).studies["rally-good"]
    return study.documents["joined.1"].schema.fingerprint


def write(folder, files):
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
