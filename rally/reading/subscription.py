"""A Pub/Sub subscription that is pulled, and acknowledged later."""

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import NamedTuple

from google.api_core import exceptions
from google.cloud import pubsub_v1

ACK_DEADLINE_SECONDS = 60
"""How long a message is ours: far longer than it takes to have it in a file."""

_PULL_MESSAGES = 1000
_PULL_SECONDS = 1.0
_ACKNOWLEDGE_AT_ONCE = 1000


class Message(NamedTuple):
    """A message of Pub/Sub.

    Attributes:
        data: the body.
        attributes: as published; not yet allow-listed.
        ack_id: to acknowledge it by.
    """

    data: bytes
    attributes: Mapping[str, str]
    ack_id: str


class Subscription:
    """One subscription; PUBSUB_EMULATOR_HOST is honoured by the client."""

    def __init__(self, path: str) -> None:
        """Opens `projects/<project>/subscriptions/<name>`."""
        self._path = path
        self._client = pubsub_v1.SubscriberClient()

    def __enter__(self) -> "Subscription":
        """Gives itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Closes the connection."""
        self._client.close()

    def pull(self) -> list[Message]:
        """Messages that are there within a second, and ours for the ack deadline."""
        try:
            response = self._client.pull(
                subscription=self._path,
                max_messages=_PULL_MESSAGES,
                timeout=_PULL_SECONDS,
                retry=None,
            )
        except (exceptions.DeadlineExceeded, exceptions.RetryError):
            return []
        messages = [
            Message(each.message.data, each.message.attributes, each.ack_id)
            for each in response.received_messages
        ]
        if messages:
            self._client.modify_ack_deadline(
                subscription=self._path,
                ack_ids=[message.ack_id for message in messages],
                ack_deadline_seconds=ACK_DEADLINE_SECONDS,
            )
        return messages

    def acknowledge(self, ack_ids: Sequence[str]) -> None:
        """Tells Pub/Sub that these are done, and closes the connection."""
        with self:
            for start in range(0, len(ack_ids), _ACKNOWLEDGE_AT_ONCE):
                self._client.acknowledge(
                    subscription=self._path,
                    ack_ids=list(ack_ids[start : start + _ACKNOWLEDGE_AT_ONCE]),
                )
