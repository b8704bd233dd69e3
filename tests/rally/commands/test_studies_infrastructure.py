"""`rally studies infrastructure`, as an operator types it."""

import json
import shutil
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
import yaml

from rally.commands.studies import COMMAND
from rally.errors import ConfigurationError
from rally.parser import Parser
from rally.registry.registry import Registry
from rally.registry.review_files import dump_review
from rally.registry.reviews import Recipient
from rally.registry.transitions import StudyAction
from tests.rally.commands.test_studies import TEST_STUDIES
from tests.support.reviews import sign_reviews
from tests.support.stores import mark_stores
from tests.support.study_decisions import decide_study

ACCESS = {
    "group": "birds@example.org",
    "agreement": "2021-7",
    "from": "2021-01-01",
    "until": "2022-12-31",
}
BIRDS = Recipient("birds@example.org", "2021-7", date(2022, 12, 31))
LET_IN = {
    "study": "rally-study-foo",
    "group": "birds@example.org",
    "from": "2021-01-01T00:00:00Z",
    "until": "2023-01-01T00:00:00Z",
}
CONCLUDED = datetime(2022, 5, 1, tzinfo=UTC)


@pytest.fixture
def studies(tmp_path):
    """The test studies; of one, researchers may read."""
    folder = tmp_path / "studies"
    shutil.copytree(TEST_STUDIES, folder)
    file = folder / "rally-study-foo" / "study.yaml"
    access = yaml.safe_dump({"access": [ACCESS]}).replace("'", "")
    file.write_text(file.read_text() + access)
    return folder


def name_readers(studies, *readers):
    """Has the review of that study name these recipients."""
    [review] = Registry.load(str(studies)).studies["rally-study-foo"].reviews
    request = review.request._replace(recipients=readers)
    file = studies / "rally-study-foo/reviews" / f"{review.id}.yaml"
    file.write_text(dump_review(replace(review, request=request)))


@pytest.fixture
def platform(studies, tmp_path):
    """A platform where the review is signed, and where that study was concluded."""
    name_readers(studies, BIRDS)
    store = mark_stores(tmp_path / "store", tmp_path / "platform").platform
    sign_reviews(store, Registry.load(str(studies)))
    decide_study(store, "rally-study-foo", StudyAction.CONCLUDE, CONCLUDED)
    return store.uri


@pytest.fixture
def infrastructure(studies, capsys):
    """Types the command; its status, what it printed, and what it said."""

    def run(*words):
        parser = Parser("rally")
        COMMAND.add_to(parser.add_subparsers(), "rally")
        typed = ["studies", "infrastructure", f"--studies={studies}", *words]
        args = parser.parse_args(typed)
        status = args.handler(args)
        printed = capsys.readouterr()
        return status, json.loads(printed.out), printed.err

    return run


def concluded(found):
    return [name for name, each in found["studies"].items() if each["concluded"]]


def test_researchers_are_let_in_until_the_study_is_concluded(infrastructure, platform):
    status, found, said = infrastructure(
        f"--platform={platform}", "--as_of=2022-04-30T23:59:59Z"
    )
    assert (status, said) == (0, "")
    assert concluded(found) == []
    assert found["access"] == [LET_IN]


OTHERS = {
    "another group": ({"group": "eve@example.org"}, "does not name eve@example.org"),
    "another agreement": ({"agreement": "none"}, "does not name birds@example.org"),
    "longer": (
        {"until": "2023-01-01"},
        "lets birds@example.org (2021-7) read until 2022-12-31, and not until"
        " 2023-01-01",
    ),
}


@pytest.mark.parametrize(("changes", "why"), OTHERS.values(), ids=OTHERS)
def test_nobody_is_let_in_whom_the_review_was_not_signed_for(
    studies, infrastructure, platform, changes, why
):
    """Whoever writes study.yaml could name anybody."""
    file = studies / "rally-study-foo" / "study.yaml"
    more = {**ACCESS, **changes}
    entries = yaml.safe_dump([more]).replace("'", "")
    file.write_text(file.read_text() + entries)
    words = (f"--platform={platform}", "--as_of=2022-04-30T23:59:59Z")
    status, found, said = infrastructure(*words)
    assert (status, found["access"]) == (0, [LET_IN])
    name = f"{more['group']} ({more['agreement']})"
    begin = f"rally: rally-study-foo: {name} is left out: review 2020-03-15: {why}"
    assert said.startswith(begin)
    assert said.count("\n") == 1


def test_words_of_a_record_let_nobody_in(studies, infrastructure, platform):
    """A record that was changed since it was signed counts no more."""
    eve = Recipient("eve@example.org", "2021-7", date(2022, 12, 31))
    name_readers(studies, BIRDS, eve)
    words = (f"--platform={platform}", "--as_of=2022-04-30T23:59:59Z")
    _, found, said = infrastructure(*words)
    assert found["access"] == []
    assert said == (
        "rally: rally-study-foo: birds@example.org (2021-7) is left out: no signed"
        " review counts\n"
    )


def test_from_its_conclusion_on_nobody_is(infrastructure, platform):
    for words in (["--as_of=2022-05-01"], []):
        status, found, said = infrastructure(f"--platform={platform}", *words)
        assert (status, said) == (0, "")
        assert concluded(found) == ["rally-study-foo"]
        assert found["access"] == []
        assert len(found["studies"]) == 4


def test_without_the_log_access_is_left_out_and_that_is_said(infrastructure):
    status, found, said = infrastructure()
    assert status == 0
    assert found["access"] == []
    assert {each["concluded"] for each in found["studies"].values()} == {None}
    assert said == (
        "rally: access is left out, and `concluded` is null, which Terraform refuses:"
        " only the platform's log knows; give --platform, or --store\n"
    )


def test_a_store_that_is_one_a_study_needs_its_platform(infrastructure):
    with pytest.raises(ConfigurationError, match="--platform"):
        infrastructure("--store=gs://rally-study-{study}")


def test_a_place_that_is_no_platform_lets_nobody_in(infrastructure, tmp_path):
    with pytest.raises(ConfigurationError) as caught:
        infrastructure(f"--platform={tmp_path}/platfrom")
    assert str(caught.value) == (
        f"{tmp_path}/platfrom: is not a platform: it has no rally-store.json; is it"
        " mounted? Correct --platform, or make it one by `rally init`"
    )


def test_a_platform_that_cannot_be_read_lets_nobody_in(infrastructure, tmp_path):
    mark_stores(tmp_path / "store", tmp_path / "platform")
    link = tmp_path / "platform/decisions/000000000002.json"
    link.symlink_to("000000000001.json")
    with pytest.raises(ConfigurationError) as caught:
        infrastructure(f"--platform={tmp_path}/platform")
    assert str(caught.value) == (
        f"{tmp_path}/platform: cannot be read (is a link, which nobody follows or"
        " opens); check that this account may"
    )
