"""The withdrawal list as a running job knows it: looked for again when it is old."""

import time
from collections.abc import Mapping

from rally.errors import ConfigurationError
from rally.registry.transitions import Transition
from rally.storage.objectstore.interface import ObjectStore
from rally.withdrawal.fold import Leaver
from rally.withdrawal.list_object import Published, read_people
from rally.withdrawal.people_index import PeopleIndex
from rally.withdrawal.root import ROOT


class LiveList:
    """People on the list, read again when that is older than a job allows.

    Looking again asks for the root's generation and reads the list only where that has
    changed. A list that has gone, is not as deletion published it, or is older than
    the one before ends the job: without it pings of people who left would be stored.
    """

    def __init__(self, platform: ObjectStore, reload_seconds: float) -> None:
        """Reads the list. Raises ConfigurationError, as `people` does."""
        self._platform = platform
        self._reload_seconds = reload_seconds
        self._counter = 0
        self._looked_at = time.monotonic()
        self._take(read_people(platform))

    def people(self) -> Mapping[str, Leaver]:
        """Those on the list, by platform pseudonym, as they are known now.

        Raises:
            ConfigurationError: the list is missing, not as it was published, or older
                than one that this job has acted on.
        """
        now = time.monotonic()
        if now - self._looked_at > self._reload_seconds:
            self._look_again()
            self._looked_at = now
        return self._people

    @property
    def counter(self) -> int:
        """Counter of the list that `people` gave last; no store is looked into."""
        return self._counter

    @property
    def age(self) -> float:
        """Seconds since the list was looked for."""
        return time.monotonic() - self._looked_at

    @property
    def steps(self) -> tuple[Transition, ...]:
        """What decisions said of studies when the list that is known was published."""
        return self._steps

    def _look_again(self) -> None:
        info = self._platform.stat(ROOT)
        if info is None or info.generation != self._generation:
            self._take(read_people(self._platform))

    def _take(self, published: Published[PeopleIndex]) -> None:
        people = published.list
        if people.counter < self._counter:
            raise ConfigurationError(
                f"{self._platform.uri.rstrip('/')}/{ROOT}: is list"
                f" {people.counter}, and this job has acted on list"
                f" {self._counter}; restore the newest"
            )
        self._counter = people.counter
        self._people = people
        self._steps = published.steps
        self._generation = published.generation
