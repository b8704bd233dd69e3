"""What no review covers is not collected; who joins and who leaves is heard."""

import json
import shutil
from datetime import date
from pathlib import Path

import pytest

from rally.events import RALLY, EventKind
from rally.ingestion.outcome import Outcome
from rally.ingestion.routes import Label
from rally.outcomes import FailureReason, RefusalReason
from tests.rally.ingestion.small_rally import SmallRally
from tests.support.reviews import write_reviews
from tests.support.schemas import described

LATER = "2023-01-01T00:00:00Z"
LAPSED = "2022-07-01T00:00:00Z"
"""When the review of short.1 had ended by itself."""


def registry_like(small_rally, folder, change) -> SmallRally:
    """The small Rally, whose registry has changed below this folder."""
    root = folder / "schemas"
    shutil.copytree(small_rally.registry_uri, root)
    change(root)
    return SmallRally(
        str(root), small_rally.keys_uri, small_rally.sealers, small_rally.seal_jwe
    )


@pytest.fixture(scope="module")
def unreviewed(small_rally, tmp_path_factory):
    """The small Rally, of which nothing is reviewed."""

    def change(root: Path) -> None:
        for file in root.glob("*/reviews/*.yaml"):
            file.unlink()

    folder = tmp_path_factory.mktemp("unreviewed")
    return registry_like(small_rally, folder, change)


@pytest.fixture(scope="module")
def lapsed(small_rally, tmp_path_factory):
    """The small Rally, whose reviews all ended on 2022-05-31."""
    names = [
        f"{study.namespace}/{name}"
        for study in small_rally.registry.studies.values()
        for name in study.documents
    ]
    days = (date(2022, 3, 1), date(2022, 5, 31))

    def change(root: Path) -> None:
        write_reviews(root, dict.fromkeys(names, days))

    folder = tmp_path_factory.mktemp("lapsed")
    return registry_like(small_rally, folder, change)


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ("2022-06-30T23:59:59.999999Z", {}),
        (LAPSED, {"failure": FailureReason.REVIEW_LAPSED}),
        ("2022-07-14T23:59:59.999999Z", {"failure": FailureReason.REVIEW_LAPSED}),
        ("2022-07-15T00:00:00Z", {"refusal": RefusalReason.NOT_APPROVED}),
        ("2022-03-10T00:00:00Z", {}),
    ],
    ids=["last day", "first day after", "14th day after", "15th day after", "first"],
)
def test_data_waits_for_14_days_after_its_review(small_rally, payload, sent, expected):
    for seal in (small_rally.seal_glean, small_rally.seal_tink):
        envelope = seal("rally-x", "short.1", payload(), submission_timestamp=sent)
        outcome = small_rally.judge(envelope, "2022-07-15T23:59:59Z")
        if expected:
            assert outcome == Outcome(Label("rally-x", "short.1"), **expected)
        else:
            assert (outcome.refusal, outcome.failure) == (None, None)
            assert outcome.row.partition == ("rally-x", "short.1", sent[:10])


def test_what_waits_for_a_renewal_is_not_opened(small_rally):
    envelope = small_rally.make_envelope(
        b"no ping at all", document="short.1", submission_timestamp=LAPSED
    )
    assert small_rally.judge(envelope, LAPSED) == Outcome(
        Label("rally-x", "short.1"), failure=FailureReason.REVIEW_LAPSED
    )


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [
        ("2022-07-15T23:59:59.999999Z", {"failure": FailureReason.REVIEW_LAPSED}),
        ("2022-07-16T00:00:00Z", {"refusal": RefusalReason.NOT_APPROVED}),
    ],
)
def test_what_would_have_gone_by_now_is_refused(small_rally, payload, as_of, expected):
    """Whoever sends it late, or keeps it back, has it wait no longer."""
    envelope = small_rally.seal_glean(
        "rally-x", "short.1", payload(), submission_timestamp=LAPSED
    )
    outcome = small_rally.judge(envelope, as_of)
    assert outcome == Outcome(Label("rally-x", "short.1"), **expected)


@pytest.mark.parametrize(
    ("attributes", "as_of", "reason"),
    [
        ({"dnt": "1"}, LATER, RefusalReason.DO_NOT_TRACK),
        ({"source_tags": "automation"}, LATER, RefusalReason.AUTOMATION),
    ],
)
def test_what_the_person_refuses_waits_for_no_renewal(
    small_rally, payload, attributes, as_of, reason
):
    envelope = small_rally.seal_glean(
        "rally-x", "short.1", payload(), submission_timestamp=LAPSED, **attributes
    )
    assert small_rally.judge(envelope, as_of) == Outcome(
        Label("rally-x", "short.1"), refusal=reason
    )


def test_data_before_its_review_is_refused(small_rally, payload):
    for sent, refusal in (
        ("2022-08-31T23:59:59Z", RefusalReason.NOT_APPROVED),
        ("2022-09-01T00:00:00Z", None),
    ):
        envelope = small_rally.seal_glean(
            "rally-x", "late.1", payload(), submission_timestamp=sent
        )
        assert small_rally.judge(envelope, LATER).refusal is refusal


JOINS = [
    ("rally-x", "joined.1", None, "rally-x"),
    ("rally-hub", "enrollment.1", None, RALLY),
    ("rally-hub", "study-enrollment.1", {"namespace": "rally-x"}, "rally-x"),
]
LEAVES = [
    ("rally-x", "left.1", None, "rally-x"),
    ("rally-hub", "deletion-request.1", None, RALLY),
    ("rally-hub", "study-unenrollment.1", {"namespace": "rally-x"}, "rally-x"),
]


@pytest.mark.parametrize("registry", ["unreviewed", "lapsed"])
@pytest.mark.parametrize(("namespace", "document", "string", "scope"), JOINS)
def test_who_joins_is_heard_and_leaves_no_row(
    request, payload, registry, namespace, document, string, scope
):
    rally = request.getfixturevalue(registry)
    outcome = rally.judge(rally.seal_glean(namespace, document, payload(string=string)))
    assert (outcome.row, outcome.failure) == (None, None)
    assert outcome.refusal is RefusalReason.NOT_APPROVED
    assert (outcome.event.kind, outcome.event.scope) == (EventKind.JOINED, scope)


@pytest.mark.parametrize("registry", ["small_rally", "unreviewed", "lapsed"])
@pytest.mark.parametrize(("namespace", "document", "string", "scope"), LEAVES)
def test_who_leaves_is_heard_whatever_reviews_say(
    request, payload, registry, namespace, document, string, scope
):
    rally = request.getfixturevalue(registry)
    outcome = rally.judge(rally.seal_glean(namespace, document, payload(string=string)))
    assert (outcome.row, outcome.refusal, outcome.failure) == (None, None, None)
    assert (outcome.event.kind, outcome.event.scope) == (EventKind.LEFT, scope)


def test_data_without_any_review_is_refused(unreviewed, payload):
    for sent in ("2022-03-10T00:00:00Z", "2022-06-01T12:00:00Z", LAPSED):
        envelope = unreviewed.seal_glean(
            "rally-x", "visit.1", payload(), submission_timestamp=sent
        )
        assert unreviewed.judge(envelope, "2022-07-02T00:00:00Z") == Outcome(
            Label("rally-x", "visit.1"), refusal=RefusalReason.NOT_APPROVED
        )


def test_documents_of_the_protocol_need_no_review(unreviewed):
    joined = unreviewed.seal_pioneer("pioneer-y", "pioneer-enrollment.1", {})
    outcome = unreviewed.judge(joined)
    assert (outcome.refusal, outcome.failure) == (None, None)
    assert outcome.row.partition == ("pioneer-y", "pioneer-enrollment.1", "2022-06-01")
    assert outcome.event.kind is EventKind.JOINED
    left = unreviewed.seal_pioneer("pioneer-y", "deletion-request.1", {})
    assert unreviewed.judge(left).event.kind is EventKind.LEFT


@pytest.fixture
def greedy(small_rally, tmp_path):
    """Somebody adds a password and a free map to a schema, and touches nothing else."""
    more = [
        {"name": "email", "type": ["null", "string"], "default": None},
        {
            "name": "form",
            "type": ["null", {"type": "map", "values": "string"}],
            "default": None,
        },
    ]

    def change(root: Path) -> None:
        file = root / "rally-x" / "visit.1.avsc"
        schema = json.loads(file.read_text())
        schema["fields"] += more
        file.write_text(json.dumps(described(schema)))

    return registry_like(small_rally, tmp_path, change)


def test_fields_that_nobody_approved_close_their_document(greedy, small_rally, payload):
    secret = {"email": "ann@example.org", "form": {"password": "hunter2"}}
    for others in (secret, {}):
        envelope = greedy.seal_glean("rally-x", "visit.1", payload(**others))
        assert greedy.judge(envelope) == Outcome(
            Label("rally-x", "visit.1"), refusal=RefusalReason.NOT_APPROVED
        )
    envelope = greedy.seal_glean("rally-x", "short.1", payload())
    assert greedy.judge(envelope).row is not None
    known = small_rally.seal_glean("rally-x", "visit.1", payload(**secret))
    assert small_rally.judge(known).failure is FailureReason.SCHEMA_MISMATCH
