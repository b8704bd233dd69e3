"""A small platform in the folder that one works in, to which things happen.

Three people are in Rally and in its garden, and were seen there on two days.
"""

import shutil
from collections.abc import Iterable
from itertools import count
from pathlib import Path

from tests.docs.terminal import Terminal
from tests.support.people import make_people_keys
from tests.support.world import GARDEN, HOUSE, Message, World, rally_id, write_lines

PLACES = "--store store/ --keys keys/"
BEGAN = "2026-05-24T06:00:00Z"
PEOPLE = (1, 2, 3)
JOINED, SEEN = "2026-05-20T10:00:00Z", "2026-05-23T10:00:00Z"
SUNDAY, LEFT = "2026-05-24T08:00:00Z", "2026-05-25T10:00:00Z"
NEXT = "2026-05-26T06:00:00Z"
"""The morning after somebody left."""

JOBS = tuple(f"rally {job} {PLACES}" for job in ("delete", "compact", "purge"))
DELETE, COMPACT = JOBS[:2]
GARDEN_KEY = Path(f"keys/{GARDEN}.keyset.json")
VISITS = f"store/data/study={GARDEN}/document=visit.1"


class Desk:
    """Where a person on call sits.

    Attributes:
        world: the platform's keys, and pings that are sealed to them.
        terminal: what they type at.
    """

    def __init__(self, world: World, first: int) -> None:
        """Takes the platform of the folder; pings are numbered from `first` on."""
        self.world = world
        self.terminal = Terminal(world.studies, BEGAN)
        self._numbers = count(first)

    def at(self, time: str) -> None:
        """Lets time go by."""
        self.terminal.as_of = time

    def quietly(self, *commands: str, status: str = "0") -> None:
        """What others run, or schedules; nobody looks."""
        other = Terminal(self.world.studies, self.terminal.as_of)
        for command in commands:
            shown = other.run(command)
            assert other.run("echo $?") == [status], shown

    def ingest(self, messages: Iterable[Message], status: str = "0") -> None:
        """Takes pings in, as a stream does; they are kept in an archive as well."""
        path = self._write("archives", messages)
        self.quietly(f"rally ingest --input {path} {PLACES}", status=status)

    def arrive(self, messages: Iterable[Message]) -> None:
        """Pings lie there, and nothing has taken them in."""
        self._write("pings", messages)

    def _write(self, folder: str, messages: Iterable[Message]) -> str:
        Path(folder).mkdir(exist_ok=True)
        return write_lines(Path(folder) / f"{next(self._numbers)}.ndjson", messages)

    def says(self, person: int, document: str, at: str) -> Message:
        """A ping that says who somebody is, and no more."""
        who = {"rally.id": rally_id(person)}
        return self.world.message(document, who, next(self._numbers), at)

    def leaves(self, person: int, at: str) -> Message:
        """Somebody leaves the garden."""
        return self.says(person, f"{GARDEN}/study-unenrollment/1", at)

    def joins(self, person: int, at: str) -> Message:
        """Somebody joins the garden."""
        return self.says(person, f"{GARDEN}/study-enrollment/1", at)

    def visits(self, person: int, at: str) -> Message:
        """Somebody is seen in the garden."""
        return self.world.visit(person, next(self._numbers), sent=at)


def make_platform() -> World:
    """Makes the platform in the folder that one works in; others may be copies of it.

    Its paths are relative, so that what is printed is the same anywhere.
    """
    desk = Desk(World(Path()), 0)
    desk.world.make_stores("store")
    make_people_keys("keys/people")
    study = Path(desk.world.studies) / GARDEN / "study.yaml"
    told = "ending_announced: 2026-12-01\ncollect_through:"
    study.write_text(study.read_text().replace("collect_through:", told))
    desk.ingest(
        [
            *(desk.says(each, f"{HOUSE}/enrollment/1", JOINED) for each in PEOPLE),
            *(desk.joins(each, JOINED) for each in PEOPLE),
            *(desk.visits(each, JOINED) for each in PEOPLE),
            *(desk.visits(each, SEEN) for each in PEOPLE),
        ]
    )
    shutil.rmtree("archives")
    return desk.world
