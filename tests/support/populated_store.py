"""A store in which something of everything is, and the commands run on it."""

from pathlib import Path

from pipelines import cli
from tests.support.world import GARDEN, HOUSE, POND, World, rally_id, write_lines

PEOPLE_LEAVE = f"{GARDEN}/study-unenrollment/1"


class PopulatedStore:
    """A world and its store: three people, one of whom left; letters, a receipt.

    Attributes:
        world: keys and studies.
        folder: of all.
        store: rows and the platform.
    """

    def __init__(self, folder: Path) -> None:
        self.world, self.folder, self.store = World(folder), folder, folder / "store"
        letter = self.world.visit(1, 7)
        self.write(
            self._joined(HOUSE, "enrollment", 1, 1),
            *(self._joined(GARDEN, "study-enrollment", each, 10 + each)
              for each in (1, 2, 3)),
            *(self._joined(HOUSE, "enrollment", each, 20 + each) for each in (2, 3)),
            *(self.world.visit(each, 30 + each) for each in (1, 2, 3)),
            *(self.pond(each, 40 + each) for each in (1, 2)),
            letter._replace(body=letter.body[:-1]),
            self.left(2, 6),
        )  # fmt: skip
        assert self.run("ingest", "--input={folder}/in.ndjson") == 0
        assert self.run("delete") == 0

    def write(self, *messages) -> None:
        """Writes what `ingest --input={folder}/in.ndjson` takes."""
        write_lines(self.folder / "in.ndjson", messages)

    def left(self, person: int, number: int):
        """Somebody leaves the garden."""
        sent = "2026-05-23T10:00:00.000000Z"
        clear = {"rally.id": rally_id(person)}
        return self.world.message(PEOPLE_LEAVE, clear, number, sent)

    def pond(self, person: int, number: int):
        """Somebody is seen at the pond; its enrolment may come yet."""
        clear = {"rally.id": rally_id(person), "page": "p", "count": 1}
        sent = "2026-05-30T10:00:00.000000Z"
        return self.world.message(f"{POND}/visit/1", clear, number, sent)

    def run(self, *command: str, store: object = None, without=()) -> int:
        """The status of a command, on this store or on a copy of it."""
        named = [each.partition("=")[0] for each in command]
        left_out = {*named, *(f"--{each}" for each in without)}
        options = [
            each
            for each in self.world.options(str(store or self.store))
            if each.partition("=")[0] not in left_out
        ]
        given = [each.format(folder=self.folder, world=self.world) for each in command]
        return cli.main([*given, *options])

    def _joined(self, namespace, document, person, number):
        path, clear = f"{namespace}/{document}/1", {"rally.id": rally_id(person)}
        return self.world.message(path, clear, number)
