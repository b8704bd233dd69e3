"""YAML of plain values: what the file shows is what is read, at a bounded cost."""

import subprocess
import sys
from datetime import date

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from rally.errors import ConfigurationError, faults_of
from rally.fields import MOST_FAULTS, UnreadableValue, raise_all
from rally.plain_yaml import MAX_BYTES, MAX_DEPTH, MAX_VALUES, read_yaml


def read(text: str | bytes) -> object:
    yaml = read_yaml("f", text if isinstance(text, bytes) else text.encode())
    raise_all([*yaml.faults, *yaml.unreadable])
    return yaml.value


def faults(text: str | bytes) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        read(text)
    assert len(str(caught.value).splitlines()) == 1
    return list(faults_of(caught.value))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12),
        ("-3", -3),
        ("0", 0),
        ("'12'", "12"),
        ('"12"', "12"),
        ("|\n  12", "12"),
        ("2022-03-10", date(2022, 3, 10)),
        ("'2022-03-10'", "2022-03-10"),
        ("2022-03-10T00:00:00Z", "2022-03-10T00:00:00Z"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("null", None),
        ("", None),
        ("NO", "NO"),
        ("yes", "yes"),
        ("on", "on"),
        ("010", "010"),
        ("0o10", "0o10"),
        ("0x1f", "0x1f"),
        ("0b1", "0b1"),
        ("1_000", "1_000"),
        ("1:20", "1:20"),
        ("1:20.5", "1:20.5"),
        ("+1", "+1"),
        ("1.5", "1.5"),
        ("1e3", "1e3"),
        (".inf", ".inf"),
        ("=", "="),
        ("9" * 99, int("9" * 99)),
        ("9" * 101, "9" * 101),
        ("[a, {b: c}]", ["a", {"b": "c"}]),
        ("{1: 2, 2022-03-10: x}", {1: 2, date(2022, 3, 10): "x"}),
        ("a: &x [1]\nb: *x", {"a": [1], "b": [1]}),
        ("\ufeffa: 1", {"a": 1}),
        ("# nothing", None),
    ],
)
def test_value_is_what_the_file_shows(text, value):
    found = read(text)
    assert (found, type(found)) == (value, type(value))


def plain(leaves):
    return st.lists(leaves) | st.dictionaries(st.text(), leaves)


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(10**18), 10**18)
        | st.text()
        | st.dates(),
        plain,
        max_leaves=20,
    )
)
def test_what_a_writer_writes_is_read_again(value):
    assert read(yaml.safe_dump(value)) == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\na: 2", 'f: line 2: "a" stands twice; correct it'),
        ("{a: {<<: {b: 1}}}",
         "f: line 1: <<: merge keys are not read; write out what is meant"),
        ("a: *x", "f: line 1: *x: names nothing that is before it"),
        ("a: &x [*x]", "f: line 1: *x: names nothing that is before it"),
        ("a: !!python/object:os.system {}", "f: line 1: tags are not read; correct it"),
        ("a: !!int 1", "f: line 1: tags are not read; correct it"),
        ("a: ! 1", "f: line 1: tags are not read; correct it"),
        ("{? [a, b] : 1}", "f: line 1: found unhashable key; correct it"),
        ("{? {a: b} : 1}", "f: line 1: found unhashable key; correct it"),
        ("a: 1\n---\nb: 2", "f: line 2: begins another document; keep one"),
        ("a: 2022-02-30",
         "f: line 1: holds what cannot be (day is out of range for month); correct it"),
        ("a: [", "f: line 2: did not find expected node content; correct it"),
        (b"a: \xe9", "f: is not YAML in UTF-8; correct it"),
        ("a: 1".encode("utf-16"), "f: is not YAML in UTF-8; correct it"),
        ("a: \x07", "f: is not YAML in UTF-8; correct it"),
    ],
)  # fmt: skip
def test_all_else_is_one_line(text, message):
    assert faults(text) == [message]


def test_all_faults_are_told_at_once():
    text = "a: 1\na: 2\nb: *x\nc: !!int 3\nd: {<<: {}}\n"
    assert [each.split(": ")[1] for each in faults(text)] == [
        "line 2", "line 5", "line 3", "line 4"
    ]  # fmt: skip


def test_what_is_good_is_read_beside_what_is_not():
    yaml = read_yaml("f", b"a: 2022-02-30\nb:\n  - c\n  - {d: *x}\n<<: 1\ne: 2\n")
    cannot_be = "holds what cannot be (day is out of range for month); correct it"
    nothing = "*x: names nothing that is before it"
    assert yaml.value == {
        "a": UnreadableValue(cannot_be),
        "b": ["c", {"d": UnreadableValue(nothing)}],
        "e": 2,
    }
    assert yaml.unreadable == [f"f: line 1: {cannot_be}", f"f: line 4: {nothing}"]
    assert yaml.faults == [
        "f: line 5: <<: merge keys are not read; write out what is meant"
    ]


def test_entry_has_its_line():
    yaml = read_yaml("f", b"a:\n  b: 1\n  c:\n  - d\n  - e: |\n      f\n1: x")
    assert yaml.lines == {
        ("a",): 1, ("a", "b"): 2, ("a", "c"): 3, ("a", "c", "0"): 4,
        ("a", "c", "1"): 5, ("a", "c", "1", "e"): 5, ("1",): 7,
    }  # fmt: skip


def test_of_very_many_faults_the_first_are_told():
    found = faults("a: 1\n" * 1000)
    assert len(found) == MOST_FAULTS + 1
    assert found[-1] == "and 1 more; correct these first"


def test_what_is_said_is_one_short_printable_line():
    [fault] = faults(f'"{"x" * 5000}\\e[31m": 1\n"{"x" * 5000}\\e[31m": 2')
    assert len(fault) < 300
    assert fault.isprintable()


def nested(levels: int) -> str:
    return "[" * levels + "]" * levels


def test_bounds_are_exact():
    assert read(f"[{', '.join('1' * (MAX_VALUES - 1))}]")
    assert "one value too many" in faults(f"[{', '.join('1' * MAX_VALUES)}]")[0]
    assert read(nested(MAX_DEPTH + 1)) is not None
    assert "nests more than" in faults(nested(MAX_DEPTH + 2))[0]
    assert read("#" * MAX_BYTES) is None
    assert "is longer than" in faults("#" * (MAX_BYTES + 1))[0]


def laughs(levels: int) -> str:
    lines = ["a0: &a0 [x]"]
    lines += [
        f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}]" for n in range(1, levels)
    ]
    return "\n".join(lines)


def merges(levels: int) -> str:
    lines = ["a0: &a0 {x: 1}"]
    lines += [
        f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}, *a{n - 1}]}}"
        for n in range(1, levels)
    ]
    return "\n".join(lines)


BOMBS = {
    "aliases": laughs(15),
    "merge keys": merges(15),
    "sexagesimal": "a: " + "1:" * 60_000 + "1",
    "many sexagesimals": "\n".join(f"a{n}: 1:2:3:4:5:6:7:8:9" for n in range(4000)),
    "long number": "a: " + "9" * 200_000,
    "lists": "[" * 200_000,
    "mappings": "{a: " * 50_000,
    "keys": "? " * 100_000,
    "dashes": "- " * 100_000,
    "values": "[" + "1," * 120_000 + "]",
    "documents": "---\n" * 60_000,
    "anchors": "\n".join(f"a{n}: &x{n} 1" for n in range(15_000)),
    "quotes": '"' * 200_000,
    "colons": ":" * 200_000,
}
_READ = """
import resource, sys
resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
resource.setrlimit(resource.RLIMIT_AS, (600_000_000, 600_000_000))
from rally.errors import ConfigurationError
from rally.plain_yaml import read_yaml
for bomb in sys.stdin.buffer.read().split(b"\\0"):
    try:
        read_yaml("f", bomb)
    except ConfigurationError:
        pass
print("done")
"""


def test_no_file_costs_much():
    """All of them within a limit of time that one of them would overstep alone."""
    assert all(len(each) <= MAX_BYTES for each in BOMBS.values())
    found = subprocess.run(
        [sys.executable, "-c", _READ],
        input="\0".join(BOMBS.values()).encode(),
        capture_output=True,
        check=False,
    )
    assert (found.returncode, found.stdout) == (0, b"done\n")
