"""`rally estimate`, as a person types it."""

import json

import pytest

from pipelines import cli

NEEDED = ["--pings-per-day=20000", "--people=1000", "--studies=1"]


@pytest.fixture
def rally(capsys):
    """Types `rally estimate …`: status, output, errors."""
    return lambda *words: (cli.main(["estimate", *words]), *capsys.readouterr())


def test_json_has_the_inputs_and_what_follows_from_them(rally):
    status, output, errors = rally(*NEEDED, "--json", "--scheme=hpke", "--buckets=1")
    plan = json.loads(output)

    assert (status, errors) == (0, "")
    assert plan["inputs"] == {
        "pings_per_day": 20_000, "people": 1000, "studies": 1, "documents": 2,
        "ping_bytes": 1000, "scheme": "hpke", "retention_days": 365, "age_days": 365,
        "leavers_per_day": 1, "buckets": 1, "flush_seconds": 60.0, "peak_factor": 3.0,
        "job_vcpus": 8,
    }  # fmt: skip
    assert plan["stored"]["objects"] == 730
    assert plan["a_month"]["sum"] == pytest.approx(
        sum(cost for item, cost in plan["a_month"].items() if item != "sum")
    )
    assert plan["limits"] == []
    assert list(plan["jobs"]) == ["delete", "replay", "compact", "purge", "audit"]


def test_prices_are_taken_from_a_file(rally, tmp_path):
    file = tmp_path / "prices.yaml"
    file.write_text("{currency: EUR, region: europe-west1, as_of: today}")

    _, output, _ = rally(*NEEDED, f"--prices={file}")

    assert "\nEUR A MONTH" in output
    assert "\nprices: europe-west1, today\n" in output


@pytest.mark.parametrize("option", ["--pings_per_day", "--pings-per-day"])
def test_hyphens_and_underscores_are_one(option, rally):
    given = rally(f"{option}=20000", *NEEDED[1:])

    assert given == rally(*NEEDED)
    assert given[0] == 0


WRONG = {
    "no pings": (NEEDED[1:], "--pings_per_day: is missing"),
    "no people": ([NEEDED[0], NEEDED[2]], "--people: is missing"),
    "no studies": (NEEDED[:2], "--studies: is missing"),
    "zero": (
        [*NEEDED, "--people=0"],
        "--people: must be a whole number from 1 to 1,000,000,000,000; see --help",
    ),
    "endless": (
        [*NEEDED, "--flush-seconds=inf"],
        "--flush_seconds: must be a number from 1 to 1,000,000,000,000; see --help",
    ),
    "no number": (
        [*NEEDED, "--peak-factor=nan"],
        "--peak_factor: must be a number from 1 to 1,000,000,000,000; see --help",
    ),
    "word": (
        [*NEEDED, "--buckets=many"],
        "--buckets: must be a whole number from 1 to 1,000,000,000,000; see --help",
    ),
    "leavers": (
        [*NEEDED, "--leavers-per-day=1001"],
        "--leavers_per_day: must be from 0 to --people",
    ),
    "scheme": (
        [*NEEDED, "--scheme=rsa"],
        "--scheme: invalid choice: 'rsa' (choose from 'jwe', 'hpke',"
        " 'ecies'); see --help",
    ),
    "prices": (
        [*NEEDED, "--prices=/none"],
        "--prices: /none cannot be read (No such file or directory)",
    ),
}


@pytest.mark.parametrize(("argv", "line"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_one_line_and_status_2(argv, line, rally):
    assert rally(*argv) == (2, "", f"rally: {line}\n")
