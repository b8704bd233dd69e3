"""Finds what is wrong with definitions and glean_parser lets through.

Functions give one line for each fault. The reasons of several checks are measured gaps
of glean_parser 22.0.1: lints of unknown pings and of similar names never run, and
e-mails and addresses of reviews are not looked at.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from rally.fields import Place
from rally.glean.avro_names import avro_name
from rally.glean.definitions import PARTICIPANT, Definitions, Metric, MetricType, Node
from rally.glean.parsing import RawObject
from rally.glean.sdk_pings import UNUSABLE

_ADDRESS = re.compile(r"https?://[^\s/]+\.[^\s/]+\S*")
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_OPEN = re.compile(r"\W*(todo|tbd|fixme|xxx|n/?a|none)\b", re.IGNORECASE)
_ID = re.compile(r"(^|[._])u?u?id$")
_BROWSING = 3


def find_placeholders(objects: Iterable[RawObject]) -> Iterator[str]:
    """Finds reviews, bugs, e-mails and descriptions that nobody has filled in yet."""
    for name, value, place in objects:
        for what, given, pattern, wanted in (
            ("data_reviews", value.data_reviews, _ADDRESS, "address of its review"),
            ("bugs", value.bugs, _ADDRESS, "address of its bug"),
            ("notification_emails", value.notification_emails, _EMAIL, "e-mail"),
        ):
            if not given:
                yield _fault(place, name, what, f"is empty; give the {wanted}")
            for entry in given:
                if not pattern.fullmatch(str(entry).strip()) or _OPEN.match(str(entry)):
                    yield _fault(place, name, what, f"{entry!r} is no {wanted}")
        if not value.description.strip() or _OPEN.match(value.description):
            yield _fault(place, name, "description", "is still open; write it")


def _fault(place: Place, name: str, what: str, reason: str) -> str:
    return str(place._replace(path=(name, what)).error(reason))


def find_faults(
    definitions: Definitions, defined: Sequence[RawObject]
) -> Iterator[str]:
    """Finds what is wrong between definitions.

    Args:
        definitions: the records, without metrics that are left out.
        defined: all metrics as glean_parser has them.
    """
    known = {ping.name for ping in definitions.pings}
    by_sdk = dict[str, list[str]]()
    for metric in definitions.metrics:
        if not metric.pings:
            yield str(metric.place.error("is sent in no ping; name one"))
        for name in metric.pings:
            if name in UNUSABLE:
                by_sdk.setdefault(name, []).append(metric.id)
            elif name not in known:
                yield str(
                    metric.place.error(f"is sent in {name}, which no file defines")
                )
        yield from _find_clashing_parts(metric)
    for name, ids in by_sdk.items():
        first, more = ids[0], f" and {len(ids) - 1} more" if ids[1:] else ""
        yield f"ping {name}: is the SDK's own, and {first}{more} would be sent in it"
    counters = {each.name for each in defined if each.value.type == "counter"}
    for raw in defined:
        wanted = getattr(raw.value, "denominator_metric", None)
        if wanted is not None and wanted not in counters:
            yield str(raw.place.error(f"its denominator {wanted} is no counter here"))
    for ping in definitions.pings:
        metrics = definitions.in_ping(ping.name)
        if not any(_is_participant(each) for each in metrics):
            what = f"has no participant; send the uuid metric {PARTICIPANT} in it"
            yield str(ping.place.error(what))
        yield from _find_clashes(ping.name, metrics)


def _is_participant(metric: Metric) -> bool:
    return metric.id == PARTICIPANT and metric.type is MetricType.UUID


def _find_clashes(ping: str, metrics: Sequence[Metric]) -> Iterator[str]:
    """Finds metrics of a ping whose names would be one in a table."""
    by_name = defaultdict[tuple[str, str], list[Metric]](list)
    for metric in metrics:
        by_name[metric.type, avro_name(metric.id).lower()].append(metric)
    for first, *others in by_name.values():
        for other in others:
            yield str(
                other.place.error(
                    f"and {first.id} would be one name in the table of {ping}; rename"
                )
            )


def _find_clashing_parts(metric: Metric) -> Iterator[str]:
    """Finds extras of an event, and parts of an object, that would be one name."""
    yield from _find_twice(metric.place, [extra.key for extra in metric.extras])
    if metric.structure is not None:
        yield from _find_in_node(metric.place, metric.structure)


def _find_in_node(place: Place, node: Node) -> Iterator[str]:
    yield from _find_twice(place, [name for name, _ in node.properties])
    for _, part in node.properties:
        yield from _find_in_node(place, part)
    if node.items is not None:
        yield from _find_in_node(place, node.items)


def _find_twice(place: Place, names: Sequence[str]) -> Iterator[str]:
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(avro_name(name).lower(), name)
        if other != name:
            yield str(
                place.error(f"{other!r} and {name!r} would be one name; rename one")
            )


def find_notes(definitions: Definitions) -> Iterator[str]:
    """Finds what is no fault and a person should look at."""
    for metric in definitions.metrics:
        is_low = metric.category is not None and metric.category < _BROWSING
        if metric.type is MetricType.URL and is_low:
            what = f"a URL, and its category is {metric.category}; browsing is 3"
            yield str(metric.place.error(what))
        if metric.type is MetricType.EVENT and metric.expires:
            what = "expires, and its name stays; let the document's review end by then"
            yield str(metric.place.error(what))
        is_text = metric.type in (MetricType.STRING, MetricType.TEXT)
        if is_text and _ID.search(metric.id) and not metric.identifier:
            what = "its name ends in id; where it is one, say identifier: true"
            yield str(metric.place.error(what))
    named = [(each.id, each.place) for each in definitions.metrics]
    named += [(each.name, each.place) for each in definitions.pings]
    seen: dict[str, str] = {}
    for name, place in named:
        other = seen.setdefault(re.sub("[._-]", "", name), name)
        if other != name:
            yield str(place.error(f"its name is nearly that of {other}"))
