"""The category of a document: its fields' highest, raised by what stands beside."""

import pytest

from rally.registry.categories import RULES, category_of
from rally.registry.collected_fields import Sdk
from tests.support.schemas import described

BROWSING = "browsing-beside-id"
WITH_PLACE = "demographics-with-place"
ACROSS = "demographics-across-documents"
WHY = {
    BROWSING: "web addresses or stored content beside a persistent id",
    WITH_PLACE: "demographics with a place",
    ACROSS: "demographics and a place in documents that the participant joins",
}


def field(name, type="string", **says):
    return {"name": name, "type": type, **says}


def record(*fields, **more):
    return {
        "type": "record",
        "name": "visit",
        "participant": "/id",
        "fields": [field("id", identifier=True), *fields],
        **more,
    }


@pytest.fixture
def category(folder):
    """Gives the category of visit.1, which has these fields."""

    def compute(*fields, exempt=(), beside=(), means="data", beside_means="data"):
        folder.set("policy private_browsing", "client")
        folder.schemas["visit.1"] = described(record(*fields))
        folder.set("documents visit.1 means", means)
        if beside:
            folder.schemas["other.1"] = described(record(*beside))
            folder.set(
                "documents other.1", {"means": beside_means, "purpose": "a test"}
            )
        study = folder.load().study("rally-x")
        document = study.documents["visit.1"]
        return category_of(study, document, document.schema, exempt)

    return compute


def raised(own, rule):
    return (4, own, rule, WHY[rule])


@pytest.mark.parametrize(
    ("categories", "expected"),
    [((), 1), ((1, 1), 1), ((1, 2), 2), ((2, 1), 2), ((1, 4), 4), ((4, 3), 4)],
)
def test_highest_field_decides(category, categories, expected):
    fields = [
        field(f"x{number}", category=each) for number, each in enumerate(categories)
    ]
    assert category(*fields) == (expected, expected, "", "")


def test_rules_have_the_names_that_reviews_exempt():
    assert [(rule.name, rule.why) for rule in RULES] == list(WHY.items())


@pytest.mark.parametrize("own", [1, 2, 3, 4])
def test_browsing_of_a_participant_is_highly_sensitive(category, own):
    found = category(field("page", category=own))
    assert found == (raised(3, BROWSING) if own == 3 else (own, own, "", ""))


def test_browsing_beside_an_id_is_so_without_a_participant(folder):
    deletion_id = {
        "type": "record",
        "name": "gone",
        "deletion_id": "/id",
        "fields": [
            field("id", identifier=True),
            field("page", category=3),
        ],
    }
    folder.schemas["gone.1"] = described(deletion_id)
    folder.set("documents gone.1", {"means": "deletion-id", "purpose": "a test"})
    study = folder.load().study("rally-x")
    document = study.documents["gone.1"]
    [browsing, *_] = RULES
    assert browsing.applies(document.schema, document.schema.fields)
    # No data of a person is in what says that they leave: it leaves no row.
    assert category_of(study, document, document.schema) == (3, 3, "", "")


DEMOGRAPHIC = [
    *("age", "birthYear", "year_of_birth", "gender", "SEX", "hispanicOrigin"),
    *("householdIncome", "household_income", "education_level", "myRace", "Religion"),
]
PLACES = [
    "zipcode",
    "zip_code",
    "home_city",
    "postalCode",
    "country",
    "geo",
    "regionId",
]
HARMLESS = [
    *("page", "image", "usage", "language", "message", "average", "stage", "manager"),
    *(
        "racetrack",
        "sexagesimal",
        "engendered",
        "incoming",
        "countries_of",
        "cityscape",
    ),
    *("township", "localisation", "regional", "georgia"),
]


@pytest.mark.parametrize("name", DEMOGRAPHIC)
def test_demographics_with_a_place_are_highly_sensitive(category, name):
    assert category(field(name, category=2)) == (2, 2, "", "")
    found = category(field(name, category=2), field("zipcode", category=2))
    assert found == raised(2, WITH_PLACE)


@pytest.mark.parametrize("name", PLACES)
def test_place_with_demographics_is_highly_sensitive(category, name):
    assert category(field(name)) == (1, 1, "", "")
    assert category(field(name), field("age")) == raised(1, WITH_PLACE)


@pytest.mark.parametrize("name", HARMLESS)
def test_part_of_a_word_is_no_word(category, name):
    for other in ("zipcode", "age"):
        assert category(field(name), field(other)) == (1, 1, "", "")
    beside = [field("zipcode"), field("age")]
    assert category(field(name), beside=beside) == (1, 1, "", "")


def test_fields_of_an_sdk_do_not_count(category):
    """Glean adds the country and the language of each client by itself."""
    place = field("country", sdk=Sdk.GLEAN)
    assert category(field("age"), place) == (1, 1, "", "")
    assert category(field("age"), beside=[place]) == (1, 1, "", "")
    assert category(field("age", sdk=Sdk.GLEAN), field("city")) == (1, 1, "", "")
    assert category(field("age"), place, field("city")) == raised(1, WITH_PLACE)
    page = field("page", category=3, sdk=Sdk.GLEAN)
    assert category(page) == raised(3, BROWSING)


@pytest.mark.parametrize(
    ("fields", "beside"),
    [
        ([field("age", category=2)], [field("zipcode")]),
        ([field("zipcode", category=2)], [field("age")]),
    ],
)
def test_documents_of_a_study_are_one_to_a_participant(category, fields, beside):
    assert category(*fields, beside=beside) == raised(2, ACROSS)
    alone = category(*fields, beside=beside, beside_means="joins")
    assert alone == (2, 2, "", "")


def test_document_that_has_neither_is_raised_by_no_other(category):
    beside = [field("age"), field("zipcode")]
    assert category(field("clicks", category=2), beside=beside) == (2, 2, "", "")


def test_name_of_a_record_around_is_no_name_of_its_fields(category):
    inner = {"type": "record", "name": "inner", "fields": [field("clicks")]}
    assert category(field("age", inner), field("zipcode")) == (1, 1, "", "")
    labels = {"type": "map", "values": "string"}
    assert category(field("age", labels), field("zipcode")) == raised(1, WITH_PLACE)


@pytest.mark.parametrize("means", ["joins", "leaves"])
def test_who_joins_or_leaves_is_not_raised(category, means):
    fields = [field("page", category=3), field("age"), field("zipcode")]
    assert category(*fields, means=means) == (3, 3, "", "")


def test_exemption_takes_one_rule_away(category):
    fields = [field("page", category=3), field("age"), field("zipcode")]
    assert category(*fields) == raised(3, BROWSING)
    assert category(*fields, exempt={BROWSING}) == raised(3, WITH_PLACE)
    assert category(*fields, exempt={BROWSING, WITH_PLACE}) == (3, 3, "", "")
    assert category(*fields, exempt={"no such rule"}) == raised(3, BROWSING)
    assert category(field("x", category=4), exempt={*WHY}) == (4, 4, "", "")


def test_document_with_demographics_and_a_place_joins_those_of_others(category):
    fields, exempt = [field("age"), field("zipcode")], {WITH_PLACE}
    beside = [field("city")]
    assert category(*fields, beside=beside, exempt=exempt) == raised(1, ACROSS)
    assert category(*fields, beside=beside, exempt={*WHY}) == (1, 1, "", "")


def test_category_says_what_raised_it(category):
    assert str(category(field("page", category=2))) == "2"
    raised_by = "web addresses or stored content beside a persistent id"
    assert str(category(field("page", category=3))) == f"3 -> 4 ({raised_by})"
