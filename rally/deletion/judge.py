"""Who says which rows of a file go."""

from collections.abc import Container
from typing import Protocol

from rally.withdrawal.fold import Judgement


class Judge(Protocol):
    """Judges rows: by the withdrawal list, or by what else lets a row go."""

    @property
    def people(self) -> Container[bytes]:
        """Whose rows have to be judged, 36 ASCII bytes each; others' rows stay."""

    def judge(self, participant: bytes, document_id: bytes, time: int) -> Judgement:
        """What becomes of a row of one of these people.

        Args:
            participant: as it stands in the row.
            document_id: 36 ASCII bytes.
            time: submission timestamp, microseconds.
        """
