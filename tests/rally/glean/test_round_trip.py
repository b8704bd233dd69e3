"""For any definitions, what their clients send fits, and nothing of it is lost."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.glean.reading import read_definitions
from rally.glean.schema_text import schema_text
from tests.rally.glean.conftest import schemas_of
from tests.rally.glean.strategies import sent, studies
from tests.rally.glean.test_vectors import fits, read_back

SCHEMA = "moz://mozilla.org/schemas/glean/{}/2-0-0"


@pytest.fixture(scope="module")
def made_of(tmp_path_factory):
    """Makes the schema of a ping of definitions."""
    folder = tmp_path_factory.mktemp("definitions")

    def make(metrics, ping):
        files = {"metrics": metrics, "pings": {"visit": ping}}
        for name, content in files.items():
            text = json.dumps({"$schema": SCHEMA.format(name), **content})
            (folder / f"{name}.yaml").write_text(text)
        given = ([str(folder / f"{name}.yaml")] for name in files)
        return schemas_of(read_definitions(*given))["visit"]

    return make


@given(st.data())
def test_pings_of_any_definitions_come_back_as_equal_json(made_of, data):
    metrics, ping, values = data.draw(studies())
    schema = made_of(metrics, ping)
    assert json.loads(schema_text(schema)) == schema
    content = data.draw(sent(ping, values))
    assert read_back(schema, content) == content
    assert not fits(schema, {**content, "more": {}})
    for kind in content["metrics"]:
        more = {**content["metrics"], kind: {**content["metrics"][kind], "x.y.z": 1}}
        assert not fits(schema, {**content, "metrics": more})
