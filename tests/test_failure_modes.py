"""The table of failure modes in the documentation names tests that are there."""

import re

from tests.support.named_tests import ROOT, find_missing, find_named

TABLE = (ROOT / "docs/deletion.md").read_text()
ROW = re.compile(r"^\| (\d+) \|", re.MULTILINE)


def test_each_failure_mode_has_a_line():
    numbers = [int(number) for number in ROW.findall(TABLE)]
    assert numbers == [*range(1, len(numbers) + 1)]
    assert len(numbers) >= 45


def test_each_test_that_is_named_is_there():
    tests = [named for named in find_named(TABLE) if named.is_test]
    assert len(tests) > 40
    assert find_missing(TABLE) == []
