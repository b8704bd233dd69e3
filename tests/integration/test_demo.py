"""The demo's stream does what its batch does."""

import pytest

from pipelines.demo import command

pytestmark = pytest.mark.integration


def outcomes(output: str) -> str:
    """The table of what became of the pings."""
    return output[output.index("study  ") :].split("\n\n")[0]


def test_demo_shows_the_same_through_pubsub(tmp_path, capsys, pubsub_emulator):
    assert command.main([f"--out={tmp_path / 'batch'}"]) == 0
    batch = outcomes(capsys.readouterr().out)
    assert command.main([f"--out={tmp_path / 'stream'}", "--streaming"]) == 0
    assert outcomes(capsys.readouterr().out) == batch
    assert batch.count("\n") == 20
