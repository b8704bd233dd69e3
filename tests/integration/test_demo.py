"""The demo's stream does what its batch does."""

import re

import pytest

from pipelines.demo import command

pytestmark = [pytest.mark.integration, pytest.mark.slow("lives")]


def shown(capsys, out, *options: str) -> str:
    """What a demo prints, without how long it took, where it was, ids and keys."""
    assert command.main([f"--out={out}", *options]) == 0
    output = capsys.readouterr().out.replace(str(out), "OUT")
    output = re.sub(r"\(platform [0-9a-f]{32}\)", "(platform ID)", output)
    output = re.sub(r"\b[0-9a-f]{8}\b|age1\w+", "RANDOM", output)
    output = re.sub(r"[\d,]+ bytes", "SIZE", output)
    output = re.sub(r"[\d,]+ (?=\N{PLUS-MINUS SIGN})|\b[0-9a-f]{64}\b", "NOISE", output)
    return re.sub(r"in [\d.]+ s,", "in a while,", output)


def test_demo_shows_the_same_through_pubsub(tmp_path, capsys, pubsub_emulator):
    batch = shown(capsys, tmp_path / "batch")
    assert shown(capsys, tmp_path / "stream", "--streaming") == batch
    assert batch.count("\n") > 90
