"""Names that strangers choose act on no terminal, whichever command shows them."""

import json
import os
import shutil
from pathlib import Path

import pytest

from pipelines import cli
from tests.support.world import GARDEN, write_lines

EVIL = "a\x1b[2J\x9b\nrally: all is well\u202e\r"
HIDDEN = "b\u202egpj\u2066\u200b"
"""No control character in it."""

COMMANDS = {
    "ingest": ["ingest", "--input={inputs}/*"],
    "replay": ["replay"],
    "compact": ["compact"],
    "delete": ["delete"],
    "delete --plan_only": ["delete", "--plan_only"],
    "purge": ["purge", "--archives={inputs}/*"],
    "purge --plan_only": ["purge", "--plan_only", "--archives={inputs}/*"],
    "audit": ["audit"],
    "audit --json": ["audit", "--json=-"],
    "audit --html": ["audit", "--html={inputs}/audit.html"],
    "withdrawals": ["withdrawals", "--requests"],
    "withdrawals --json": ["withdrawals", "--requests", "--json"],
    "receipts verify": ["receipts", "verify"],
    "studies list": ["studies", "list"],
    "studies show": ["studies", "show", GARDEN],
    "studies check": ["studies", "check"],
    "studies conclude": ["studies", "conclude", GARDEN, "--plan_only"],
    "keys list": ["keys", "list"],
    "decisions list": ["decisions", "list"],
    "decisions verify": ["decisions", "verify"],
    "people list": ["people", "list"],
    "an option": ["purge", f"--confirm={EVIL}"],
    "an argument": ["studies", "show", EVIL],
    "a command": [EVIL],
}
ONLY = {
    "studies list": ("store", "studies", "as_of"),
    "receipts verify": ("store", "keys", "studies"),
    "studies show": ("store", "studies", "as_of"),
    "an argument": ("store", "studies", "as_of"),
    "studies check": ("studies",),
    "keys list": ("keys",),
    "decisions list": ("store",),
    "decisions verify": ("store",),
    "people list": ("store",),
    "a command": (),
}


@pytest.fixture(scope="module")
def strange(world, tmp_path_factory):
    """A store, a registry, inputs and archives in which a stranger named everything."""
    folder = tmp_path_factory.mktemp("strange")
    store, inputs = str(folder / "store"), folder / "inputs"
    inputs.mkdir()
    path = write_lines(folder / "in.ndjson", [world.visit(1, 4), world.visit(2, 5)])
    assert cli.main(["ingest", f"--input={path}", *world.options(store)]) == 0
    visits = next(Path(store).glob("data/study=*/document=visit.1/*/bucket=new"))
    for name in (EVIL, HIDDEN):
        for where in (visits, visits.parent, Path(store), Path(store) / "data",
                      Path(store) / "platform", Path(store) / "platform" / "events",
                      Path(store) / "platform" / "decisions",
                      Path(store) / "platform" / "receipts", inputs):  # fmt: skip
            where.mkdir(parents=True, exist_ok=True)
            (where / f"{name}.avro").write_bytes(b"Obj\x01 not")
        (Path(store) / "copies" / name).mkdir(parents=True)
        (Path(store) / "copies" / name / "a.csv").write_bytes(b"x")
        os.symlink("/", visits / f"{name}-link.avro")
        letters = Path(store) / "platform/dead-letters" / f"study={name}"
        letters.mkdir(parents=True)
        (letters / "a.avro").write_bytes(b"x")
    studies = folder / "studies"
    shutil.copytree(world.studies, studies)
    (studies / f"rally-{HIDDEN}").mkdir()
    (studies / f"rally-{HIDDEN}" / "study.yaml").write_text(
        f"name: {json.dumps(EVIL)}\nmore: {json.dumps(HIDDEN)}\n"
    )
    return store, str(studies), str(inputs)


def options(world, strange, command):
    """A command's options for this place."""
    store, studies, _ = strange
    given = dict(
        each.removeprefix("--").split("=", 1) for each in world.options(store)
    ) | {"studies": studies, "as_of": "2026-06-20"}
    wanted = ONLY.get(command, tuple(given))
    return [f"--{name}={given[name]}" for name in wanted]


def acts(text):
    """The characters of an output that do something."""
    return {each for each in text if not each.isprintable() and each != "\n"}


@pytest.mark.parametrize("command", COMMANDS)
def test_no_name_acts_on_the_terminal(world, strange, capsys, command):
    words = [each.replace("{inputs}", strange[2]) for each in COMMANDS[command]]
    cli.main([*words, *options(world, strange, command)])
    printed = "".join(capsys.readouterr())
    assert printed
    assert acts(printed) == set()
    assert not any(line.startswith("rally: all is") for line in printed.splitlines())


def test_page_shows_what_turns_a_line_around(world, strange, tmp_path):
    page = tmp_path / "audit.html"
    cli.main(["audit", f"--html={page}", *options(world, strange, "audit")])
    text = page.read_text()
    assert acts(text) == set()
    assert "b\\u202egpj" in text


def test_names_are_told_by_purge_and_audit(world, strange, capsys):
    for job in ("purge", "audit"):
        cli.main([job, *options(world, strange, job)])
        assert "b\\u202egpj\\u2066\\u200b" in "".join(capsys.readouterr())
