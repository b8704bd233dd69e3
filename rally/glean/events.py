"""Makes the field `events` of a ping: one table of all its events.

Events differ by their extras. The record has all extras that any of the events has, and
its "cases" say which event may have which, so that an undeclared event, or one with
another's extra, is as little taken as an undeclared metric.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from rally.glean import sdk_fields
from rally.glean.definitions import Extra, ExtraType, Metric, Ping
from rally.glean.says import Says, optional, record, required, sdk_field

_TYPES: dict[ExtraType, Any] = {
    ExtraType.STRING: sdk_fields.EXTRA,
    ExtraType.BOOLEAN: {"type": "string", "one_of": ["false", "true"]},
    ExtraType.QUANTITY: {"type": "string", "format": "integer"},
}
_INTERACTION = 2
_MOST_EVENTS = 10_000  # clients send 500 at once; a threshold from afar may say more
_LONGEST = 2000
_OWN = "To tell when Glean was started, and when a session began and ended"
_ORDER = "To tell the order of events, and the time between them"


def events_field(at: str, ping: Ping, events: Sequence[Metric]) -> dict[str, Any]:
    """Makes the field.

    Args:
        at: full name of the record of an event.
        ping: the ping.
        events: declared events; Glean's own come beside them.
    """
    says = _lasting(events, _list_names(events))
    second = Says(
        "Milliseconds since the first event in the same ping",
        says.category or _INTERACTION,
        _ORDER,
        is_sdk=True,
    )
    fields = [
        required("category", "string", _lasting(events, "First part of its name")),
        required("name", "string", says),
        required("timestamp", sdk_fields.COUNT, second),
        optional("extra", record(f"{at}.extra", _extras(ping, events))),
    ]
    if any(each.in_session for each in events) or not events:
        fields.append(sdk_field(at, sdk_fields.EVENT_SESSION))
    cases = {
        "of": ["category", "name"],
        "keys_of": "extra",
        "allowed": _allowed(ping, events),
    }
    item = {**record(at, fields), "cases": cases}
    return optional(
        "events", {"type": "array", "items": item, "max_items": _MOST_EVENTS}
    )


def _allowed(ping: Ping, events: Sequence[Metric]) -> list[list[Any]]:
    """Lists which event may have which extras."""
    times, start = sdk_fields.EVENT_TIME.name, sdk_fields.STARTUP_DATE.name
    declared = {each.id: [extra.key for extra in each.extras] for each in events}
    added = {"glean.restarted": [start]}
    if ping.name == "events":
        begins, ends = sdk_fields.SESSION_STARTED, sdk_fields.SESSION_ENDED
        added |= {"glean.session_start": [*begins], "glean.session_end": [*ends]}
    return [
        [*id_.rpartition(".")[::2], sorted({*keys, times})]
        for id_, keys in sorted({**declared, **added}.items())
    ]


def _extras(ping: Ping, events: Sequence[Metric]) -> list[dict[str, Any]]:
    """Makes a field for each extra that any of the events has."""
    by_key: dict[str, list[tuple[Metric, Extra]]] = {}
    for event in events:
        for extra in event.extras:
            by_key.setdefault(extra.key, []).append((event, extra))
    fields = {key: _extra(key, uses) for key, uses in by_key.items()}
    added = [sdk_fields.EVENT_TIME, sdk_fields.STARTUP_DATE]
    if ping.name == "events":
        added += sdk_fields.SESSION_EXTRAS
    others = [sdk_field("", each) for each in added if each.name not in fields]
    return [*(fields[key] for key in sorted(fields)), *others]


def _extra(key: str, uses: Sequence[tuple[Metric, Extra]]) -> dict[str, Any]:
    """Makes the field of an extra, whichever events have it."""
    types = {extra.type for _, extra in uses}
    type_ = _TYPES[types.pop() if len(types) == 1 else ExtraType.STRING]
    words = "; ".join(dict.fromkeys(extra.description for _, extra in uses))
    return optional(key, type_, _says([event for event, _ in uses], words))


def _list_names(events: Sequence[Metric]) -> str:
    named = "; ".join(f"{each.id}: {each.description.rstrip('.')}" for each in events)
    return f"Which event it was. {named or 'Only those of Glean itself'}"


def _lasting(events: Sequence[Metric], doc: str) -> Says:
    """Makes what a field says that each event has, also when one has expired."""
    return replace(_says(events, doc), expires=None)


def _says(events: Sequence[Metric], doc: str) -> Says:
    """Makes what a field of several events says: of each the strictest.

    An extra that several events share expires with the first of them.
    """
    if not events:
        return Says(doc, _INTERACTION, _OWN, is_sdk=True)
    categories = [each.category for each in events]
    known = [each for each in categories if each is not None]
    expiries: list[date] = [each.expires for each in events if each.expires]
    return Says(
        doc if len(doc) <= _LONGEST else f"{doc[: _LONGEST - 1]}…",
        max(known) if len(known) == len(categories) else None,
        _joined(each.purpose for each in events),
        _joined(each.benefit for each in events),
        min(expiries, default=None),
        any(each.identifier for each in events),
    )


def _joined(words: Iterable[str | None]) -> str | None:
    found = dict.fromkeys(words)
    return None if None in found else "; ".join(each for each in found if each)
