"""The registry of the model: a study that defers, one that holds, and the platform."""

import json
from pathlib import Path
from typing import Any

from rally.registry.registry import Registry
from rally.registry.review_files import dump_review
from rally.registry.reviews import FOLDER
from tests.model.reviews import reviews_of
from tests.support.schemas import described
from tests.support.world import (
    GARDEN,
    HOUSE,
    JOINED,
    LEFT,
    NOTICES,
    POND,
    UNINSTALLED,
)

_DOCUMENTS = """
documents:
  visit.1: {}
    means: data
    buckets: 4
    purpose: what is visited
  study-enrollment.1:
    means: joins
    purpose: who joined
  study-unenrollment.1:
    means: leaves
    purpose: who left""".replace(" {}", "")
_SURVEY = """
  survey.1:
    means: data
    keep: latest
    purpose: what they say"""
_SCOPE = "scope: [/study]"

TABLES = "bq://tables.pond"
"""Researchers' own tables of the pond's rows."""

_TEXTS = {
    f"{GARDEN}/study.yaml": f"""
namespace: {GARDEN}
kind: study
name: Garden{NOTICES}
starts: 2026-02-01
collect_through: END
analysis_until: 2027-12-31
policy: {{enrolment: required, do_not_track: consent, private_browsing: client,
          after_end: defer}}{_DOCUMENTS}{_SURVEY}""",
    f"{POND}/study.yaml": f"""
namespace: {POND}
kind: study
name: Pond{NOTICES}
starts: 2026-02-01
policy: {{enrolment: required, do_not_track: consent, private_browsing: client,
          after_end: delete, unmatched_withdrawals: hold}}{_DOCUMENTS}""",
    f"{HOUSE}/study.yaml": f"""
namespace: {HOUSE}
kind: platform
name: Rally{NOTICES}
starts: 2026-02-01
policy: {{enrolment: required, do_not_track: consent, private_browsing: client}}
documents:
  enrollment.1:
    means: joins
    kept_by: {{person: ann, reason: a test}}
    purpose: who joined Rally
  study-enrollment.1:
    means: joins
    kept_by: {{person: ann, reason: a test}}
    {_SCOPE}
    purpose: who joined a study
  unenrollment.1:
    means: leaves
    purpose: who left Rally
  study-unenrollment.1:
    means: leaves
    {_SCOPE}
    purpose: who left a study
  uninstall-deletion.1:
    means: deletion-id
    purpose: whose extension is gone""",
}


def _with(schema, *fields):
    return {**schema, "fields": [*schema["fields"], *fields]}


def _optional(name, type_="string"):
    return {"name": name, "type": ["null", type_], "default": None}


_STUDY = _optional("study")
_MARK = {"name": "mark", "type": "string"}
_SIZE = {"name": "size", "type": "int"}
_PART = {"type": "record", "name": "part", "fields": [_optional("word"), _SIZE]}
_PARTS = {"name": "parts", "type": {"type": "array", "items": _PART}}


def _data(mark, amount, text, parts=_PARTS):
    """The record of a revision: who takes fields out of it may meet any type."""
    fields = mark, _optional("note"), parts, _optional("amount", amount)
    return {**_with(LEFT, *fields, _optional(text)), "name": "data"}


_NEW_MARK = {"name": "mark", "type": {"type": "string", "one_of": ["a"]}}
_DATA = _data(_NEW_MARK, "long", "remark")
_OLDER_DATA = _data(_MARK, "int", "memo")
LOOSE_DATA = _data(_MARK, "long", "remark", _optional("parts", _PARTS["type"]))
"""The record of data that may have nothing but a mark, which may be any text."""

_JOINED = _with(JOINED, _STUDY, _MARK)
_LEFT = _with(LEFT, _STUDY)
_SCHEMAS = {
    **{f"{study}/study-enrollment.1": _JOINED for study in (GARDEN, POND, HOUSE)},
    **{f"{study}/study-unenrollment.1": _LEFT for study in (GARDEN, POND, HOUSE)},
    f"{HOUSE}/enrollment.1": _JOINED,
    f"{HOUSE}/unenrollment.1": _LEFT,
    f"{HOUSE}/uninstall-deletion.1": UNINSTALLED,
}
_DOCUMENTS_OF_DATA = (f"{GARDEN}/visit.1", f"{GARDEN}/survey.1", f"{POND}/visit.1")


def load_studies(
    folder: Path, end: str, *, is_renewed: bool = False, tables: str = ""
) -> Registry:
    """The registry, with reviews that do not move with the garden's end.

    Documents of data have an older revision: a ping of the mark "b" fits no newer one.

    Args:
        folder: empty folder to write it to.
        end: last day on which the garden collects, YYYY-MM-DD.
        is_renewed: whether the renewal of the garden's review is in it.
        tables: URI of researchers' own tables of the pond's rows; "" is none.
    """
    write_studies(folder, end)
    _write_data(folder, described(_DATA), described(_OLDER_DATA))
    if tables:
        with (folder / POND / "study.yaml").open("a") as file:
            file.write(f"\nderived: [{tables}]\n")
    for study in Registry.load(str(folder)).studies.values():
        (folder / study.namespace / FOLDER).mkdir()
        for review in reviews_of(study, is_renewed=is_renewed):
            file = folder / study.namespace / FOLDER / f"{review.id}.yaml"
            file.write_text(dump_review(review))
    return Registry.load(str(folder))


def write_studies(folder: Path, end: str) -> None:
    """The same without reviews; of both revisions of data a mark alone is a row."""
    schemas = {
        f"{name}.avsc": json.dumps(described(each)) for name, each in _SCHEMAS.items()
    }
    for name, text in {**_TEXTS, **schemas}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text.replace("END", end))
    older = described(LOOSE_DATA, purpose="An older test")
    _write_data(folder, described(LOOSE_DATA), older)


def _write_data(folder: Path, newest: Any, older: Any) -> None:
    """Writes the two revisions of each document of data."""
    for name in _DOCUMENTS_OF_DATA:
        namespace, _, document = name.partition("/")
        first = folder / namespace / "revisions" / document / "1.avsc"
        first.parent.mkdir(parents=True, exist_ok=True)
        first.write_text(json.dumps(older))
        (folder / f"{name}.avsc").write_text(json.dumps(newest))
