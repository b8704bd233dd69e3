"""Each kind of violation, put there by hand, breaks exactly its own promise."""

from dataclasses import replace

import pytest

from rally.audit.calendar_audit import audit_calendar
from rally.audit.findings import Check
from rally.audit.limits import Limits
from rally.decisions.verifying import read_chain
from rally.registry.registry import Registry
from rally.registry.transitions import States, StudyAction
from tests.rally.audit import (
    copy_violations,
    derived_violations,
    letter_violations,
    object_violations,
    part_violations,
    release_violations,
    row_violations,
    view_violations,
)
from tests.rally.audit.audited_platform import count_by_description, lines_by_check
from tests.rally.audit.studies import BOG
from tests.support.world import POND

VIOLATIONS = {
    Check.WITHDRAWN: [
        object_violations.put_back_list,
        row_violations.withdrawn,
        row_violations.never_back,
        row_violations.of_the_platform,
        row_violations.late,
    ],
    Check.RETENTION: [row_violations.expired],
    Check.DATES: [row_violations.undated],
    Check.REVIEW: [row_violations.unreviewed],
    Check.EXPUNGED: [
        row_violations.unexpunged,
        row_violations.unexpunged_field,
        object_violations.order_without_a_receipt,
    ],
    Check.PLACE: [
        row_violations.of_another_date,
        row_violations.of_another_bucket,
        row_violations.moved_to_another_study,
    ],
    Check.SCHEMA: [
        row_violations.of_another_schema,
        row_violations.of_another_fingerprint,
        row_violations.too_long,
        row_violations.undecodable,
    ],
    Check.DUPLICATES: [
        row_violations.twice_on_a_date,
        row_violations.twice_in_the_window,
        row_violations.twice_a_survey,
    ],
    Check.ENROLMENT: [
        row_violations.unenrolled,
        row_violations.lost_event,
        row_violations.lost_event_of_the_platform,
    ],
    Check.IDS: [
        object_violations.raw_in_payload,
        object_violations.raw_in_upper_case,
        object_violations.raw_without_hyphens,
        object_violations.raw_in_tags,
        object_violations.raw_document_id,
        object_violations.raw_participant,
        object_violations.nobodys_pseudonym,
        object_violations.raw_in_header,
        object_violations.short_participant,
        object_violations.raw_in_signal,
        object_violations.raw_in_event,
        object_violations.consent_without_a_pseudonym,
        object_violations.raw_in_plan,
        object_violations.raw_in_name,
        object_violations.raw_in_a_name_without_hyphens,
        object_violations.raw_in_gzip,
        object_violations.raw_in_a_big_object,
    ],
    Check.NETWORK: [object_violations.network_attribute, object_violations.network_key],
    Check.DEAD_LETTERS: [
        letter_violations.unsealed,
        letter_violations.letter_beside_clear_text,
        letter_violations.old_letters,
        letter_violations.old_lapsed_letters,
        letter_violations.foreign_letter,
        *(letter_violations.late_letters, letter_violations.old_withdrawals_of_nobody),
    ],
    Check.FILES: [
        object_violations.damaged_rows,
        object_violations.damaged_block,
        object_violations.cut_off,
        letter_violations.damaged_letter,
        object_violations.unsorted,
        object_violations.of_no_list,
    ],
    Check.RECEIPTS: [object_violations.lost_receipt],
    Check.CONCLUDED: [
        object_violations.left_of_concluded,
        object_violations.event_of_concluded,
        object_violations.consent_to_a_concluded_study,
        letter_violations.letters_of_concluded,
        derived_violations.derived_of_concluded,
        object_violations.enrolment_of_concluded,
    ],
    Check.KEYS: [object_violations.ping_key, object_violations.pseudonym_key],
    Check.ANNOUNCED: [
        object_violations.unannounced,
        object_violations.announced_too_late,
    ],
    Check.NOTICES: [
        object_violations.consent_to_an_unknown_notice,
        object_violations.enrolled_before_the_first_notice,
    ],
    Check.COPIES: [
        object_violations.unregistered_copy,
        object_violations.unknown_study,
        object_violations.unknown_document,
        object_violations.without_a_date,
        copy_violations.without_case,
        copy_violations.past_its_time,
        copy_violations.fetched_and_kept,
        copy_violations.refused_and_kept,
        copy_violations.of_who_left,
        copy_violations.changed,
        copy_violations.replaced,
        copy_violations.with_a_forged_record,
    ],
    Check.DERIVED: [
        derived_violations.derived_text,
        derived_violations.derived_upper,
        derived_violations.derived_gzip,
        derived_violations.derived_avro,
        part_violations.of_who_left,
    ],
    Check.VIEWS: [
        view_violations.missing,
        view_violations.of_nobody,
        view_violations.of_the_list_before,
        view_violations.of_people_who_stay,
    ],
    Check.RELEASES: [
        release_violations.file_beside,
        release_violations.file_changed,
        release_violations.unsigned,
        release_violations.unsubmitted,
    ],
    Check.LEDGER: [
        release_violations.line_lost,
        release_violations.line_forged,
        release_violations.rolled_back,
        release_violations.rolled_back_before_a_signature,
        release_violations.cut_back,
        release_violations.other_lines,
        release_violations.draft_lost,
        release_violations.draft_changed,
        release_violations.overspent,
        release_violations.unapproved,
    ],
}
LIMITS = {row_violations.late: Limits(deadline_days=3)}


@pytest.mark.parametrize(
    ("check", "violate"),
    [(check, violate) for check, makers in VIOLATIONS.items() for violate in makers],
    ids=lambda each: each.__name__ if callable(each) else str(each),
)
def test_violation_breaks_its_own_promise_and_no_other(deployment, check, violate):
    where, what = violate(deployment)

    report = deployment.audit(limits=LIMITS.get(violate, Limits()))

    assert set(lines_by_check(report)) == {check}
    assert lines_by_check(report, "unseen") == {}
    assert report.exit_status == 1
    seen = lines_by_check(report)[check]
    assert where is None or where in {each.where for each in seen}
    assert what is None or count_by_description(seen) == what


def test_every_check_is_broken_by_something():
    broken_elsewhere = {Check.LOCKS, Check.DECISIONS}  # see test_decisions.py
    assert {*VIOLATIONS, *broken_elsewhere} == set(Check)


def test_lock_without_end(make_deployment):
    deployment = make_deployment()
    deployment.begin_views(BOG)
    deployment.at(7)
    seen = lines_by_check(deployment.audit())
    assert set(seen) == {Check.LOCKS}
    assert [each.where for each in seen[Check.LOCKS]] == [BOG]


def test_lock_of_which_nothing_is_here_is_none(make_deployment):
    deployment = make_deployment()
    deployment.at(7)
    bog = replace(deployment.registry.studies[BOG], derived=())
    registry = Registry({BOG: bog})
    chain = read_chain(deployment.platform)
    states = States.of_chain(registry, chain)

    def broken(known):
        tally = audit_calendar(
            registry, states, chain, known, deployment.now, announced_days=14
        )
        return {line.check for line in tally.lines}

    assert (broken({BOG}), broken(())) == ({Check.LOCKS}, set())


def test_end_that_was_told_in_time_is_announced(deployment):
    object_violations.tell_end(deployment, day=-9)
    deployment.decide(POND, StudyAction.END, 7)
    assert Check.ANNOUNCED not in lines_by_check(deployment.audit())
