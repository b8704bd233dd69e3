"""The registry's folder: which files it has, how large, and what reviews renew."""

from datetime import date
from pathlib import Path

import pytest
import yaml

from rally.errors import ConfigurationError, faults_of
from rally.registry.registry import Registry
from tests.rally.registry.conftest import STUDY, without_line
from tests.rally.registry.good_review import GOOD


def renewing(**renews):
    """Texts of reviews of rally-x, each of which renews another."""
    content = yaml.safe_load(GOOD)
    answers = {1: "x", 2: "y", 3: "z"}
    return {
        f"rally-x/reviews/{name}.yaml": yaml.safe_dump(
            {
                **content,
                "request": {**content["request"], "renews": other, "answers": answers},
            }
            if other
            else content
        )
        for name, other in renews.items()
    }


CIRCLE = "renews itself in a circle; correct it"


@pytest.mark.parametrize(
    ("renews", "expected"),
    [
        ({"a": None, "b": "a", "c": "b"}, {}),
        ({"c": None, "b": "c", "a": "b"}, {}),
        ({"a": None, "b": "a", "c": "a"}, {}),
        ({"a": "a"}, {"a": CIRCLE}),
        ({"a": "b", "b": "a"}, {"a": CIRCLE, "b": CIRCLE}),
        ({"a": "b", "b": "c", "c": "a", "d": None},
         {"a": CIRCLE, "b": CIRCLE, "c": CIRCLE}),
        ({"a": "none"}, {"a": "there is no review none; correct it"}),
        ({"a": None, "b": "none", "c": "b"},
         {"b": "there is no review none; correct it"}),
    ],
    ids=str,
)  # fmt: skip
def test_renewal_is_of_another_review_that_is_there(folder, renews, expected):
    folder.texts |= renewing(**renews)
    uri = folder.write()
    if not expected:
        reviews = folder.load().studies["rally-x"].reviews
        assert {each.id: each.request.renews for each in reviews} == renews
        assert [each.id for each in reviews] == sorted(renews)
        return
    with pytest.raises(ConfigurationError) as caught:
        folder.load()
    assert list(faults_of(caught.value)) == [
        f"{uri}/rally-x/reviews/{name}.yaml: request.renews: {what}"
        for name, what in expected.items()
    ]


def test_circle_of_a_renewal_and_a_change_is_told(folder):
    folder.texts |= renewing(a="b")
    content = yaml.safe_load(GOOD)
    del content["request"]["answers"], content["review"]["answers"]
    del content["sign_offs"], content["exemptions"]
    for of, fault in (("a", CIRCLE), ("none", "there is no review none; correct it")):
        content["incremental"] = {"of": of}
        folder.texts["rally-x/reviews/b.yaml"] = yaml.safe_dump(content)
        uri = folder.write()
        with pytest.raises(ConfigurationError) as caught:
            folder.load()
        assert f"{uri}/rally-x/reviews/b.yaml: incremental.of: {fault}" in faults_of(
            caught.value
        )


def test_faults_of_all_records_of_a_study_are_told_at_once(folder):
    folder.texts["rally-x/reviews/a.yaml"] = "request: 7\ncolour: red\n"
    folder.texts["rally-x/reviews/b.yaml"] = "request: {"
    folder.texts["rally-x/reviews/c.yaml"] = GOOD
    folder.texts["rally-x/reviews/d.yaml"] = "request: 1\nrequest: 2\n"
    folder.texts["rally-x/reviews/e.md"] = "a form"
    uri = folder.write()
    with pytest.raises(ConfigurationError) as caught:
        folder.load()
    found = [
        each.removeprefix(f"{uri}/rally-x/reviews/") for each in faults_of(caught.value)
    ]
    assert [each.partition(": ")[0] for each in found] == [
        *["a.yaml"] * 3, "b.yaml", *["d.yaml"] * 3, "e.md",
    ]  # fmt: skip
    assert found[-4:] == [
        'd.yaml: line 2: "request" stands twice; correct it',
        "d.yaml: line 2: request: must be a mapping of names to values",
        "d.yaml: covers: is missing; add it",
        "e.md: is no review; name it *.yaml, or remove it",
    ]


def test_number_of_reviews_is_bounded(folder):
    for number in range(1001):
        folder.texts[f"rally-x/reviews/r{number}.yaml"] = "{}"
    assert folder.error() == (
        "schemas/rally-x/reviews/: has more than 1,000 reviews; make another study"
    )


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


MISSING = "is missing; add it"


VISIT = "documents visit.1"


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
