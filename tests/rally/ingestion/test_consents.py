"""What somebody agrees to, or does not: records, and never a row."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.consent.fold import (
    ConsentState,
    PersonInStudy,
    StudyTerms,
    fold_consent,
)
from rally.consent.records import ConsentChoice, ConsentPurpose, ConsentRecord
from rally.envelope import parse_timestamp
from rally.ingestion.outcome import Outcome
from rally.ingestion.routes import Label
from rally.outcomes import FailureReason, Mismatch, MismatchKind, RefusalReason
from rally.registry.notices import NoticeName
from rally.registry.transitions import StudyAction, Transition
from rally.storage.container import canonical_json
from rally.times import to_micros
from rally.validation.pseudonyms import stands_in

RALLY_ID = "c286f4ba-6713-4d3d-b955-8eaeede6846d"
SENT = "2022-06-01T12:00:00.000000Z"
HASH = "5e" * 32
GIVEN, REFUSED, WITHDRAWN = ConsentChoice
AGREED = ("rally-hub", "agreed.1")
ASKED = ("rally-x", "asked.1")


def micros(text):
    return to_micros(parse_timestamp(text))


def parts(choice="given", fields=None, **changes):
    said = {"purpose": "demographics", "choice": choice, "version": "2.b", "hash": HASH,
            "time": SENT}  # fmt: skip
    return said | ({} if fields is None else {"fields": fields}) | changes


def record(small_rally, envelope, choice, *fields, study="rally-x", at=SENT, **changes):
    label = "/".join(ASKED if "/rally-x/" in envelope.uri else AGREED)
    return ConsentRecord(
        choice,
        study,
        small_rally.pseudonyms.of_platform(RALLY_ID),
        ConsentPurpose.DEMOGRAPHICS,
        fields,
        micros(at),
        micros(SENT),
        NoticeName("2.b", HASH),
        small_rally.document_id_of(envelope),
        label,
    )._replace(**changes)


@pytest.fixture
def agree(small_rally, payload):
    """Seals and judges a ping of the platform's; returns envelope and outcome."""

    def send(said, study="rally-x", as_of="2022-06-02T00:00:00Z", actions=(), **more):
        clear = payload(RALLY_ID, string={"study": study}, consent=said)
        envelope = small_rally.seal_glean(*AGREED, clear, **more)
        at = datetime(2022, 6, 1, tzinfo=UTC)
        done = [Transition("rally-hub", each, at, "op", "") for each in actions]
        return envelope, small_rally.judge(envelope, as_of, done)

    return send


@pytest.mark.parametrize(
    ("said", "choices"),
    [
        (parts(fields={"age": True}), [(GIVEN, "age")]),
        (parts(fields={"income": True, "age": True}), [(GIVEN, "age", "income")]),
        (
            parts(fields={"b": False, "age": True, "a": False}),
            [(GIVEN, "age"), (REFUSED, "a", "b")],
        ),
        (parts(fields={"age": False}), [(REFUSED, "age")]),
        (parts(fields={}), [(REFUSED,)]),
        (parts(), [(REFUSED,)]),
        (parts("refused"), [(REFUSED,)]),
        (parts("refused", {"age": False}), [(REFUSED,)]),
        (parts("withdrawn", {"age": True, "b": False}), [(WITHDRAWN, "age")]),
    ],
)
def test_choice_becomes_records_of_its_fields(small_rally, agree, said, choices):
    envelope, outcome = agree(said)
    expected = tuple(record(small_rally, envelope, *each) for each in choices)
    assert outcome._replace(consents=()) == Outcome(Label(*AGREED))
    assert tuple(outcome.consents) == expected


def test_document_without_fields_is_about_the_whole_purpose(small_rally, payload):
    at = "2022-05-30T00:00:00Z"
    envelope = small_rally.seal_glean(*ASKED, payload(RALLY_ID, **parts(time=at)))
    assert small_rally.judge(envelope) == Outcome(
        Label(*ASKED), consents=(record(small_rally, envelope, GIVEN, at=at),)
    )


@pytest.mark.parametrize(
    ("said", "at"),
    [
        ("2022-06-01T11:00:00Z", "2022-06-01T11:00:00Z"),
        ("2022-06-01T11:00:00+02:00", "2022-06-01T09:00:00Z"),
        ("2022-06-01T13:00:00Z", SENT),
        ("2199-01-01T00:00:00Z", SENT),
        ("2001-01-01T00:00:00Z", "2022-05-25T12:00:00Z"),
        ("2022-06-01T11:00:00", SENT),
        ("yesterday", SENT),
        (None, SENT),
    ],
)
def test_time_of_a_refusal_counts_as_far_as_the_edge_bears_it_out(
    small_rally, agree, said, at
):
    envelope, outcome = agree(parts("refused", time=said))
    assert [*outcome.consents] == [record(small_rally, envelope, REFUSED, at=at)]


@pytest.mark.parametrize(
    ("said", "at"),
    [
        ("2022-06-01T11:00:00+02:00", "2022-06-01T09:00:00Z"),
        ("2199-01-01T00:00:00Z", SENT),
        ("2022-05-25T11:00:00Z", "2022-05-25T11:00:00Z"),
        ("2001-01-01T00:00:00Z", "2001-01-01T00:00:00Z"),
    ],
)
def test_what_is_given_is_as_old_as_the_client_says(small_rally, agree, said, at):
    envelope, outcome = agree(parts(fields={"age": True, "b": False}, time=said))
    later = max(at, "2022-05-25T12:00:00Z")
    assert [*outcome.consents] == [
        record(small_rally, envelope, GIVEN, "age", at=at),
        record(small_rally, envelope, REFUSED, "b", at=later),
    ]


@pytest.mark.parametrize("time", [None, "yesterday", "2022-06-01T11:00:00"])
def test_what_is_given_at_no_time_fails(agree, time):
    _, outcome = agree(parts(fields={"age": True}, time=time))
    assert (outcome.failure, outcome.consents) == (FailureReason.SCHEMA_MISMATCH, ())
    assert outcome.where is not None
    assert outcome.where.path == "/consent/time"


def test_refused_ping_that_is_sent_again_gives_back_nothing(small_rally, payload):
    """It left no record when it came first, so no copy of it is known."""
    day, withdrawn, again = (f"2022-{each}T00:00:00Z" for each in
                             ("06-01", "06-02", "07-01"))  # fmt: skip

    def send(said, sent, actions=()):
        study = {"study": "rally-x"}
        clear = payload(RALLY_ID, string=study, consent=parts(time=said["time"]) | said)
        envelope = small_rally.seal_glean(*AGREED, clear, submission_timestamp=sent)
        return small_rally.judge(envelope, "2022-07-02T00:00:00Z", actions).consents

    given = {"fields": {"age": True}, "time": day}
    paused = datetime(2022, 5, 31, tzinfo=UTC)
    pause = Transition("rally-hub", StudyAction.PAUSE, paused, "op", "")
    assert send(given, day, [pause]) == ()
    records = [
        *send({"choice": "withdrawn", "time": withdrawn}, withdrawn),
        *send(given, again),
    ]
    person, now = PersonInStudy(records), micros("2022-07-02T00:00:00Z")
    found = fold_consent(person, StudyTerms(), records[0].purpose, "age", now)
    assert found is not None
    assert (found.state, found.since) == (ConsentState.WITHDRAWN, micros(withdrawn))


def test_who_names_no_notice_has_none(small_rally, agree):
    for gone in ("version", "hash"):
        envelope, outcome = agree(parts("refused", **{gone: None}))
        assert [*outcome.consents] == [
            record(small_rally, envelope, REFUSED, notice=None)
        ]


@pytest.mark.parametrize(
    ("said", "path", "wants"),
    [
        ({}, "purpose", "study or demographics"),
        (parts(purpose="marketing"), "purpose", "study or demographics"),
        (parts(purpose=1), "purpose", "string"),
        (parts("yes"), "choice", "given or refused or withdrawn"),
        (parts(choice=True), "choice", "string"),
        (parts(fields={"Age": True}), "fields", "at most 100 booleans by short names"),
        (parts(fields={"a" * 31: True}), "fields", "at most 100 booleans by short"),
        (parts(fields={"age": 1}), "fields", "at most 100 booleans by short names"),
        (parts(fields=["age"]), "fields", "at most 100 booleans by short names"),
        (parts(fields={f"a{n}": True for n in range(101)}), "fields", "at most 100"),
        (parts(version="1" * 31), "version", "a version of 30 characters at most"),
        (parts(version=RALLY_ID), "version", "a version of 30 characters at most"),
        (parts(hash=HASH.upper()), "hash", "64 lower-case hexadecimal digits"),
        (parts(time=5), "time", "string"),
    ],
)
def test_ping_that_says_anything_else_fails(agree, said, path, wants):
    _, outcome = agree(said)
    assert outcome.where is not None
    assert outcome.where.wants.startswith(wants)
    assert outcome == Outcome(
        Label(*AGREED),
        failure=FailureReason.SCHEMA_MISMATCH,
        where=Mismatch(
            f"/consent/{path}", MismatchKind.WRONG_VALUE, outcome.where.wants
        ),
    )


@pytest.mark.parametrize("choice", [REFUSED, WITHDRAWN])
@pytest.mark.parametrize(
    ("changes", "rest"),
    [
        ({"version": "1" * 31}, {"notice": None}),
        ({"version": 1}, {"notice": None}),
        ({"hash": HASH.upper()}, {"notice": None}),
        ({"hash": RALLY_ID.replace("-", "") * 2}, {"fields": (), "notice": None}),
        ({"fields": {"age": True, "b": 1}}, {"fields": ()}),
        ({"fields": {"Age": True}}, {"fields": ()}),
        ({"fields": ["age"]}, {"fields": ()}),
        ({"fields": {f"a{n}": True for n in range(101)}}, {"fields": ()}),
        ({"time": 5}, {}),
        ({"fields": 1, "version": 1, "hash": 1, "time": 1},
         {"fields": (), "notice": None}),
    ],
)  # fmt: skip
def test_refusal_counts_whatever_else_cannot_be_read(
    small_rally, agree, choice, changes, rest
):
    envelope, outcome = agree(parts(choice, **({"fields": {"age": True}} | changes)))
    expected = record(small_rally, envelope, choice, "age", **rest)
    assert outcome == Outcome(Label(*AGREED), consents=(expected,))


@pytest.mark.parametrize("study", ["nobody", "rally-hub", None])
def test_ping_that_is_about_no_study_fails(agree, study):
    _, outcome = agree(parts(), study)
    expected = FailureReason.UNKNOWN_STUDY
    assert outcome == Outcome(Label(*AGREED), failure=expected)


def test_no_id_is_hidden_in_a_record(agree):
    _, outcome = agree(parts(hash=RALLY_ID.replace("-", "") * 2))
    assert outcome == Outcome(Label(*AGREED), failure=FailureReason.INVALID_ID)


WHENEVER = {
    "do not track": ({"dnt": "1"}, RefusalReason.DO_NOT_TRACK),
    "marked": ({"source_tags": "automation"}, RefusalReason.AUTOMATION),
    "paused": ({"actions": [StudyAction.PAUSE]}, RefusalReason.PAUSED),
    "ended": ({"actions": [StudyAction.END]}, RefusalReason.ENDED),
}


@pytest.mark.parametrize(("when", "reason"), WHENEVER.values(), ids=WHENEVER)
def test_what_is_given_needs_a_promise_that_holds_and_a_refusal_never(
    small_rally, agree, when, reason
):
    envelope, outcome = agree(parts("withdrawn"), **when)
    assert [*outcome.consents] == [record(small_rally, envelope, WITHDRAWN)]
    assert outcome.refusal is None
    _, outcome = agree(parts(fields={"age": True}), **when)
    assert outcome == Outcome(Label(*AGREED), refusal=reason)
    envelope, outcome = agree(parts(fields={"age": True, "b": False}), **when)
    kept = (record(small_rally, envelope, REFUSED, "b"),)
    assert outcome == Outcome(Label(*AGREED), consents=kept, refusal=reason)


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        ("2021-01-01T00:00:00Z", RefusalReason.BEFORE_START),
        ("2022-03-05T00:00:00Z", RefusalReason.BEFORE_START),
    ],
)
def test_what_is_given_before_the_start_is_refused(small_rally, payload, sent, reason):
    clear = payload(RALLY_ID, **parts())
    envelope = small_rally.seal_glean(*ASKED, clear, submission_timestamp=sent)
    assert small_rally.judge(envelope) == Outcome(Label(*ASKED), refusal=reason)


def test_what_is_given_in_a_private_window_is_refused(small_rally, payload):
    clear = payload(RALLY_ID, private=True, **parts())
    outcome = small_rally.judge(small_rally.seal_glean(*ASKED, clear))
    private = RefusalReason.PRIVATE_BROWSING
    assert outcome == Outcome(Label(*ASKED), refusal=private)


@given(st.dictionaries(st.text(max_size=40), st.booleans(), max_size=5))
def test_every_field_that_is_named_is_given_or_refused(small_rally, payload, fields):
    clear = payload(RALLY_ID, string={"study": "rally-x"}, consent=parts(fields=fields))
    outcome = small_rally.judge(small_rally.seal_tink(*AGREED, clear))
    if outcome.failure is None:
        named = [name for each in outcome.consents for name in each.fields]
        assert sorted(named) == sorted(fields)
        for each in outcome.consents:
            is_given = each.choice is GIVEN
            assert all(fields[name] is is_given for name in each.fields)
    else:
        assert outcome.consents == ()


BARE = RALLY_ID.replace("-", "")
words = st.sampled_from(
    [
        "given",
        "withdrawn",
        "study",
        "2.b",
        HASH,
        RALLY_ID,
        BARE,
        BARE * 2,
        BARE[:30],
        "a" + BARE[:29],
    ]
)


@given(
    st.dictionaries(
        st.sampled_from(["purpose", "choice", "version", "hash", "time"]), words
    ),
    st.dictionaries(words, st.booleans(), max_size=3),
)
def test_no_record_holds_the_id_of_its_person(small_rally, payload, changes, fields):
    said = parts("given", fields) | changes
    clear = payload(RALLY_ID, string={"study": "rally-x"}, consent=said)
    outcome = small_rally.judge(small_rally.seal_tink(*AGREED, clear))
    assert not stands_in(RALLY_ID, canonical_json([*outcome.consents]).encode())
