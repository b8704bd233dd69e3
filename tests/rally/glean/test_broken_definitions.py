"""Whatever is done to definitions, they are read, or refused in single lines."""

from hypothesis import given
from hypothesis import strategies as st

from rally.errors import ConfigurationError, faults_of
from rally.glean.payload import payload_schema
from rally.glean.reading import read_definitions
from rally.validation.avro_schema import read_schema
from tests.rally.glean.conftest import DEFINITIONS

TEXTS = [
    (folder / "metrics.yaml").read_text() for folder in sorted(DEFINITIONS.iterdir())
]
VALUES = [
    *(
        "",
        "null",
        "true",
        "3",
        "-1",
        "1.5",
        ".nan",
        ".inf",
        "[]",
        "{}",
        "[a]",
        "{a: b}",
    ),
    *(
        "2027-02-30",
        "'TODO'",
        "*bugs",
        "!!binary x",
        "&a [*a]",
        "\u202e",
        "'\\0'",
        "<<",
    ),
    *("event", "object", "uuid", "labeled_counter", "never", "all-pings", "rally.id"),
]


@st.composite
def broken(draw):
    """Definitions in which a few lines are gone, repeated or say other things."""
    lines = draw(st.sampled_from(TEXTS)).splitlines()
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(lines) - 1))
        match draw(
            st.sampled_from(["drop", "repeat", "indent", "value", "key", "cut"])
        ):
            case "drop":
                del lines[at]
            case "repeat":
                lines.insert(draw(st.integers(0, len(lines))), lines[at])
            case "indent":
                lines[at] = draw(st.sampled_from(["  ", "\t", ""])) + lines[at].lstrip()
            case "value":
                key = lines[at].partition(":")[0]
                lines[at] = f"{key}: {draw(st.sampled_from(VALUES))}"
            case "key":
                lines[at] = lines[at].replace("type", draw(st.sampled_from(VALUES)))
            case "cut":
                lines[at] = lines[at][: draw(st.integers(0, 20))]
    return "\n".join(lines)


def read(folder, name, text):
    path = folder / "metrics.yaml"
    path.write_text(text, encoding="utf-8", errors="replace")
    pings = DEFINITIONS / name / "pings.yaml"
    return read_definitions([str(path)], [str(pings)])


@given(st.sampled_from(["lab", "core", "kinds"]), broken() | st.text(max_size=40))
def test_definitions_are_read_or_refused_line_by_line(tmp_path_factory, name, text):
    folder = tmp_path_factory.getbasetemp()
    try:
        definitions = read(folder, name, text)
    except ConfigurationError as error:
        for fault in faults_of(error):
            assert fault.isprintable()
            assert len(fault) < 700
    else:
        for ping in definitions.pings:
            read_schema(payload_schema(definitions, ping))
