"""Every ping of tests/vectors has the outcome that outcomes.yaml names for it."""

import binascii
import json
import re
import shutil
from pathlib import Path

import pytest
import yaml

from rally.envelope import Envelope, parse_address
from rally.errors import PingFailed
from rally.keys import administration, jwk
from rally.keys.folder import KeyFolder
from rally.keys.kek_assignment import assign_kek
from rally.sources.lines import parse_line

TESTS = Path(__file__).parents[2]
VECTORS = TESTS / "vectors"
SCHEMAS = TESTS.parent / "schemas"
OUTCOMES = yaml.safe_load((VECTORS / "outcomes.yaml").read_text())

CLOCK = "2026-11-22T12:00:00Z"
GCP_SENT = "2021-06-01T12:00:00Z"
FORM = re.compile(
    r"\.(body\.gz|body\.bin|pubsub\.json|ciphertext\.json|sample\.json|sample\.pass\.json)$"
)
NO_PING = re.compile(
    r"(\.plaintext\.json|\.request\.json|\.private\.json|/?README\.md|outcomes\.yaml"
    r"|/recorded-[0-9.]+\.json)$"  # clear pings, by their paths
)
SUBMITTED = "/submit/{}/1/65f58083-cefe-4201-832f-0505c3b73d76"
GLEAN_KEYS = {
    "rally-core": "glean/keys/rally-core",
    "rally-lab-study": "glean/keys/rally-lab-study",
    "rally-attention-stream": "glean/keys/rally-attention-stream",
    "rally-study-foo": "gcp-ingestion/jwe/rally-study-foo",
    "rally-study-bar": "gcp-ingestion/jwe/rally-study-bar",
    "test": "gcp-ingestion/jwe/rally-study-foo",
}
PIONEER_KEYS = {
    "study-foo": "gcp-ingestion/pioneer/study-foo",
    "study-bar": "gcp-ingestion/pioneer/study-bar",
    "test": "gcp-ingestion/pioneer/study-foo",
}


def pings() -> dict[str, list[Path]]:
    """The files of each ping, by its key in the table; lines of a file apart."""
    found: dict[str, list[Path]] = {}
    for path in sorted(VECTORS.rglob("*")):
        name = path.relative_to(VECTORS).as_posix()
        if path.is_dir() or NO_PING.search(name):
            continue
        if name.endswith(".ndjson"):
            for number, _ in enumerate(path.read_bytes().splitlines(), 1):
                found[f"{name}:{number}"] = [path]
        else:
            found.setdefault(FORM.sub("", name), []).append(path)
    return found


PINGS = pings()
FILES = [(ping, file) for ping, files in PINGS.items() for file in files]


def envelope(ping: str, file: Path) -> Envelope:
    """The message that the edge makes of a file's ping."""
    if file.suffix == ".ndjson":
        number = int(ping.rpartition(":")[2])
        return parse_line(file.read_bytes().splitlines()[number - 1], None)
    if file.name.endswith(".pubsub.json"):
        return parse_line(file.read_bytes(), None)
    if ".body." in file.name:
        request = json.loads((VECTORS / f"{ping}.request.json").read_text())
        headers = {name.lower(): value for name, value in request["headers"]}
        return Envelope(
            file.read_bytes(),
            request["path"],
            request["received_at"],
            client_agent=headers.get("x-telemetry-agent"),
            source_tags=headers.get("x-source-tags"),
        )
    return Envelope(file.read_bytes(), OUTCOMES[ping]["uri"], GCP_SENT)


@pytest.fixture(scope="module")
def real(small_rally, tmp_path_factory):
    """The shipped registry with the tests' studies, and the public private keys."""
    registry = tmp_path_factory.mktemp("real") / "schemas"
    shutil.copytree(SCHEMAS, registry, ignore=shutil.ignore_patterns("__*"))
    shutil.copytree(TESTS / "studies", registry, dirs_exist_ok=True)
    core = registry / "rally-core"  # closed before these were captured
    for file in (core / "study.yaml", *(core / "reviews").iterdir()):
        file.write_text(file.read_text().replace(": 2023-03-27\n", ": 2027-03-27\n"))
    folder = KeyFolder(str(tmp_path_factory.mktemp("real-keys")))
    assign_kek(folder, "namespaces", "any")
    for keys, is_pioneer in ((GLEAN_KEYS, False), (PIONEER_KEYS, True)):
        for namespace, name in keys.items():
            text = (VECTORS / f"{name}.private.json").read_bytes()
            key = jwk.parse_private(text, name, namespace if is_pioneer else None)
            administration.import_jwk(folder, namespace, key)
    return type(small_rally)(str(registry), folder.uri, {}, small_rally.seal_jwe)


def test_table_names_every_ping_and_no_other():
    assert OUTCOMES.keys() == PINGS.keys()
    assert len(FILES) == 51


def opens(real, message: Envelope):
    """The clear text; None where it passes as {}; the reason where it fails."""
    try:
        address = parse_address(message.uri)
        if address.document:
            namespace = address.document.namespace
            opened = real.opener.open(message.payload, namespace, address.path)
            return opened.clear
        pioneer = real.opener.read_pioneer(message.payload)
        return real.opener.open_pioneer(pioneer, pioneer.document.namespace)
    except PingFailed as failed:
        return failed.reason.value


@pytest.mark.parametrize(
    ("ping", "file"), FILES, ids=[f"{ping}{file.suffix}" for ping, file in FILES]
)
def test_ping_opens_as_the_table_says(real, ping, file):
    expected = OUTCOMES[ping]
    clear = opens(real, envelope(ping, file))
    match expected["opens"]:
        case "equal":
            plain = VECTORS / expected.get("clear", f"{ping}.plaintext.json")
            assert clear == json.loads(plain.read_text())
        case "empty":
            assert clear == {}
        case "passes":
            assert clear is None
        case reason:
            assert clear == reason


@pytest.mark.parametrize(
    ("ping", "file"), FILES, ids=[f"{ping}{file.suffix}" for ping, file in FILES]
)
def test_ping_becomes_what_the_table_says(real, ping, file):
    message = envelope(ping, file)
    outcome = real.judge(message, CLOCK)
    found = []
    if outcome.row is not None:
        found.append(f"stored {outcome.label.study}/{outcome.label.document}")
        assert outcome.row.partition[:2] == (
            outcome.label.study,
            outcome.label.document,
        )
        assert outcome.row.partition.day == message.submission_timestamp[:10]
    if outcome.event is not None:
        found.append(f"{outcome.event.kind} {outcome.event.scope}")
        assert outcome.event.document_id == real.document_id_of(message)
    if outcome.refusal is not None:
        found.append(f"refused {outcome.refusal}")
    if outcome.failure is not None:
        found.append(f"failed {outcome.failure}")
    assert found == OUTCOMES[ping]["becomes"]


STORED = [
    (ping, file)
    for ping, file in FILES
    if any(word.startswith("stored") for word in OUTCOMES[ping]["becomes"])
]


def json_names(schema, value):
    """A decoded payload under its JSON names again, absent fields left out."""
    if isinstance(schema, list):
        (other,) = [branch for branch in schema if branch != "null"]
        return None if value is None else json_names(other, value)
    if not isinstance(schema, dict) or value is None:
        return value
    if schema["type"] == "record":
        return {
            field.get("json", field["name"]): json_names(field["type"], inner)
            for field in schema["fields"]
            if (inner := value[field["name"]]) is not None
        }
    if schema["type"] == "array":
        return [json_names(schema["items"], item) for item in value]
    if schema["type"] == "map":
        return {key: json_names(schema["values"], item) for key, item in value.items()}
    return value


@pytest.mark.parametrize(
    ("ping", "file"), STORED, ids=[f"{ping}{file.suffix}" for ping, file in STORED]
)
def test_ping_is_stored_as_it_was_but_for_the_id(real, ping, file):
    message = envelope(ping, file)
    outcome = real.judge(message, CLOCK)
    row = real.decode_row(outcome)
    study = real.registry.studies[outcome.label.study]
    document = real.registry.documents(study)[outcome.label.document]
    found = json_names(document.schema.json, row["payload"])
    if OUTCOMES[ping]["opens"] == "equal":
        plain = VECTORS / OUTCOMES[ping].get("clear", f"{ping}.plaintext.json")
        expected = json.loads(plain.read_text())
    else:
        expected = {}
    if "metrics" in found:
        expected["metrics"]["uuid"]["rally.id"] = row["participant"]
    else:
        expected["pioneerId"] = row["participant"]
    assert found == expected
    assert row["document_id"] == real.document_id_of(message)
    assert (row["client_agent"], row["source_tags"]) == message[4:6]


def test_private_keys_are_the_ones_that_the_table_needs():
    """And none of them protects anything: they are public."""
    keys = {
        path.relative_to(VECTORS).as_posix().removesuffix(".private.json")
        for path in VECTORS.rglob("*.private.json")
    }
    assert keys == {*GLEAN_KEYS.values(), *PIONEER_KEYS.values()}
    for path in VECTORS.rglob("*.private.json"):
        assert set(json.loads(path.read_text())) >= {"kty", "crv", "x", "y", "d"}


def test_a_message_of_the_edge_holds_the_captured_body():
    for ping, files in PINGS.items():
        messages = [file for file in files if file.name.endswith(".pubsub.json")]
        for file in messages:
            data = json.loads(file.read_text())["data"]
            bodies = [body for body in files if ".body." in body.name]
            assert [binascii.a2b_base64(data)] == [b.read_bytes() for b in bodies], ping
