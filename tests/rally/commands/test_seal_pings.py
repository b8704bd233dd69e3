"""`rally keys seal` seals pings that fit their schema, and names those that do not."""

import base64
import io
import json

import pytest

from rally.commands import keys
from rally.errors import ConfigurationError, faults_of
from rally.keys import administration
from rally.keys.folder import KeyFolder
from rally.keys.kek_assignment import assign_kek
from rally.keys.ping_keys import PingKeys
from rally.parser import Parser
from tests.support.world import GARDEN, rally_id, write_studies

VISIT = {"rally.id": rally_id(1), "page": "p", "count": 1}
NOW = "2026-05-20T10:00:00Z"


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    root = tmp_path_factory.mktemp("seal")
    write_studies(root / "studies")
    folder = KeyFolder(str(root / "keys"))
    assign_kek(folder, "namespaces", "any")
    administration.create(folder, GARDEN, "hpke")
    return root


@pytest.fixture
def seal(places, monkeypatch, capsys):
    """Types the command; its messages."""

    def run(*words, given, namespace=GARDEN):
        if not isinstance(given, bytes):
            given = "\n".join(map(json.dumps, given)).encode()
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(given)))
        parser = Parser()
        keys.COMMAND.add_to(parser.add_subparsers(), "rally")
        known = {"keys": places / "keys", "studies": places / "studies"}
        options = [f"--{name}={path}" for name, path in known.items()]
        document = ["--type=visit", "--version=1", f"--namespace={namespace}"]
        args = parser.parse_args(["keys", "seal", *document, *options, *words])
        assert args.handler(args) == 0
        out, errors = capsys.readouterr()
        assert errors == ""
        return [json.loads(line) for line in out.splitlines()]

    return run


def opened(places, message):
    hybrid = PingKeys.load(str(places / "keys")).hybrid(GARDEN)
    body = base64.b64decode(message["payload"], validate=True)
    return hybrid.decrypt(body, message["attributeMap"]["uri"].encode())


def test_each_ping_becomes_a_message_of_its_own(seal, places):
    pings = [VISIT, {**VISIT, "count": 2}, {**VISIT, "count": 3}]
    found = seal(f"--submission_timestamp={NOW}", given=pings)
    assert [json.loads(opened(places, each)) for each in found] == pings
    paths = [each["attributeMap"].pop("uri") for each in found]
    assert {path.rpartition("/")[0] for path in paths} == {f"/submit/{GARDEN}/visit/1"}
    assert len(set(paths)) == 3
    attributes = {"submission_timestamp": NOW}
    assert [each["attributeMap"] for each in found] == [attributes] * 3


def test_message_has_the_attributes_of_options_and_of_its_line(seal, places):
    line = {"attributes": {"dnt": "0", "uri": "/x"}, "payload": VISIT}
    first, second = seal(
        *("--country=US", "--dnt=1", "--agent=Glean/1", "--tags=a,b"),
        f"--submission_timestamp={NOW}",
        given=[VISIT, line],
    )
    expected = {
        "submission_timestamp": NOW,
        "geo_country": "US",
        "dnt": "1",
        "x_telemetry_agent": "Glean/1",
        "x_source_tags": "a,b",
    }
    assert json.loads(opened(places, second)) == VISIT
    assert first["attributeMap"].pop("uri").startswith("/submit/")
    assert second["attributeMap"].pop("uri").startswith("/submit/")
    assert first["attributeMap"] == expected
    assert second["attributeMap"] == {**expected, "dnt": "0"}
    (other,) = seal("--country=US", "--country_attribute=cc", given=[VISIT])
    assert other["attributeMap"]["cc"] == "US"


def test_nothing_is_sealed_where_a_ping_does_not_fit(seal, capsys):
    given = [VISIT, {**VISIT, "count": "secret"}, {**VISIT, "count": 1.5, "secret": 1}]
    with pytest.raises(ConfigurationError) as caught:
        seal(given=given)
    assert faults_of(caught.value) == (
        "standard input: line 2: does not fit rally-garden/visit.1: /count wants long",
        "standard input: line 3: does not fit rally-garden/visit.1: /count wants long;"
        " undeclared, below /",
    )
    assert capsys.readouterr().out == ""
    assert len(seal("--unchecked", given=given)) == 3


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("--version=2",), "visit.2: is no document of rally-garden; it has"),
        (("--namespace=rally-nobody",), "rally-nobody: no study of"),
        (
            ("--document_id=6ed7c6a4-9c4f-4c2e-8a8b-0f6f6f3c2a10",),
            "--document_id: is of one ping, and there are 2; remove it",
        ),
    ],
)
def test_what_cannot_be_sealed_is_one_line(seal, words, fault, places):
    public = places / "public.json"
    administration_public = administration.public_keyset(
        KeyFolder(str(places / "keys")), GARDEN
    )
    public.write_text(administration_public)
    with pytest.raises(ConfigurationError) as caught:
        seal(f"--public={public}", *words, given=[VISIT, VISIT])
    (said,) = faults_of(caught.value)
    assert said.startswith(fault)
