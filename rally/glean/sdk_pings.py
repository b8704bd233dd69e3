"""Pings of the Glean SDK's own, and which of them a study may use."""

from rally.fields import Place
from rally.glean.definitions import Ping

_SDK = Place("Glean SDK")

USABLE = {
    ping.name: ping
    for ping in (
        Ping(
            name="events",
            description="Events that no other ping carries, sent when the application"
            " becomes inactive or has recorded many",
            place=_SDK.at("events"),
            has_client_id=True,
            reasons=("inactive", "max_capacity", "startup"),
            sent="when the application becomes inactive, has recorded many events, or"
            " starts and finds some",
        ),
        Ping(
            name="deletion-request",
            description="Sent when somebody ends the collection of data, so that what"
            " was collected is deleted",
            place=_SDK.at("deletion-request"),
            has_client_id=True,
            reasons=("at_init", "set_upload_enabled"),
            sent="when somebody ends the collection of data",
        ),
    )
}
"""By name; a study's own metrics may be sent in these."""

UNUSABLE = ("baseline", "metrics", "health")
"""Pings with much that is the SDK's own and no study's."""
