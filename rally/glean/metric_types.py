"""Makes the Avro type of each type of metric, as clients write it into a ping.

Limits are those of the clients, of whichever version allows more; what a client cuts
off or counts as an error is never longer. Whatever may expire may be absent, since it
is left out of rows from then on.
"""

from collections.abc import Sequence
from typing import Any

from rally.glean.avro_names import avro_name
from rally.glean.definitions import OTHER, Metric, MetricType, Node, NodeKind
from rally.glean.says import TECHNICAL, Says, optional, record, required
from rally.glean.sdk_fields import COUNT, DATETIME, TEXT, UUID

_LABEL_BYTES = 111
_MOST_LABELS = 16 + 1  # without a list of them, and the one for all others
_TEXT_LENGTH = 200 * 1024
_URL_LENGTH = 8192
_MOST_BUCKETS = 1024  # functional buckets of 64 bits are fewer

_COUNTER = {"type": "long", "min": 0, "max": 2**31 - 1}
_LONG_TEXT = {"type": "string", "max_bytes": _TEXT_LENGTH, "max_utf16": _TEXT_LENGTH}
_LIST_ITEM = {"type": "string", "max_bytes": 100, "max_utf16": 50}
_READING = "To read the value"

_SCALARS: dict[MetricType, Any] = {
    MetricType.BOOLEAN: "boolean",
    MetricType.COUNTER: _COUNTER,
    MetricType.QUANTITY: COUNT,
    MetricType.STRING: TEXT,
    MetricType.STRING_LIST: {"type": "array", "items": _LIST_ITEM, "max_items": 100},
    MetricType.TEXT: _LONG_TEXT,
    MetricType.URL: {
        "type": "string",
        "max_bytes": _URL_LENGTH,
        "max_utf16": _URL_LENGTH,
    },
    MetricType.UUID: UUID,
    MetricType.DATETIME: DATETIME,
}
_LABELED: dict[MetricType, Any] = {
    MetricType.LABELED_BOOLEAN: "boolean",
    MetricType.LABELED_COUNTER: _COUNTER,
    MetricType.LABELED_STRING: TEXT,
    MetricType.LABELED_QUANTITY: COUNT,
}
_DISTRIBUTIONS = (
    MetricType.TIMING_DISTRIBUTION,
    MetricType.MEMORY_DISTRIBUTION,
    MetricType.CUSTOM_DISTRIBUTION,
)
_LABELED_DISTRIBUTIONS = (
    MetricType.LABELED_TIMING_DISTRIBUTION,
    MetricType.LABELED_MEMORY_DISTRIBUTION,
    MetricType.LABELED_CUSTOM_DISTRIBUTION,
)
_SCALAR_NODES: dict[NodeKind, list[Any]] = {
    NodeKind.STRING: [_LONG_TEXT],
    NodeKind.BOOLEAN: ["boolean"],
    NodeKind.NUMBER: ["long", "double"],  # so that 1 comes back as 1, and 1.5 as 1.5
}


def metric_type(at: str, metric: Metric) -> tuple[Any, Says | None]:
    """Makes the Avro type of a metric that is no event.

    Args:
        at: full name of a record that its type may need.
        metric: the metric.

    Returns:
        The type, and what the field says of itself: None where its parts say it.
    """
    says, type_ = Says.of_metric(metric), metric.type
    if type_ in _SCALARS:
        return _SCALARS[type_], says
    if type_ in _LABELED:
        return _by_label(_LABELED[type_], metric.labels), says
    if type_ is MetricType.DUAL_LABELED_COUNTER:
        inner = _by_label(_COUNTER, metric.categories)
        return _by_label(inner, metric.labels), says
    if type_ is MetricType.TIMESPAN:
        return _timespan(f"{at}_timespan", metric), None
    if type_ in _DISTRIBUTIONS:
        return _distribution(f"{at}_distribution", metric), None
    if type_ in _LABELED_DISTRIBUTIONS:
        return _by_label(
            _distribution(f"{at}_distribution", metric), metric.labels
        ), None
    if type_ is MetricType.RATE:
        return _rate(f"{at}_rate", metric), None
    assert metric.structure is not None
    (root,) = _node(at, metric, metric.structure)  # an object or an array
    return root, says if _reaches_value(root) else None


def _by_label(values: Any, labels: Sequence[str] | None) -> dict[str, Any]:
    """Makes a map by label: a closed list of labels, or bounded ones."""
    by_label = {"type": "map", "values": values}
    if labels is None:
        return {**by_label, "max_entries": _MOST_LABELS, "max_key_bytes": _LABEL_BYTES}
    return {**by_label, "keys": list(dict.fromkeys((*labels, OTHER)))}


def _timespan(at: str, metric: Metric) -> dict[str, Any]:
    unit = {"type": "string", "one_of": [metric.time_unit]}
    words = f"Unit of the value: {metric.time_unit}"
    how = Says(words, TECHNICAL, _READING, is_sdk=True)
    return record(
        at,
        [
            required("time_unit", unit, how),
            optional("value", COUNT, Says.of_metric(metric)),
        ],
    )


def _distribution(at: str, metric: Metric) -> dict[str, Any]:
    most = metric.bucket_count + 2 if metric.bucket_count else _MOST_BUCKETS
    buckets = {
        "type": "map",
        "values": COUNT,
        "key_format": "digits",
        "max_entries": most,
    }
    by_bucket = Says.of_metric(metric, _words(metric, "samples by bucket"))
    return record(
        at,
        [
            optional("sum", COUNT, Says.of_metric(metric, _words(metric, "sum"))),
            optional("values", buckets, by_bucket),
            optional(
                "count",
                COUNT,
                Says.of_metric(metric, _words(metric, "number of samples")),
            ),
        ],
    )


def _rate(at: str, metric: Metric) -> dict[str, Any]:
    return record(
        at,
        (
            optional(part, _COUNTER, Says.of_metric(metric, _words(metric, part)))
            for part in ("numerator", "denominator")
        ),
    )


def _node(at: str, metric: Metric, node: Node) -> list[Any]:
    """Makes the types of a value within an object, of which it has one."""
    if node.kind is NodeKind.OBJECT:
        parts = (
            _part(f"{at}.{avro_name(name)}", metric, name, part)
            for name, part in node.properties
        )
        return [record(at, parts)]
    if node.kind is NodeKind.ARRAY:
        assert node.items is not None
        types = _node(f"{at}.item", metric, node.items)
        return [{"type": "array", "items": types[0] if len(types) == 1 else types}]
    kinds = node.kinds if node.kind is NodeKind.ONE_OF else (node.kind,)
    return [type_ for kind in dict.fromkeys(kinds) for type_ in _SCALAR_NODES[kind]]


def _part(at: str, metric: Metric, name: str, node: Node) -> dict[str, Any]:
    """Makes the field of a named part of an object."""
    types = _node(at, metric, node)
    says = Says.of_metric(metric, _words(metric, node.description or name))
    return optional(name, types, says if any(map(_reaches_value, types)) else None)


def _words(metric: Metric, part: str) -> str:
    """Describes a part of a metric."""
    return f"{metric.description.rstrip('.')}: {part}"


def _reaches_value(type_: Any) -> bool:
    """Tells whether a generated type is, or is a list of, what is no record."""
    while isinstance(type_, dict) and type_["type"] == "array":
        type_ = type_["items"]
    return not (isinstance(type_, dict) and type_["type"] == "record")
