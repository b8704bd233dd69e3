"""`rally person consents`, as somebody at the desk types it."""

import json

import pytest

from rally.consent.records import (
    CONSENT_LOG,
    ConsentChoice,
    ConsentPurpose,
    ConsentRecord,
)
from rally.events import RALLY, Event, EventKind
from rally.registry.notices import NoticeName
from rally.times import parse_time, to_micros
from tests.rally.commands.case_office import ANN, BOB, NOW, CaseOffice
from tests.support.world import GARDEN, HOUSE, NOTICE, write_studies

READ = NoticeName("1", NOTICE)


def micros(text):
    return to_micros(parse_time(text))


def joined(who, when, scope=GARDEN):
    document = f"{who}{when}{scope}"
    signal = f"{HOUSE}/enrollment.1"
    return Event(EventKind.JOINED, scope, who, micros(when), None, document, signal)


def agreed(who, when, choice=ConsentChoice.GIVEN, notice=READ, *fields):
    return ConsentRecord(
        choice, GARDEN, who, ConsentPurpose.DEMOGRAPHICS, fields or ("age",),
        micros(when), micros(when), notice, f"{who}{when}", f"{HOUSE}/agreed.1",
    )  # fmt: skip


@pytest.fixture
def consents(tmp_path, office_keys, monkeypatch, capsys):
    """Types the command in a verified case; Ann joined and agreed, Bob joined alone."""
    office = CaseOffice(tmp_path, office_keys, monkeypatch, capsys)
    write_studies(tmp_path / "studies")
    ann, bob = office.pseudonym(ANN), office.pseudonym(BOB)
    office.receive(
        *(joined(ann, "2026-05-02", each) for each in (RALLY, GARDEN)),
        joined(bob, "2026-05-05"),
    )
    records = [
        agreed(ann, "2026-05-03T12:00Z"),
        agreed(ann, "2026-05-04", ConsentChoice.REFUSED, None, "income"),
        agreed(ann, "2026-05-05", ConsentChoice.GIVEN, NoticeName("9", "0" * 64), "x"),
    ]
    CONSENT_LOG.write(office.store, records, "1")

    def run(*words, given=ANN, at=NOW, who=ANN, case=None):
        if case is None:
            case = office.open(given=who)
            office.verify(case, given=who)
        studies = f"--studies={tmp_path / 'studies'}"
        return office.person("consents", case, studies, *words, given=given, at=at)

    run.office = office
    return run


def test_each_consent_is_a_line(consents):
    assert consents() == (
        0,
        """\
STUDY         PURPOSE       FIELD   STATE    SINCE                 EVIDENCE  NOTICE
rally-garden  demographics  age     given    2026-05-03T12:00:00Z  explicit  1
rally-garden  demographics  income  refused  2026-05-04T00:00:00Z  explicit  unknown
rally-garden  demographics  x       given    2026-05-05T00:00:00Z  explicit  unknown
rally-garden  study         -       given    2026-05-02T00:00:00Z  inferred  1
""",
        "",
    )


def test_consents_of_a_time_are_those_of_then(consents):
    status, output, _ = consents(at="2027-05-03")
    assert status == 0
    states = [line.split()[3] for line in output.splitlines()[1:]]
    assert states == ["given", "refused", "given", "expired"]


def test_unknown_id_has_none(consents):
    nobody = "00000000-0000-4000-8000-00000000dead"
    assert consents(given=nobody, who=nobody) == (0, "no consent is known\n", "")


def test_nobody_who_is_not_verified_is_told_whether_an_id_is_known(consents):
    office = consents.office
    case = office.open(given=ANN)
    unverified = f"rally: case {case}: is opened, and must be verified before anybody"
    status, output, said = consents(case=case)
    assert (status, output) == (2, "")
    assert said.startswith(unverified)
    office.verify(case, given=ANN)
    assert consents(case=case)[0] == 0
    assert office.person("refuse", case, "--note=else", by="decide")[0] == 0
    status, output, said = consents(case=case)
    assert (status, output) == (2, "")
    assert said.startswith(f"rally: case {case}: is refused, and must be verified")


def test_case_is_of_one_person(consents):
    for given, complaint in (
        (BOB, "is the id of somebody else than case "),
        (f"{ANN}\n{BOB}\n", "has ids of 2 people, and a case is of one;"),
    ):
        case = consents.office.open(given=ANN)
        consents.office.verify(case, given=ANN)
        status, output, said = consents(case=case, given=given)
        assert (status, output) == (2, "")
        assert said.startswith(f"rally: standard input: {complaint}")
        consents.office.person("refuse", case, "--note=else", by="decide")
    status, output, said = consents(case="ffff")
    assert (status, output) == (2, "")
    assert said.startswith("rally: CASE: is no case")


def test_json_has_hashes_too(consents):
    status, output, _ = consents("--json", given=BOB, who=BOB)
    assert (status, json.loads(output)) == (
        0,
        {
            "consents": [
                {
                    "study": GARDEN,
                    "purpose": "study",
                    "field": None,
                    "state": "given",
                    "since": "2026-05-05T00:00:00Z",
                    "evidence": "inferred",
                    "notice": "1",
                    "sha256": NOTICE,
                }
            ]
        },
    )


@pytest.mark.parametrize("given", ["", "nobody\n"])
def test_what_is_no_id_is_refused(consents, given):
    status, output, said = consents(given=given)
    assert (status, output) == (2, "")
    assert said.startswith("rally: standard input: ")
