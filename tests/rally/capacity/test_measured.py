"""Figures that stand elsewhere in the code, or that need no clock: they are so."""

import pytest

from pipelines.delete import DELETE
from pipelines.ingest_options import _WRITING_SECONDS
from pipelines.job_options import INTAKE
from rally.capacity import jobs, measured, model
from rally.capacity.estimate import KEYS_A_STUDY, KEYS_OF_THE_PLATFORM, limits
from rally.capacity.model import Inputs
from rally.receipts.changes import encode_changes
from rally.receipts.receipt import FileChange
from rally.sources.ack_deadlines import LONGEST_ACK_DEADLINE_SECONDS
from rally.storage import snapshots
from tests.templates.terraform.module import items, load

DAY = "data/study=rally-garden/document=visit.1/date=2026-05-20"
NAME = f"{DAY}/bucket=6-3f/compacted-0123456789ab.avro"
GENERATION = 1_770_000_000_000_000


def test_options_are_those_of_the_jobs():
    defaults = {each.name: each.default for each in (*DELETE, *INTAKE)}
    assert defaults["longest_delay_days"] == jobs.LONGEST_DELAY_DAYS
    assert defaults["reload_seconds"] == model.RELOAD_SECONDS


def test_files_are_read_in_pieces_of_that_size():
    assert snapshots._CHUNK == measured.CHUNK_BYTES


def test_longest_flush_is_what_ingest_takes():
    inputs = Inputs(1, 1, 1)
    kept = model.stored(inputs, model.stream(inputs))
    fine = {each.what: each.fine for each in limits(inputs, kept, {})}

    assert fine["seconds of a flush"] == LONGEST_ACK_DEADLINE_SECONDS - _WRITING_SECONDS


def test_records_are_of_that_size():
    generations, checksums = (GENERATION, GENERATION + 1), ("0a1b2c3d", "0a1b2c3d")
    lengths = []
    for people in (0, 100):
        requests = {f"{number:032x}": 10 for number in range(people)}
        change = FileChange(
            "ab" * 16, "rally-garden", NAME, *generations, 9999, 1000, 8999, *checksums,
            0, requests,
        )  # fmt: skip
        lengths.append(len(encode_changes([change]).splitlines()[1]))

    assert lengths[0] == pytest.approx(measured.CHANGE_BYTES, rel=0.1)
    a_person = (lengths[1] - lengths[0]) / 100
    assert a_person == pytest.approx(measured.TOLD_BYTES, rel=0.15)


def test_keys_are_as_many_as_terraform_makes():
    module = load()
    keys = [each.body.get("for_each") for each in module.of("google_kms_crypto_key")]
    as_many = {
        "${local.purposes}": len(items(module.locals["purposes"])),
        "${local.service_keys}": len(module.locals["service_keys"]),
        None: 1,
    }

    assert keys.count("${var.studies}") == KEYS_A_STUDY
    platforms = [as_many[each] for each in keys if each != "${var.studies}"]
    assert sum(platforms) == KEYS_OF_THE_PLATFORM


@pytest.mark.parametrize(
    ("size", "expected"), [(1000, 191), (5000, 1321), (3000, 756), (1, 95.5)]
)
def test_figures_are_on_the_line_of_two_that_were_measured(size, expected):
    assert measured.at(measured.ROW, size) == expected
