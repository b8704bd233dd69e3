"""Pulls messages from a Pub/Sub subscription, and acknowledges them later."""

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
"""Policy that asks a service again for up to a minute while it is unavailable."""

_REFUSALS = (exceptions.GoogleAPIError, GoogleAuthError)


class PulledMessage(NamedTuple):
    """A message that was pulled from Pub/Sub.

    Attributes:
        data: body of the message.
        attributes: attributes as published, before the allow-list.
        ack_id: id by which it is acknowledged.
    """

    data: bytes
    attributes: Mapping[str, str]
    ack_id: str


class Subscription:
    """A Pub/Sub subscription; the client honours PUBSUB_EMULATOR_HOST."""

    def __init__(
        self, path: str, ack_deadline_seconds: int = ACK_DEADLINE_SECONDS
    ) -> None:
        """Opens `projects/<project>/subscriptions/<name>`.

        Args:
            path: full name of the subscription.
            ack_deadline_seconds: time for which a pulled message belongs to this
                client.

        Raises:
            ConnectionError: there are no credentials, or they have expired.
        """
        self._path = path
        self._ack_deadline = ack_deadline_seconds
        with _as_connection_error(path):
            self._client = pubsub_v1.SubscriberClient()

    def __enter__(self) -> "Subscription":
        """Returns the subscription itself."""
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
        """Pulls the messages that arrive within a second, and extends their deadline.

        Raises:
            ConnectionError: Pub/Sub is unavailable for more than a moment.
        """
        with _as_connection_error(self._path):
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
        """Acknowledges messages, and closes the connection.

        Returns:
            The number of messages that Pub/Sub did not take note of: these come again.
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
def _as_connection_error(path: str) -> Iterator[None]:
    """Turns an error of Pub/Sub into one line, as of a disk that is unavailable."""
    try:
        yield
    except _REFUSALS as error:
        # After a minute of attempts: what the last one came to.
        kind = type(getattr(error, "cause", None) or error).__name__
        refuses = isinstance(error, exceptions.ClientError)
        what = "Pub/Sub refuses" if refuses else "Pub/Sub cannot be reached"
        raise ConnectionError(f"--subscription {path}: {what} ({kind})") from None


def check_subscription(path: str) -> None:
    """Asks Pub/Sub once whether a subscription exists, and takes no message from it.

    An account may have the right to pull and not to ask: then nothing is known, and the
    check passes.

    Raises:
        ConfigurationError: it does not exist, or there are no credentials.
        ConnectionError: Pub/Sub cannot be reached.
    """
    with _as_connection_error(path):
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
    """Asks Pub/Sub with patience whether a subscription that fell silent still exists.

    Raises:
        ConfigurationError: it no longer exists.
        ConnectionError: Pub/Sub is unavailable for more than a moment.
    """
    patience = _PATIENCE.with_predicate(
        if_exception_type(*_BLIPS, exceptions.DeadlineExceeded)
    )
    with _as_connection_error(path):
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
