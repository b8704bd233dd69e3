"""Pub/Sub that is away or refuses is one line, and what it was not told is known."""

import socket
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from google.pubsub_v1.types import (
    AcknowledgeRequest,
    GetSubscriptionRequest,
    PullRequest,
    Subscription,
)

from pipelines import cli
from rally.errors import ConfigurationError
from rally.ingestion.settings import IngestSettings
from rally.ingestion.setup import check_before_start
from rally.observability.measures import Sum
from rally.sources import subscription
from tests.support.world import AS_OF, World
from transforms.ingest_subscription import _IngestSubscriptionFn

PATH = "projects/p/subscriptions/s"
AWAY = f"--subscription {PATH}: Pub/Sub cannot be reached (ServiceUnavailable)"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return World(tmp_path_factory.mktemp("world"))


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    """Half a second in the place of a minute."""
    short = subscription._PATIENCE.with_timeout(0.5)
    monkeypatch.setattr(subscription, "_PATIENCE", short)


@pytest.fixture
def nobody(monkeypatch):
    """A port that nobody listens at, and that nobody else gets."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{bound.getsockname()[1]}"
        monkeypatch.setenv("PUBSUB_EMULATOR_HOST", address)
        yield


class Service:
    """A Pub/Sub whose subscription is there, and which then is away.

    Attributes:
        told: how many messages each acknowledgement was of.
    """

    def __init__(self, acknowledgements=0):
        self.told = []
        self._acknowledgements = acknowledgements

    def calls(self):
        return {
            "GetSubscription": (self.get, GetSubscriptionRequest),
            "Pull": (self.fail, PullRequest),
            "Acknowledge": (self.acknowledge, AcknowledgeRequest),
        }

    def handler(self):
        return grpc.method_handlers_generic_handler(
            "google.pubsub.v1.Subscriber",
            {
                name: grpc.unary_unary_rpc_method_handler(
                    call, request.deserialize, lambda made: made.SerializeToString()
                )
                for name, (call, request) in self.calls().items()
            },
        )

    def get(self, _, context):
        return Subscription.pb(Subscription(name=PATH))

    def fail(self, _, context):
        context.abort(grpc.StatusCode.UNAVAILABLE, "words that nobody may read")

    def acknowledge(self, request, context):
        if len(self.told) == self._acknowledgements:
            self.fail(request, context)
        self.told.append(len(request.ack_ids))
        return Empty()


@pytest.fixture
def serve(monkeypatch):
    server = grpc.server(ThreadPoolExecutor(4))

    def serve(service):
        server.add_generic_rpc_handlers([service.handler()])
        address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
        monkeypatch.setenv("PUBSUB_EMULATOR_HOST", address)
        server.start()
        return service

    yield serve
    server.stop(None).wait()


def test_pull_from_nobody_is_one_line(nobody):
    with (
        subscription.Subscription(PATH) as reader,
        pytest.raises(ConnectionError) as caught,
    ):
        reader.pull()
    assert str(caught.value) == AWAY


def test_start_while_nobody_is_there_is_one_line_and_status_1(
    world, tmp_path, nobody, capsys
):
    argv = [f"--subscription={PATH}", *world.options(str(tmp_path / "store"))]

    status = cli.main(["ingest", *argv])

    again = "when that is mended or over, run it again for what is not done"
    assert (status, *capsys.readouterr()) == (1, "", f"rally: {AWAY}; {again}\n")


def test_stream_from_which_pubsub_goes_away_is_one_line_and_status_1(
    world, tmp_path, serve, capsys
):
    serve(Service())
    argv = [f"--subscription={PATH}", *world.options(str(tmp_path / "store"))]

    status = cli.main(["ingest", *argv])

    again = "when that is mended or over, run it again for what is not done"
    assert (status, *capsys.readouterr()) == (1, "", f"rally: {AWAY}; {again}\n")


class Dark(Service):
    """Is asked for once at the start; then the network is gone, and nothing answers."""

    asked = 0

    def get(self, request, context):
        self.asked += 1
        if self.asked > 1:
            self.fail(request, context)
        return super().get(request, context)

    def fail_to_pull(self, _, context):
        context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, "no answer")

    def calls(self):
        return super().calls() | {"Pull": (self.fail_to_pull, PullRequest)}


def test_silence_of_a_network_that_is_gone_is_no_end_of_the_stream(
    world, tmp_path, serve, capsys
):
    service = serve(Dark())
    idle = ("--flush_seconds=0.2", "--stop_after_idle_seconds=0.3")
    argv = [f"--subscription={PATH}", *idle, *world.options(str(tmp_path / "store"))]

    status = cli.main(["ingest", *argv])

    again = "when that is mended or over, run it again for what is not done"
    assert (status, *capsys.readouterr()) == (1, "", f"rally: {AWAY}; {again}\n")
    assert service.asked > 1


class Blip(Dark):
    """Is silent; and, the first time that a stream asks for it, away."""

    def get(self, request, context):
        self.asked += 1
        if self.asked == 2:
            self.fail(request, context)
        return Subscription.pb(Subscription(name=PATH))


def test_silent_subscription_that_is_away_for_a_moment_is_no_end_of_the_stream(
    world, tmp_path, serve, monkeypatch, capsys
):
    longer = subscription._PATIENCE.with_timeout(300)
    monkeypatch.setattr(subscription, "_PATIENCE", longer)
    service = serve(Blip())
    idle = ("--flush_seconds=0.2", "--stop_after_idle_seconds=0.3")
    argv = [f"--subscription={PATH}", *idle, *world.options(str(tmp_path / "store"))]

    status = cli.main(["ingest", *argv])

    assert (status, *capsys.readouterr()) == (0, "no pings\n", "")
    assert service.asked == 3


@pytest.mark.parametrize(
    ("acknowledgements", "told", "missed"),
    [(3, [1000, 1000, 500], 0), (2, [1000, 1000], 500), (0, [], 2500)],
)
def test_messages_that_pubsub_is_not_told_of_are_counted(
    world, tmp_path, serve, acknowledgements, told, missed
):
    service = serve(Service(acknowledgements))
    reader = reader_of(world, tmp_path)

    reader._acknowledge(PATH, [str(each) for each in range(2500)])

    assert service.told == told
    assert reader._intake.measures.sums[Sum.ACKNOWLEDGE_FAILURES] == missed


def test_messages_that_nobody_is_told_of_are_counted(world, tmp_path, nobody):
    reader = reader_of(world, tmp_path)

    reader._acknowledge(PATH, ["one", "two"])

    assert reader._intake.measures.sums == {Sum.ACKNOWLEDGE_FAILURES: 2}


@pytest.fixture
def no_credentials(monkeypatch, tmp_path):
    monkeypatch.delenv("PUBSUB_EMULATOR_HOST", raising=False)
    nowhere = str(tmp_path / "no.json")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", nowhere)


def test_messages_of_who_has_lost_its_credentials_are_counted(
    world, tmp_path, no_credentials
):
    reader = reader_of(world, tmp_path)

    reader._acknowledge(PATH, ["one", "two"])

    assert reader._intake.measures.sums == {Sum.ACKNOWLEDGE_FAILURES: 2}


@pytest.mark.parametrize("act", [subscription.Subscription, subscription.check_silent])
def test_credentials_that_are_lost_in_the_middle_are_one_line(no_credentials, act):
    with pytest.raises(ConnectionError) as caught:
        act(PATH)
    lost = AWAY.replace("ServiceUnavailable", "DefaultCredentialsError")
    assert str(caught.value) == lost


def reader_of(world, tmp_path):
    store = str(tmp_path / "store")
    settings = IngestSettings(
        store=store, ping_keys=world.keys, studies=world.studies, as_of=AS_OF
    )
    world.make_stores(store)
    check_before_start(settings)
    reader = _IngestSubscriptionFn(settings, 1.0, None, 60)
    reader.setup()
    return reader


def test_no_credentials_are_of_the_configuration(no_credentials):
    with pytest.raises(ConfigurationError, match="no credentials for Google Cloud"):
        subscription.check_subscription(PATH)
