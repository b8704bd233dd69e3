"""`rally doctor` on platforms that are broken, each in one way, and in several."""

import base64
import json
import shutil
import socket
from pathlib import Path

import pytest

from pipelines import cli
from rally.decisions.entry import entry_name
from rally.doctor import Check, Examination, State, exit_status
from rally.keys.folder import KeyFolder
from rally.keys.names import Job, signing
from rally.keys.signing import replace_signing_key
from rally.registry.study import Means
from rally.settings import Settings
from rally.storage.marker import read_marker
from rally.storage.objectstore.open_store import open_store
from tests.support.schemas import SAYS
from tests.support.world import AS_OF, GARDEN, HOUSE, POND, World

OK, WRONG, UNKNOWN = "ok", "wrong", "unknown"
VERSIONS = 4
"""So many lines are about the machine; tests/rally/test_versions.py has them."""
CREATE_KEY = "is this the key folder? See `rally keys create --help`"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A platform that is whole."""
    root = tmp_path_factory.mktemp("doctor") / "whole"
    root.mkdir()
    World(root).make_stores(str(root / "store"))
    return root


class Place:
    """A copy of the platform, which a test breaks."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.store, self.platform = f"{root}/store", f"{root}/store/platform"
        self.keys, self.platform_keys = f"{root}/keys", f"{root}/keys/platform"
        self.studies = f"{root}/studies"
        self.id = read_marker(open_store(self.platform)).id

    def options(self) -> list[str]:
        named = {"store": self.store, "keys": self.keys, "studies": self.studies}
        return [f"--{name}={value}" for name, value in named.items()]

    def lines(self) -> dict[str, tuple[str, str]]:
        """What is said of a platform that is whole, by subject."""
        purposes = [f"pseudonym.{each}" for each in ("platform", GARDEN, HOUSE, POND)]
        purposes += ["dead-letter.public", "dead-letter.private"]
        purposes += [
            "signing.copy",
            "signing.delete",
            "signing.purge",
            "signing.release",
        ]
        return {
            "options": (OK, "all places are named"),
            "registry": (OK, f"{self.studies}: 3 studies load"),
            "platform": (OK, f"{self.platform}: is platform {self.id}"),
            "store": (OK, f"{self.store}: is a store of that platform"),
            "decisions": (OK, "5 of a development platform, founded by owner-1"),
            "withdrawal list": (OK, "list 0 is the newest"),
            "platform keys": (OK, f"{self.platform_keys}: {', '.join(purposes)} open"),
            "ping keys": (OK, f"{self.keys}: the keys of 3 namespaces open"),
            "studies": (OK, f"used and whole: {GARDEN}, {HOUSE}, {POND}"),
            "reviews": (OK, "no document that is to be collected lacks one"),
            "rights": (OK, f"{self.platform}: may read and write"),
            "rights ": (OK, f"{self.store}: may read and write"),
        }

    def files(self) -> dict[str, bytes]:
        return {
            str(each): each.read_bytes()
            for each in self.root.rglob("*")
            if each.is_file()
        }


@pytest.fixture
def place(made, tmp_path):
    root = tmp_path / "whole"
    shutil.copytree(made, root)
    for kek in root.glob("keys/**/kek.json"):
        kek.write_text(kek.read_text().replace(str(made), str(root)))
    return Place(root)


@pytest.fixture
def doctor(capsys):
    """Its status and what it says, but for the machine."""

    def doctor(*options):
        status = cli.main(["doctor", *options])
        out, err = capsys.readouterr()
        assert err == ""
        head, *found = map(squeeze, out.splitlines())
        assert head == "STATE SUBJECT FOUND"
        return status, found[VERSIONS:]

    return doctor


def squeeze(text):
    """A line of a table, whatever its columns' widths."""
    return " ".join(text.split())


def line(subject, state, message):
    return f"{state} {subject.strip()} {message}"


def lines(found):
    return [line(subject, *told) for subject, told in found.items()]


def test_whole_platform_is_told_line_by_line_and_left_alone(place, doctor):
    before = place.files()
    assert doctor(*place.options()) == (0, lines(place.lines()))
    assert place.files() == before


def test_all_that_is_not_named_is_told_at_once(doctor, place):
    assert doctor(f"--studies={place.studies}") == (
        2,
        [
            line("options", WRONG, "--store: is missing; say where the data is"),
            line("options", WRONG, "--platform_keys: is missing; give it, or --keys"),
            line(
                "options",
                WRONG,
                "--keys: is missing; say where the keys are that open pings",
            ),
            line("registry", *place.lines()["registry"]),
        ],
    )


def no_platform(place):
    Path(place.platform, "rally-store.json").unlink()
    what = (
        f"{place.platform}: is not a platform: it has no rally-store.json; is it"
        " mounted? Correct --platform, or make it one by `rally init`"
    )
    gone = ["decisions", "withdrawal list", "studies", "reviews", "rights", "rights "]
    store = (OK, f"{place.store}: is a store")
    return {"platform": (WRONG, what), "store": store}, gone


def no_store(place):
    Path(place.store, "rally-store.json").unlink()
    what = (
        f"{place.store}: is not a store: it has no rally-store.json; is it mounted?"
        " Correct --store, or make it one by `rally init`"
    )
    return {"store": (WRONG, what)}, ["studies", "rights", "rights "]


def other_store(place):
    path = Path(place.store, "rally-store.json")
    path.write_text(path.read_text().replace(place.id, "0" * 32))
    what = (
        f"{place.store}: belongs to platform {'0' * 32}, and not to {place.id};"
        " correct --store or --platform"
    )
    return {"store": (WRONG, what)}, ["studies", "rights", "rights "]


def no_list(place):
    path = Path(place.platform, "withdrawals", "root.json")
    path.unlink()
    what = (
        f"{path}: the withdrawal list is missing, and who has left is not known without"
        " it; restore it, or let `rally delete --rebuild_list` make it anew from the"
        " event log"
    )
    return {"withdrawal list": (WRONG, what)}, []


def void_decision(place):
    Path(place.platform, entry_name(6)).write_text("{}")
    what = "decision 6 is void; `rally decisions verify` says why"
    told = place.lines()["decisions"][1].replace("5 of", "6 of")
    return {"decisions": (WRONG, what), "decisions ": (OK, told)}, []


def no_study_key(place):
    name = f"pseudonym.{GARDEN}.keyset.json"
    Path(place.platform_keys, name).unlink()
    Path(place.store, "data", f"study={GARDEN}", "document=visit.1").mkdir(parents=True)
    Path(place.store, "data", f"study={GARDEN}", "document=visit.1", "a").touch()
    told = place.lines()["platform keys"][1].replace(f"pseudonym.{GARDEN}, ", "")
    lost = (
        f"{place.platform_keys}/{name}: is missing, and {GARDEN} is used; restore it,"
        " or correct --platform_keys: a new key would make other pseudonyms of the same"
        " people"
    )
    return {
        "platform keys": (OK, told),
        "studies": (WRONG, lost),
        "studies ": (OK, f"used and whole: {HOUSE}, {POND}"),
    }, []


def no_seal(place):
    Path(place.platform_keys, "dead-letter.public.json").unlink()
    what = f"{place.platform_keys}/dead-letter.public.json: is missing; {CREATE_KEY}"
    told = place.lines()["platform keys"][1].replace("dead-letter.public, ", "")
    return {"platform keys": (WRONG, what), "platform keys ": (OK, told)}, []


def other_signer(place):
    replace_signing_key(KeyFolder(place.platform_keys), signing(Job.DELETE))
    what = (
        "signing.delete: is not the key that the platform's decisions name; after a"
        " rotation two owners put it in force, by `rally people replace-key` and `rally"
        " decisions approve`; else restore it, or correct --platform_keys"
    )
    told = place.lines()["platform keys"][1].replace("signing.delete, ", "")
    return {"platform keys": (WRONG, what), "platform keys ": (OK, told)}, []


def other_founding(place):
    Path(place.platform_keys, "founding.json").unlink()
    what = (
        f"{place.platform_keys}/founding.json: is missing; restore it: it is the first"
        " of the platform's decisions/"
    )
    told = place.lines()["platform keys"]
    return {"platform keys": (WRONG, what), "platform keys ": told}, []


def damaged_ping_key(place):
    path = Path(place.keys, f"{POND}.keyset.json")
    path.write_text(path.read_text()[:40])
    what = f"{path}: is no encrypted Tink keyset; restore it"
    return {"ping keys": (WRONG, what)}, []


def broken_study(place):
    path = Path(place.studies, POND, "study.yaml")
    lines = path.read_text().splitlines()
    number = lines.index("    means: data") + 1
    lines[number - 1] = "    means: date"
    path.write_text("\n".join(lines))
    what = (
        f"{path}: line {number}: documents.visit.1.means: must be one of:"
        f" {', '.join(Means)}"
    )
    told = place.lines()["platform keys"][1].replace(f"pseudonym.{POND}, ", "")
    return {
        "registry": (WRONG, what),
        "registry ": (OK, f"{place.studies}: 2 studies load"),
        "platform keys": (OK, told),
        "studies": (OK, f"used and whole: {GARDEN}, {HOUSE}"),
    }, []


BREAKS = [
    *(no_platform, no_store, other_store, void_decision, no_list, no_study_key),
    no_seal,
    *(other_signer, other_founding, damaged_ping_key, broken_study),
]


@pytest.mark.parametrize("spoil", BREAKS)
def test_what_is_broken_is_told_and_the_rest_is_looked_at(place, doctor, spoil):
    changed, gone = spoil(place)
    expected = {}
    for subject, told in place.lines().items():
        if subject not in gone:
            expected[subject] = told
        expected |= {
            name: new for name, new in changed.items() if name.strip() == subject
        }
    before = place.files()
    status, found = doctor(*place.options())
    assert status == 2
    assert found == lines(expected)
    assert place.files() == before


def test_several_faults_are_told_at_once(place, doctor):
    changed = {}
    for spoil in (no_store, no_seal, damaged_ping_key):
        changed |= spoil(place)[0]
    status, found = doctor(*place.options())
    assert status == 2
    assert [each for each in found if each.startswith(WRONG)] == [
        line(subject, *changed[subject])
        for subject in ("store", "platform keys", "ping keys")
    ]


def test_job_is_asked_for_its_own_keys_and_rights_alone(place, doctor):
    """Who audits has neither the keys that open pings nor a right to write."""
    for name in (
        "signing.copy",
        "signing.delete",
        "signing.purge",
        "signing.release",
        "dead-letter.private",
    ):
        Path(place.platform_keys, f"{name}.keyset.json").unlink()
    options = [each for each in place.options() if not each.startswith("--keys")]
    options += [f"--platform_keys={place.platform_keys}", "--job=audit"]
    expected = place.lines()
    purposes = [f"pseudonym.{each}" for each in ("platform", GARDEN, HOUSE, POND)]
    expected["platform keys"] = (
        *(OK, f"{place.platform_keys}: {', '.join(purposes)} open"),
    )
    expected["rights"] = (OK, f"{place.platform}: may read")
    expected["rights "] = (OK, f"{place.store}: may read")
    del expected["ping keys"]
    assert doctor(*options) == (0, lines(expected))


@pytest.fixture
def nobody():
    """An address where nobody answers."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{held.getsockname()[1]}"


def test_service_that_is_away_is_unknown_and_status_1(
    place, doctor, nobody, monkeypatch
):
    pytest.importorskip("hvac", reason="needs the extra hcvault")
    monkeypatch.setenv("VAULT_ADDR", f"http://{nobody}")
    monkeypatch.setenv("VAULT_TOKEN", "t")
    kek = f"hcvault://{nobody}/transit/keys/k"
    Path(place.keys, "kek.json").write_text(json.dumps({"kek_uri": kek}))
    sealed = base64.b64encode(b"vault:v1:as Vault seals it").decode()
    path = Path(place.keys, f"{GARDEN}.keyset.json")
    path.write_text(json.dumps({"encryptedKeyset": sealed}))
    expected = place.lines()
    expected["ping keys"] = (
        UNKNOWN,
        f"{path}: {kek} cannot be reached (ConnectionError); try again when it answers",
    )
    assert doctor(*place.options()) == (1, lines(expected))


def test_json_says_the_same(place, capsys):
    no_seal(place)
    status = cli.main(["doctor", *place.options(), "--json"])
    told = json.loads(capsys.readouterr().out)
    assert told["exit_status"] == status == 2
    found = [
        line(each["subject"], each["state"], each["message"])
        for each in told["checks"]
        if not each["is_away"]
    ]
    cli.main(["doctor", *place.options()])
    _, *shown = map(squeeze, capsys.readouterr().out.splitlines())
    assert found == shown


@pytest.mark.parametrize(
    ("checks", "expected"),
    [
        ([], 0),
        ([Check("a", State.OK, "")], 0),
        ([Check("a", State.UNKNOWN, "")], 0),
        ([Check("a", State.UNKNOWN, "", is_away=True)], 1),
        ([Check("a", State.UNKNOWN, "", is_away=True), Check("b", State.WRONG, "")], 2),
    ],
)
def test_exit_status_is_that_of_the_worst(checks, expected):
    assert exit_status(checks) == expected


def test_document_that_no_review_covers_is_named(place):
    path = Path(place.studies, GARDEN, "visit.1.avsc")
    schema = json.loads(path.read_text())
    field = {"name": "email", "type": ["null", "string"], "default": None, **SAYS}
    schema["fields"].append(field)
    path.write_text(json.dumps(schema))
    settings = Settings(
        store=place.store, studies=place.studies, ping_keys=place.keys, as_of=AS_OF
    )

    checks = Examination(settings).run()

    study = settings.load_registry().studies[GARDEN]
    fingerprint = study.documents["visit.1"].schema.fingerprint
    what = f"not collected: no review covers its schema, {fingerprint}"
    wrong = [each for each in checks if each.is_wrong]
    assert wrong == [
        Check("reviews", State.WRONG, f"{GARDEN}/visit.1: {what}", stops=False)
    ]
    assert exit_status(checks) == 2
