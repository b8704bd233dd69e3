import json

import pytest

from benchmarks import ingest, pings, streaming
from rally.errors import PingFailed
from rally.validation.encoder import compile_encoder

pytestmark = pytest.mark.slow("benchmarks")


@pytest.mark.parametrize(
    ("scheme", "only"),
    [
        ("jwe", ["floor", "one", "two", "jwe"]),
        ("hpke", ["floor", "one"]),
        ("ecies", ["floor"]),
    ],
    ids=["jwe", "hpke", "ecies"],
)
def test_benchmark_takes_every_ping_every_way(tmp_path, capsys, scheme, only):
    """It stops where a way writes fewer pings than it was given; no time is judged."""
    file = tmp_path / "report.json"
    options = ["--pings=7", "--sizes=1000", f"--schemes={scheme}", "--rounds=1"]
    assert ingest.main([*options, f"--json={file}", "--only", *only]) == 0
    report = json.loads(file.read_text())
    assert [row["way"] for row in report["ways"]] == [w for w in only if w != "jwe"]
    assert [row["size"] for row in report.get("jwe", [])] == [1_000] * ("jwe" in only)
    assert f"| {scheme} | 1,000 | floor |" in capsys.readouterr().out


@pytest.mark.integration
@pytest.mark.skipif(not streaming.is_here(), reason="gcloud is not on this machine")
def test_benchmark_streams_every_ping(tmp_path):
    file = tmp_path / "report.json"
    options = ["--pings=7", "--sizes=1000", "--schemes=hpke", f"--json={file}"]
    assert ingest.main([*options, "--only", "streaming"]) == 0
    assert json.loads(file.read_text())["streaming"][0]["pings_per_second"] > 0


@pytest.mark.parametrize("size", [1_000, 5_000])
def test_pings_are_different_exact_and_of_their_schema(size):
    random = pings.random.Random(size)
    made = [pings.clear_ping(random, size) for _ in range(50)]
    assert len(set(made)) == len(made)
    assert {len(ping) for ping in made} == {size}
    encode = compile_encoder(pings.payload_schema())
    for ping in made:
        encode(json.loads(ping))
    with pytest.raises(PingFailed):
        encode(json.loads(made[0]) | {"undeclared": 1})
