import json
from pathlib import Path

import pytest

from rally.glean.payload import payload_schema
from rally.glean.reading import read_definitions

DEFINITIONS = Path(__file__).with_name("definitions")
VECTORS = Path(__file__).parents[2] / "vectors"


def definitions_of(name):
    folder = DEFINITIONS / name
    return read_definitions(
        [str(folder / "metrics.yaml")], [str(folder / "pings.yaml")]
    )


def schemas_of(definitions):
    """The schema of each ping, by its name."""
    return {ping.name: payload_schema(definitions, ping) for ping in definitions.pings}


@pytest.fixture(scope="session")
def schemas():
    """Schemas of the definitions in definitions/, by folder and ping."""
    names = [each.name for each in DEFINITIONS.iterdir() if each.is_dir()]
    return {name: schemas_of(definitions_of(name)) for name in names}


def vectors():
    """Recorded pings: an id, the definitions that declare it, the ping, its content."""
    folders = {"rally-lab-study": "lab", "rally-core": "core"}
    for path in sorted(VECTORS.glob("glean/*/*/*.plaintext.json")):
        parts = path.name.split(".")
        if parts[1] in folders and parts[2] != "no-id":
            content = json.loads(path.read_text())
            yield str(path.relative_to(VECTORS)), folders[parts[1]], parts[2], content
    recorded = VECTORS / "glean-sdk" / "recorded-71.0.0.json"
    for submitted, content in json.loads(recorded.read_text()).items():
        ping = submitted.split("/")[3]
        if ping != "health":  # the SDK's own, which no study has
            yield f"71.0.0/{ping}", "kinds", ping, with_participant(content)


def with_participant(content):
    """A ping of definitions that say nothing of people, as of somebody's."""
    metrics = content.get("metrics", {})
    uuids = {**metrics.get("uuid", {}), "rally.id": PARTICIPANT}
    return {**content, "metrics": {**metrics, "uuid": uuids}}


PARTICIPANT = "48d11605-b396-4a61-8414-50cf71489a16"
