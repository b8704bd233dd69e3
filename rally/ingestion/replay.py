"""Replays an object of dead letters: it removes what goes through now."""

from typing import NamedTuple

import tink

from rally.dead_letters import (
    DeadLetter,
    LetterPlace,
    Unsealer,
    encode_dead_letters,
    read_sealed,
    unseal,
)
from rally.errors import CorruptFile
from rally.ingestion.intake import Intake
from rally.outcomes import FailureReason
from rally.storage.objectstore.interface import (
    GenerationMismatch,
    ObjectInfo,
    ObjectNotFound,
    ObjectStore,
)
from rally.storage.objectstore.strays import check_erasable
from rally.storage.writer import RowWriter
from rally.times import InvalidTime


class Replayed(NamedTuple):
    """The number of dead letters by what became of them.

    Attributes:
        gone: number removed, which were stored or refused, or have another place now.
        kept: number that stays, since they failed again, were not asked for, or do not
            open.
        unopened: number of the kept that do not open with this private key.
    """

    gone: int
    kept: int
    unopened: int = 0


class DamagedObject(CorruptFile):
    """An object of dead letters is not whole; the message names it."""


class Replay:
    """Feeds dead letters through an intake again.

    A dead letter is judged as of when it was sent: a review that approved its document
    later does not admit it. What is refused now is removed like what is stored. Rows
    and events are whole before their dead letters go, so a kill loses nothing, and the
    next run stores the same objects again.
    """

    def __init__(
        self,
        intake: Intake,
        writer: RowWriter,
        platform: ObjectStore,
        unsealer: Unsealer,
        reason: FailureReason | None,
    ) -> None:
        """Takes an intake that keeps no failures of its own.

        Args:
            intake: intake that judges; of its own dead letters it keeps those that get
                another place, since the object still has the others.
            writer: writer of the rows.
            platform: store with the dead letters.
            unsealer: private key that opens them.
            reason: only reason to replay; None is all.
        """
        self._intake = intake
        self._writer = writer
        self._platform = platform
        self._unsealer = unsealer
        self._reason = reason

    def replay(self, place: LetterPlace, info: ObjectInfo) -> Replayed:
        """Replays one object.

        Args:
            place: study, kind and day of the object's dead letters.
            info: name and generation of the object.

        Raises:
            DamagedObject: the object is not whole; nothing of it was replayed.
        """
        try:
            sealed = read_sealed(self._platform.read(info.name))
        except ObjectNotFound:  # replayed already: a runner repeats what it did
            return Replayed(0, 0)
        except CorruptFile as error:
            raise DamagedObject(f"{info.name}: {error}") from None
        kept, unopened = list[bytes](), 0
        for each in sealed:
            letter = self._open(each, place)
            unopened += letter is None
            if letter is None or not self._goes_through(letter):
                kept.append(each)
        self._writer.flush()
        self._intake.flush()
        gone = len(sealed) - len(kept)
        if gone:
            self._remove(info, kept)
        return Replayed(gone, len(kept), unopened)

    def _goes_through(self, letter: DeadLetter) -> bool:
        """Takes a dead letter again; tells whether its object may lose it."""
        if self._reason and letter.reason is not self._reason:
            return False
        if letter.reason is FailureReason.MALFORMED_LINE:
            return False  # its bytes are where they were read, and nowhere else
        outcome = self._intake.retake(letter.envelope, letter.reason)
        if outcome.failure is not None:
            return self._intake.moves(letter.reason, outcome.failure)
        if outcome.row:
            self._writer.add(*outcome.row)
        return True

    def _open(self, sealed: bytes, place: LetterPlace) -> DeadLetter | None:
        """Opens a dead letter; None where its key is gone, or it was moved."""
        try:
            return unseal(sealed, place, self._unsealer)
        except (tink.TinkError, InvalidTime):  # to a key that is gone, or moved: kept
            return None

    def _remove(self, info: ObjectInfo, kept: list[bytes]) -> None:
        """Removes the object, or rewrites it with the dead letters that stay."""
        check_erasable(self._platform, info.name)
        try:
            if kept:
                name = info.name.rpartition("/")[2].removesuffix(".avro")
                data = encode_dead_letters(kept, name, self._intake.version)
                self._platform.replace(info.name, data, info.generation)
            else:
                self._platform.delete(info.name, info.generation)
        except GenerationMismatch:
            return  # another replay was here first; what it kept, it kept
