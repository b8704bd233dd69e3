from dataclasses import replace

import pytest

from rally.envelope import DocumentName
from rally.errors import ConfigurationError
from rally.events import RALLY
from rally.ingestion.routes import Label, Route, Routes
from rally.outcomes import FailureReason
from rally.registry.registry import Registry
from rally.registry.study import Means


@pytest.mark.parametrize(
    ("namespace", "document", "means"),
    [
        ("rally-x", "visit", Means.DATA),
        ("rally-x", "joined", Means.JOINS),
        ("rally-x", "left", Means.LEAVES),
        ("pioneer-hub", "uninstall-deletion", Means.DELETION_ID),
    ],
)
def test_route_of_a_declared_document(small_rally, namespace, document, means):
    route = small_rally.routes.find(DocumentName(namespace, document, 1), pioneer=False)
    leaves = means in (Means.LEAVES, Means.DELETION_ID)
    assert isinstance(route, Route)
    assert route.document.means is means
    assert route.label == Label(namespace, f"{document}.1", withdrawal=leaves)
    assert (not route.encoders) is leaves
    again = small_rally.routes.find(DocumentName(namespace, document, 1), pioneer=False)
    assert again is route


@pytest.mark.parametrize("name", ["pioneer-y", "y.study@example.edu"])
def test_route_of_an_alias_is_its_studys_in_pioneer_only(small_rally, name):
    named = DocumentName(name, "measures", 1)
    route = small_rally.routes.find(named, pioneer=True)
    assert route.label == Label("pioneer-y", "measures.1")
    found = small_rally.routes.find(named, pioneer=False)
    label = found if isinstance(found, Label) else found.label
    assert label == (route.label if name == "pioneer-y" else Label())


@pytest.mark.parametrize(
    ("named", "label", "reason"),
    [
        (
            DocumentName("nobody", "visit", 1),
            Label(),
            FailureReason.UNKNOWN_NAMESPACE,
        ),
        (
            DocumentName("nobody", "uninstall-deletion", 1),
            Label(withdrawal=True),
            FailureReason.UNKNOWN_NAMESPACE,
        ),
        (
            DocumentName("rally-x", "visit", 2),
            Label("rally-x"),
            FailureReason.UNKNOWN_DOCUMENT,
        ),
        (
            DocumentName("rally-x", "unenrollment", 1),
            Label("rally-x", withdrawal=True),
            FailureReason.UNKNOWN_DOCUMENT,
        ),
    ],
)
def test_no_route_has_a_label_that_no_ping_invented(small_rally, named, label, reason):
    for pioneer in (False, True):
        assert small_rally.routes.find(named, pioneer=pioneer) == label
    assert small_rally.routes.missing(label) is reason


@pytest.mark.parametrize("version", [0, 2, 10**18])
def test_who_leaves_has_a_route_in_any_version_of_pioneers(small_rally, version):
    named = DocumentName("rally-x", "left", version)
    assert small_rally.routes.find(named, pioneer=True).label == Label(
        "rally-x", "left.1", withdrawal=True
    )
    label = Label("rally-x", withdrawal=True)
    assert small_rally.routes.find(named, pioneer=False) == label
    assert small_rally.routes.missing(label) is FailureReason.UNKNOWN_DOCUMENT


def test_routes_that_are_missing_take_no_memory(small_rally):
    routes = Routes(small_rally.registry)
    routes.find(DocumentName("rally-x", "left", 1), pioneer=True)
    before = len(routes._routes)
    for number in range(1000):
        routes.find(DocumentName("rally-x", "left", number), pioneer=True)
        routes.find(DocumentName(f"n{number}", "visit", 1), pioneer=True)
        routes.find(DocumentName("rally-x", f"d{number}", 1), pioneer=False)
        routes.find(DocumentName("rally-x", "visit", number + 2), pioneer=False)
    assert len(routes._routes) == before


def test_scope_without_pointers_is_the_namespace_or_rally(small_rally):
    for namespace, document, scope in [
        ("rally-x", "left", "rally-x"),
        ("rally-hub", "deletion-request", RALLY),
    ]:
        route = small_rally.routes.find(
            DocumentName(namespace, document, 1), pioneer=False
        )
        assert small_rally.routes.resolve_scope(route, {}) == scope


def test_payload_may_be_called_anything_but_its_row(small_rally):
    """The small Rally calls its payloads `ping`; each is a record within the row's."""
    study = small_rally.registry.studies["rally-x"]
    document = study.documents["visit.1"]
    schema = {**document.schema.json, "name": "stored_row"}
    renamed = replace(document, schema=replace(document.schema, json=schema))
    studies = {"rally-x": replace(study, documents={"visit.1": renamed})}
    with pytest.raises(ConfigurationError) as caught:
        Routes(Registry(studies))
    assert str(caught.value) == (
        "rally-x/visit.1.avsc: cannot be the payload of a row (redefined named type:"
        " rally.stored_row); rename that type"
    )


def test_encoders_of_schemas_that_stayed_are_not_compiled_again(small_rally):
    study = small_rally.registry.studies["rally-x"]
    visit = study.documents["visit.1"]
    other = replace(visit.schema, fingerprint="0" * 64)
    documents = {**study.documents, "visit.1": replace(visit, schema=other)}
    policy = replace(study.policy, refuse_do_not_track=False)
    changed = Registry({"rally-x": replace(study, documents=documents, policy=policy)})
    first = Routes(small_rally.registry)
    second = Routes(changed, first)

    def encoders(routes, type):
        route = routes.find(DocumentName("rally-x", type, 1), pioneer=False)
        return route.study.policy, route.encoders

    for type in ("short", "joined"):
        before, after = encoders(first, type), encoders(second, type)
        assert after[0] is policy
        assert after[1] is before[1]
    assert list(encoders(second, "visit")[1]) == ["0" * 64]


def test_route_of_an_alias_is_compiled_once(small_rally):
    named = DocumentName("y.study@example.edu", "pioneer-enrollment", 1)
    first = small_rally.routes.find(named, pioneer=True)
    assert isinstance(first, Route)
    assert small_rally.routes.find(named, pioneer=True) is first
