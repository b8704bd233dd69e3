"""`rally person choose`: letters of consents, for which a person signs."""

from datetime import UTC, datetime

import pytest

from rally.consent.index import ConsentIndex
from rally.consent.records import CONSENT_LOG, ConsentPurpose
from rally.decisions.contents import DecisionKind
from rally.decisions.verifying import read_chain
from rally.registry.registry import Registry
from rally.registry.transitions import States
from rally.storage.append_log import record_name
from tests.rally.commands.case_office import ANN, BOB, CaseOffice
from tests.support.platform_conclusion import conclude_platform
from tests.support.world import GARDEN, HOUSE, write_studies

GIVEN = ("--purpose=demographics", "--choice=given", "--notice=1")
WITHDRAWN = ("--purpose=demographics", "--choice=withdrawn")


@pytest.fixture
def office(tmp_path, office_keys, monkeypatch, capsys):
    write_studies(tmp_path / "studies")
    return CaseOffice(tmp_path, office_keys, monkeypatch, capsys)


@pytest.fixture
def choose(office, tmp_path):
    """Types the command; gives its status, output and complaints."""

    def run(*words, study=GARDEN, given=ANN, by="decide"):
        studies = f"--studies={tmp_path / 'studies'}"
        return office.person("choose", study, *words, studies, given=given, by=by)

    return run


def consents(office, tmp_path, who=ANN, field="age", at="2026-06-02"):
    registry = Registry.load(str(tmp_path / "studies"))
    states = States.read(registry, office.store)
    index = ConsentIndex.read(office.store, registry, states)
    time = datetime.fromisoformat(at).replace(tzinfo=UTC)
    person = office.pseudonym(who)
    return index.consented(GARDEN, ConsentPurpose.DEMOGRAPHICS, field, person, time)


def test_letter_gives_and_another_takes_back(office, choose, tmp_path):
    assert choose(*GIVEN, "--fields=age,income", "--received=2026-05-20") == (
        0,
        "rally-garden: recorded as 2, of 1 person: demographics given, received"
        " 2026-05-20T00:00:00Z\n",
        "",
    )
    assert consents(office, tmp_path)
    assert not consents(office, tmp_path, field="race")
    assert not consents(office, tmp_path, who=BOB)
    status, *_ = choose(*WITHDRAWN, "--fields=age", "--received=2026-05-21")
    assert status == 0
    assert not consents(office, tmp_path)
    assert consents(office, tmp_path, field="income")


def test_entry_has_hashes_of_records_and_no_id(office, choose):
    choose(*WITHDRAWN, given=f"{ANN}\n{BOB}\n")
    [entry] = read_chain(office.store).of(DecisionKind.RECORD_CONSENTS)
    records = [*CONSENT_LOG.read(office.store)]
    assert entry.content.records == tuple(sorted(map(record_name, records)))
    assert sorted(each.participant for each in records) == sorted(
        map(office.pseudonym, (ANN, BOB))
    )
    written = b"".join(office.store.read(each.name) for each in office.store.list(""))
    assert ANN.encode() not in written
    data = office.store.read(f"decisions/{entry.number:012d}.json")
    assert office.pseudonym(ANN).encode() not in data


def test_letter_that_nobody_signed_for_counts_for_nothing(office, choose, tmp_path):
    choose(*GIVEN, "--fields=age", "--received=2026-05-20")
    [record] = CONSENT_LOG.read(office.store)
    forged = record._replace(participant=office.pseudonym(BOB))
    CONSENT_LOG.write(office.store, [forged], "1")
    assert consents(office, tmp_path)
    assert not consents(office, tmp_path, who=BOB)


@pytest.mark.parametrize(
    ("words", "options", "message"),
    [
        (("--purpose=sale", "--choice=given"), {}, "--purpose: invalid choice: 'sale'"),
        (("--purpose=study", "--choice=yes"), {}, "--choice: invalid choice: 'yes'"),
        (GIVEN[:2], {}, "--notice: is missing; say which one the person read"),
        ((*GIVEN[:2], "--notice=2"), {}, "--notice: rally-garden lists no notice of"),
        ((*GIVEN, "--lang=de"), {}, "--notice: rally-garden lists no notice of this"),
        (
            (*GIVEN, "--received=2026-01-31"),
            {},
            "--notice: 1 was shown from",
        ),
        (
            (*WITHDRAWN, "--received=2199-01-01"),
            {},
            "--received: is in the future",
        ),
        (
            (*WITHDRAWN, "--fields=Age"),
            {},
            "--fields: must be up to 100",
        ),
        (WITHDRAWN, {"study": HOUSE}, f"{HOUSE}: is the platform's own; people agree"),
        (WITHDRAWN, {"study": "moor"}, "moor: no study of "),
        (
            WITHDRAWN,
            {"by": "stop"},
            "--by: stop may not decide that; it takes",
        ),
        (WITHDRAWN, {"given": "nobody"}, "standard input: "),
    ],
)
def test_wrong_use_is_one_line_and_decides_nothing(
    office, choose, words, options, message
):
    status, output, said = choose(*words, **options)
    assert (status, output) == (2, "")
    assert said.startswith(f"rally: {message}")
    assert not [*read_chain(office.store).of(DecisionKind.RECORD_CONSENTS)]


def test_no_choice_is_recorded_once_the_platform_is_concluded(office, choose):
    conclude_platform(office.store, datetime(2027, 1, 1, tzinfo=UTC))
    status, output, said = choose(*WITHDRAWN, "--received=2026-05-21")
    assert (status, output, "the platform is concluded" in said) == (2, "", True)
    assert [*CONSENT_LOG.read(office.store)] == []
