"""The archive has all of one person, exactly, and no byte of anybody else."""

import csv
import hashlib
import io
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.consent.records import (
    CONSENT_LOG,
    ConsentChoice,
    ConsentPurpose,
    ConsentRecord,
)
from rally.person_copy.archive import make_archive
from rally.registry.registry import Registry
from rally.registry.study import StudyKind
from rally.validation.pseudonyms import PLATFORM, Pseudonyms
from tests.support.ledger_lines import LIFE, RELEASE, put_lines
from tests.support.memory_deployment import (
    KeylessPrf,
    MemoryDeployment,
    Row,
    document_id,
    micros,
)
from tests.support.person_copies import AT, copy_of, lines, opened
from tests.support.registries import without_study
from tests.support.world import GARDEN, HOUSE, POND

ANN, BEN = 1, 2
VISITS = f"data/{GARDEN}/visit.1"


@pytest.fixture
def garden(deployment):
    """Ann joined Rally and the garden, was there twice, and left on day 20."""
    deployment.join(ANN, "rally", 1)
    deployment.join(ANN, GARDEN, 2)
    deployment.join(BEN, GARDEN, 2)
    rows = [Row(ANN, 1, 10, "=A1"), Row(ANN, 2, 11), Row(BEN, 3)]
    deployment.put(deployment.indexed_file(rows))
    deployment.put(deployment.indexed_file([Row(ANN, 4)], HOUSE), study=HOUSE)
    return deployment


def test_files_of_the_archive(garden):
    files = opened(garden, ANN)
    assert list(files) == [
        "about.json",
        "consents.json",
        f"{VISITS}.csv",
        f"{VISITS}.jsonl",
        f"data/{HOUSE}/enrollment.1.csv",
        f"data/{HOUSE}/enrollment.1.jsonl",
        "index.html",
        "manifest.json",
        "participation.json",
        f"schemas/{GARDEN}/visit.1.json",
        f"schemas/{HOUSE}/enrollment.1.json",
    ]


def test_rows_are_as_they_were_sent_less_the_id(garden):
    rows = lines(opened(garden, ANN)[f"{VISITS}.jsonl"])
    assert [row["sent"] for row in rows] == [
        {"page": "=A1", "count": 1},
        {"page": "page", "count": 2},
    ]
    assert rows[0]["added"] == {
        "document_id": document_id(1),
        "submission_timestamp": "2026-05-11T12:00:00Z",
        "client_agent": None,
        "source_tags": None,
        "schema": "0",
        "deletion": None,
        "kept_through": "2026-11-07",
    }


def test_a_spreadsheet_takes_no_text_for_a_formula(garden):
    text = opened(garden, ANN)[f"{VISITS}.csv"].decode()
    head, first, second = csv.reader(io.StringIO(text, newline=""))
    assert head[-2:] == ["sent/page", "sent/count"]
    assert (first[-2:], second[-2:]) == (["'=A1", "1"], ["page", "2"])


def test_manifest_counts_and_hashes_what_is_there(garden):
    files = opened(garden, ANN)
    manifest = json.loads(files.pop("manifest.json"))
    assert manifest["rows"] == 3
    assert manifest["documents"][0] == {
        "study": GARDEN,
        "document": "visit.1",
        "rows": 2,
        "first": "2026-05-11T12:00:00Z",
        "last": "2026-05-12T12:00:00Z",
    }
    assert manifest["files"] == [
        {"path": path, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for path, data in files.items()
    ]


def test_who_left_is_told_what_goes_and_what_went(garden):
    garden.leave(ANN, GARDEN, 20)
    garden.delete()
    garden.put(garden.indexed_file([Row(ANN, 9, 15)]), "late")
    files = opened(garden, ANN)
    (row,) = lines(files[f"{VISITS}.jsonl"])
    assert row["added"]["deletion"] == "due"
    told = json.loads(files["participation.json"])
    assert [(each["kind"], each["scope"]) for each in told["acts"]] == [
        ("joined", "rally"),
        ("joined", GARDEN),
        ("left", GARDEN),
    ]
    (number,) = told["requests"][0]["receipts"]
    receipt = json.loads(files[f"receipts/{number}.json"])
    assert receipt["sections"][0]["rows_deleted"] == 2
    assert "rows_removed" not in json.dumps(receipt)
    about = json.loads(files["about.json"])
    assert about["studies"][0]["documents"][0]["to_be_deleted"] == {"due": 1}


def test_consents_are_in_it_and_those_that_follow_from_joining_are_called_so(garden):
    def choose(person, choice, when, document):
        CONSENT_LOG.write(
            garden.platform,
            [
                ConsentRecord(
                    choice,
                    GARDEN,
                    garden.platform_pseudonym(person),
                    ConsentPurpose.DEMOGRAPHICS,
                    ("age_band",),
                    micros(when),
                    micros(when),
                    None,
                    document_id(document),
                    f"{HOUSE}/consents.1",
                )
            ],
            "1",
        )

    choose(ANN, ConsentChoice.GIVEN, 5, 50)
    choose(ANN, ConsentChoice.REFUSED, 6, 51)
    choose(BEN, ConsentChoice.GIVEN, 7, 52)
    (notice,) = garden.registry.studies[GARDEN].notices
    told = json.loads(opened(garden, ANN)["consents.json"])["consents"]
    assert told == [
        {
            "study": GARDEN,
            "purpose": "study",
            "field": None,
            "state": "given",
            "since": "2026-05-03T12:00:00Z",
            "evidence": "inferred",
            "notice": {"version": notice.version, "sha256": notice.sha256},
        },
        {
            "study": GARDEN,
            "purpose": "demographics",
            "field": "age_band",
            "state": "refused",
            "since": "2026-05-07T12:00:00Z",
            "evidence": "explicit",
            "notice": None,
        },
    ]
    page = opened(garden, ANN)["index.html"].decode()
    assert "that its researchers see demographics: age_band" in page


def test_about_says_why_who_and_how_long(garden):
    about = json.loads(opened(garden, ANN)["about.json"])
    study = about["studies"][0]
    assert (study["namespace"], study["destroyed_by"]) == (GARDEN, "2027-12-31")
    assert study["documents"][0]["purpose"] == "what is visited"
    assert "180 days" in study["documents"][0]["retention"]
    assert study["recipients"] == {
        "researchers": [],
        "tables_of_researchers": 0,
        "releases": [],
    }
    assert "deleted" in study["rights"]["leaving"]
    assert len(about["not_in_this_copy"]) == 1


def test_what_was_published_of_their_studies_is_named(garden):
    of_others = (each._replace(study=POND) for each in LIFE)
    put_lines(garden.platform, *LIFE, *of_others, at=AT)
    files = opened(garden, ANN)
    found = {
        study["namespace"]: study["recipients"]["releases"]
        for study in json.loads(files["about.json"])["studies"]
    }
    published = {
        "name": RELEASE,
        "on": "2026-05-31",
        "question": None,
        "description": None,
        "rho": "0.01",
        "files": [f"study={GARDEN}/{RELEASE}/table.csv"],
    }
    assert found == {GARDEN: [published], HOUSE: []}
    page = files["index.html"].decode()
    assert page.count("What was published") == 2  # a heading, and the table's name
    assert "rho 0.01" in page


def test_nobody_known_gets_an_archive_of_nothing(garden):
    files = opened(garden, 99)
    assert list(files) == [
        *("about.json", "consents.json", "index.html", "manifest.json"),
        "participation.json",
    ]
    assert "Nothing is stored of you" in files["index.html"].decode()


def test_closed_and_concluded_studies_are_named(garden):
    garden.put(garden.indexed_file([Row(ANN, 5)], POND), study=POND)
    garden.join(ANN, POND)
    registry = without_study(garden.registry, GARDEN, StudyKind.STUDY)
    keys = Pseudonyms({name: KeylessPrf(name) for name in (PLATFORM, HOUSE)})
    files = opened(garden, ANN, registry=registry, pseudonyms=keys)
    about = json.loads(files["about.json"])
    house, pond = about["studies"]
    assert (house["namespace"], house["concluded"]) == (HOUSE, None)
    assert (pond["namespace"], pond["documents"]) == (POND, [])
    assert "its key is destroyed" in pond["concluded"]
    assert GARDEN in about["not_in_this_copy"][1]
    assert GARDEN in files["index.html"].decode()


def test_a_planted_name_of_a_document_leads_out_of_no_folder(garden):
    data = garden.indexed_file([Row(ANN, 7)])
    for name in ("..", "visit.9", "=cmd"):
        garden.data.create(
            f"data/study={GARDEN}/document={name}/date=2026-05-11/a.avro", data
        )
    files = opened(garden, ANN)
    folders = {each.rpartition("/")[2] for each in files if GARDEN in each}
    assert folders == {
        *("other.csv", "other.jsonl", "visit.1.csv", "visit.1.jsonl", "visit.1.json")
    }


def test_words_of_people_stay_words(garden):
    page = "<script>alert(1)</script>"
    garden.put(garden.indexed_file([Row(ANN, 8, 12, page)]), "b")
    index = opened(garden, ANN)["index.html"].decode()
    assert "&lt;script&gt;" in index
    assert "<script" not in index


def test_ids_in_texts_and_names_are_hidden(garden):
    own = garden.pseudonym(ANN)
    texts = f"x {own.upper()} {own.replace('-', '')}"
    garden.put(garden.indexed_file([Row(ANN, 8, 12, texts)]), "b")
    *_, row = lines(opened(garden, ANN)[f"{VISITS}.jsonl"])
    assert row["sent"]["page"] == "x (your id) (your id)"


def test_equal_copies_are_equal_bytes(garden):
    assert make_archive(copy_of(garden, ANN)) == make_archive(copy_of(garden, ANN))


def test_a_person_in_one_of_a_hundred_studies(garden):
    study, studies = garden.registry.studies[GARDEN], dict(garden.registry.studies)
    for number in range(100):
        name = f"rally-{number}"
        studies[name] = replace(study, namespace=name, aliases=())
        data = garden.indexed_file([Row(BEN, 500 + number)])
        garden.data.create(f"data/study={name}/{_day_file()}", data)
    registry = Registry(studies)
    names = (PLATFORM, *studies)
    keys = Pseudonyms({name: KeylessPrf(name) for name in names})
    files = opened(garden, ANN, registry=registry, pseudonyms=keys)
    assert files == opened(garden, ANN)
    folders = {each.split("/")[1] for each in files if each.startswith("data/")}
    assert folders == {GARDEN, HOUSE}


def _day_file():
    return "document=visit.1/date=2026-05-11/bucket=new/a.avro"


stored = st.lists(
    st.tuples(st.integers(0, 4), st.sampled_from([GARDEN, POND, HOUSE])), max_size=25
)


@given(stored, st.sets(st.tuples(st.integers(0, 4), st.sampled_from([GARDEN, POND]))))
def test_nobody_elses_byte_is_in_it(registry, rows, left):
    """Ids, pseudonyms and marks of others are searched in each file."""
    deployment = MemoryDeployment(registry)
    by_study = {}
    for number, (person, study) in enumerate(rows):
        row = Row(person, number, page=f"mark-{person}-{number}-")
        by_study.setdefault(study, []).append(row)
        deployment.join(person, study, 1)
    for study, own in by_study.items():
        deployment.put(deployment.indexed_file(own, study), study=study)
    for person, study in left:
        deployment.leave(person, study, 12)
    if left:
        deployment.job().plan()
    for person in range(5):
        files = opened(deployment, person)
        text = "".join(each.decode() for each in files.values())
        numbers = [n for n, (whose, _) in enumerate(rows) if whose == person]
        assert json.loads(files["manifest.json"])["rows"] == len(numbers)
        assert [document_id(n) in text for n in range(len(rows))] == [
            whose == person for whose, _ in rows
        ]
        for other in range(5):
            assert other == person or f"mark-{other}-" not in text
            for study in (GARDEN, POND, HOUSE):
                pseudonym = deployment.pseudonym(other, study)
                assert pseudonym not in text
                assert pseudonym.replace("-", "") not in text
