"""Makes the payload schema of a ping: its declared metrics, and what Glean adds.

The schema is Avro, and says of each leaf what it is (rally.registry.collected_fields).
Its order, its names and its layout follow from the definitions alone, so that a changed
definition is a small difference between two schemas.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from rally.glean import sdk_fields
from rally.glean.avro_names import avro_name
from rally.glean.definitions import (
    PARTICIPANT,
    Definitions,
    Metric,
    MetricType,
    Ping,
)
from rally.glean.events import events_field
from rally.glean.metric_types import metric_type
from rally.glean.says import Says, optional, record, required, sdk_field

ERROR_KEYS = "metrics"
"""Name of the schema's list of metrics, of which errors are counted."""


def payload_schema(definitions: Definitions, ping: Ping) -> dict[str, Any]:
    """Makes the schema of a ping.

    Args:
        definitions: definitions without faults.
        ping: one of their pings.
    """
    name = avro_name(ping.name)
    metrics = definitions.in_ping(ping.name)
    events = [each for each in metrics if each.type is MetricType.EVENT]
    has_events = bool(events) or ping.name == "events"  # at least Glean's own
    others = [each for each in metrics if each.type is not MetricType.EVENT]
    fields = [
        required("metrics", _metrics(f"{name}.metrics", ping, others)),
        *([events_field(f"{name}.event", ping, events)] if has_events else []),
        *(_sections(name, ping) if ping.has_info else []),
    ]
    return {
        "type": "record",
        "name": name,
        "doc": ping.description,
        "participant": f"/metrics/uuid/{PARTICIPANT}",
        "glean": sdk_fields.VERSION,
        "key_lists": {ERROR_KEYS: sorted(each.id for each in metrics)},
        "fields": fields,
    }


def _sections(name: str, ping: Ping) -> Iterator[dict[str, Any]]:
    info = list(sdk_fields.PING_INFO)
    if ping.reasons:
        info.insert(3, sdk_fields.reason(ping.reasons))
    client = list(sdk_fields.CLIENT_INFO)
    if ping.has_client_id:
        client.insert(0, sdk_fields.CLIENT_ID)
    for section, fields in (("ping_info", info), ("client_info", client)):
        at = f"{name}.{section}"
        yield required(section, record(at, (sdk_field(at, each) for each in fields)))


def _metrics(name: str, ping: Ping, metrics: Sequence[Metric]) -> dict[str, Any]:
    """Makes the record of all metrics but events: one record for each type.

    The participant comes first, then what is declared by type and id, then what Glean
    may add, which is seldom there: an encoder passes it over at one look.
    """
    by_type: dict[str, list[dict[str, Any]]] = {MetricType.UUID: []}
    for metric in sorted(metrics, key=lambda each: (each.type, each.id)):
        at = f"{name}.{metric.type}.{avro_name(metric.id)}"
        is_first = metric.id == PARTICIPANT
        make = required if is_first else optional
        fields = by_type.setdefault(metric.type, [])
        field = make(metric.id, *metric_type(at, metric))
        fields.insert(0 if is_first else len(fields), field)
    for type_, field in _added(ping):
        by_type.setdefault(type_, []).append(field)
    return record(
        name,
        (
            (required if type_ == MetricType.UUID else optional)(
                type_, record(f"{name}.{type_}_metrics", fields)
            )
            for type_, fields in by_type.items()
        ),
    )


def _added(ping: Ping) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields the metrics that Glean adds, each with its type."""
    for error in sdk_fields.ERRORS:
        counts = {"type": "map", "values": sdk_fields.COUNT, "keys": ERROR_KEYS}
        yield (
            MetricType.LABELED_COUNTER,
            optional(error.name, counts, Says.of_sdk(error)),
        )
    if ping.has_client_id:
        field = sdk_fields.EXPERIMENTATION_ID
        yield MetricType.STRING, optional(field.name, field.type, Says.of_sdk(field))
    if ping.capabilities:
        field = sdk_fields.CAPABILITIES
        names = {"type": "string", "one_of": list(dict.fromkeys(ping.capabilities))}
        listed = {"type": "array", "items": names, "max_items": len(ping.capabilities)}
        yield MetricType.STRING_LIST, optional(field.name, listed, Says.of_sdk(field))
