"""A small registry that is good, for tests to spoil."""

import json
import re
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from rally.errors import ConfigurationError, ManyFaults, faults_of
from rally.registry.registry import Registry
from tests.rally.registry.reviewed_study import ReviewedStudy
from tests.support.schemas import described

STUDY = "schemas/rally-x/study.yaml"
"""The study's file, as messages name it."""

STUDY_YAML = """
namespace: rally-x
kind: study
name: Study X
aliases: [studyX, x@example.org]
starts: 2022-03-10
ending_announced: 2023-02-27
collect_through: 2023-03-27
analysis_until: 2024-03-27
policy:
  enrolment: required
  do_not_track: refuse
  private_browsing: /private
  countries: [US, CA]
  minimum_age: 19
  after_end: defer
access:
  - {group: x@example.org, agreement: "MOU 7", from: 2022-03-10, until: 2024-03-27}
derived: [gs://tables-of-x]
documents:
  visit.1:
    delete_after_days: 180
    means: data
    keep: latest
    buckets: 64
    purpose: what is visited
    sent: as a page is left
  joined.1:
    means: joins
    scope: [/study]
    purpose: who joined
"""

VISIT = {
    "type": "record",
    "name": "visit",
    "participant": "/metrics/uuid/rally.id",
    "fields": [
        {
            "name": "metrics",
            "type": [
                "null",
                {
                    "type": "record",
                    "name": "metrics",
                    "fields": [
                        {"name": "uuid", "type": {"type": "map", "values": "string"}}
                    ],
                },
            ],
            "default": None,
        },
        {"name": "private", "type": "boolean"},
    ],
}

JOINED = {
    "type": "record",
    "name": "joined",
    "participant": "/id",
    "fields": [
        {"name": "id", "type": "string"},
        {"name": "study", "type": ["null", "string"], "default": None},
    ],
}


_LINE = re.compile(r": line \d+(?=: [\w.-]+: )")


def without_line(fault: str) -> str:
    """A fault without the number of its line, which test_check.py compares."""
    return _LINE.sub("", fault)


class Folder:
    """The files of a registry with one study."""

    def __init__(self, root: Path) -> None:
        self.root = root / "schemas"
        self.study: dict[str, Any] = yaml.safe_load(STUDY_YAML)
        self.schemas: dict[str, Any] = deepcopy({"visit.1": VISIT, "joined.1": JOINED})
        self.says: dict[str, dict[str, Any]] = {}
        """What the fields of a document say other than tests.support.schemas.SAYS."""
        self.texts: dict[str, str] = {}

    def set(self, path: str, value: object) -> None:
        """Sets an entry of study.yaml; the path's parts are joined by spaces."""
        *parents, last = path.split()
        entry: Any = self.study
        for name in parents:
            entry = entry[name]
        entry[last] = value

    def drop(self, path: str) -> None:
        """Takes an entry out of study.yaml."""
        *parents, last = path.split()
        entry: Any = self.study
        for name in parents:
            entry = entry[name]
        del entry[last]

    def write(self) -> str:
        """Writes all files and returns the folder."""
        texts = {
            "rally-x/study.yaml": yaml.safe_dump(self.study),
            **{
                f"rally-x/{name}.avsc": json.dumps(
                    described(schema, **self.says.get(name, {}))
                )
                for name, schema in self.schemas.items()
            },
            **self.texts,
        }
        for name, text in texts.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return str(self.root)

    def load(self) -> Registry:
        """Writes and loads."""
        return Registry.load(self.write())

    def faults(self) -> dict[str, str]:
        """Writes, and returns why studies do not load, by namespace."""
        uri = self.write()
        try:
            faults = dict(Registry.load(uri).faults)
        except ManyFaults as error:
            faults = {each.split("/")[-2]: each for each in error.faults}
        return {
            name: without_line(each.replace(uri, "schemas"))
            for name, each in faults.items()
        }

    def error(self) -> str:
        """Writes, and returns the first line for which the folder does not load."""
        uri = self.write()
        with pytest.raises(ConfigurationError) as caught:
            Registry.load(uri)
        return without_line(faults_of(caught.value)[0].replace(uri, "schemas"))


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


@pytest.fixture
def study(folder):
    return ReviewedStudy(folder)
