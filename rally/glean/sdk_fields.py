"""What Glean adds to a study's pings by itself, as data: version 1 of the list.

It covers Glean.js 0.15 to 5.0.10 and the Glean SDK up to 71.0.0, as recorded pings and
their source have it. A field that a later SDK adds is a ping that fails until it is
added here, under the next VERSION, and approved in the next revision of each document.

Nothing here is of a study, so that none of it changes with a study's definitions. All
of it is technical, as Mozilla's own review of Glean has it. Where a client has an id of
its own, a row here says that it is an id.
"""

from dataclasses import dataclass
from typing import Any

VERSION = 1
"""Version of the list; each generated schema says which one it has."""

TEXT: dict[str, Any] = {"type": "string", "max_bytes": 255, "max_utf16": 100}
"""A text as clients of any version cut it: by UTF-16 units, later by bytes."""

EXTRA: dict[str, Any] = {"type": "string", "max_bytes": 500}
"""The text of an event's extra; 100 UTF-16 units have at most 300 bytes."""

DATETIME: dict[str, Any] = {"type": "string", "format": "glean-datetime"}
DIGITS: dict[str, Any] = {"type": "string", "format": "digits"}
UUID: dict[str, Any] = {"type": "string", "format": "uuid"}
COUNT: dict[str, Any] = {"type": "long", "min": 0}
_NAMED: dict[str, Any] = {"type": "string", "max_bytes": 100}
_SWITCHES = {
    "type": "map",
    "values": "boolean",
    "max_entries": 10_000,
    "max_key_bytes": 200,
}

_VERSIONS = "To tell faults of one version from what people do"
_SYSTEMS = "To tell faults on one system from what people do"
_ORDER = "To see whether pings are missing"
_TIME = "To place what is reported in time"
_SETTINGS = "To tell effects of experiments and settings from what people do"
_ERRORS = "To find faults in the software that collects"
_SESSIONS = "To bring events of one session together"


@dataclass(frozen=True, slots=True)
class SdkField:
    """A field that Glean adds.

    Attributes:
        name: name in the ping.
        type: Avro type; None of a record of other fields.
        doc: description of the field.
        purpose: purpose of the field.
        required: True where every ping has it.
        identifier: True of an id.
        fields: fields of a record.
        is_map: whether the record stands under each key of a map.
    """

    name: str
    type: Any
    doc: str = ""
    purpose: str = ""
    required: bool = False
    identifier: bool = False
    fields: tuple["SdkField", ...] = ()
    is_map: bool = False


PING_INFO = (
    SdkField(
        "seq",
        COUNT,
        "Number of this ping in the series that the browser sends",
        _ORDER,
        required=True,
    ),
    SdkField(
        "start_time",
        DATETIME,
        "Time from which the ping reports, by the browser's clock and with its time"
        " zone",
        _TIME,
        required=True,
    ),
    SdkField(
        "end_time",
        DATETIME,
        "Time until which the ping reports, by the browser's clock and with its time"
        " zone",
        _TIME,
        required=True,
    ),
    SdkField("ping_type", TEXT, "Name of the ping, of early clients", _ORDER),
    SdkField(
        "experiments",
        None,
        is_map=True,
        fields=(
            SdkField(
                "branch",
                _NAMED,
                "Branch of an experiment that the client is in",
                _SETTINGS,
                required=True,
            ),
            SdkField(
                "extra",
                {
                    "type": "map",
                    "values": _NAMED,
                    "max_entries": 20,
                    "max_key_bytes": 100,
                },
                "More on the experiment, such as the id of the enrolment in it",
                _SETTINGS,
                identifier=True,
            ),
        ),
    ),
    SdkField(
        "server_knobs_config",
        None,
        fields=(
            SdkField(
                "metrics_enabled",
                _SWITCHES,
                "Which metrics were turned on or off from afar",
                _SETTINGS,
            ),
            SdkField(
                "pings_enabled",
                _SWITCHES,
                "Which pings were turned on or off from afar",
                _SETTINGS,
            ),
            SdkField(
                "event_threshold",
                COUNT,
                "How many events a ping gathers, if set from afar",
                _SETTINGS,
            ),
            SdkField(
                "session_sample_rate",
                "double",
                "Share of sessions that are recorded, if set from afar",
                _SETTINGS,
            ),
        ),
    ),
)
"""Section ping_info, but for the reason, which each ping has its own of."""

CLIENT_ID = SdkField(
    "client_id",
    UUID,
    "Random id of the installation",
    "To bring pings of one installation together",
    identifier=True,
)
"""Only of pings that say `include_client_id: true`."""

CLIENT_INFO = (
    SdkField(
        "telemetry_sdk_build",
        TEXT,
        "Version of the Glean library that sent the ping",
        _VERSIONS,
        required=True,
    ),
    SdkField(
        "first_run_date",
        DATETIME,
        "Day on which the software first ran in this browser",
        "To tell new installations from old ones",
        required=True,
    ),
    SdkField("os", TEXT, "Name of the operating system", _SYSTEMS, required=True),
    SdkField(
        "os_version", TEXT, "Version of the operating system", _SYSTEMS, required=True
    ),
    SdkField(
        "architecture",
        TEXT,
        "Kind of processor in the computer",
        _SYSTEMS,
        required=True,
    ),
    SdkField(
        "app_build",
        TEXT,
        "Build number of the software that sent the ping",
        _VERSIONS,
        required=True,
    ),
    SdkField(
        "app_display_version",
        TEXT,
        "Version of the software that sent the ping, as its users see it",
        _VERSIONS,
        required=True,
    ),
    SdkField(
        "app_channel",
        TEXT,
        "Release channel of the software, such as release or beta",
        "To tell tests from releases",
    ),
    SdkField(
        "locale",
        TEXT,
        "Language and region to which the browser is set, such as en-US",
        "To tell faults in one language from what people do",
    ),
    SdkField("build_date", DATETIME, "Time at which the software was built", _VERSIONS),
    SdkField("device_manufacturer", TEXT, "Maker of the device", _SYSTEMS),
    SdkField("device_model", TEXT, "Model of the device", _SYSTEMS),
    SdkField("android_sdk_version", TEXT, "Version of Android's interface", _SYSTEMS),
    SdkField("windows_build_number", COUNT, "Build number of Windows", _SYSTEMS),
    SdkField(
        "session_id",
        UUID,
        "Random id of the session of use",
        _SESSIONS,
        identifier=True,
    ),
    SdkField("session_count", COUNT, "How many sessions there were", _SESSIONS),
    SdkField(
        "attribution",
        None,
        fields=tuple(
            SdkField(name, TEXT, words, "To learn how people find the software")
            for name, words in (
                ("campaign", "Campaign that led to the installation"),
                ("content", "Content that led to the installation"),
                ("medium", "Medium that led to the installation"),
                ("source", "Source that led to the installation"),
                ("term", "Search term of the campaign that led to the installation"),
            )
        ),
    ),
    SdkField(
        "distribution",
        None,
        fields=(SdkField("name", TEXT, "Distribution of the software", _VERSIONS),),
    ),
)
"""Section client_info, but for the id of the client."""

EVENT_SESSION = SdkField(
    "session",
    None,
    fields=(
        SdkField(
            "session_id",
            UUID,
            "Random id of the session in which the event was",
            _SESSIONS,
            required=True,
            identifier=True,
        ),
        SdkField(
            "session_seq",
            COUNT,
            "Running number of the session",
            _SESSIONS,
            required=True,
        ),
        SdkField(
            "event_seq",
            COUNT,
            "Running number of the event in its session",
            _SESSIONS,
            required=True,
        ),
        SdkField(
            "session_sample_rate",
            "double",
            "Share of sessions that are recorded",
            _SESSIONS,
            required=True,
        ),
        SdkField(
            "session_start_time",
            {"type": "string", "max_bytes": 40},
            "Time at which the session began",
            _SESSIONS,
        ),
    ),
)
"""Fields of events that are recorded in sessions."""

EVENT_TIME = SdkField(
    "glean_timestamp", DIGITS, "Time of the event, in milliseconds since 1970", _TIME
)
"""Extra that any event may have."""

STARTUP_DATE = SdkField(
    "glean.startup.date", DATETIME, "Time at which Glean was started again", _TIME
)
"""Extra of the event glean.restarted, which any ping with events may have."""

SESSION_EXTRAS = (
    SdkField(
        "session_id", UUID, "Random id of the session", _SESSIONS, identifier=True
    ),
    SdkField("session_seq", DIGITS, "Running number of the session", _SESSIONS),
    SdkField(
        "session_start_time",
        {"type": "string", "max_bytes": 40},
        "Time at which the session began",
        _SESSIONS,
    ),
    SdkField(
        "sampled_in",
        {"type": "string", "one_of": ["false", "true"]},
        "Whether the session is recorded",
        _SESSIONS,
    ),
    SdkField("reason", EXTRA, "Why the session ended", _SESSIONS),
)
"""Extras of the events that begin and end a session, which the ping events has."""

SESSION_STARTED = ("session_id", "session_seq", "session_start_time", "sampled_in")
SESSION_ENDED = ("session_id", "session_seq", "reason")

ERRORS = tuple(
    SdkField(
        f"glean.error.{name}",
        None,
        f"{words}, for each measurement by its name",
        _ERRORS,
    )
    for name, words in (
        ("invalid_label", "Number of labels that were refused as malformed"),
        ("invalid_overflow", "Number of values that were too long and were cut"),
        (
            "invalid_state",
            "Number of recordings at a wrong moment, such as a timer that never began",
        ),
        ("invalid_type", "Number of values of a wrong kind, such as text for a number"),
        ("invalid_value", "Number of values that were refused as out of range"),
    )
)
"""Labeled counters of any ping, whose labels are ids of metrics."""

EXPERIMENTATION_ID = SdkField(
    "glean.client.annotation.experimentation_id",
    TEXT,
    "Id under which the application takes part in experiments",
    _SETTINGS,
    identifier=True,
)
"""String of pings with an id of the client."""

CAPABILITIES = SdkField(
    "glean.ping.uploader_capabilities",
    None,
    "What the ping asks of its uploader",
    "To see whether pings took the way that was promised",
)
"""String list of pings that ask for something."""


def reason(reasons: tuple[str, ...]) -> SdkField:
    """Gives the field of a ping's reason, which is one of those declared."""
    declared = {"type": "string", "one_of": list(reasons)}
    return SdkField(
        "reason",
        declared,
        "Reason for which the ping was sent, from a fixed list",
        "To tell what was sent on a schedule from what an action caused",
    )
