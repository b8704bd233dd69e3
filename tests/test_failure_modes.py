"""The table of failure modes in the documentation names tests that are there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
TABLE = (ROOT / "docs/deletion.md").read_text()
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\*|\w+)`")
ROW = re.compile(r"^\| (\d+) \|", re.MULTILINE)


def test_each_failure_mode_has_a_line():
    assert [int(number) for number in ROW.findall(TABLE)] == list(range(1, 40))


def test_each_test_that_is_named_is_there():
    named = NAMED.findall(TABLE)
    assert len(named) > 40
    missing = [
        f"{path}::{name}" for path, name in named if not _is_there(ROOT / path, name)
    ]
    assert missing == []


def _is_there(path: Path, name: str) -> bool:
    if not path.is_file():
        return False
    text = path.read_text()
    wanted = "test_" if name == "*" else name
    return re.search(rf"(def|class) {wanted}", text) is not None
