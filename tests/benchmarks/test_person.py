import json

import pytest

from benchmarks import person

pytestmark = pytest.mark.slow("benchmarks")


def test_figures_are_of_the_people_who_were_asked_for(tmp_path, capsys):
    words = ["--rows=2000", "--people=50", "--persons=3"]
    assert person.main([*words, f"--json={tmp_path / 'out.json'}"]) == 0
    told = json.loads((tmp_path / "out.json").read_text())
    assert 20 < told["rows"] < 60
    assert 0 < told["read"] < told["size"]
    first, *lines = capsys.readouterr().out.splitlines()
    assert first.startswith("2,000 rows of 50 people, ")
    assert [line[:18].rstrip() for line in lines] == [
        *("rows of a person", "show", "export", "full read", "read of files")
    ]
