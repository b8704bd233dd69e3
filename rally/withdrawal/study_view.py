"""Whose rows of a study are not read: its view of the withdrawal list, held in arrays.

Made of the signed object in the study's store, or, in a job that has the platform, of
the list itself. Both say the same, and what the fold says of each row.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rally.keys.signing import SigningKey, verifier_of
from rally.registry.expunges import Expunges
from rally.registry.study import Study, StudyKind
from rally.storage.objectstore.interface import ObjectStore
from rally.storage.partitions import Range
from rally.times import to_micros
from rally.validation.pseudonyms import Pseudonyms
from rally.withdrawal.fold import Verdict
from rally.withdrawal.list_object import Published
from rally.withdrawal.people_index import PeopleIndex
from rally.withdrawal.selection import Selection
from rally.withdrawal.verdict_periods import VerdictPeriod, find_periods
from rally.withdrawal.view_object import (
    ExpungedRows,
    PeriodsOfPeople,
    Verifies,
    ViewHead,
    check_age,
    encode_view,
    read_view,
)

_VERDICTS = (Verdict.DEFERRED, Verdict.HELD, Verdict.WITHDRAWN)
_READABLE = _VERDICTS.index(Verdict.DEFERRED)
_WIDTH = 36  # bytes of a pseudonym in a row


@dataclass(frozen=True, slots=True, eq=False)
class StudyView:
    """People who left a study or Rally, and which of their rows of it are not read.

    Attributes:
        head: Head of the view.
        expunges: Orders to expunge of the study that count.
        participants: Pseudonyms in the study, sorted; dtype S36, one a person.
        ends: Number of periods up to each person's last, int64, one a person.
        first: First time of each period, int64 microseconds, sorted for each person.
        last: Last time of each period, likewise.
        verdicts: Verdict of each period, uint8: a position in DEFERRED, HELD,
            WITHDRAWN.
    """

    head: ViewHead
    expunges: tuple[ExpungedRows, ...]
    participants: NDArray[np.bytes_]
    ends: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    verdicts: NDArray[np.uint8]

    @classmethod
    def read(
        cls, store: ObjectStore, study: str, public_key: str | Verifies, now: datetime
    ) -> "StudyView":
        """Reads the view that deletion published in a study's store.

        Args:
            store: The study's store.
            study: Namespace of the study.
            public_key: Public half of `signing.delete`, a Tink keyset as JSON, or what
                verifies by it.
            now: Time of the reader, UTC.

        Raises:
            ConfigurationError: the view is missing, not as deletion published it for
                this study and platform, older than two days, or ahead of the clock; or
                the key verifies no signatures.
            OSError: the store cannot be read.
        """
        if isinstance(public_key, str):
            public_key = verifier_of(public_key)
        view = cls.load(store, study, public_key)
        check_age(store, view.head, now)
        return view

    @classmethod
    def load(cls, store: ObjectStore, study: str, key: Verifies) -> "StudyView":
        """Reads the view whatever its age is; raises as `read_view` does."""
        return read_view(store, study, key, cls._of_people)

    @classmethod
    def of_list(
        cls,
        published: Published[PeopleIndex],
        study: Study,
        pseudonyms: Pseudonyms,
        now: datetime,
    ) -> "StudyView":
        """Makes the view of the published list, in a job that has the platform.

        Args:
            published: The list, and the decisions beside it.
            study: The study; no platform's namespace.
            pseudonyms: Pseudonyms of the platform and this study.
            now: Time of the job, UTC.

        Raises:
            LookupError: the study's key is not there, so nobody can be found.
        """
        assert study.kind is not StudyKind.PLATFORM
        namespace = study.namespace
        if not pseudonyms.knows(namespace):
            raise LookupError("this job did not open the key of the study's pseudonyms")
        people = Selection(published.list, study, pseudonyms).people
        found = (
            (participant.decode(), find_periods(person, namespace))
            for participant, person in people.items()
        )
        head = ViewHead(
            namespace,
            published.decisions.platform,
            published.list.counter,
            0,
            to_micros(now),
            0,
        )
        expunges = expunged_rows(published.expunges, namespace)
        return cls._of_people(head, expunges, (each for each in found if each[1]))

    @classmethod
    def _of_people(
        cls, head: ViewHead, expunges: Iterable[ExpungedRows], people: PeriodsOfPeople
    ) -> "StudyView":
        keys, ends = bytearray(), array("q")
        first, last, verdicts = array("q"), array("q"), bytearray()
        for participant, periods in people:
            keys += participant.encode().ljust(_WIDTH, b"\0")
            for period in periods:
                first.append(period.first)
                last.append(period.last)
                verdicts.append(_VERDICTS.index(period.verdict))
            ends.append(len(first))
        return cls(
            head._replace(people=len(ends)),
            tuple(expunges),
            np.frombuffer(keys, f"S{_WIDTH}"),
            np.frombuffer(ends, np.int64),
            np.frombuffer(first, np.int64),
            np.frombuffer(last, np.int64),
            np.frombuffer(verdicts, np.uint8),
        )

    def named(
        self,
        number: int,
        allotted: str | None = None,
        left: str | None = None,
        ledger: tuple[int, str] = (0, ""),
    ) -> "StudyView":
        """Gives the same view as it is published.

        Args:
            number: Number of the publication.
            allotted: Privacy budget of the study, as decimal digits.
            left: What is left of it.
            ledger: Number of the last line of the ledger of releases, and the digest.
        """
        head = self.head._replace(
            number=number,
            rho_allotted=allotted,
            rho_left=left,
            ledger_number=ledger[0],
            ledger_digest=ledger[1],
        )
        return replace(self, head=head)

    def encode(self, key: SigningKey) -> bytes:
        """Encodes and signs it. Raises OSError where a KMS does not serve."""
        return encode_view(self.head, self.expunges, self.people(), key)

    def says_the_same(self, other: "StudyView") -> bool:
        """Tells whether two views leave out the same rows, whenever they were made."""
        pairs = zip(self._arrays, other._arrays, strict=True)
        return self.expunges == other.expunges and all(
            np.array_equal(mine, theirs) for mine, theirs in pairs
        )

    def digest_of(self, people: Range) -> bytes:
        """Digests what the view says of some people, and of rows of everybody.

        Returns:
            SHA-256; the same for views that say the same of these people.
        """
        begin, end = np.searchsorted(self.participants, [people.start, people.end])
        first, last = (int(self.ends[it - 1]) if it else 0 for it in (begin, end))
        found = sha256(repr(self.expunges).encode())
        for each in (
            self.participants[begin:end],
            self.ends[begin:end] - first,
            *(it[first:last] for it in (self.first, self.last, self.verdicts)),
        ):
            found.update(each.nbytes.to_bytes(8))
            found.update(each.tobytes())
        return found.digest()

    @property
    def _arrays(self) -> tuple[NDArray[Any], ...]:
        return self.participants, self.ends, self.first, self.last, self.verdicts

    def left_out(
        self,
        participants: Sequence[bytes] | NDArray[np.bytes_],
        times: Sequence[int] | NDArray[np.int64],
    ) -> NDArray[np.bool_]:
        """Tells of rows which are of people who left, or whose leaving is held.

        Deferred rows are not: their study is being analysed. It is quickest where rows
        of one participant follow each other.

        Args:
            participants: Pseudonym of each row, ASCII.
            times: Submission timestamp of each row, microseconds since 1970.
        """
        who, when = np.asarray(participants, np.bytes_), np.asarray(times, np.int64)
        out = np.zeros(len(who), np.bool_)
        if not (len(who) and len(self.participants)):
            return out
        starts = np.flatnonzero(np.append(True, who[1:] != who[:-1]))
        heads = who[starts]
        person = np.searchsorted(self.participants, heads)
        person[person == len(self.participants)] = 0
        known = self.participants[person] == heads
        lengths = np.diff(starts, append=len(who))
        rows = np.flatnonzero(np.repeat(known, lengths))
        out[rows] = self._are_left_out(np.repeat(person, lengths)[rows], when[rows])
        return out

    def _are_left_out(
        self, person: NDArray[np.intp], times: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """Searches each person's periods for a time, all rows at once."""
        low, high = np.where(person > 0, self.ends[person - 1], 0), self.ends[person]
        begin = low
        while (searching := low < high).any():
            middle = np.minimum((low + high) // 2, len(self.first) - 1)
            is_later = self.first[middle] <= times
            low = np.where(searching & is_later, middle + 1, low)
            high = np.where(searching & ~is_later, middle, high)
        period = np.maximum(low - 1, 0)
        found: NDArray[np.bool_] = (
            (low > begin)
            & (times <= self.last[period])
            & (self.verdicts[period] != _READABLE)
        )
        return found

    def people(self) -> Iterator[tuple[str, list[VerdictPeriod]]]:
        """Yields each person's pseudonym and periods."""
        periods = [
            VerdictPeriod(first, last, _VERDICTS[verdict])
            for first, last, verdict in zip(
                self.first.tolist(),
                self.last.tolist(),
                self.verdicts.tolist(),
                strict=True,
            )
        ]
        start = 0
        for participant, end in zip(
            self.participants.tolist(), self.ends.tolist(), strict=True
        ):
            yield participant.decode(), periods[start:end]
            start = end


def expunged_rows(orders: Expunges, namespace: str) -> tuple[ExpungedRows, ...]:
    """Gives the orders about a namespace that count, as readers take them."""
    return tuple(
        ExpungedRows(
            each.document,
            each.field,
            each.first.isoformat(),
            each.last.isoformat(),
        )
        for each in orders.of(namespace)
    )
