"""Made-up people of the demo: what they do, and what their browsers send of it."""

import json
import random
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from pipelines.demo.clients import NEWS, CoreAddon, Message, NewsExtension
from rally.keys.sealing import submission_path

PEOPLE = 60
PAGES = 40
LATE = 3
"""Pages of each of the two who left, read before and arriving afterwards."""

_SITES = ("example.com", "news.example.org", "daily.example.net", "blog.example.edu")
_TOPICS = (
    "election budget weather storm council school bridge river market health science"
    " court harbour museum railway energy housing football library garden"
)
_WORDS = _TOPICS.split()
_AGES = ("band_19_24", "band_25_34", "band_35_44", "band_45_54", "band_over_65")


class People:
    """A small crowd that joins Rally and a study, and reads the news.

    Always the same one, who do always the same.

    Attributes:
        leaves_study: id of the one who leaves the study, and comes back.
        leaves_rally: id of the one who leaves Rally.
        leaves_late: id of the one who leaves the study when it has ended.
    """

    def __init__(self, keys_uri: str) -> None:
        """Takes the folder with the keys of the study and of the platform."""
        self._extension = NewsExtension(keys_uri)
        self._addon = CoreAddon(keys_uri)
        self._random = random.Random(20221)
        self._time = datetime.min
        self._ids = [str(self._uuid()) for _ in range(PEOPLE)]
        _, self.leaves_study, self.leaves_rally, *_, self.leaves_late = self._ids

    def join_and_read(self, start: datetime) -> Iterator[Message]:
        """Everybody's first morning, and a few pings that must not get in."""
        yield from self.join(start)
        yield from self._read(PAGES)
        yield from self._unwanted(self._ids[0])

    def join(self, start: datetime) -> Iterator[Message]:
        """Everybody joins Rally and the study."""
        self._time = start
        for person in self._ids:
            yield self._core("enrollment", person)
            age = {"user.age": {self._random.choice(_AGES): True}}
            yield self._core("demographics", person, labeled_boolean=age)
            yield from self._join_study(person)

    def read(self, start: datetime, pages: int) -> Iterator[Message]:
        """Everybody reads some pages."""
        self._time = start
        yield from self._read(pages)

    def leave(self, at: datetime) -> Iterator[Message]:
        """Two leave: one a study, one Rally, whose pings to the study are lost.

        The add-on queues a ping about each study, and then turns Glean off, which
        throws the queue away: only Glean's own deletion-request arrives.
        """
        self._time = at
        yield self._news("deletion-request", {"rally_id": self.leaves_study})
        yield self._core("deletion-request", self.leaves_rally)

    def leave_late(self, at: datetime) -> Iterator[Message]:
        """One more leaves the study, which has ended."""
        self._time = at
        yield self._news("deletion-request", {"rally_id": self.leaves_late})

    def arrive_late(self, sent: datetime) -> Iterator[Message]:
        """Pages of the two, who had read them before they left."""
        self._time = sent
        for person in (self.leaves_study, self.leaves_rally):
            for _ in range(LATE):
                yield self._news("page-visit", self._page(person))

    def go_on(self, at: datetime) -> Iterator[Message]:
        """A page of the one who left Rally: the study's extension does not know it."""
        self._time = at
        yield self._news("page-visit", self._page(self.leaves_rally))

    def come_back(self, at: datetime) -> Iterator[Message]:
        """The one who left the study joins it again, and reads on."""
        self._time = at
        yield from self._join_study(self.leaves_study)
        for _ in range(LATE):
            yield self._news("page-visit", self._page(self.leaves_study))

    def _read(self, pages: int) -> Iterator[Message]:
        for _ in range(pages):
            for person in self._ids:
                yield self._news("page-visit", self._page(person))

    def _join_study(self, person: str) -> Iterator[Message]:
        """The add-on tells it, and the study's extension does."""
        study = {
            "enrollment.study_id": "demo-news@example.org",
            "enrollment.schema_namespace": NEWS,
        }
        yield self._core("study-enrollment", person, string=study)
        yield self._news("study-enrollment", {"rally_id": person})

    def _unwanted(self, person: str) -> Iterator[Message]:
        """One of each: refused by the person or the study, and failed."""
        page = self._page(person)
        yield self._news("page-visit", page, dnt="1")
        yield self._news("page-visit", page | {"private": True})
        yield self._news(
            "page-visit", page, at=datetime.fromisoformat("2026-01-20T00:00:00Z")
        )
        newcomer = {"rally_id": str(self._uuid())}
        yield self._news("study-enrollment", newcomer, country="DE")
        yield self._news("page-visit", page | {"password": "not announced"})
        yield self._news("page-visit", page | {"seconds": 3.5})
        yield self._news("page-visit", page | {"rally_id": "0" * 32})
        moved = self._news("page-visit", page)
        uri = submission_path(NEWS, "page-visit", 1, self._uuid())
        yield Message(moved.body, moved.attributes | {"uri": uri})
        yield Message(json.dumps(page).encode(), moved.attributes)
        yield self._news("page-visits", page)

    def _news(
        self,
        document_type: str,
        clear: dict[str, Any],
        at: datetime | None = None,
        **attributes: str,
    ) -> Message:
        sent = at or self._next()
        return self._extension.submit(
            document_type, self._uuid(), clear, sent, **attributes
        )

    def _core(self, document_type: str, person: str, **metrics: Any) -> Message:
        own = {"uuid": {"rally.id": person}, **metrics}
        return self._addon.submit(document_type, self._uuid(), own, self._next())

    def _next(self) -> datetime:
        self._time += timedelta(seconds=self._random.randint(1, 5))
        return self._time

    def _page(self, person: str) -> dict[str, Any]:
        pick = self._random
        site = f"https://{pick.choice(_SITES)}/{'-'.join(pick.sample(_WORDS, 3))}"
        return {
            "rally_id": person,
            "private": False,
            "url": site,
            "title": " ".join(pick.sample(_WORDS, 6)).capitalize(),
            "seconds": pick.randint(1, 600),
            "clicks": [
                {"at": at * 1000, "href": f"{site}/{pick.choice(_WORDS)}"}
                for at in range(pick.randint(0, 5))
            ],
        }

    def _uuid(self) -> uuid.UUID:
        return uuid.UUID(int=self._random.getrandbits(128), version=4)
