"""`rally studies inventory`, as somebody types it who publishes it."""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rally.commands.studies import COMMAND
from rally.errors import ConfigurationError
from rally.events import Event, EventKind, write_events
from rally.parser import Parser
from rally.registry.transitions import StudyAction
from rally.times import to_micros
from rally.withdrawal.withdrawal_list import WithdrawalList
from tests.support.stores import mark_stores, publish
from tests.support.study_decisions import decide_study

TEST_STUDIES = Path(__file__).resolve().parents[2] / "studies"
FOO = "rally-study-foo"


@pytest.fixture
def inventory(capsys, tmp_path):
    """Runs the command into a folder; returns status, output and inventory.json."""

    def run(*words, studies=TEST_STUDIES, as_of="2021-06-01"):
        parser, out = Parser("rally"), tmp_path / "out"
        COMMAND.add_to(parser.add_subparsers(), "rally")
        where = (f"--out={out}", f"--studies={studies}", f"--as_of={as_of}")
        args = parser.parse_args(["studies", "inventory", *where, *words])
        status, said = args.handler(args), capsys.readouterr()
        content = json.loads((out / "inventory.json").read_text())
        return status, said.out.replace(str(out), "OUT"), said.err, content

    return run


def founded(tmp_path):
    """A platform on which nobody has left."""
    platform = mark_stores(tmp_path / "store").platform
    publish(platform, WithdrawalList())
    return platform


def states(content):
    return {each["namespace"]: each["state"] for each in content["studies"]}


def test_registry_becomes_a_site(inventory):
    status, out, err, content = inventory()
    assert (status, out, err) == (0, "OUT: 4 studies, 26 files\n", "")
    assert (content["as_of"], content["decisions_known"]) == ("2021-06-01", False)
    assert set(states(content).values()) == {"collecting"}


def test_platform_adds_signed_decisions(inventory, tmp_path):
    platform = founded(tmp_path)
    at = datetime(2021, 5, 1, tzinfo=UTC)
    decide_study(platform, FOO, StudyAction.PAUSE, at, "stop")
    for place in (f"--store={tmp_path}/store", f"--platform={tmp_path}/store/platform"):
        _, _, _, content = inventory(place)
        assert (content["decisions_known"], content["development"]) == (True, True)
        assert states(content)[FOO] == "paused"


def test_platform_adds_how_many_take_part(inventory, tmp_path):
    platform = founded(tmp_path)
    sent = to_micros(datetime(2021, 5, 1, tzinfo=UTC))
    signal = f"{FOO}/study-enrollment.1"
    write_events(
        platform,
        [
            Event(EventKind.JOINED, FOO, f"{it}", sent, None, f"{it}", signal)
            for it in range(23)
        ],
        "1",
    )
    _, _, _, content = inventory(f"--store={tmp_path}/store")
    told = {each["namespace"]: each["participants"] for each in content["studies"]}
    assert told == dict.fromkeys(told, 0) | {FOO: 20}
    _, _, _, content = inventory()
    assert {each["participants"] for each in content["studies"]} == {None}


def test_study_with_a_fault_is_named_and_the_others_are_shown(inventory, tmp_path):
    studies = tmp_path / "studies"
    shutil.copytree(TEST_STUDIES, studies)
    (studies / "study-foo" / "test.1.avsc").unlink()
    status, _, err, content = inventory(studies=studies)
    assert status == 1
    assert "study-foo/study.yaml" in err
    assert content["unavailable"] == ["study-foo"]
    assert "study-foo" not in states(content)


def test_what_is_no_platform_is_one_line(inventory, tmp_path):
    with pytest.raises(ConfigurationError) as caught:
        inventory(f"--platform={tmp_path}/nowhere")
    assert "is not a platform" in str(caught.value)
    assert not (tmp_path / "out").exists()
