"""Made-up people of the demo: what their browsers would send, sealed with Tink."""

import json
import random
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from rally.keys.sealing import public_from_folder, submission_path

NAMESPACE = "rally-demo-news"
PEOPLE = 60
PAGES = 40

_SITES = ("example.com", "news.example.org", "daily.example.net", "blog.example.edu")
_WORDS = (
    "election",
    "budget",
    "weather",
    "storm",
    "council",
    "school",
    "bridge",
    "river",
    "market",
    "health",
    "science",
    "court",
    "harbour",
    "museum",
    "railway",
    "energy",
    "housing",
    "football",
    "library",
    "garden",
)


class Message(NamedTuple):
    """What a browser submits: a body, where to, and the edge's attributes."""

    body: bytes
    attributes: dict[str, str]


class People:
    """A small crowd that joins a study and reads the news; always the same one."""

    def __init__(self, keys_uri: str, start: datetime) -> None:
        """Takes the folder with the study's keys, and when the first of them joins."""
        from tink import hybrid  # slow to import

        public = public_from_folder(keys_uri, NAMESPACE)
        self._sealer = public.primitive(hybrid.HybridEncrypt)
        self._random = random.Random(20221)
        self._time = start

    def messages(self) -> Iterator[Message]:
        """Everybody's pings, and a few that must not get in."""
        ids = [self._uuid() for _ in range(PEOPLE)]
        for person in ids:
            yield self._ping("study-enrollment", {"rally_id": person})
        for _ in range(PAGES):
            for person in ids:
                yield self._ping("page-visit", self._page(person))
        yield from self._unwanted(ids)

    def _unwanted(self, ids: list[str]) -> Iterator[Message]:
        """One of each: refused by the person or the study, and failed."""
        page = self._page(ids[0])
        yield self._ping("page-visit", page, dnt="1")
        yield self._ping("page-visit", page | {"private": True})
        yield self._ping(
            "page-visit", page, at=datetime.fromisoformat("2026-01-20T00:00:00Z")
        )
        yield self._ping("study-enrollment", {"rally_id": self._uuid()}, country="DE")
        yield self._ping("page-visit", page | {"password": "not announced"})
        yield self._ping("page-visit", page | {"seconds": 3.5})
        yield self._ping("page-visit", page | {"rally_id": "0" * 32})
        moved = self._ping("page-visit", page)
        uri = submission_path(NAMESPACE, "page-visit", 1, uuid.UUID(self._uuid()))
        yield Message(moved.body, moved.attributes | {"uri": uri})
        yield Message(json.dumps(page).encode(), moved.attributes)
        yield self._ping("page-visits", page)

    def _ping(
        self,
        document_type: str,
        clear: dict[str, Any],
        at: datetime | None = None,
        **attributes: str,
    ) -> Message:
        self._time += timedelta(seconds=self._random.randint(1, 5))
        path = submission_path(NAMESPACE, document_type, 1, uuid.UUID(self._uuid()))
        body = self._sealer.encrypt(json.dumps(clear).encode(), path.encode())
        return Message(
            body,
            {
                "uri": path,
                "submission_timestamp": (at or self._time).strftime(
                    "%Y-%m-%dT%H:%M:%S.%fZ"
                ),
                "remote_addr": "192.0.2.1",  # the edge adds it; nothing keeps it
                "country": "US",
                **attributes,
            },
        )

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

    def _uuid(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))
