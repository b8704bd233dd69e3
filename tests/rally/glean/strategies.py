"""Random Glean definitions, and pings as clients make them by these definitions."""

from hypothesis import strategies as st

SAYS = {
    "bugs": ["https://bugs.example.org/1"],
    "data_reviews": ["https://bugs.example.org/2"],
    "notification_emails": ["lab@example.org"],
    "expires": "never",
}
PARTICIPANT = {"type": "uuid", "lifetime": "user"}
TIME_UNITS = {
    "nanosecond": "T07:05:04.123456789",
    "microsecond": "T07:05:04.123456",
    "millisecond": "T07:05:04.123",
    "second": "T07:05:04",
    "minute": "T07:05",
    "hour": "T07",
    "day": "",
}
OFFSETS = ["+05:30", "-08:00", "-00:00", "+5.5:00", "-2.5:00", "+5.75:00"]
SENSITIVITIES = ["technical", "interaction", "stored_content", "highly_sensitive"]

names = st.from_regex("[a-z_][a-z0-9_]{0,8}", fullmatch=True)
labels = st.text(
    st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=9
)
keys = st.from_regex("[ -~]{1,9}", fullmatch=True).filter(
    lambda key: not key.startswith("glean.")
)
descriptions = st.sampled_from(["How far", "Whether it is so.", "Of two\nlines"])
counts = st.integers(0, 2**31 - 1)
longs = st.integers(0, 2**63 - 1)
uuids = st.uuids().map(str)
any_text = st.text(max_size=20)
datetimes = st.sampled_from([*TIME_UNITS.values()]).flatmap(
    lambda time: st.sampled_from(OFFSETS).map(lambda to: f"2026-03-09{time}{to}")
)


def cut(text, most):
    """A text as Glean cuts it, by bytes."""
    return text.encode()[:most].decode(errors="ignore")


def normal(name):
    return "".join(each if each.isalnum() else "_" for each in name).lower()


def distinct(strategy, **more):
    return st.lists(strategy, unique_by=normal, **more)


@st.composite
def structures(draw, depth=2, root=False):
    kinds = ["object", "array"] + ["leaf"] * (not root)
    kind = draw(st.sampled_from(kinds if depth else ["leaf"]))
    if kind == "object":
        parts = draw(distinct(keys, max_size=3))
        inner = structures(depth=depth - 1)
        return {"type": "object", "properties": {part: draw(inner) for part in parts}}
    if kind == "array":
        return {"type": "array", "items": draw(structures(depth=depth - 1))}
    scalars = ["number", "string", "boolean"]
    if draw(st.booleans()):
        some = draw(st.lists(st.sampled_from(scalars), min_size=1, unique=True))
        return {"oneOf": [{"type": each} for each in some]}
    return {"type": draw(st.sampled_from(scalars))}


@st.composite
def structured(draw, structure):
    if "oneOf" in structure:
        structure = draw(st.sampled_from(structure["oneOf"]))
    match structure["type"]:
        case "object":
            parts = structure["properties"].items()
            return {
                name: draw(structured(part))
                for name, part in parts
                if draw(st.booleans())
            }
        case "array":
            return [
                draw(structured(structure["items"]))
                for _ in range(draw(st.integers(0, 3)))
            ]
        case "number":
            return draw(longs | st.floats(allow_nan=False, allow_infinity=False))
        case "boolean":
            return draw(st.booleans())
    return draw(any_text)


def distribution():
    buckets = st.dictionaries(longs.map(str), counts, max_size=4)
    return st.fixed_dictionaries({"sum": longs, "values": buckets})


SCALARS = {
    "boolean": st.booleans(),
    "counter": counts,
    "quantity": longs,
    "string": any_text.map(lambda text: cut(text * 20, 255)),
    "string_list": st.lists(
        any_text.map(lambda text: cut(text * 20, 100)), max_size=20
    ),
    "text": any_text,
    "url": any_text.map(lambda text: f"https://{text}"),
    "uuid": uuids,
    "datetime": datetimes,
    "timing_distribution": distribution(),
    "memory_distribution": distribution(),
    "custom_distribution": distribution(),
    "rate": st.fixed_dictionaries({"numerator": counts, "denominator": counts}),
}
LABELED = {
    f"labeled_{name}": SCALARS[name]
    for name in (
        *("boolean", "counter", "string", "quantity"),
        *("timing_distribution", "memory_distribution", "custom_distribution"),
    )
}


def by_label(listed, values):
    if listed is None:
        return st.dictionaries(any_text, values, max_size=17)
    return st.dictionaries(st.sampled_from([*listed, "__other__"]), values, max_size=4)


@st.composite
def metrics(draw):
    """A metric: its definition, and a strategy of its values."""
    kinds = [*SCALARS, *LABELED, "timespan", "dual_labeled_counter", "object", "event"]
    kind = draw(st.sampled_from(kinds))
    metric = {"type": kind, "description": draw(descriptions), **SAYS}
    if draw(st.booleans()):
        metric["data_sensitivity"] = draw(
            st.lists(st.sampled_from(SENSITIVITIES[2:]), min_size=1, unique=True)
        )
    some_labels = st.none() | st.lists(labels, min_size=1, max_size=4, unique=True)
    if "quantity" in kind:
        metric["unit"] = "pages"
    if kind.endswith("memory_distribution"):
        metric["memory_unit"] = "byte"
    if kind.endswith("custom_distribution"):
        metric |= {"range_max": 100, "bucket_count": 10, "histogram_type": "linear"}
    if kind in LABELED:
        metric["labels"] = draw(some_labels)
        return metric, by_label(metric["labels"], LABELED[kind])
    if kind == "dual_labeled_counter":
        levels = {
            level: {"description": "Of a level", "labels": draw(some_labels)}
            for level in ("key", "category")
        }
        metric["dual_labels"] = levels
        first, second = (levels[each]["labels"] for each in levels)
        return metric, by_label(first, by_label(second, counts))
    if kind == "timespan":
        unit = metric["time_unit"] = draw(st.sampled_from([*TIME_UNITS]))
        return metric, st.fixed_dictionaries(
            {"time_unit": st.just(unit), "value": longs}
        )
    if kind == "object":
        structure = metric["structure"] = draw(structures(root=True))
        return metric, structured(structure)
    if kind == "event":
        values = {
            "string": any_text.map(lambda text: cut(text * 40, 500)),
            "boolean": st.sampled_from(["true", "false"]),
            "quantity": st.integers(-(2**63), 2**63 - 1).map(str),
        }
        extras = {
            key: draw(st.sampled_from([*values]))
            for key in draw(distinct(keys, max_size=3))
        }
        metric["extra_keys"] = {
            key: {"description": "Of an event", "type": type_}
            for key, type_ in extras.items()
        }
        optional = {key: values[type_] for key, type_ in extras.items()}
        optional["glean_timestamp"] = counts.map(str)
        return metric, st.fixed_dictionaries({}, optional=optional)
    return metric, SCALARS[kind]


@st.composite
def studies(draw):
    """Definitions of one ping: metrics by category, the ping, and values of metrics."""
    ids = draw(
        st.lists(
            st.tuples(
                names.filter(lambda name: name not in ("pings", "tags", "glean")), names
            ),
            max_size=8,
            unique_by=lambda each: normal(".".join(each)),
        ).filter(lambda found: "rally" not in {category for category, _ in found})
    )
    made = {
        "rally": {
            "id": {
                **PARTICIPANT,
                "description": "Whose it is",
                **SAYS,
                "send_in_pings": ["visit"],
            }
        }
    }
    values = {}
    for category, name in ids:
        metric, strategy = draw(metrics())
        made.setdefault(category, {})[name] = {**metric, "send_in_pings": ["visit"]}
        values[f"{category}.{name}"] = (metric, strategy)
    ping = {
        "description": "Sent now and then",
        "include_client_id": draw(st.booleans()),
        "reasons": {
            reason: "It is" for reason in draw(st.lists(names, max_size=2, unique=True))
        },
        "metadata": {"include_info_sections": draw(st.booleans())},
        **{name: SAYS[name] for name in SAYS if name != "expires"},
    }
    return made, ping, values


@st.composite
def sent(draw, ping, values):
    """A ping as a client sends it."""
    content = {"metrics": {"uuid": {"rally.id": draw(uuids)}}}
    events = []
    for id_, (metric, strategy) in values.items():
        category, _, name = id_.rpartition(".")
        if metric["type"] == "event":
            for _ in range(draw(st.integers(0, 2))):
                event = {"category": category, "name": name, "timestamp": draw(longs)}
                events.append({**event, "extra": draw(strategy)})
        elif draw(st.booleans()):
            value = draw(strategy)
            if metric["type"] != "object" or value is not None:
                content["metrics"].setdefault(metric["type"], {})[id_] = value
    errors = draw(
        st.dictionaries(st.sampled_from(["rally.id", *values]), counts, max_size=2)
    )
    if errors:
        counters = content["metrics"].setdefault("labeled_counter", {})
        counters["glean.error.invalid_value"] = errors
    if any(metric["type"] == "event" for metric, _ in values.values()):
        content["events"] = events
    if ping["metadata"]["include_info_sections"]:
        content |= draw(sections(ping))
    return content


@st.composite
def sections(draw, ping):
    texts = any_text.map(lambda text: cut(text * 9, 255))
    info = {
        "seq": draw(counts),
        "start_time": draw(datetimes),
        "end_time": draw(datetimes),
    }
    if ping["reasons"] and draw(st.booleans()):
        info["reason"] = draw(st.sampled_from([*ping["reasons"]]))
    client = {"first_run_date": f"2026-03-09{draw(st.sampled_from(OFFSETS))}"}
    required = ["telemetry_sdk_build", "os", "os_version", "architecture", "app_build"]
    optional = ["app_channel", "locale", "device_model"]
    for name in (
        *required,
        "app_display_version",
        *draw(st.lists(st.sampled_from(optional))),
    ):
        client[name] = draw(texts)
    if ping["include_client_id"]:
        client["client_id"] = draw(uuids)
    return {"ping_info": info, "client_info": client}
