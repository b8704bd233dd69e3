"""Whose rows deletion looks for, and which files can have them."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator

from rally.deleting.plan import StoredFile
from rally.events import RALLY
from rally.storing.layout import DATA, Stores, study_folder
from rally.storing.partitions import SUFFIX, people_in
from rally.studies.registry import Registry
from rally.studies.study import Kind, Study
from rally.withdrawing.withdrawal_list import Withdrawal, WithdrawalList


def concerns(withdrawal: Withdrawal, study: Study) -> bool:
    """Whether a withdrawal is about rows of that namespace.

    Who leaves Rally leaves every namespace. Who leaves a study leaves it, and the
    platform has the row of the enrolment in it.
    """
    return withdrawal.scope in (RALLY, study.namespace) or study.kind is Kind.PLATFORM


def open_people(withdrawals: WithdrawalList, study: Study) -> frozenset[str]:
    """Platform pseudonyms of those whose rows in a namespace deletion looks for."""
    return frozenset(
        each.participant
        for each in withdrawals.withdrawals
        if each.participant and each.is_open and concerns(each, study)
    )


def namespaces_of(withdrawal: Withdrawal, registry: Registry) -> list[str]:
    """The namespaces that a withdrawal is about, those where it is deferred too."""
    return [
        study.namespace
        for study in registry.studies.values()
        if concerns(withdrawal, study)
    ]


def list_files(stores: Stores, namespaces: Iterable[str]) -> Iterator[StoredFile]:
    """Every file of these namespaces."""
    for namespace in namespaces:
        for info in stores.of(namespace).list(study_folder(namespace)):
            if info.size or info.name.endswith(SUFFIX):  # else it marks a folder
                yield StoredFile(namespace, *info)


def unregistered(stores: Stores, registry: Registry) -> list[str]:
    """Folders of rows whose study the registry does not know, sorted.

    Nobody could tell whose rows they are, nor delete them when somebody leaves.
    """
    prefix = study_folder("")[:-1]
    return sorted(
        {
            info.name.partition(prefix)[2].partition("/")[0]
            for store in stores.each(registry.studies)
            for info in store.list(DATA)
        }
        - set(registry.namespaces)
    )


class Buckets:
    """Tells by a file's bucket whether rows of some people can be in it."""

    def __init__(self, people: Iterable[bytes]) -> None:
        """Takes their pseudonyms, as rows have them."""
        self._people = sorted(people)

    def can_hold(self, file: StoredFile) -> bool:
        """Whether one of their rows can be there.

        Only what compaction wrote has one bucket's rows; any other file can have all.
        """
        start, end = people_in(file.name)
        place = bisect_left(self._people, start)
        return place < len(self._people) and self._people[place] < end
