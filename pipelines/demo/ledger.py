"""What the store holds, and what of it is of who left: read as any reader would."""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from pipelines.demo.scene import Scene
from rally.deletion.settings import DeletionSettings
from rally.keys.platform_keys import default_uri
from rally.settings import make_pseudonyms
from rally.storage.container import read_rows
from rally.storage.layout import study_folder
from rally.times import to_micros
from rally.withdrawal.list_object import read_people
from rally.withdrawal.selection import Selection


class Row(NamedTuple):
    """A stored row.

    Attributes:
        study: namespace of the study.
        participant: its pseudonym there.
        document_id: document id of the ping.
        time: its submission timestamp, microseconds.
        content: everything that it says, as JSON.
    """

    study: str
    participant: str
    document_id: str
    time: int
    content: str


class Ledger:
    """Reads the scene's store with its platform's keys."""

    def __init__(self, scene: Scene, as_of: str | None = None) -> None:
        """Opens the keys, which `rally init` has made.

        Args:
            scene: scene whose store is read.
            as_of: time, RFC 3339; from its conclusion on a study's key may be gone.
        """
        settings = DeletionSettings(
            store=str(scene.store),
            platform_keys=default_uri(str(scene.keys)),
            studies=str(scene.studies),
            as_of=as_of,
        )
        self._registry = settings.registry()
        self._stores = settings.stores()
        keys = settings.keys(self._registry)
        self._pseudonyms = make_pseudonyms(keys, self._registry)

    def files(self) -> Counter[str]:
        """How many files each study has."""
        return Counter(
            {
                study: sum(1 for _ in self._stores.of(study).list(study_folder(study)))
                for study in self._registry.studies
            }
        )

    def rows(self) -> list[Row]:
        """Every row of every study."""
        return [
            Row(
                study,
                row["participant"],
                row["document_id"],
                to_micros(row["submission_timestamp"]),
                repr(row),
            )
            for study in self._registry.studies
            for info in self._stores.of(study).list(study_folder(study))
            for row in read_rows(self._stores.of(study).read(info.name))
        ]

    def count_rows(self, rally_id: str) -> int:
        """How many rows are of a person."""
        person = self._pseudonyms.of_platform(rally_id)
        own = {
            name: self._pseudonyms.of_study(name, person)
            for name in self._registry.studies
            if self._pseudonyms.knows(name)
        }
        return sum(
            row.participant in (person, own.get(row.study)) for row in self.rows()
        )

    def of_who_left(self, rows: Iterable[Row]) -> set[Row]:
        """Those of the rows that the published withdrawal list condemns."""
        people = read_people(self._stores.platform).list
        selections = {
            name: Selection(people, study, self._pseudonyms)
            for name, study in self._registry.studies.items()
        }
        return {row for row in rows if _is_condemned(row, selections[row.study])}


def _is_condemned(row: Row, selection: Selection) -> bool:
    verdict = selection.judge(
        row.participant.encode(), row.document_id.encode(), row.time
    ).verdict
    return verdict.condemns
