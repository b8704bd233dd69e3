"""Who leaves with a copy waits for it, 20 days at most, and nobody else does."""

import pytest

from rally.access.records import DestroyedFor
from rally.decisions.contents import DecisionKind, RequestDecision
from rally.decisions.writing import decide
from rally.errors import ConfigurationError
from rally.withdrawal.requests import key_of, subject_of
from rally.withdrawal.rulings import RequestAction, choose
from tests.support.access_cases import (
    approved_case,
    built,
    destroyed,
    fetched,
    open_case,
    put_record,
    refuse_case,
    verify_case,
)
from tests.support.memory_deployment import Row, day
from tests.support.people import signer
from tests.support.world import GARDEN

ANN, BEN = 1, 2


@pytest.fixture
def garden(deployment):
    """Ann and Ben have a row each; a copy of Ann's is approved on day 15."""
    for person in (ANN, BEN):
        deployment.join(person, GARDEN, 2)
    deployment.put(deployment.indexed_file([Row(ANN, 1), Row(BEN, 2)]))
    deployment.now = day(20.5)
    return deployment


def ask(deployment, **options):
    participant = deployment.platform_pseudonym(ANN)
    options = {"leaves": True, "when": day(15), **options}
    return approved_case(deployment.platform, participant, **options)


def request(deployment):
    """How Ann's request stands."""
    (found,) = deployment.withdrawals().withdrawals
    return found.status, found.held_for


def run(deployment, at):
    deployment.now = day(at)
    return deployment.delete()


def test_who_leaves_with_a_copy_waits_for_it(garden):
    ask(garden)
    garden.leave(ANN, GARDEN, 20)
    run(garden, 20.5)
    assert (request(garden), garden.numbers()) == (("held", "copy"), [1, 2])
    (found,) = garden.withdrawals().withdrawals
    assert (found.held_until, found.awaits_decision) == (
        found.time + 20 * 86_400_000_000,
        False,
    )
    put_record(garden.platform, built(day(21)))
    run(garden, 22)
    assert garden.numbers() == [1, 2]
    put_record(garden.platform, fetched(day(22)))
    run(garden, 23)
    assert (request(garden), garden.numbers()) == (("active", ""), [2])


ENDS = {
    "fetched": lambda platform: put_record(platform, fetched(day(22))),
    "destroyed": lambda platform: put_record(
        platform, destroyed(day(22), why=DestroyedFor.EXPIRED)
    ),
    "refused": refuse_case,
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_the_end_of_the_case_ends_it(garden, end):
    ask(garden)
    garden.leave(ANN, GARDEN, 20)
    put_record(garden.platform, built(day(20)))
    run(garden, 20.5)
    assert garden.numbers() == [1, 2]
    end(garden.platform)
    run(garden, 22)
    assert garden.numbers() == [2]


def test_a_copy_that_expires_ends_it(garden):
    ask(garden)
    garden.leave(ANN, GARDEN, 20)
    put_record(garden.platform, built(day(20)))
    run(garden, 26.9)
    assert garden.numbers() == [1, 2]
    run(garden, 27)
    assert garden.numbers() == [2]


def test_it_lasts_for_twenty_days_at_most_and_never_past_the_deadline(garden):
    ask(garden)
    garden.leave(ANN, GARDEN, 20)
    run(garden, 39.9)
    assert garden.numbers() == [1, 2]
    participant = garden.platform_pseudonym(ANN)
    approved_case(garden.platform, participant, case="0" * 8, when=day(39), leaves=True)
    run(garden, 40)  # whatever other cases there are
    assert garden.numbers() == [2]


NOT_DELAYED = {
    "no case": lambda each: None,
    "a case that says nothing of leaving": lambda each: ask(each, leaves=False),
    "a case that is not verified": lambda each: open_case(
        each.platform, each.platform_pseudonym(ANN), leaves=True
    ),
    "a case of somebody else": lambda each: approved_case(
        each.platform, each.platform_pseudonym(BEN), leaves=True
    ),
    "a refused case": lambda each: (ask(each), refuse_case(each.platform)),
}


@pytest.mark.parametrize("prepare", NOT_DELAYED.values(), ids=NOT_DELAYED)
def test_nobody_else_waits(garden, prepare):
    prepare(garden)
    garden.leave(ANN, GARDEN, 20)
    run(garden, 20.5)
    assert garden.numbers() == [2]


def test_what_was_admitted_before_the_case_was_verified_is_carried_out(garden):
    open_case(garden.platform, garden.platform_pseudonym(ANN), leaves=True)
    garden.leave(ANN, GARDEN, 20)
    garden.now = day(20.5)
    garden.job().plan()
    verify_case(garden.platform)
    run(garden, 21)
    assert (request(garden), garden.numbers()) == (("active", ""), [2])


@pytest.mark.parametrize(
    ("kind", "left"), [(DecisionKind.CONFIRM, [2]), (DecisionKind.REJECT, [1, 2])]
)
def test_a_person_can_confirm_it_and_nobody_can_reject_it(garden, kind, left):
    ask(garden)
    garden.leave(ANN, GARDEN, 20)
    run(garden, 20.5)
    published = garden.withdrawals()
    (found,) = published.withdrawals
    given = published, published, None, [found.request]
    assert choose(RequestAction.CONFIRM, *given) == [found]
    with pytest.raises(ConfigurationError):
        choose(RequestAction.REJECT, *given)
    content = RequestDecision((subject_of(key_of(found)),), "signed all the same")
    counter = published.counter
    decide(garden.platform, signer("decide"), kind, content, day(21), counter=counter)
    run(garden, 21)
    assert garden.numbers() == left
    run(garden, 40)
    assert garden.numbers() == [2]
