"""The schedule against the jobs themselves: it is run, and its options are theirs."""

import importlib
import re
import shlex
import shutil
from pathlib import Path

import pytest

from pipelines import cli
from pipelines.options import PlatformOptions, parse_options
from rally.errors import ConfigurationError
from rally.keys import names
from rally.keys.folder import KEYSET
from rally.scheduling.crontab import to_crontab
from rally.scheduling.day import DAY, SUNDAY, Places, Schedule, this_rally
from rally.storage.objectstore.open_store import open_store
from tests.rally.scheduling.shells import cron_commands, run_as_cron
from tests.support.named_tests import ROOT, find_missing
from tests.support.reviews import write_reviews
from tests.support.world import (
    GARDEN,
    HOUSE,
    POND,
    SENT_LATER,
    World,
    document_id,
    rally_id,
    stored_ids,
    write_lines,
)

FOR_EVER = {
    "collect_through: 2026-12-31": "collect_through: 2126-12-31",
    "analysis_until: 2027-12-31": "analysis_until: 2127-12-31",
    "delete_after_days: 180": "delete_after_days: 36500",
}
"""The jobs of a schedule go by the real clock: a registry that does not age."""


@pytest.fixture
def ageless(tmp_path):
    """Keys and studies of a platform below a folder with a blank and a percent sign."""
    folder = tmp_path / "it's 100% here"
    world = World(folder)
    for file in (folder / "studies").rglob("study.yaml"):
        text = file.read_text()
        for dated, ageless in FOR_EVER.items():
            text = text.replace(dated, ageless)
        file.write_text(text)
    write_reviews(Path(world.studies))  # which name how long rows stay
    return world


@pytest.mark.slow("lives")
@pytest.mark.skipif(
    shutil.which("flock", path="/usr/bin:/bin") is None,
    reason="this machine has no flock(1), which cron's lines need",
)
def test_crontab_takes_a_store_through_its_day_and_its_sunday(ageless, tmp_path):
    store = ingested(ageless, tmp_path)
    places = Places(store, ageless.keys, studies=ageless.studies)
    schedule = Schedule(places, (0, 30), None, None, this_rally())
    day, sunday = cron_commands(to_crontab(schedule))

    assert run_as_cron(day, str(tmp_path)) == (0, "")
    left = ageless.pseudonym(1)
    assert [who for who, _ in stored_ids(store) if who == left] == []
    files = [each.name for each in open_store(store).list("data/")]
    assert {name.rpartition("/")[2].partition("-")[0] for name in files} == {
        "compacted"
    }
    assert [*open_store(store).list("platform/receipts/")] != []
    assert run_as_cron(sunday, str(tmp_path)) == (0, "")


def ingested(world, tmp_path):
    """A store where two joined and sent, and one of them has left."""
    house, garden = f"{HOUSE}/enrollment/1", f"{GARDEN}/study-enrollment/1"
    joined = [
        world.message(document, {"rally.id": rally_id(person)}, 10 * person + number)
        for person in (1, 2)
        for number, document in enumerate((house, garden))
    ]
    leaving = world.message(
        f"{GARDEN}/study-unenrollment/1", {"rally.id": rally_id(1)}, 3, SENT_LATER
    )
    messages = [*joined, world.visit(1, 1), world.visit(2, 2), leaving]
    path = write_lines(tmp_path / "in.ndjson", messages)
    store = f"{world.root}/store"
    assert cli.main(["ingest", f"--input={path}", *world.options(store)]) == 0
    assert (world.pseudonym(1), document_id(1)) in stored_ids(store)
    return store


@pytest.mark.parametrize("job", DAY, ids=lambda job: job.name)
def test_no_job_makes_a_key(job, ageless, tmp_path):
    store = ingested(ageless, tmp_path)
    new = Path(ageless.keys, "platform", names.pseudonym(POND) + KEYSET)
    new.unlink()  # nothing is stored of this one

    assert cli.main([job.name, *job.options, *ageless.options(store)]) == 0

    assert not new.exists()


@pytest.mark.parametrize(
    "job", dict.fromkeys([*DAY, *SUNDAY]), ids=lambda job: " ".join(job.words)
)
def test_options_of_a_job_are_its_own(job):
    places = Places(*(f"/{name}" for name in Places._fields))
    own = importlib.import_module(f"pipelines.{job.name}").JOB
    typed = [*job.options, *places.options]

    options = parse_options(own, typed)

    ours = options.view_as(PlatformOptions)
    assert {name: getattr(ours, name) for name in Places._fields} == places._asdict()
    with pytest.raises(ConfigurationError, match=r"^--nope: no such option"):
        parse_options(own, [*typed, "--nope=1"])


def test_page_shows_commands_that_work(tmp_path, monkeypatch, capsys):
    text = (ROOT / "docs/schedule.md").read_text()
    commands = re.findall(r"^rally (schedule .*)$", text, re.MULTILINE)
    monkeypatch.chdir(tmp_path)

    for command in commands:
        words = shlex.split(command.partition(" > ")[0])
        assert (cli.main(words), capsys.readouterr().err) == (0, "")
    assert len(commands) == 3
    assert find_missing(text) == []
