"""What tests of commands share."""

import shutil
from pathlib import Path

import pytest

from pipelines.cli import main
from rally.commands.studies import COMMAND
from rally.keys.platform_administration import ensure_platform_keys
from rally.parser import Parser
from tests.rally.commands.case_office import CaseOffice
from tests.rally.commands.copy_counter import Counter
from tests.rally.commands.init_folder import marker
from tests.rally.commands.office import Office
from tests.rally.commands.recipe_desk import HARMLESS, Desk
from tests.rally.commands.studies_words import PUBLISHED, TEST_STUDIES
from tests.rally.releases.recipes import recipe_content
from tests.support.people import make_people_keys
from tests.support.stores import mark_stores
from tests.support.world import World


@pytest.fixture(scope="session")
def office_keys(tmp_path_factory):
    """A folder of platform keys; to make them takes a while."""
    uri = str(tmp_path_factory.mktemp("keys") / "platform")
    ensure_platform_keys(uri, [])
    return uri


@pytest.fixture
def office(tmp_path, office_keys, monkeypatch, capsys):
    """A platform where nothing has happened yet."""
    return Office(tmp_path, office_keys, monkeypatch, capsys)


@pytest.fixture
def case_office(tmp_path, office_keys, monkeypatch, capsys):
    """A platform to which people come who want a copy."""
    return CaseOffice(tmp_path, office_keys, monkeypatch, capsys)


@pytest.fixture(scope="session")
def copy_world(tmp_path_factory):
    """Keys and studies of those who are handed their copy."""
    return World(tmp_path_factory.mktemp("world"))


@pytest.fixture
def counter(copy_world, tmp_path, monkeypatch, capsys):
    """A counter at which people are handed their copy."""
    return Counter(copy_world, str(tmp_path / "store"), monkeypatch, capsys)


@pytest.fixture(scope="session")
def init_root(tmp_path_factory):
    """A registry, and keys that open the pings of its three namespaces."""
    world = World(tmp_path_factory.mktemp("made"))
    shutil.rmtree(f"{world.keys}/platform")
    return world.root


@pytest.fixture
def here(init_root, tmp_path, monkeypatch):
    """A folder with these in which one works."""
    shutil.copytree(init_root, tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")


@pytest.fixture
def init(here, capsys):
    """Types `rally init …`: its status, what it prints, and what it complains of."""

    def run(*words, places=("--store=store", "--keys=keys")):
        founding = () if "--owner" in "".join(words) else ("--development",)
        status = main(["init", "--studies=studies", *places, *founding, *words])
        out, err = capsys.readouterr()
        return status, out.splitlines(), err.strip()

    return run


@pytest.fixture
def lost(init):
    """A platform whose disk is away; its id, and what its options are."""
    init()
    platform = marker("store/platform")["id"]
    Path("store").rename("unmounted")
    return platform


@pytest.fixture(scope="session")
def people_keys(tmp_path_factory):
    """A folder of people's keys."""
    return make_people_keys(tmp_path_factory.mktemp("people"))


@pytest.fixture
def desk(tmp_path, people_keys, capsys):
    """A desk at which people type `rally releases …`."""
    recipes = {"weekly": recipe_content(), "harmless": HARMLESS}
    return Desk(tmp_path, people_keys, capsys, recipes)


@pytest.fixture
def rally(capsys, tmp_path):
    """Runs `rally studies …` on the test studies; returns status and output."""
    store = mark_stores(tmp_path / "store").of("").uri
    people = make_people_keys(tmp_path / "people")

    def run(*words):
        parser = Parser("rally")
        COMMAND.add_to(parser.add_subparsers(), "rally")
        args = parser.parse_args(
            ["studies", *(word.format(store=store, people=people, studies=TEST_STUDIES)
                          for word in words)]
        )  # fmt: skip
        return args.handler(args), capsys.readouterr().out

    return run


@pytest.fixture
def told(rally):
    """The same, and participants of a study were told that it ends."""
    rally(*PUBLISHED)
    return rally
