"""A Pub/Sub subscription that is pulled, and acknowledged later."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import NamedTuple

from google.api_core import exceptions
from google.api_core.retry import Retry, if_exception_type
from google.auth.exceptions import GoogleAuthError
from google.cloud import pubsub_v1
from google.pubsub_v1.types import PullResponse

from rally.availability import is_unavailable
from rally.errors import ConfigurationError
from rally.sources.ack_deadlines import (
    ACK_DEADLINE_SECONDS,
)

_PULL_MESSAGES = 1000
_PULL_SECONDS = 1.0
_ACKNOWLEDGE_AT_ONCE = 1000
_CHECK_SECONDS = 10.0
_BLIPS = (
    exceptions.Aborted,
    exceptions.InternalServerError,
    exceptions.ServiceUnavailable,
)
_PATIENCE = Retry(
    predicate=if_exception_type(*_BLIPS),
    initial=0.1,
    maximum=5.0,
    timeout=60.0,
)
"""A service that is away for a moment is asked again; a minute is no moment."""

_REFUSALS = (exceptions.GoogleAPIError, GoogleAuthError)


class PulledMessage(NamedTuple):
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

    def __init__(
        self, path: str, ack_deadline_seconds: int = ACK_DEADLINE_SECONDS
    ) -> None:
        """Opens `projects/<project>/subscriptions/<name>`.

        Raises:
            ConnectionError: there are no credentials (any more).
        """
        self._path = path
        self._ack_deadline = ack_deadline_seconds
        with _told(path):
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

    def pull(self) -> list[PulledMessage]:
        """Messages that are there within a second, and ours for the ack deadline.

        Raises:
            ConnectionError: Pub/Sub is away for more than a moment.
        """
        with _told(self._path):
            messages = self._pull()
            if messages:
                self._client.modify_ack_deadline(
                    subscription=self._path,
                    ack_ids=[message.ack_id for message in messages],
                    ack_deadline_seconds=self._ack_deadline,
                    retry=_PATIENCE,
                )
            return messages

    def _pull(self) -> list[PulledMessage]:
        try:
            response = self._client.pull(
                subscription=self._path,
                max_messages=_PULL_MESSAGES,
                timeout=_PULL_SECONDS,
                retry=_PATIENCE,
            )
        except exceptions.DeadlineExceeded:
            return []
        # The plain protobuf message: its wrapper costs as much as opening a ping.
        received = PullResponse.pb(response).received_messages
        return [
            PulledMessage(each.message.data, each.message.attributes, each.ack_id)
            for each in received
        ]

    def acknowledge(self, ack_ids: Sequence[str]) -> int:
        """Tells Pub/Sub that these are done, and closes the connection.

        Returns:
            How many it could not be told of: these come again.
        """
        with self:
            for start in range(0, len(ack_ids), _ACKNOWLEDGE_AT_ONCE):
                try:
                    self._client.acknowledge(
                        subscription=self._path,
                        ack_ids=list(ack_ids[start : start + _ACKNOWLEDGE_AT_ONCE]),
                        retry=_PATIENCE,
                    )
                except _REFUSALS:
                    return len(ack_ids) - start
        return 0


@contextmanager
def _told(path: str) -> Iterator[None]:
    """Around calls: what Pub/Sub fails with is one line, as of a disk that is away."""
    try:
        yield
    except _REFUSALS as error:
        # After a minute of attempts: what the last one came to.
        kind = type(getattr(error, "cause", None) or error).__name__
        refuses = isinstance(error, exceptions.ClientError)
        what = "Pub/Sub refuses" if refuses else "Pub/Sub cannot be reached"
        raise ConnectionError(f"--subscription {path}: {what} ({kind})") from None


def check_subscription(path: str) -> None:
    """Asks once whether a subscription is there; takes no message from it.

    An account may be allowed to pull and not to ask: then nothing is known, and fine.

    Raises:
        ConfigurationError: it is not there, or there are no credentials.
        ConnectionError: Pub/Sub cannot be reached.
    """
    with _told(path):
        try:
            _ask(path, None)
        except GoogleAuthError as error:
            if is_unavailable(error):
                raise
            raise ConfigurationError(
                f"--subscription {path}: no credentials for Google Cloud; run"
                " `gcloud auth application-default login`"
            ) from None


def check_silent(path: str) -> None:
    """The same of a subscription that was there and gives nothing, with patience.

    Raises:
        ConfigurationError: it is not there any more.
        ConnectionError: Pub/Sub is away for more than a moment.
    """
    patience = _PATIENCE.with_predicate(
        if_exception_type(*_BLIPS, exceptions.DeadlineExceeded)
    )
    with _told(path):
        _ask(path, patience)


def _ask(path: str, retry: Retry | None) -> None:
    try:
        with pubsub_v1.SubscriberClient() as client:
            client.get_subscription(
                subscription=path, timeout=_CHECK_SECONDS, retry=retry
            )
    except exceptions.PermissionDenied:
        return
    except (exceptions.NotFound, exceptions.InvalidArgument):
        raise ConfigurationError(
            f"--subscription {path}: there is none of that name"
        ) from None
