"""A Pub/Sub topic with its subscription, in the emulator."""

import time
import uuid

from google.cloud import pubsub_v1

from rally.sources.subscription import Subscription


class Topic:
    """A topic and its subscription; `topic` is what the topic has besides."""

    def __init__(self, **topic):
        name = f"test-{uuid.uuid4()}"
        self._publisher = pubsub_v1.PublisherClient()
        self._topic = f"projects/a-project/topics/{name}"
        self.subscription = f"projects/a-project/subscriptions/{name}"
        self._publisher.create_topic(request={"name": self._topic, **topic})
        with pubsub_v1.SubscriberClient() as client:
            client.create_subscription(name=self.subscription, topic=self._topic)

    def publish(self, *messages):
        """Sends; when it returns, Pub/Sub has them."""
        sent = [
            self._publisher.publish(self._topic, message.body, **message.attributes)
            for message in messages
        ]
        assert all(each.result() for each in sent)

    def seek(self, time):
        """Makes what was published since come again, acknowledged or not."""
        with pubsub_v1.SubscriberClient() as client:
            client.seek(request={"subscription": self.subscription, "time": time})

    def is_empty(self, seconds):
        """Whether nothing comes for so long: beyond the ack deadline, nothing ever."""
        end = time.monotonic() + seconds
        with Subscription(self.subscription) as subscription:
            while time.monotonic() < end:
                if subscription.pull():
                    return False
        return True
