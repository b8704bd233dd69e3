"""`rally studies due`: the yearly survey, as an operator reads it."""

import json
from datetime import UTC, datetime

import pytest

from rally.commands.studies import COMMAND
from rally.initialisation.development_reviews import import_reviews
from rally.parser import Parser
from rally.registry.registry import Registry
from tests.support.people import signer
from tests.support.stores import mark_stores
from tests.support.world import POND, write_studies

SIGNED = datetime(2026, 1, 20, tzinfo=UTC)


@pytest.fixture
def due(tmp_path, capsys):
    """Runs `rally studies due`, by default with what people signed."""
    studies = tmp_path / "studies"
    write_studies(studies)
    file = studies / POND / "reviews" / "r1.yaml"
    file.write_text(file.read_text().replace("until: 2026-12-31", "until: 2026-06-20"))
    platform = mark_stores(tmp_path / "store").platform
    registry = Registry.load(str(studies))
    [*import_reviews(platform, registry, signer("registrar"), lambda _: SIGNED)]

    def run(*words, store=f"--store={tmp_path / 'store'}", command="due"):
        parser = Parser("rally")
        COMMAND.add_to(parser.add_subparsers(), "rally")
        given = filter(None, [*words, store, f"--studies={studies}"])
        args = parser.parse_args(["studies", command, *given])
        return args.handler(args), capsys.readouterr().out

    return run


def test_reviews_are_listed_by_owner_and_day(due):
    assert due("--as_of=2026-06-21", "--days=250") == (
        0,
        """\
OWNER   STUDY        REVIEW  DOCUMENT            WHAT ENDS     DAY         DAYS  FIELDS
author  rally-pond   r1      visit.1             last day      2026-06-20    -1  -
author  rally-house  r1      enrollment.1        confirmation  2027-01-19   212  -
author  rally-house  r1      study-enrollment.1  confirmation  2027-01-19   212  -
""",
    )


def test_nothing_is_due(due):
    assert due("--as_of=2026-05-20") == (0, "Nothing ends within 30 days.\n")


def test_json_has_the_same(due):
    status, out = due("--as_of=2026-06-01", "--json")
    assert status == 0
    assert json.loads(out) == {
        "due": [
            {
                "owner": "author",
                "study": POND,
                "review": "r1",
                "document": "visit.1",
                "what": "last day",
                "day": "2026-06-20",
                "days": 19,
                "fields": [],
            }
        ]
    }


def test_list_of_studies_says_what_ends_soon(due):
    status, out = due("--as_of=2026-06-01", command="list")
    assert status == 0
    assert (
        out
        == """\
NAMESPACE     KIND      STATE       STARTS      COLLECTS THROUGH  DOCUMENTS
rally-garden  study     collecting  2026-02-01  2026-12-31                3
rally-house   platform  collecting  2026-02-01  -                         4
rally-pond    study     collecting  2026-02-01  2026-12-31                1

rally-pond/visit.1: approval ends in 19 days
"""
    )
    _, out = due("--as_of=2026-06-01", "--json", command="list")
    assert json.loads(out)["ending"] == ["rally-pond/visit.1: approval ends in 19 days"]
    assert due("--as_of=2026-05-20", command="list")[1].count("\n") == 4


def test_records_are_taken_at_their_word_without_a_platform(due):
    status, out = due("--as_of=2026-05-01", "--days=0", store="")
    assert status == 0
    assert out == (  # nobody is asked to confirm
        "Nothing ends within 0 days.\n\nReviews: signatures not checked; --platform or"
        " --store says where they are.\n"
    )
