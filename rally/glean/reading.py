"""Reads Glean definitions into records, and says all that is wrong with them."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from rally.errors import Faults
from rally.fields import AllFields, Place, flag, text
from rally.glean.checks import find_faults, find_notes, find_placeholders
from rally.glean.definitions import (
    Definitions,
    Extra,
    ExtraType,
    Metric,
    MetricType,
    Node,
    NodeKind,
    Ping,
)
from rally.glean.parsing import RawObject, parse, read_file
from rally.glean.sdk_pings import USABLE
from rally.times import InvalidTime, check_day

_NEVER, _EXPIRED = "never", "expired"
_OURS = "rally"
_LONGEST = 2000  # of a description, as the registry reads it


def read_definitions(metrics: Sequence[str], pings: Sequence[str]) -> Definitions:
    """Reads the definitions of a study.

    Args:
        metrics: files of metrics, as metrics.yaml.
        pings: files of pings, as pings.yaml.

    Raises:
        ConfigurationError: they are not as they must be; all faults are told.
    """
    files = list(dict.fromkeys((*metrics, *pings)))
    faults = Faults()
    for file in files:
        with faults.collected():
            read_file(file)
    faults.check()
    raw = parse(files)
    faults.lines += _find_empty(metrics, raw.metrics, "metric")
    faults.lines += _find_empty(pings, raw.pings, "ping")
    faults.lines += find_placeholders((*raw.metrics, *raw.pings))
    found, notes = list[Metric](), list[str]()
    for each in raw.metrics:
        if each.value.disabled or each.value.expires == _EXPIRED:
            notes.append(str(each.place.error("is disabled or expired: left out")))
            continue
        with faults.collected():
            found.append(_metric(each))
    definitions = _definitions(found, [_ping(each) for each in raw.pings])
    faults.lines += find_faults(definitions, raw.metrics)
    faults.check()
    notes += (*find_notes(definitions), *raw.notes)
    return Definitions(definitions.metrics, definitions.pings, tuple(notes))


def _find_empty(
    files: Sequence[str], found: Sequence[RawObject], what: str
) -> list[str]:
    """Finds files that glean_parser passes over without a word."""
    known = {each.place.file for each in found}
    return [
        str(Place(file).error(f"defines no {what}; correct it or leave it out"))
        for file in files
        if file not in known
    ]


def _definitions(metrics: Sequence[Metric], declared: Sequence[Ping]) -> Definitions:
    """Puts together what is declared and those of the SDK's pings that are used."""
    sent = {name for metric in metrics for name in metric.pings}
    used = [ping for name, ping in USABLE.items() if name in sent]
    pings = sorted((*declared, *used), key=lambda each: each.name)
    return Definitions(tuple(metrics), tuple(pings))


def _ping(raw: RawObject) -> Ping:
    value = raw.value
    return Ping(
        name=raw.name,
        description=_in_line(value.description),
        place=raw.place,
        has_client_id=value.include_client_id,
        has_info=value.include_info_sections,
        reasons=tuple(sorted(value.reasons)),
        capabilities=tuple(value.uploader_capabilities),
        sent=_sent(value),
    )


def _sent(value: Any) -> str:
    """Says on which occasions a ping is sent, as far as its definition does."""
    schedule = value.metadata.get("ping_schedule", ())
    occasions = [f"with each {name} ping" for name in schedule]
    for reason, words in sorted(value.reasons.items()):
        occasions.append(f"{reason} ({' '.join(words.split()).rstrip('.')})")
    if occasions and value.send_if_empty:
        occasions.append("also with nothing new in it")
    return _in_line("; ".join(occasions))


def _metric(raw: RawObject) -> Metric:
    """Makes the record of a metric. Raises ConfigurationError with all its faults."""
    value, place = raw.value, raw.place
    type_ = MetricType(value.type)
    ours = AllFields(place.at("metadata", _OURS), value.metadata.get(_OURS, {}))
    purpose, benefit = ours.maybe("purpose", text), ours.maybe("benefit", text)
    identifier = ours.maybe("identifier", flag)
    expires = ours.attempt(lambda: _last_day(place.at("expires"), value.expires))
    buckets = ours.attempt(lambda: _buckets(place.at("bucket_count"), value))
    ours.close()
    is_dual = type_ is MetricType.DUAL_LABELED_COUNTER
    unit = f" (unit: {value.unit})" if value.unit else ""
    return Metric(
        id=raw.name,
        type=type_,
        description=_in_line(value.description, unit),
        pings=tuple(value.send_in_pings),
        place=place,
        category=_category(value),
        expires=expires,
        purpose=purpose,
        benefit=benefit,
        identifier=type_ is MetricType.UUID if identifier is None else identifier,
        labels=_labels(value, "ordered_keys" if is_dual else "ordered_labels"),
        categories=_labels(value, "ordered_categories"),
        time_unit=value.time_unit.name if hasattr(value, "time_unit") else "",
        bucket_count=buckets,
        extras=_extras(value),
        in_session=value.in_session,
        structure=_node(place.at("structure"), value._generate_structure)
        if type_ is MetricType.OBJECT
        else None,
    )


def _in_line(description: str, more: str = "") -> str:
    """Makes one line of printable text that fits the registry."""
    words = " ".join(description.split())
    line = "".join(each if each.isprintable() else " " for each in words)
    room = _LONGEST - len(more)
    return (line if len(line) <= room else f"{line[: room - 1]}…") + more


def _category(value: Any) -> int | None:
    """The highest category of the data; None where the definition has none."""
    given = getattr(value, "data_sensitivity", None)
    return max(each.value for each in given) if given else None


def _last_day(place: Place, expires: object) -> date | None:
    """The day before the one on which clients stop, since the registry's day counts."""
    if expires == _NEVER:
        return None
    try:
        if not isinstance(expires, str):
            raise ValueError
        return check_day(date.fromisoformat(expires) - timedelta(days=1))
    except (ValueError, OverflowError, InvalidTime):
        raise place.error(
            "must be a date such as 2027-03-31, never or expired; versions have no date"
        ) from None


def _buckets(place: Place, value: Any) -> int:
    """The most buckets of a distribution; 0 of what has none of its own."""
    count = getattr(value, "bucket_count", 0)
    if type(count) is not int:
        raise place.error("must be a whole number")
    return count


def _labels(value: Any, name: str) -> tuple[str, ...] | None:
    labels = getattr(value, name, None)
    return None if labels is None else tuple(str(each) for each in labels)


def _extras(value: Any) -> tuple[Extra, ...]:
    given = getattr(value, "extra_keys", {})
    return tuple(
        Extra(key, ExtraType(each.get("type", "string")), _in_line(each["description"]))
        for key, each in sorted(given.items())
    )


def _node(place: Place, structure: Any) -> Node:
    """Makes the record of a part of an object, of which glean_parser checks little."""
    kind, words = NodeKind(structure["type"]), structure.get("description", "")
    items, parts = structure.get("items"), structure.get("properties", {})
    if not isinstance(words, str):
        raise place.at("description").error("must be text; put it in quotes")
    if any(type(name) is not str for name in parts):
        raise place.at("properties").error("a name must be text; put it in quotes")
    return Node(
        kind,
        _in_line(words),
        tuple((name, _node(place.at(name), part)) for name, part in parts.items()),
        None if items is None else _node(place.at("items"), items),
        tuple(NodeKind(each) for each in structure.get("subtypes", ())),
    )
