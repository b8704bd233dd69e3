"""Clear pings such as a browsing study collects: Glean's shape, all different.

Text is drawn from common words by their rank, so it compresses about as English does;
addresses and titles are made of the same words, and identifiers are random.
"""

import random
import uuid
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any

import orjson

DOCUMENT = "page-visit"
FIRST_DAY = datetime(2026, 3, 2, tzinfo=UTC)
DAYS = 3

_PEOPLE = [str(uuid.uuid5(uuid.NAMESPACE_OID, str(number))) for number in range(5_000)]
_COMMON = (
    "the of and to in a is that for it as was with be by on not he his but at are this"
    " have from or had an they which one you were all her she there would their we him"
    " been has when who will no more if out so up said what its about than into them"
    " can only other time new some could these two may first then do any like my now"
    " over such our man me even most made after also did many off before must well"
    " back through years much where your way down should because long each just state"
    " those people too mister how little good world make very year still see own work"
    " men day get here old life both between being under three never know same last"
    " another while us might great go come since against right came take used himself"
    " few house use place during without again home around small however found part"
    " government president market health election report science weather football"
    " review travel recipe garden holiday insurance mortgage computer phone camera"
    " music festival concert museum library university research vaccine hospital court"
    " police budget minister parliament climate energy railway airport housing school"
)
WORDS = _COMMON.split()
_RANKED = list(accumulate(1 / rank for rank in range(1, len(WORDS) + 1)))
_SYSTEMS = (("Windows", "10.0"), ("Darwin", "20.6.0"), ("Linux", "5.15.0"))
EVENTS = ("link_click", "scroll", "focus", "blur", "share", "ad_seen")
QUANTITIES = ("attention_ms", "audio_ms", "scroll_depth", "word_count", "tab_count")
_EVENT_BYTES = 210  # about
_TEXT_BYTES = (60, 700)


def clear_ping(random: random.Random, size: int) -> bytes:
    """A ping of exactly `size` bytes of JSON; a kilobyte is about the least."""
    ping = _ping(random)
    room = size - len(orjson.dumps(ping))
    text = min(room, random.randint(*_TEXT_BYTES))
    ping["events"] = [_event(random) for _ in range((room - text) // _EVENT_BYTES)]
    description = _description(random, size - len(orjson.dumps(ping)))
    ping["metrics"]["text"]["visit.description"] = description
    return orjson.dumps(ping)


def submitted(random: random.Random) -> str:
    """A submission timestamp of one of the days, as the edge writes it."""
    time = FIRST_DAY + timedelta(milliseconds=random.randrange(DAYS * 86_400_000))
    return time.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def random_id(random: random.Random) -> str:
    """A UUID of version 4."""
    return str(uuid.UUID(int=random.getrandbits(128), version=4))


def _ping(random: random.Random) -> dict[str, Any]:
    site = f"https://www.{_slug(random, 2, '')}.com/"
    start = FIRST_DAY + timedelta(seconds=random.randrange(DAYS * 86_400))
    system, version = random.choice(_SYSTEMS)
    return {
        "metrics": {
            "uuid": {
                "rally.id": random.choice(_PEOPLE),
                "visit.page_id": random_id(random),
            },
            "url": {
                "visit.address": site + _slug(random, 7),
                "visit.referrer": site + _slug(random, 2),
            },
            "string": {"visit.title": _text(random, 6)},
            "text": {"visit.description": ""},
            "datetime": {"visit.start": f"{start:%Y-%m-%dT%H:%M:%S}.000-08:00"},
            "quantity": {
                f"visit.{name}": random.randrange(60_000) for name in QUANTITIES
            },
            "boolean": {"visit.audible": random.random() < 0.2},
            "labeled_counter": {"visit.clicks": {"link": random.randrange(9), "ad": 1}},
        },
        "events": [],
        "ping_info": {
            "seq": random.randrange(1_000),
            "start_time": f"{start:%Y-%m-%dT%H:%M}-08:00",
            "end_time": f"{start:%Y-%m-%dT%H:%M}-08:00",
            "reason": "page_visit",
        },
        "client_info": {
            "telemetry_sdk_build": "1.4.0",
            "os": system,
            "os_version": version,
            "architecture": "x86_64",
            "locale": "en-US",
            "app_build": "20260101",
            "app_channel": "release",
        },
    }


def _event(random: random.Random) -> dict[str, Any]:
    return {
        "category": "visit",
        "name": random.choice(EVENTS),
        "timestamp": random.randrange(600_000),
        "extra": {
            "href": f"https://www.{_slug(random, 2, '')}.com/{_slug(random, 5)}",
            "text": _text(random, 5),
            "position": str(random.randrange(200)),
        },
    }


def _words(random: random.Random, count: int) -> list[str]:
    return random.choices(WORDS, cum_weights=_RANKED, k=count)


def _text(random: random.Random, words: int) -> str:
    return " ".join(_words(random, words)).capitalize()


def _slug(random: random.Random, words: int, joint: str = "-") -> str:
    return joint.join(random.choices(WORDS[80:], k=words))


def _description(random: random.Random, size: int) -> str:
    text = _text(random, size // 3 + 1)
    return text[: max(0, size)]


def payload_schema() -> dict[str, Any]:
    """The study's schema: every metric by name, as a registry declares them."""
    metrics = {
        "uuid": {"rally.id": "string", "visit.page_id": "string"},
        "url": {"visit.address": "string", "visit.referrer": "string"},
        "string": {"visit.title": "string", "visit.language": "string"},
        "text": {"visit.description": "string"},
        "datetime": {"visit.start": "string", "visit.stop": "string"},
        "quantity": {f"visit.{name}": "long" for name in QUANTITIES},
        "boolean": {"visit.audible": "boolean"},
        "labeled_counter": {"visit.clicks": {"type": "map", "values": "long"}},
    }
    event = {
        "category": "string",
        "name": "string",
        "timestamp": "long",
        "extra": {"type": "map", "values": "string"},
    }
    ping_info = {"seq": "long", "start_time": "string", "end_time": "string"}
    client_info = ("os", "os_version", "architecture", "locale", "app_build")
    client_info += ("app_channel", "telemetry_sdk_build", "app_display_version")
    categories = {
        name: _record(f"{name}_metrics", fields) for name, fields in metrics.items()
    }
    parts = {
        "metrics": _record("metrics", categories),
        "events": {"type": "array", "items": _record("event", event)},
        "ping_info": _record("ping_info", ping_info | {"reason": "string"}),
        "client_info": _record("client_info", dict.fromkeys(client_info, "string")),
    }
    return _record("page_visit", parts) | {"participant": "/metrics/uuid/rally.id"}


def _record(name: str, fields: dict[str, Any]) -> dict[str, Any]:
    """A record; leaves may be absent, as in the real studies, but for the id."""
    return {
        "type": "record",
        "name": name,
        "fields": [_field(field, type_) for field, type_ in fields.items()],
    }


def _field(name: str, type_: Any) -> dict[str, Any]:
    says = {"doc": name, "category": 1, "purpose": "A benchmark"}
    field = {"name": name.replace(".", "_"), "type": type_, **says}
    if "." in name:
        field["json"] = name
    if isinstance(type_, str) and name != "rally.id":
        return field | {"type": ["null", type_], "default": None}
    return field
