from collections import Counter

import pytest

from rally.events import Event, EventKind
from rally.ingestion.outcome import Outcome, count_outcome, explain_all_unknown
from rally.ingestion.routes import Label
from rally.outcomes import (
    Count,
    FailureReason,
    Mismatch,
    MismatchKind,
    RefusalReason,
    mismatches_in,
    without_places,
)
from rally.storage.layout import Partition
from rally.storage.writer import NewRow

LABEL = Label("rally-x", "visit.1")
ROW = {"row": NewRow(Partition("rally-x", "visit.1", "2022-06-01"), "ab" * 32, b"row")}
JOINED = Event(EventKind.JOINED, "rally-x", "p", 0, None, "d", "rally-x/joined.1")


@pytest.mark.parametrize(
    ("outcome", "names"),
    [
        (Outcome(LABEL, **ROW), ["rally-x/visit.1/stored"]),
        (
            Outcome(LABEL, **ROW, event=JOINED),
            ["rally-x/visit.1/stored", "rally-x/visit.1/joined"],
        ),
        (
            Outcome(LABEL, event=JOINED._replace(kind=EventKind.LEFT)),
            ["rally-x/visit.1/left"],
        ),
        (
            Outcome(LABEL, refusal=RefusalReason.PAUSED),
            ["rally-x/visit.1/refused/paused"],
        ),
        (
            Outcome(Label(), failure=FailureReason.INVALID_URI),
            ["unknown/unknown/failed/invalid_uri"],
        ),
        (
            Outcome(
                LABEL,
                **ROW,
                event=JOINED,
                failure=FailureReason.UNREADABLE_ENROLMENT,
            ),
            [
                "rally-x/visit.1/stored",
                "rally-x/visit.1/joined",
                "rally-x/visit.1/failed/unreadable_enrolment",
            ],
        ),
    ],
)
def test_outcome_is_counted_by_study_document_and_reason(outcome, names):
    counts: Counter[Count] = Counter()
    count_outcome(counts, outcome)
    count_outcome(counts, outcome)
    assert {each.name: number for each, number in counts.items()} == dict.fromkeys(
        names, 2
    )
    assert [Count.parse(name) for name in names] == list(counts)


def test_mismatch_is_counted_by_place_and_by_reason():
    counts: Counter[Count] = Counter()
    reason = FailureReason.SCHEMA_MISMATCH
    for path in ("/metrics/string", "/metrics/string", ""):
        where = Mismatch(path, MismatchKind.UNDECLARED)
        count_outcome(counts, Outcome(LABEL, failure=reason, where=where))
    count_outcome(counts, Outcome(LABEL, **ROW))
    count_outcome(counts, Outcome(LABEL, failure=reason))

    by_place = mismatches_in(counts)
    assert {each.place_name: number for each, number in by_place.items()} == {
        "rally-x/visit.1/undeclared, below /metrics/string": 2,
        "rally-x/visit.1/undeclared, below /": 1,
    }
    assert [Count.parse_mismatch(each.place_name) for each in by_place] == list(
        by_place
    )
    assert without_places(counts) == {
        Count("rally-x", "visit.1", "failed", "schema_mismatch"): 4,
        Count("rally-x", "visit.1", "stored"): 1,
    }
    assert {each.name for each in counts} == {
        "rally-x/visit.1/failed/schema_mismatch",
        "rally-x/visit.1/stored",
    }


def test_reasons_are_counter_names():
    for reason in (*FailureReason, *RefusalReason):
        assert reason.replace("_", "").isalpha()
        assert reason.islower()


def counted(*names: str) -> Counter[Count]:
    return Counter({Count.parse(name): 2 for name in names})


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["unknown/unknown/failed/unknown_namespace"], "unknown_namespace: 2"),
        (["rally-x/unknown/failed/unknown_document",
          "rally-hub/study-enrollment.1/failed/unknown_study",
          "unknown/unknown/failed/malformed_line"],
         "unknown_document, unknown_study: 4"),
    ],
)  # fmt: skip
def test_run_of_strangers_alone_asks_for_its_folders(names, said):
    assert explain_all_unknown(counted(*names)) == (
        f"every ping of this run is unknown ({said}); is --studies the right folder?"
        " Name it, then `rally replay`"
    )


@pytest.mark.parametrize(
    "names",
    [
        [],
        ["unknown/unknown/failed/malformed_line"],
        ["unknown/unknown/failed/unknown_namespace", "rally-x/visit.1/stored"],
        ["unknown/unknown/failed/unknown_namespace", "rally-x/visit.1/refused/paused"],
        ["unknown/unknown/failed/unknown_namespace", "rally-x/left.1/left"],
        ["unknown/unknown/failed/unknown_namespace", "rally-x/visit.1/failed/no_key"],
        ["rally-x/visit.1/failed/no_key"],
        ["rally-x/unknown/failed/study_unavailable"],
    ],
)
def test_run_with_a_ping_that_is_known_says_nothing(names):
    assert explain_all_unknown(counted(*names)) == ""
