"""The registry loads what is good, and says in one line what is not."""

import json
import pickle
from datetime import date
from pathlib import Path

import pytest

from rally.errors import ConfigurationError, faults_of
from rally.registry.registry import Registry
from rally.registry.rows import RowEncoder
from rally.registry.study import (
    Access,
    AfterEnd,
    Document,
    Keep,
    KeptBy,
    Means,
    Policy,
    Study,
    StudyKind,
    Unmatched,
)
from tests.rally.registry.conftest import JOINED, without_line
from tests.support.schemas import described

STUDY = "schemas/rally-x/study.yaml"


def test_good_study_becomes_typed_records(folder):
    registry = folder.load()
    study = registry.study("rally-x")
    visit, joined = study.documents["visit.1"], study.documents["joined.1"]
    assert study == Study(
        namespace="rally-x",
        kind=StudyKind.STUDY,
        name="Study X",
        aliases=("studyX", "x@example.org"),
        starts=date(2022, 3, 10),
        ending_announced=date(2023, 2, 27),
        collect_through=date(2023, 3, 27),
        analysis_until=date(2024, 3, 27),
        policy=Policy(
            enrolment_required=True,
            refuse_do_not_track=True,
            private_browsing="/private",
            countries=frozenset({"US", "CA"}),
            minimum_age=19,
            after_end=AfterEnd.DEFER,
            unmatched_withdrawals=Unmatched.DELETE,
        ),
        access=(
            Access("x@example.org", "MOU 7", date(2022, 3, 10), date(2024, 3, 27)),
        ),
        derived=("gs://tables-of-x",),
        documents={"visit.1": visit, "joined.1": joined},
    )
    assert visit == Document(
        namespace="rally-x",
        type="visit",
        version=1,
        means=Means.DATA,
        scope=(),
        delete_after_days=180,
        keep=Keep.LATEST,
        buckets=64,
        purpose="what is visited",
        schema=visit.schema,
        sent="as a page is left",
    )
    assert visit.name == "visit.1"
    assert (joined.means, joined.scope) == (Means.JOINS, ("/study",))
    assert joined.sent is None
    assert (joined.delete_after_days, joined.keep, joined.buckets) == (
        None,
        Keep.ALL,
        1,
    )
    assert study.reviews == ()


def test_optional_entries_have_their_defaults(folder):
    for path in ("aliases", "access", "derived", "policy countries"):
        folder.drop(path)
    for path in ("ending_announced", "collect_through", "analysis_until"):
        folder.drop(path)
    folder.drop("policy minimum_age")
    folder.set("policy private_browsing", "client")
    study = folder.load().study("rally-x")
    assert (study.aliases, study.access, study.derived) == ((), (), ())
    assert (study.ending_announced, study.collect_through) == (None, None)
    assert study.analysis_until is None
    assert (study.policy.countries, study.policy.minimum_age) == (frozenset(), None)
    assert study.policy.private_browsing is None
    assert study.policy.refuse_automation


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


def test_names_and_aliases_resolve_exactly(folder):
    registry = folder.load()
    study = registry.study("rally-x")
    assert registry.resolve("rally-x") is study
    assert registry.resolve("studyX") is study
    assert registry.resolve("x@example.org") is study
    assert registry.resolve("studyx") is None
    assert registry.study("studyX") is None
    assert registry.study("rally-y") is None


def test_registry_travels_to_workers(folder):
    registry = folder.load()
    assert pickle.loads(pickle.dumps(registry)).studies == registry.studies


def test_empty_folder_is_named(tmp_path):
    with pytest.raises(ConfigurationError) as caught:
        Registry.load(f"{tmp_path}/none")
    assert (
        str(caught.value)
        == f"{tmp_path}/none: holds no study; give the folder of the registry"
    )


def test_other_files_beside_are_no_matter(folder):
    folder.texts["rally-x/README.md"] = "Study X"
    folder.texts["__init__.py"] = ""
    folder.texts["__pycache__/__init__.pyc"] = ""
    folder.texts[".git/config"] = ""
    assert list(folder.load().studies) == ["rally-x"]


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


@pytest.mark.parametrize("alias", ["rally-x", "studyX"])
def test_alias_names_one_study(folder, alias):
    folder.set("aliases", ["studyX", alias])
    assert folder.error() == (
        f'{STUDY}: aliases.1: "{alias}" is a name of rally-x already; remove one'
    )


def test_alias_of_another_study_is_refused(folder):
    folder.texts["rally-y/study.yaml"] = (
        "{namespace: rally-y, kind: platform, name: Y, starts: 2022-01-01, "
        "aliases: [studyX], documents: {}, "
        "policy: {enrolment: none, do_not_track: consent, private_browsing: client}}"
    )
    assert folder.faults() == {
        "rally-x": f'{STUDY}: aliases.0: "studyX" is a name of rally-y already; '
        "remove one",
        "rally-y": 'schemas/rally-y/study.yaml: aliases.0: "studyX" is a name of '
        "rally-x already; remove one",
    }


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


@pytest.mark.parametrize(
    "name",
    [
        "Rally-X",
        "rally_x",
        "-rally",
        "r" * 101,
        *("kek", "platform", "rally", "unknown"),
    ],
)
def test_folder_is_a_name(folder, name):
    folder.set("namespace", name)
    uri = folder.write()
    (folder.root / "rally-x").rename(folder.root / name)
    with pytest.raises(ConfigurationError) as caught:
        Registry.load(uri)
    assert without_line(str(caught.value)) == (
        f"{uri}/{name}/study.yaml: namespace: a namespace is of lower-case letters, "
        "digits and hyphens, at most 100, no hyphen first, and none of kek, platform, "
        "rally, unknown; rename the folder"
    )


@pytest.mark.parametrize(
    "name",
    ["visit", "visit.0", "visit.01", "visit.x", "Visit.1", "a.b.1", "a_b.1", "-a.1"],
)
def test_document_is_a_type_and_a_version(folder, name):
    folder.set(f"documents {name}", {})
    assert folder.error() == (
        f"{STUDY}: documents.{name}: must be a type and a version such as "
        "user-journey.1; a document type is of lower-case letters, digits and hyphens, "
        "at most 100, no hyphen first, and a version is a number from 1 to 999999999"
    )


def test_longest_retention_is_100_years(folder):
    folder.set(f"{VISIT} delete_after_days", 36_500)
    visit = folder.load().study("rally-x").documents["visit.1"]
    assert visit.delete_after_days == 36_500


def test_schema_that_no_encoder_takes_names_its_file(folder):
    folder.schemas["visit.1"]["fields"].append(
        {"name": "at", "type": {"type": "string", "logicalType": "timestamp-millis"}}
    )
    assert folder.error() == (
        "schemas/rally-x/visit.1.avsc: schema.at: the logical type timestamp-millis "
        "stands on long, not on string"
    )


def test_schema_takes_no_name_of_a_row(folder):
    folder.schemas["visit.1"]["name"] = "stored_row"
    assert folder.error() == (
        f"{STUDY}: documents.visit.1: its schema is not good within a row's; correct "
        "the schema (row.payload: 'rally.stored_row' is defined twice; refer to the "
        "first by its name)"
    )


def test_what_loads_compiles(folder):
    registry = folder.load()
    for document in registry.documents(registry.study("rally-x")).values():
        assert RowEncoder(document, document.schema)


def test_document_needs_its_schema(folder):
    del folder.schemas["visit.1"]
    assert folder.error() == (
        f"{STUDY}: documents.visit.1: has no schema; add visit.1.avsc beside"
    )


def test_schema_needs_its_document(folder):
    folder.drop(VISIT)
    assert folder.error() == (
        "schemas/rally-x/visit.1.avsc: is no document of study.yaml; declare it there "
        "or remove it"
    )


def test_scope_names_a_string(folder):
    folder.set("documents joined.1 scope", ["/study", "/studies"])
    assert folder.error() == (
        f"{STUDY}: documents.joined.1.scope.1: /studies is no string of the document's "
        "schema; correct either"
    )


@pytest.mark.parametrize("flag", ["/secret", "/metrics", "/metrics/uuid/x"])
def test_private_browsing_names_a_boolean_of_each_data_document(folder, flag):
    folder.set("policy private_browsing", flag)
    assert folder.error() == (
        f"{STUDY}: documents.visit.1: its schema has no boolean {flag}, which "
        "policy.private_browsing names; add it or correct the policy"
    )


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("rally-x/study.yaml", "- a list",
         f"{STUDY}: must be a mapping of names to values"),
        ("rally-x/study.yaml", "kind: study\nname: X\nkind: platform",
         f'{STUDY}: line 3: "kind" stands twice; correct it'),
        ("rally-x/study.yaml", "1: 2",
         f"{STUDY}: 1: a name must be text; put it in quotes"),
        ("rally-x/study.yaml", "{? [a, b] : 1}",
         f"{STUDY}: line 1: found unhashable key; correct it"),
    ],
    ids=lambda value: str(value)[:40].replace("\n", " "),
)  # fmt: skip
def test_wrong_yaml_is_one_line(folder, name, text, message):
    folder.texts[name] = text
    assert folder.error() == message


@pytest.mark.parametrize("text", ["a: 1\nkind: {", "a: 1\n\tb: 2", "a: 1\nb\n"])
def test_unreadable_yaml_is_one_line(folder, text):
    folder.texts["rally-x/study.yaml"] = text
    error = folder.error()
    assert error.startswith(f"{STUDY}: line ")
    assert error.endswith("; correct it")
    assert "\n" not in error


def test_folder_without_study_is_named(folder):
    folder.texts["rally-y/study.yml"] = "namespace: rally-y"
    assert folder.faults() == {"rally-y": f"schemas/rally-y/study.yaml: {MISSING}"}


def test_folder_in_the_place_of_a_file_is_named(folder):
    folder.texts["rally-y/study.yaml/misplaced"] = "namespace: rally-y"
    assert folder.faults() == {"rally-y": f"schemas/rally-y/study.yaml: {MISSING}"}


@pytest.mark.parametrize("target", ["study.yaml", "nowhere"])
def test_link_that_leads_nowhere_is_a_fault_of_its_study(folder, target):
    endless = Path(folder.write()) / "rally-y"
    endless.mkdir()
    (endless / "visit.1.avsc").write_text("{}")
    (endless / "study.yaml").symlink_to(target)
    assert folder.faults() == {
        "rally-y": "schemas/rally-y/study.yaml: cannot be read (is a link, which nobody"
        " follows or opens)"
    }


def test_bytes_that_are_no_text_are_named(folder):
    folder.texts["rally-x/study.yaml"] = "name: \x00"
    assert folder.error() == f"{STUDY}: is not YAML in UTF-8; correct it"


def test_registry_that_kubernetes_mounts_loads(folder, tmp_path):
    """A ConfigMap: each name is a link to `..data`, which is one to a dated folder."""
    folder.load()
    mounted, data = tmp_path / "mounted", tmp_path / "mounted" / "..2026_05_18"
    mounted.mkdir()
    (tmp_path / "schemas").rename(data)
    (mounted / "..data").symlink_to(data.name)
    for each in data.iterdir():
        (mounted / each.name).symlink_to(f"..data/{each.name}")
    for name in ("__loop", ".loop"):
        (mounted / name).symlink_to(".")
    assert list(Registry.load(str(mounted)).studies) == ["rally-x"]


def test_all_faults_are_told_at_once(folder):
    folder.set("starts", "soon")
    folder.set("colour", "red")
    folder.set("policy enrolment", "maybe")
    folder.set("policy countries", ["US", "us", "Usa"])
    folder.set(f"{VISIT} buckets", 3)
    folder.set(f"{VISIT} review", {"result": "+"})
    folder.says["visit.1"] = {"category": 9}
    folder.drop("documents joined.1 purpose")
    folder.texts["rally-x/reviews/r1.yaml"] = "covers: []"
    folder.schemas["joined.1"]["fields"] = []
    uri = folder.write()
    with pytest.raises(ConfigurationError) as caught:
        Registry.load(uri)
    places = [without_line(each).split(": ")[1] for each in faults_of(caught.value)]
    assert places == [
        "colour", "documents.joined.1.purpose", "documents.joined.1.scope.0",
        "documents.visit.1.buckets", "documents.visit.1.review",
        "policy.countries.1", "policy.countries.2", "policy.enrolment", "starts",
        "participant", "/metrics/uuid.category", "/private.category", "request",
        "covers",
    ]  # fmt: skip


def test_schemas_that_nobody_declared_are_all_named(folder):
    folder.schemas |= {"spare.1": {}, "other.1": {}}
    uri = folder.write()
    with pytest.raises(ConfigurationError) as caught:
        Registry.load(uri)
    assert [each.split("/")[-1] for each in faults_of(caught.value)] == [
        f"{name}.avsc: is no document of study.yaml; declare it there or remove it"
        for name in ("other.1", "spare.1")
    ]


@pytest.mark.parametrize(
    ("path", "most", "more", "reason"),
    [
        (f"{VISIT} buckets", 4096, 8192, "must be at most 4,096"),
        (f"{VISIT} buckets", 4096, 2**62, "must be at most 4,096"),
        ("policy minimum_age", 150, 151, "must be at most 150"),
        ("policy minimum_age", 150, 10**30, "must be at most 150"),
        (f"{VISIT} purpose", "x" * 2000, "x" * 2001, "must be at most 2,000 "
         "characters"),
        ("starts", date(2000, 1, 1), date(1, 1, 1),
         "must be from 2000-01-01 to 2199-12-31; remove it where there is no end"),
        ("analysis_until", date(2199, 12, 31), date(9999, 12, 31),
         "must be from 2000-01-01 to 2199-12-31; remove it where there is no end"),
        ("aliases", [f"a{n}" for n in range(500)], [f"a{n}" for n in range(501)],
         "must have at most 500 entries"),
    ],
    ids=lambda value: str(value)[:30],
)  # fmt: skip
def test_bounds_are_exact(folder, path, most, more, reason):
    folder.set(path, most)
    assert folder.faults() == {}
    folder.set(path, more)
    assert folder.error() == f"{STUDY}: {'.'.join(path.split())}: {reason}"


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("rally-x/study.yaml", "#" * 262_145),
        ("rally-x/visit.1.avsc", " " * 262_145),
        ("rally-x/visit.1.avsc", "[" * 262_144),
        ("rally-x/visit.1.avsc", '{"type":' * 32_000),
    ],
)
def test_size_of_a_file_is_bounded(folder, file, text):
    folder.write()
    (folder.root / file).write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        Registry.load(str(folder.root))
    [fault] = faults_of(caught.value)
    assert file in fault
    assert "is longer than 262,144 bytes" in fault or "nests too deep" in fault


def test_size_of_all_schemas_is_bounded(folder):
    for number in range(9):
        folder.texts[f"rally-x/spare.{number + 1}.avsc"] = " " * 240_000
    assert folder.error() == (
        f"{STUDY}: its schemas have more than 2,097,152 bytes together; make another "
        "study"
    )


def test_number_of_documents_is_bounded(folder):
    for number in range(200):
        folder.study["documents"][f"d.{number + 1}"] = {}
    assert folder.error() == (
        f"{STUDY}: documents: must be at most 200; make another study"
    )


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


def make_platform(folder) -> None:
    """The study becomes the platform's own; its documents have no end yet."""
    folder.set("kind", "platform")
    for name in ("access", "derived", "analysis_until", "policy after_end"):
        folder.drop(name)
    folder.drop(f"{VISIT} delete_after_days")


def test_rows_of_the_platform_end_or_are_somebodys(folder):
    make_platform(folder)
    missing = (
        "delete_after_days: is missing; a platform is never concluded: say it, or who"
        " keeps the rows for ever, kept_by: {person: …, reason: …}"
    )
    uri = folder.write()
    with pytest.raises(ConfigurationError) as caught:
        Registry.load(uri)
    found = [each.replace(uri, "schemas") for each in faults_of(caught.value)]
    assert [*map(without_line, found)] == [
        f"{STUDY}: documents.{name}.{missing}" for name in ("joined.1", "visit.1")
    ]
    folder.set(f"{VISIT} delete_after_days", 730)
    kept_by = {"person": "ann", "reason": "who joined is asked for"}
    folder.set("documents joined.1 kept_by", kept_by)
    joined = folder.load().studies["rally-x"].documents["joined.1"]
    assert joined.kept_by == KeptBy("ann", "who joined is asked for")


@pytest.mark.parametrize("means", ["leaves", "deletion-id"])
def test_what_leaves_no_row_needs_no_end(folder, means):
    make_platform(folder)
    folder.set(f"{VISIT} delete_after_days", 730)
    folder.set("documents joined.1 delete_after_days", 730)
    folder.study["documents"]["gone.1"] = {
        "means": means,
        "purpose": "who left",
    }
    schema = {**folder.schemas["joined.1"], "deletion_id": "/id"}
    if means == "deletion-id":
        del schema["participant"]
    folder.schemas["gone.1"] = schema
    assert folder.faults() == {}


@pytest.mark.parametrize(
    ("entries", "place", "reason"),
    [
        ({"kept_by": "ann"}, "kept_by", "must be a mapping of names to values"),
        ({"kept_by": {"person": "ann"}}, "kept_by.reason", "is missing; add it"),
        ({"kept_by": {"person": "", "reason": "x"}}, "kept_by.person", TEXT),
        ({"kept_by": {"person": "ann", "reason": "x"}, "delete_after_days": 1},
         "kept_by", "stands beside delete_after_days; keep one of them"),
    ],
    ids=["text", "no reason", "nobody", "both"],
)  # fmt: skip
def test_person_who_keeps_rows_has_a_name_and_a_reason(folder, entries, place, reason):
    make_platform(folder)
    folder.set(f"{VISIT} delete_after_days", 730)
    folder.study["documents"]["joined.1"] |= entries
    assert folder.error() == f"{STUDY}: documents.joined.1.{place}: {reason}"


def test_rows_of_a_study_are_nobodys(folder):
    folder.set(f"{VISIT} kept_by", {"person": "ann", "reason": "x"})
    assert folder.error() == (
        f"{STUDY}: documents.visit.1.kept_by: is for the platform's own; remove it"
    )


@pytest.mark.parametrize("category", [1, 2, 3, 4])
def test_people_who_did_not_enrol_give_little(folder, category):
    make_platform(folder)
    for name in ("visit.1", "joined.1"):
        folder.set(f"documents {name} delete_after_days", 730)
    folder.set("policy enrolment", "none")
    folder.says["visit.1"] = {"category": category}
    faults = [] if category <= 2 else [
        f"{STUDY}: documents.visit.1: of people who did not enrol only"
        " categories 1 and 2 are collected; say policy.enrolment: required, or collect"
        " less"
    ]  # fmt: skip
    assert list(folder.faults().values()) == faults


UNJOINABLE = (
    "documents: let nobody join, and without an enrolment all is purged; add a document"
    " of means: joins here, or one with a scope to the platform's"
)


def drop_joined(folder) -> None:
    folder.drop("documents joined.1")
    del folder.schemas["joined.1"]


def hub(joins: str = "", text: str = "") -> str:
    return text or (
        "{namespace: rally-hub, kind: platform, name: Hub, starts: 2022-01-01,"
        " policy: {enrolment: required, do_not_track: consent,"
        " private_browsing: client}, documents: {joined.1: {means: joins,"
        f" delete_after_days: 730, purpose: x, {joins}}}}}}}"
    )


def test_study_that_nobody_can_join_does_not_load(folder):
    drop_joined(folder)
    assert folder.error() == f"{STUDY}: {UNJOINABLE}"


def test_study_without_documents_lets_nobody_join(folder):
    drop_joined(folder)
    folder.drop("documents visit.1")
    del folder.schemas["visit.1"]
    assert folder.error() == f"{STUDY}: {UNJOINABLE}"


@pytest.mark.parametrize(
    ("joins", "faults"),
    [("scope: [/study],", {}), ("", {"rally-x": f"{STUDY}: {UNJOINABLE}"})],
)
def test_platform_lets_people_join_where_it_says_what(folder, joins, faults):
    drop_joined(folder)
    folder.texts["rally-hub/study.yaml"] = hub(joins)
    folder.texts["rally-hub/joined.1.avsc"] = json.dumps(described(JOINED))
    assert folder.faults() == faults


@pytest.mark.parametrize("text", ["{", hub() + "x: y", "kind: platform"])
def test_platform_that_does_not_load_may_let_people_join(folder, text):
    drop_joined(folder)
    folder.texts["rally-hub/study.yaml"] = text
    assert list(folder.faults()) == ["rally-hub"]


def test_pioneer_lets_people_join_where_its_documents_are(folder):
    drop_joined(folder)
    folder.set("policy private_browsing", "client")
    folder.schemas["visit.1"] = {
        "type": "record",
        "name": "visit",
        "participant": "/rallyId",
        "fields": [{"name": "rallyId", "type": "string"}],
    }
    assert folder.faults() == {}
    folder.schemas["visit.1"] |= {
        "participant": "/pioneerId",
        "fields": [{"name": "pioneerId", "type": "string"}],
    }
    assert list(folder.faults()) == ["rally-x"]
