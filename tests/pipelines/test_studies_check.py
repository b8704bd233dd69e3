"""`rally studies check` tells every fault of a registry in one run."""

from pipelines import cli

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
    review: {category: 1, requester: team, steward: ann, result: "+",
             approved: 2022-02-20, where: bug 1}
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
    review:
      category: 9
      requester: ann
      steward: ann
      result: "-"
      approved: soon
      where: bug 1
  left.1:
    means: leaves
    scope: [/study, /studies]
    review: {category: 1, requester: team, steward: eve, result: "+",
             approved: 2022-02-20, where: bug 1, expires: 2022-02-01}
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
  {"name": "id", "type": "string"}]}
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
 its name (about, ending_announced, derived)
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
rally: {0}/rally-bad/study.yaml: line 18: documents.visit.review: is missing; add it
rally: {0}/rally-bad/study.yaml: line 21: documents.visit.1.means: must be one of:\
 data, joins, leaves, deletion-id
rally: {0}/rally-bad/study.yaml: line 22: documents.visit.1.buckets: must be a power\
 of two, at most 4,096
rally: {0}/rally-bad/study.yaml: line 23: documents.visit.1.retention: is not known;\
 remove it or correct its name (scope, delete_after_days, keep, kept_by)
rally: {0}/rally-bad/study.yaml: line 26: documents.visit.1.review.category: must be\
 1, 2, 3 or 4
rally: {0}/rally-bad/study.yaml: line 28: documents.visit.1.review.steward: is the\
 requester; have another steward review it
rally: {0}/rally-bad/study.yaml: line 29: documents.visit.1.review.result: must be\
 "+"; collection needs a review that approved it
rally: {0}/rally-bad/study.yaml: line 30: documents.visit.1.review.approved: must be\
 a date such as 2022-03-10, without quotes
rally: {0}/rally-bad/study.yaml: line 32: documents.left.1.purpose: is missing; add it
rally: {0}/rally-bad/study.yaml: line 34: documents.left.1.scope.0: /study is no\
 string of the document's schema; correct either
rally: {0}/rally-bad/study.yaml: line 34: documents.left.1.scope.1: /studies is no\
 string of the document's schema; correct either
rally: {0}/rally-bad/study.yaml: line 35: documents.left.1.review.steward: is not in\
 stewards.yaml; have a data steward review it
rally: {0}/rally-bad/study.yaml: line 36: documents.left.1.review.approved: is after\
 collect_through; nothing could be collected under it
rally: {0}/rally-bad/study.yaml: line 36: documents.left.1.review.expires: must be\
 after approved
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
rally: {0}/rally-cut/study.yaml: line 4: did not find expected node content; correct\
 it
rally: {0}/rally-none/study.yaml: is missing; add it
"""


def test_every_fault_has_its_line(tmp_path, capsys):
    write(tmp_path, {
        "stewards.yaml": "stewards: [ann]",
        "rally-good/study.yaml": GOOD,
        "rally-good/joined.1.avsc": ID.replace("/who", "/id"),
        "rally-bad/study.yaml": BAD,
        "rally-bad/visit.1.avsc": VISIT,
        "rally-bad/left.1.avsc": ID,
        "rally-bad/spare.1.avsc": "{}",
        "rally-cut/study.yaml": UNCLOSED,
        "rally-none/visit.1.avsc": VISIT,
    })  # fmt: skip
    status = cli.main(["studies", "check", f"--studies={tmp_path}"])
    good = "rally-good: good (study, documents: 1)\n"
    assert (status, *capsys.readouterr()) == (2, good, FAULTS.format(tmp_path))


def test_studies_are_judged_without_stewards(tmp_path, capsys):
    write(tmp_path, {
        "stewards.yaml": "stewards:\n  - ann\n  - 7\n",
        "rally-good/study.yaml": GOOD.replace('"+"', '"-"'),
        "rally-good/joined.1.avsc": ID.replace("/who", "/id"),
    })  # fmt: skip
    status = cli.main(["studies", "check", f"--studies={tmp_path}"])
    assert (status, *capsys.readouterr()) == (
        2,
        "",
        f"rally: {tmp_path}/stewards.yaml: line 3: stewards.1: must be text; write"
        " some, in quotes where YAML needs them\n"
        f"rally: {tmp_path}/rally-good/study.yaml: line 11:"
        ' documents.joined.1.review.result: must be "+"; collection needs a review that'
        " approved it\n",
    )


def write(folder, files):
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
