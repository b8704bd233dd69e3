"""What people agree to, from the ping to the desk, by the jobs and commands."""

import io
import json
from pathlib import Path

import pytest

from pipelines import cli
from rally.consent.records import CONSENT_LOG, ConsentChoice
from rally.keys.platform_keys import PlatformKeys
from rally.storage.objectstore.open_store import open_store
from rally.validation.pseudonyms import PLATFORM, Pseudonyms
from tests.support.access_cases import CASE, open_case, verify_case
from tests.support.reviews import write_reviews
from tests.support.schemas import described
from tests.support.world import (
    GARDEN,
    HOUSE,
    NOTICE,
    SENT,
    SENT_LATER,
    World,
    rally_id,
    write_lines,
)

AGREED = """
  agreed.1:
    means: consents
    scope: [/study]
    consent: {purpose: /purpose, choice: /choice, notice_version: /version,
              notice_sha256: /sha256, time: /time, fields: /fields}
    purpose: what people let a study see of their demographics
"""
TEXTS = ("study", "purpose", "choice", "version", "sha256", "time")
SCHEMA = {
    "type": "record",
    "name": "agreed",
    "participant": "/rally.id",
    "fields": [
        {"name": "rally_id", "json": "rally.id", "type": "string"},
        *({"name": name, "type": "string"} for name in TEXTS),
        {"name": "fields", "type": {"type": "map", "values": "boolean"}},
    ],
}


@pytest.fixture
def world(tmp_path):
    """The platform has a document of consents."""
    world = World(tmp_path / "world")
    house = Path(world.studies) / HOUSE
    file = house / "study.yaml"
    file.write_text(file.read_text() + AGREED)
    (house / "agreed.1.avsc").write_text(json.dumps(described(SCHEMA)))
    write_reviews(Path(world.studies))
    return world


def agreed(world, number, choice, sent, **fields):
    said = {
        "rally.id": rally_id(1),
        "study": GARDEN,
        "purpose": "demographics",
        "choice": choice,
        "version": "1",
        "sha256": NOTICE,
        "time": sent,
        "fields": fields,
    }
    return world.message(f"{HOUSE}/agreed/1", said, number, sent)


def test_ping_becomes_a_record_that_the_desk_reads(
    world, tmp_path, capsys, monkeypatch
):
    store = str(tmp_path / "store")
    messages = [
        agreed(world, 1, "given", SENT, age=True, income=False),
        agreed(world, 2, "withdrawn", SENT_LATER, age=True),
        agreed(world, 3, "maybe", SENT, age=True),
    ]
    path = write_lines(tmp_path / "in.ndjson", messages)
    options = world.options(store)
    assert cli.main(["ingest", f"--input={path}", *options]) == 0
    counts = [line.split()[1:] for line in capsys.readouterr().out.splitlines()]
    assert ["agreed.1", "consented", "2"] in counts
    assert ["agreed.1", "failed", "schema", "mismatch", "1"] in counts
    platform = open_store(f"{store}/platform")
    names = [info.name for info in platform.list("consents/")]
    assert cli.main(["ingest", f"--input={path}", *options]) == 0
    assert [info.name for info in platform.list("consents/")] == names
    found = sorted((each.choice, each.fields) for each in CONSENT_LOG.read(platform))
    assert found == [
        (ConsentChoice.GIVEN, ("age",)),
        (ConsentChoice.REFUSED, ("income",)),
        (ConsentChoice.WITHDRAWN, ("age",)),
    ]
    rows = [info.name for info in open_store(store).list("data/")]
    assert not [name for name in rows if "agreed" in name]
    capsys.readouterr()
    ids = io.TextIOWrapper(io.BytesIO(rally_id(1).encode()))
    monkeypatch.setattr("sys.stdin", ids)
    prf = PlatformKeys.open(f"{world.keys}/platform", pseudonyms=[PLATFORM])
    pseudonyms = Pseudonyms({PLATFORM: prf.prf(PLATFORM)})
    open_case(platform, pseudonyms.of_platform(rally_id(1)))
    verify_case(platform)
    assert cli.main(["person", "consents", CASE, "--json", *options]) == 0
    told = json.loads(capsys.readouterr().out)["consents"]
    assert [(each["field"], each["state"]) for each in told] == [
        ("age", "withdrawn"),
        ("income", "refused"),
    ]
