"""Records of Glean definitions: the metrics and pings of a study's own YAML.

They are made by rally.glean.reading, from what glean_parser makes of metrics.yaml and
pings.yaml, and only of what has no fault.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from rally.fields import Place

PARTICIPANT = "rally.id"
"""Metric of type uuid that says whose ping it is; each stored ping has it."""

OTHER = "__other__"
"""Label in whose place Glean puts each label that it refuses."""


class MetricType(StrEnum):
    """Types of metrics that clients send, by the names that pings have of them."""

    BOOLEAN = "boolean"
    COUNTER = "counter"
    QUANTITY = "quantity"
    STRING = "string"
    STRING_LIST = "string_list"
    TEXT = "text"
    URL = "url"
    UUID = "uuid"
    DATETIME = "datetime"
    TIMESPAN = "timespan"
    TIMING_DISTRIBUTION = "timing_distribution"
    MEMORY_DISTRIBUTION = "memory_distribution"
    CUSTOM_DISTRIBUTION = "custom_distribution"
    LABELED_BOOLEAN = "labeled_boolean"
    LABELED_COUNTER = "labeled_counter"
    LABELED_STRING = "labeled_string"
    LABELED_QUANTITY = "labeled_quantity"
    LABELED_TIMING_DISTRIBUTION = "labeled_timing_distribution"
    LABELED_MEMORY_DISTRIBUTION = "labeled_memory_distribution"
    LABELED_CUSTOM_DISTRIBUTION = "labeled_custom_distribution"
    DUAL_LABELED_COUNTER = "dual_labeled_counter"
    RATE = "rate"
    OBJECT = "object"
    EVENT = "event"


class ExtraType(StrEnum):
    """Types of an event's extras, all of which clients send as text."""

    STRING = "string"
    BOOLEAN = "boolean"
    QUANTITY = "quantity"


@dataclass(frozen=True, slots=True)
class Extra:
    """A value that an event may carry beside its name."""

    key: str
    type: ExtraType
    description: str


class NodeKind(StrEnum):
    """Kinds of values within an object."""

    OBJECT = "object"
    ARRAY = "array"
    ONE_OF = "oneof"
    NUMBER = "number"
    STRING = "string"
    BOOLEAN = "boolean"


@dataclass(frozen=True, slots=True)
class Node:
    """A value within a metric of type object.

    Attributes:
        kind: kind of the value.
        description: description of the definition; empty without one.
        properties: named parts of an object.
        items: the items of an array.
        kinds: kinds of which the value has one, of ONE_OF.
    """

    kind: NodeKind
    description: str = ""
    properties: tuple[tuple[str, "Node"], ...] = ()
    items: "Node | None" = None
    kinds: tuple[NodeKind, ...] = ()


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric.

    Attributes:
        id: category and name, as pings have it: `page.attention`.
        type: type of the metric.
        description: description of the metric, in one line.
        pings: names of the pings in which it is sent.
        place: place of the definition, for messages.
        category: highest category of its data_sensitivity; None where that is missing.
        expires: last day on which it is collected; None for no end.
        purpose: purpose of the field, of `metadata: {rally: {purpose: …}}`.
        benefit: benefit to people, likewise.
        identifier: True of an id.
        labels: labels that it may have; None for any.
        categories: labels of the second level of a dual_labeled_counter; None for any.
        time_unit: unit of a timespan.
        bucket_count: most buckets of a custom distribution.
        extras: extras of an event.
        in_session: whether an event may carry its session.
        structure: structure of an object.
    """

    id: str
    type: MetricType
    description: str
    pings: tuple[str, ...]
    place: Place
    category: int | None = None
    expires: date | None = None
    purpose: str | None = None
    benefit: str | None = None
    identifier: bool = False
    labels: tuple[str, ...] | None = None
    categories: tuple[str, ...] | None = None
    time_unit: str = ""
    bucket_count: int = 0
    extras: tuple[Extra, ...] = ()
    in_session: bool = False
    structure: Node | None = None


@dataclass(frozen=True, slots=True)
class Ping:
    """A ping.

    Attributes:
        name: name, as in the path to which it is submitted.
        description: description of the ping, in one line.
        place: place of the definition, for messages.
        has_client_id: whether Glean puts its own id of the client in.
        has_info: whether it has the sections ping_info and client_info.
        reasons: reasons for which it is sent; empty where it has none.
        sent: occasions on which it is sent, in words; "" where its definition has none.
        capabilities: demands on its uploader, which Glean writes into it.
    """

    name: str
    description: str
    place: Place
    has_client_id: bool
    has_info: bool = True
    reasons: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()
    sent: str = ""


@dataclass(frozen=True, slots=True)
class Definitions:
    """Metrics and pings of a study.

    Attributes:
        metrics: metrics in the order of their ids.
        pings: pings that are sent with a metric, in the order of their names.
        notes: lines that a person should read, although nothing is a fault.
    """

    metrics: tuple[Metric, ...]
    pings: tuple[Ping, ...]
    notes: tuple[str, ...] = ()

    def in_ping(self, name: str) -> tuple[Metric, ...]:
        """Gives the metrics that are sent in a ping."""
        return tuple(each for each in self.metrics if name in each.pings)
