"""A registry with a study whose fields are of every kind that recipes tell apart."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from rally.registry.registry import SHIPPED
from tests.support.schemas import described

BIRDS = "rally-birds"

STUDY = """
namespace: rally-birds
kind: study
name: Birds
starts: 2026-05-01
policy: {enrolment: required, do_not_track: refuse, private_browsing: client,
         after_end: delete}
documents:
  visit.1: {means: data, purpose: what is visited}
  search.1: {means: data, purpose: what is searched for}
  left.1: {means: leaves, purpose: who left}
"""


def _field(name: str, type: Any, **says: Any) -> dict[str, Any]:
    optional = {"type": ["null", type], "default": None}
    return {"name": name, **optional, **says}


def _record(name: str, *fields: Any) -> dict[str, Any]:
    return {"type": "record", "name": name, "fields": list(fields)}


_TIME = {"type": "long", "logicalType": "timestamp-micros"}
_REGION = {"type": "enum", "name": "region", "symbols": ["north", "south"]}
_INCOME = {"type": "enum", "name": "income", "symbols": ["low", "high"]}
_METRICS = _record(
    "metrics",
    _field("string", _record("strings", _field("domain", "string", category=3))),
    _field("text", _record("texts", _field("title", "string"))),
    _field("url", _record("urls", _field("page", "string", category=3))),
)

VISIT = {
    **_record(
        "visit",
        {"name": "id", "type": "string", "identifier": True},
        _field("browser", "string"),
        _field("region", _REGION),
        _field("income", _INCOME, category=4),
        _field("diagnosis", "string", category=4),
        _field("note", {"type": "string", "max_bytes": 2000}),
        _field("code", {"type": "string", "max_bytes": 255}),
        _field("size", {"type": "string", "one_of": ["s", "l"]}),
        _field("pages", "long"),
        _field("page_minutes", "double"),
        _field("page_attention", "float"),
        _field("page_length", "int"),
        _field("is_news", "boolean"),
        _field("began", _TIME),
        _field("ended", {"type": "string", "format": "glean-datetime"}),
        _field("visit_id", {"type": "string", "logicalType": "uuid"}),
        _field("links", {"type": "array", "items": "string"}),
        _field("steps", {"type": "array", "items": _record("s", _field("n", "int"))}),
        _field("metrics", _METRICS),
    ),
    "participant": "/id",
}
SEARCH = {
    **_record(
        "search",
        {"name": "id", "type": "string", "identifier": True},
        _field("browser", "string"),
        _field("pages", "string"),
        _field("region", _REGION, category=3),
    ),
    "participant": "/id",
}
LEFT = {**_record("left", {"name": "id", "type": "string"}), "participant": "/id"}


def write_birds(root: Path, recipes: Mapping[str, Any] | None = None) -> str:
    """Writes a registry with this study, and the platform's own.

    Args:
        root: Folder that is made.
        recipes: Recipes by id, as their files have them.
    """
    shutil.copytree(Path(SHIPPED) / "rally-core", root / "rally-core")
    folder = root / BIRDS
    (folder / "releases").mkdir(parents=True)
    (folder / "study.yaml").write_text(STUDY)
    for name, schema in (("visit", VISIT), ("search", SEARCH), ("left", LEFT)):
        (folder / f"{name}.1.avsc").write_text(json.dumps(described(schema)))
    for name, content in (recipes or {}).items():
        text = yaml.safe_dump(content, sort_keys=False)
        (folder / "releases" / f"{name}.yaml").write_text(text)
    return str(root)
