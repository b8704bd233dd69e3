"""The registry of the audited platform: the model's, and a study that is concluded."""

import json
from datetime import date
from pathlib import Path

from rally.registry.registry import Registry
from tests.model.studies import TABLES, write_studies
from tests.support.reviews import write_reviews
from tests.support.schemas import described
from tests.support.world import GARDEN, LEFT, POND

BOG = "rally-bog"

_BOG = """
namespace: rally-bog
kind: study
name: Bog
starts: 2026-02-01
ending_announced: 2026-03-01
collect_through: 2026-05-08
analysis_until: 2026-05-15
policy: {enrolment: required, do_not_track: consent, private_browsing: client,
         after_end: defer}
derived: [DERIVED/bog]
documents:
  visit.1:
    means: data
    purpose: what is visited
"""
_CHANGES = (
    ("collect_through:", "ending_announced: 2026-04-20\ncollect_through:"),
    ("\ndocuments:", "\nderived: [DERIVED/garden]\ndocuments:"),
    ("    buckets: 4\n", "    buckets: 4\n    delete_after_days: 60\n"),
    ("keep: latest\n", "keep: latest\n    delete_after_days: 90\n"),
)


def write_registry(folder: Path, derived: Path) -> Registry:
    """The garden ends on the fifth day, its survey's review a day before."""
    write_studies(folder, "2026-05-14")
    garden = folder / GARDEN / "study.yaml"
    text = garden.read_text()
    for before, after in _CHANGES:
        text = text.replace(before, after, 1)
    garden.write_text(text.replace("DERIVED", str(derived)))
    pond = folder / POND / "study.yaml"  # of its tables no audit knows anything here
    pond.write_text(pond.read_text().replace(f"derived: [{TABLES}]\n", ""))
    (folder / BOG).mkdir()
    bog = folder / BOG / "study.yaml"
    bog.write_text(_BOG.replace("DERIVED", str(derived)))
    mark = {"name": "mark", "type": "string"}
    schema = LEFT | {"name": "data", "fields": [*LEFT["fields"], mark]}
    (folder / BOG / "visit.1.avsc").write_text(json.dumps(described(schema)))
    ends = date(2026, 5, 13)
    write_reviews(folder, {f"{GARDEN}/survey.1": (date(2026, 2, 1), ends)})
    return Registry.load(str(folder))
