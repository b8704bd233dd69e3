"""People suspend documents, reinstate them, and confirm reviews."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from rally.commands.studies import COMMAND
from rally.decisions.contents import DecisionKind, ReviewDecision
from rally.decisions.verifying import read_chain
from rally.decisions.writing import decide
from rally.errors import ConfigurationError
from rally.initialisation.development_reviews import import_reviews
from rally.parser import Parser
from rally.registry.approvals import Approvals
from rally.registry.registry import Registry
from rally.registry.review_files import dump_review
from rally.registry.review_judging import CONFIRMED_FOR
from rally.registry.reviews import Incremental
from tests.support.people import make_people_keys, signer
from tests.support.stores import FOUNDED, mark_stores
from tests.support.world import GARDEN, write_studies

NOW = datetime.now(UTC)
VISIT = f"{GARDEN}/visit.1"
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"


class Desk:
    """Where people type `rally studies …` about a registry whose reviews go on."""

    def __init__(self, folder, capsys):
        self.studies, self._capsys = folder / "studies", capsys
        write_studies(self.studies)
        self._extend()
        self.platform = mark_stores(folder / "store").platform
        self._options = [
            f"--studies={self.studies}",
            f"--store={folder / 'store'}",
            f"--people_keys={make_people_keys(folder / 'people')}",
            "--note=a test",
        ]

    def _extend(self):
        """Writes the review anew, for days around today."""
        study = Registry.load(str(self.studies)).studies[GARDEN]
        [review] = study.reviews
        first, last = (NOW + timedelta(days=days) for days in (-10, 1000))
        self.extend(review, first.date(), last.date())

    def extend(self, review, first, last):
        """Writes a record whose schemas are covered on these days."""
        covers = tuple(each._replace(first=first, last=last) for each in review.covers)
        record = dump_review(replace(review, covers=covers))
        (self.studies / GARDEN / "reviews" / f"{review.id}.yaml").write_text(record)

    def sign(self, at=FOUNDED):
        """The registrar attests all reviews."""
        registry = Registry.load(str(self.studies))
        [*import_reviews(self.platform, registry, signer("registrar"), lambda _: at)]

    def type(self, *words):
        parser = Parser("rally")
        COMMAND.add_to(parser.add_subparsers(), "rally")
        args = parser.parse_args(["studies", *words, *self._options])
        return args.handler(args), self._capsys.readouterr().out

    def refused(self, *words):
        with pytest.raises(ConfigurationError) as caught:
            self.type(*words)
        return str(caught.value)

    def covers(self, days=0):
        """Whether visits are collected, so many days from now."""
        registry = Registry.load(str(self.studies))
        approvals = Approvals.of_chain(registry, read_chain(self.platform))
        document = registry.studies[GARDEN].documents["visit.1"]
        time = datetime.now(UTC) + timedelta(days=days)
        return bool(approvals.covering(document, time))


@pytest.fixture
def desk(tmp_path, capsys):
    return Desk(tmp_path, capsys)


def test_document_is_suspended_and_reinstated(desk):
    desk.sign(NOW)
    assert desk.covers()
    status, out = desk.type("suspend", GARDEN, "visit", "--by=stop")
    assert status == 0
    assert re.fullmatch(f"{VISIT}: suspended from {TIME}\n", out)
    assert not desk.covers()
    status, out = desk.type("reinstate", GARDEN, "visit.1", "--by=decide")
    assert status == 0
    assert re.fullmatch(f"{VISIT}: reinstated from {TIME}\n", out)
    assert desk.covers()
    kinds = [each.entry.kind for each in read_chain(desk.platform).records[-2:]]
    assert kinds == [DecisionKind.SUSPEND, DecisionKind.RELEASE]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("reinstate", GARDEN, "visit.1", "--by=decide"), f"{VISIT}: is not suspended"),
        (("suspend", GARDEN, "visit.1", "--by=author"),
         "--by: author may not decide that; it takes the role decide or stop"),
        (("suspend", GARDEN, "visit.1"), "--by: is missing; say who decides"),
        (("suspend", GARDEN, "page.1", "--by=stop"),
         f"page.1: is no document of {GARDEN}; it has deletion-request.1,"
         " pioneer-enrollment.1, study-enrollment.1, study-unenrollment.1, visit.1"),
        (("suspend", GARDEN, "pioneer-enrollment.1", "--by=stop"),
         f"{GARDEN}/pioneer-enrollment.1: is the protocol's own and cannot be"
         " suspended; pause the study"),
        (("confirm", GARDEN, "r9", "--by=author"),
         f"r9: is no review of {GARDEN}; it has r1"),
        (("confirm", GARDEN, "r1", "--by=steward"),
         f"--by: r1 of {GARDEN} is confirmed by its owner, author"),
        (("confirm", GARDEN, "r1", "--by=author"),
         f"{GARDEN}: r1: does not count, so nothing can be confirmed; `rally studies"
         " check` says what it lacks"),
    ],
    ids=lambda value: value[:50] if isinstance(value, str) else value[0],
)  # fmt: skip
def test_what_makes_no_sense_is_one_line(desk, words, message):
    before = len(read_chain(desk.platform).records)
    assert desk.refused(*words) == message
    assert len(read_chain(desk.platform).records) == before


def test_incremental_change_is_confirmed_by_what_it_is_of(desk):
    study = Registry.load(str(desk.studies)).studies[GARDEN]
    [review] = study.reviews
    request = review.request._replace(answers=())
    change = replace(
        review,
        id="r2",
        request=request,
        steward=None,
        sign_offs=None,
        incremental=Incremental("r1"),
    )
    record = desk.studies / GARDEN / "reviews/r2.yaml"
    record.write_text(dump_review(change))
    assert desk.refused("confirm", GARDEN, "r2", "--by=author") == (
        f"{GARDEN}: r2 is incremental to r1; confirm that"
    )


def test_nothing_is_suspended_or_reinstated_twice(desk):
    desk.type("suspend", GARDEN, "visit.1", "--by=stop")
    assert desk.refused("suspend", GARDEN, "visit.1", "--by=stop") == (
        f"{VISIT}: is already suspended"
    )
    assert desk.refused("reinstate", GARDEN, "visit.1", "--by=stop") == (
        "--by: stop may not decide that; it takes the role decide"
    )


def test_owner_confirms_a_review_for_another_year(desk):
    desk.sign(NOW - CONFIRMED_FOR - timedelta(days=1))
    assert not desk.covers()
    until = (datetime.now(UTC) + CONFIRMED_FOR).date()
    assert desk.type("confirm", GARDEN, "r1", "--by=author") == (
        0,
        f"{GARDEN}: r1 is confirmed until {until}\n",
    )
    assert desk.covers()
    assert desk.covers(364)
    assert not desk.covers(366)


def test_review_that_was_withdrawn_is_not_confirmed(desk):
    desk.sign()
    withdrawal = ReviewDecision(GARDEN, "r1", "it was wrong")
    kind = DecisionKind.WITHDRAW_REVIEW
    decide(desk.platform, signer("privacy"), kind, withdrawal, FOUNDED)
    assert desk.refused("confirm", GARDEN, "r1", "--by=author") == (
        f"{GARDEN}: r1: was withdrawn; another review is needed"
    )


def test_review_that_ended_is_not_confirmed(desk):
    [review] = Registry.load(str(desk.studies)).studies[GARDEN].reviews
    desk.extend(review, date(2026, 2, 1), date(2026, 3, 1))
    desk.sign(datetime(2026, 1, 20, tzinfo=UTC))
    assert desk.refused("confirm", GARDEN, "r1", "--by=author") == (
        f"{GARDEN}: r1: ended on 2026-03-01; it takes a renewal, which is another"
        " review"
    )
