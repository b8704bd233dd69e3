"""The registry of a small Rally: two platform namespaces and two studies."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from tests.support.reviews import write_reviews
from tests.support.schemas import described

_STUDIES = """
rally-hub:
  kind: platform
  name: Hub
  starts: 2022-03-01
  policy: &platform
    {enrolment: none, do_not_track: refuse, private_browsing: client, countries: [US]}
  documents:
    enrollment.1: {means: joins, delete_after_days: 36000}
    study-enrollment.1:
      means: joins
      delete_after_days: 36000
      scope: &scope [/metrics/string/namespace, /metrics/string/study]
    study-unenrollment.1: {means: leaves, scope: *scope}
    deletion-request.1: {means: leaves}
    enrollment-with-key.1: {means: joins, delete_after_days: 36000}
    access-request.1: {means: access-request}
    agreed.1:
      means: consents
      scope: *scope
      consent:
        purpose: /consent/purpose
        choice: /consent/choice
        notice_version: /consent/version
        notice_sha256: /consent/hash
        fields: /consent/fields
        time: /consent/time
pioneer-hub:
  kind: platform
  name: Hub of the first generation
  starts: 2022-03-01
  policy: *platform
  documents:
    survey.1: {means: data, delete_after_days: 36000}
    uninstall-deletion.1: {means: deletion-id}
rally-x:
  kind: study
  name: X
  aliases: [studyX, x@example.org]
  starts: 2022-03-10
  collect_through: 2023-03-27
  analysis_until: 2024-03-27
  policy:
    enrolment: required
    do_not_track: refuse
    private_browsing: /private
    countries: [US, CA]
    after_end: defer
  documents:
    visit.1: {means: data, delete_after_days: 180}
    short.1: {means: data}
    late.1: {means: data}
    asked.1:
      means: consents
      consent: {purpose: /purpose, choice: /choice, notice_version: /version,
                notice_sha256: /hash, time: /time}
    joined.1: {means: joins}
    left.1: {means: leaves}
pioneer-y:
  kind: study
  name: Y
  aliases: [y.study@example.edu]
  starts: 2022-03-10
  collect_through: 2023-03-27
  analysis_until: 2024-03-27
  policy:
    enrolment: required
    do_not_track: refuse
    private_browsing: client
    countries: [US]
    after_end: defer
  documents:
    measures.1: {means: data}
    opt-out.1: {means: leaves}
"""


_REVIEWED = {
    "rally-x/short.1": (date(2022, 2, 20), date(2022, 6, 30)),
    "rally-x/late.1": (date(2022, 9, 1), date(2023, 3, 27)),
}


def _record(name: str, *fields: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "record", "name": name, "fields": list(fields), **more}


def _field(name: str, type_: Any, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": type_, **more}


def _maybe(name: str, type_: Any, **more: Any) -> dict[str, Any]:
    return _field(name, ["null", type_], default=None, **more)


def _glean(*others: dict[str, Any]) -> dict[str, Any]:
    rally_id = _field("rally_id", "string", json="rally.id")
    strings = _record(
        "strings", _maybe("namespace", "string"), _maybe("study", "string")
    )
    metrics = _record(
        "metrics",
        _field("uuid", _record("uuids", rally_id)),
        _maybe("string", strings),
    )
    participant = "/metrics/uuid/rally.id"
    return _record("ping", _field("metrics", metrics), *others, participant=participant)


_VISIT = _glean(
    _maybe("private", "boolean"),
    _maybe("url", "string"),
    _maybe("extra", {"type": "map", "values": "string"}),
    _maybe("tags", {"type": "array", "items": "string"}),
    _maybe("count", "long"),
    _maybe("rate", "double"),
    _maybe("nested", _record("nested", _field("a", "long"), _maybe("b", "string"))),
)


_PIONEER = _record(
    "ping",
    _field("pioneerId", "string"),
    _maybe("text", "string"),
    participant="/pioneerId",
)


_UNINSTALL = _record("ping", _field("deletionId", "string"), deletion_id="/deletionId")
_KEYED = _glean(_maybe("key", "string")) | {"recipient": "/key"}


_PARTS = [
    _maybe(name, "string") for name in ("purpose", "choice", "version", "hash", "time")
]


_SCHEMAS = {
    "rally-hub/agreed.1": _glean(
        _maybe(
            "consent",
            _record(
                "consent",
                *_PARTS,
                _maybe("fields", {"type": "map", "values": "boolean"}),
            ),
        ),
    ),
    "rally-hub/enrollment-with-key.1": _KEYED,
    "rally-hub/access-request.1": _KEYED,
    "rally-x/asked.1": _glean(_maybe("private", "boolean"), *_PARTS),
    "pioneer-hub/uninstall-deletion.1": _UNINSTALL,
    "pioneer-hub/survey.1": _PIONEER,
    "pioneer-y/measures.1": _PIONEER,
    "pioneer-y/opt-out.1": _PIONEER,
    "rally-x/visit.1": _VISIT,
    "rally-x/short.1": _VISIT,
    "rally-x/late.1": _VISIT,
}


def write_registry(folder: Path) -> str:
    """Writes the small Rally's registry and returns its folder."""
    folder.mkdir(parents=True)
    for namespace, study in yaml.safe_load(_STUDIES).items():
        for name, document in study["documents"].items():
            document["purpose"] = "a test"
            schema = _SCHEMAS.get(f"{namespace}/{name}", _glean())
            path = folder / namespace / f"{name}.avsc"
            path.parent.mkdir(exist_ok=True)
            path.write_text(json.dumps(described(schema)))
        text = yaml.safe_dump({"namespace": namespace, **study})
        (folder / namespace / "study.yaml").write_text(text)
    write_reviews(folder, _REVIEWED)
    return str(folder)
