"""Leaves a platform that goes on: a study in the middle of its life, to explore.

Its dates are counted from the day on which it is made, and its people read pages until
then, so that every command shown works at once, and a year later as well.
"""

import shutil
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from datetime import date, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import yaml

from pipelines import cli
from pipelines.demo.clients import CORE, NEWS
from pipelines.demo.people import People
from pipelines.demo.scene import COUNTRY_ATTRIBUTE, Scene, deliver, lay_out
from rally.initialisation.development_reviews import write_reviews

_OLD = timedelta(days=60)
"""How long ago the study began."""

_TO_GO = timedelta(days=3 * 365)
_READING_DAYS = 3
_PAGES = 4
"""That each person reads in a day."""

_FILE = "rally.toml"
_PROFILE = f"""\
# Where the demo's platform is. `rally` finds this file from here and from below.
name = "demo"
store = "store"
keys = "keys"
studies = "studies"

[ingest]
country_attribute = "{COUNTRY_ATTRIBUTE}"

[delete]
rewrite_after_days = 0  # nobody else has to leave before rows go
"""

_HINTS = """\
A second platform goes on, with Demo News in the middle of its life. Try it:

    export PATH="{bin}:$PATH"; cd {folder}

    rally status
    fastavro --pretty {rows} | less
    echo {person} | rally withdraw --study {study} --by decide
    rally delete
    rally audit --html audit.html

They show how it is; what is stored of one day; let one person leave, by letter; take
that person's rows out, with a receipt; and prove the promises, as a page.
"""


def leave_running(folder: Path, now: datetime) -> int:
    """Makes the platform in a new folder, and says what to try on it.

    Args:
        folder: The folder; it is made.
        now: The moment up to which its people were active, UTC.

    Returns:
        0, or the exit status of a job that found something not as promised.
    """
    scene = lay_out(folder)
    _move_dates(scene.studies, now.date())
    (folder / _FILE).write_text(_PROFILE)
    people, start = (
        People(str(scene.keys)),
        now - timedelta(days=_READING_DAYS, hours=6),
    )
    deliver(scene, "joined", people.join(start))
    for day in range(1, _READING_DAYS + 1):
        at = start + timedelta(days=day)
        deliver(scene, f"read-{day}", people.read(at, _PAGES))
    if status := _run_jobs(folder, now):
        return status
    print(_hints(scene, people.leaves_study))
    return 0


def _run_jobs(folder: Path, now: datetime) -> int:
    """Runs what a person and a night would, by the profile; the first bad status."""
    profile, clock = f"--profile={folder / _FILE}", f"--as_of={now.isoformat()}"
    commands = (
        ["init", "--development", profile],
        ["ingest", f"--input={folder}/messages/*/*", clock, profile],
        *([job, clock, profile] for job in ("compact", "delete", "purge")),
        ["audit", f"--html={folder / 'audit.html'}", clock, profile],
    )
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()) as told:
        failed = (status for words in commands if (status := cli.main(words)))
        status = next(failed, 0)
    if status:
        print(told.getvalue(), file=sys.stderr)
    return status


def _move_dates(studies: Path, today: date) -> None:
    """Puts what the studies say of their dates around today, and leaves two studies."""
    for folder in studies.iterdir():
        if folder.is_dir() and folder.name not in (CORE, NEWS):
            shutil.rmtree(folder)
    for file in studies.glob("*/study.yaml"):
        study = yaml.safe_load(file.read_text())
        study = _moved(study, today - _OLD - study["starts"])
        if study["kind"] == "study":
            study.pop("ending_announced")
            study["collect_through"] = today + _TO_GO
            study["analysis_until"] = today + _TO_GO + _OLD
        for document in study["documents"].values():
            if "delete_after_days" in document:
                document["delete_after_days"] = _TO_GO.days
        file.write_text(yaml.safe_dump(study, sort_keys=False))
    for file in studies.glob("*/releases/*.yaml"):
        recipe = yaml.safe_load(file.read_text())
        days = today - timedelta(days=_READING_DAYS), today - timedelta(days=1)
        recipe["from"], recipe["until"] = days
        file.write_text(yaml.safe_dump(recipe, sort_keys=False))
    write_reviews(studies)


def _moved(value: Any, by: timedelta) -> Any:
    """A value of YAML with each date in it moved."""
    if isinstance(value, dict):
        return {key: _moved(each, by) for key, each in value.items()}
    if isinstance(value, list):
        return [_moved(each, by) for each in value]
    return value + by if isinstance(value, date) else value


def _hints(scene: Scene, person: str) -> str:
    folder = scene.store.parent
    rows = next(_rows_of_a_day(scene)).relative_to(folder)
    return _HINTS.format(
        bin=Path(sys.executable).parent,
        folder=folder,
        rows=rows,
        person=person,
        study=NEWS,
    )


def _rows_of_a_day(scene: Scene) -> Iterator[Path]:
    """Compacted files of the study's pages, the newest day first."""
    document = scene.store / f"data/study={NEWS}/document=page-visit.1"
    for day in sorted(document.iterdir(), reverse=True):
        yield from sorted(day.glob("bucket=*/compacted-*.avro"))
