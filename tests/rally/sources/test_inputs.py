import glob

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.errors import ConfigurationError
from rally.sources.inputs import (
    InputFile,
    InputRange,
    match_inputs,
    match_paths,
    open_input,
    plan_units,
)


@pytest.fixture
def tree(tmp_path):
    for name, size in [
        ("b.ndjson", 3),
        ("a.ndjson", 5),
        ("a.avro", 1),
        ("sub/c.ndjson", 2),
        ("sub/deep/d.ndjson", 0),
    ]:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * size)
    return tmp_path


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("a.ndjson", [("a.ndjson", 5)]),
        ("*.ndjson", [("a.ndjson", 5), ("b.ndjson", 3)]),
        ("?.ndjson", [("a.ndjson", 5), ("b.ndjson", 3)]),
        ("[b-z].ndjson", [("b.ndjson", 3)]),
        ("*/c.ndjson", [("sub/c.ndjson", 2)]),
        (
            "**/*.ndjson",
            [
                ("a.ndjson", 5),
                ("b.ndjson", 3),
                ("sub/c.ndjson", 2),
                ("sub/deep/d.ndjson", 0),
            ],
        ),
        ("*.avro,{root}/a.*", [("a.avro", 1), ("a.ndjson", 5)]),
        ("a.ndjson,", [("a.ndjson", 5)]),
    ],
)
def test_glob_matches_files_sorted_and_once(tree, pattern, expected):
    found = match_inputs(f"{tree}/{pattern}".replace("{root}", str(tree)))
    assert found == [InputFile(f"{tree}/{name}", size) for name, size in expected]


@pytest.mark.parametrize("pattern", ["x.*", "sub", "*.ndjson,{root}/none", "sub/*/"])
def test_glob_that_matches_no_file_is_one_line(tree, pattern):
    with pytest.raises(ConfigurationError) as caught:
        match_inputs(f"{tree}/{pattern}".replace("{root}", str(tree)))
    missed = f"{tree}/{pattern}".replace("{root}", str(tree)).split(",")[-1]
    assert str(caught.value) == f"--input {missed}: matches no file"


@pytest.mark.parametrize("pattern", ["", ",", ",,"])
def test_glob_that_is_empty_is_one_line(pattern):
    with pytest.raises(ConfigurationError) as caught:
        match_inputs(pattern)
    assert str(caught.value) == "--input is empty; give a file or a glob"


def test_units_gather_small_files_and_split_large_ones(tmp_path):
    large = tmp_path / "large"
    large.write_bytes(b"x" * 25)
    small = [InputFile("a", 4), InputFile("b", 4), InputFile("c", 4)]
    units = plan_units([*small, InputFile(str(large), 25), InputFile("z", 1)], 10)
    assert units == [
        (InputRange("a", 0, 4), InputRange("b", 0, 4)),
        (InputRange("c", 0, 4),),
        (InputRange(str(large), 0, 8),),
        (InputRange(str(large), 8, 16),),
        (InputRange(str(large), 16, 25), InputRange("z", 0, 1)),
    ]


def test_units_never_split_avro(tmp_path):
    large = tmp_path / "large.avro"
    large.write_bytes(b"Obj\x01" + b"x" * 21)
    assert plan_units([InputFile(str(large), 25)], 10) == [
        (InputRange(str(large), 0, 25),)
    ]


@pytest.mark.parametrize(
    ("files", "units"),
    [([], []), ([InputFile("a", 0)], [(InputRange("a", 0, 0),)])],
    ids=["no-file", "empty-file"],
)
def test_units_of_nothing_are_none(files, units):
    assert plan_units(files) == units


@given(st.lists(st.integers(0, 40), max_size=8), st.integers(1, 30))
def test_units_hold_every_byte_once_and_follow_from_the_sizes(
    tmp_path_factory, sizes, split_bytes
):
    folder = tmp_path_factory.mktemp("inputs")
    files = []
    for number, size in enumerate(sizes):
        path = folder / f"{number}"
        path.write_bytes(b"x" * size)
        files.append(InputFile(str(path), size))
    units = plan_units(files, split_bytes)
    assert plan_units(list(files), split_bytes) == units
    for unit in units:
        assert sum(piece.end - piece.start for piece in unit) <= split_bytes
    dealt = [piece for unit in units for piece in unit]
    for file in files:
        ends = [0, *(piece.end for piece in dealt if piece.uri == file.uri)]
        starts = [piece.start for piece in dealt if piece.uri == file.uri]
        assert starts == ends[:-1]
        assert ends[-1] == file.size


def test_open_input_reads_and_seeks(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    with open_input(str(path)) as file:
        assert file.read(2) == b"01"
        file.seek(8)
        assert file.read() == b"89"


def test_units_never_split_gzip(tmp_path):
    large = tmp_path / "large.ndjson.gz"
    large.write_bytes(b"\x1f\x8b" + b"x" * 23)
    assert plan_units([InputFile(str(large), 25)], 10) == [
        (InputRange(str(large), 0, 25),)
    ]


@pytest.mark.parametrize(
    "content",
    [
        b'[{"data": "QQ=="}]       ',
        b'\xef\xbb\xbf\n [\n{"data": ""}\n]    ',
        b'{\n"data": "QQ=="\n}       ',
    ],
    ids=["array", "array behind a mark", "object over lines"],
)
def test_units_never_split_a_document(tmp_path, content):
    large = tmp_path / "pulled.json"
    large.write_bytes(content)
    size = len(content)
    assert plan_units([InputFile(str(large), size)], 10) == [
        (InputRange(str(large), 0, size),)
    ]


def test_units_of_no_form_are_one_line(tmp_path):
    large = tmp_path / "large.zip"
    large.write_bytes(b"PK\x03\x04" + b"x" * 21)
    with pytest.raises(ConfigurationError) as caught:
        plan_units([InputFile(str(large), 25)], 10)
    assert str(caught.value) == (
        f"--input {large}: is neither text in UTF-8, nor gzip of such, nor Avro;"
        " convert it, or leave it out"
    )


NESTED_FILES = ("a.x", "b/c.x", "b/d/e.x", "b/.hidden.x", ".hidden/f.x", "b/[g].x")


@pytest.fixture
def nested(tmp_path, monkeypatch):
    for name in NESTED_FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("root", ["", "{nested}/", "./", "../{nested.name}/"])
@pytest.mark.parametrize(
    "pattern",
    [
        *("a.x", "*", "*/*", "**", "**/*.x", "b/**", "b/**/*.x", "**/d/*", "*/**/*.x"),
        *("**/**/e.x", "b/**/[[]g].x", ".hidden/*", "nowhere/**", "**/c.x/**", "a**"),
    ],
)
def test_without_links_it_is_what_python_names(nested, root, pattern):
    named = root.format(nested=nested) + pattern
    expected = {each for each in glob.glob(named, recursive=True) if each[-1] != "/"}
    assert set(match_paths(named)) == expected


def test_links_to_the_folder_that_they_are_in_end(nested):
    """Python's own glob goes round for ever in two of them."""
    for name in ("one", "two", "b/one", "b/two"):
        (nested / name).symlink_to(".")
    assert list(match_paths("**/*.x")) == ["a.x", "b/[g].x", "b/c.x", "b/d/e.x"]
    assert list(match_paths("b/**")) == [
        *("b/[g].x", "b/c.x", "b/d", "b/d/e.x", "b/one", "b/two")
    ]


def test_links_that_are_named_are_followed(nested):
    (nested / "link").symlink_to("b")
    (nested / "link.x").symlink_to("b/c.x")
    assert list(match_paths("link/*.x")) == ["link/[g].x", "link/c.x"]
    assert list(match_paths("l*/c.x")) == ["link/c.x"]
    assert list(match_paths("*.x")) == ["a.x", "link.x"]
    assert list(match_paths("link/**/*.x")) == [
        *("link/[g].x", "link/c.x", "link/d/e.x")
    ]
