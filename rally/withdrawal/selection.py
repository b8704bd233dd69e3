"""Whose rows of one namespace the withdrawal list speaks of, by stored pseudonym."""

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import lru_cache

from rally.events import RALLY
from rally.registry.study import Study, StudyKind
from rally.validation.pseudonyms import Pseudonyms
from rally.withdrawal.fold import KEPT, Judgement, Leaver, judge_row
from rally.withdrawal.people_index import Ids, PeopleIndex

_ENROLS_IN_NONE: frozenset[str] = frozenset()
_KEY, _POSITION = 16, 4
_WIDTH = _KEY + _POSITION
_REMEMBERED = 8192


class StudyPeople(Mapping[bytes, Leaver]):
    """People by what one namespace's rows know them by, in 20 bytes each.

    The keys are 36 ASCII bytes, as they stand in a row, and sorted.
    """

    def __init__(self, people: PeopleIndex, members: Iterator[tuple[str, int]]) -> None:
        """Sorts them.

        Args:
            people: People on the list.
            members: Pseudonym in the namespace, and position in `people`, of each.
        """
        # Rows of one person come again and again, in each block of a file.
        self._leaver = lru_cache(_REMEMBERED)(people.at)
        self._find = lru_cache(_REMEMBERED)(self._search)
        self._ids = Ids(hyphens=True)
        self._records = b"".join(
            sorted(
                self._ids.remember(own) + position.to_bytes(_POSITION, "big")
                for own, position in members
            )
        )

    def __len__(self) -> int:
        """How many people."""
        return len(self._records) // _WIDTH

    def __iter__(self) -> Iterator[bytes]:
        """Their pseudonyms."""
        return map(self._pseudonym, range(len(self)))

    def __contains__(self, participant: object) -> bool:
        """Tells whether somebody's rows have to be judged."""
        return isinstance(participant, bytes) and self._find(participant) is not None

    def __getitem__(self, participant: bytes) -> Leaver:
        """What the fold needs of somebody."""
        place = self._find(participant)
        if place is None:
            raise KeyError
        start = place * _WIDTH + _KEY
        position = self._records[start : start + _POSITION]
        return self._leaver(int.from_bytes(position, "big"))

    def has_between(self, start: bytes, end: bytes) -> bool:
        """Tells whether somebody's pseudonym is at or after a text, and before another.

        Args:
            start: Start of a range of participants, as a bucket or a block has it.
            end: The first that is not in the range.
        """
        place = bisect_left(range(len(self)), start, key=self._pseudonym)
        return place < len(self) and self._pseudonym(place) < end

    def _search(self, participant: bytes) -> int | None:
        """Where somebody's record is."""
        try:
            key = self._ids.key(participant.decode("ascii"))
        except UnicodeDecodeError:
            return None
        place = bisect_left(range(len(self)), key, key=self._key)
        return place if place < len(self) and self._key(place) == key else None

    def _key(self, place: int) -> bytes:
        return self._records[place * _WIDTH : place * _WIDTH + _KEY]

    def _pseudonym(self, place: int) -> bytes:
        return self._ids.text(self._key(place)).encode()


class Selection:
    """Judges the rows of one namespace by the withdrawal list.

    Attributes:
        people: People on the list, by their pseudonym in the namespace's rows: 36 ASCII
            bytes, as they stand in a row.
    """

    def __init__(
        self,
        people: PeopleIndex,
        study: Study,
        pseudonyms: Pseudonyms,
        only: Collection[str] | None = None,
    ) -> None:
        """Makes the pseudonyms of those who left the study or Rally.

        Of the platform's namespaces it is everybody: their rows say who joined what.

        Args:
            people: The people on the list.
            study: The study whose rows are judged.
            pseudonyms: Pseudonyms of the platform and this study.
            only: Platform pseudonyms of those who matter; None is everybody.
        """
        self._scope = RALLY if study.kind is StudyKind.PLATFORM else study.namespace
        scopes = () if self._scope == RALLY else (self._scope, RALLY)
        members = people.positions(*scopes)
        if self._scope != RALLY and not pseudonyms.knows(study.namespace):
            members = iter(())  # concluded, its key destroyed: nothing is of anybody
        if only is not None:
            members = (each for each in members if each[0] in only)
        if self._scope != RALLY:
            members = (
                (pseudonyms.of_study(study.namespace, platform), position)
                for platform, position in members
            )
        self.people = StudyPeople(people, members)

    def judge(
        self,
        participant: bytes,
        document_id: bytes,
        time: int,
        counts: Callable[[str], bool] | None = None,
    ) -> Judgement:
        """What becomes of a stored row; see rally.withdrawal.fold.

        Args:
            participant: Its sender, as the row has it.
            document_id: Id of its ping.
            time: Its submission timestamp, microseconds.
            counts: Tells of the id of a request whether it counts; None if all do.
        """
        person = self.people.get(participant)
        if person is None:
            return KEPT
        if counts is not None:
            person = person.only(counts)
        about = _ENROLS_IN_NONE
        if self._scope == RALLY:
            joined = person.enrolments.get(document_id.decode())
            about = frozenset((joined.scope,)) if joined else _ENROLS_IN_NONE
        return judge_row(person, self._scope, time, about)
