"""Orders to expunge that a legal hold or a file keeps from being carried out."""

import io
import json
from datetime import timedelta

import fastavro
import pytest

from rally.deletion.file_steps import verify_file
from rally.deletion.plan import FileOutcome, ListedFile
from rally.deletion.scanner import Scanner
from rally.receipts.receipt import ReceiptReason
from rally.withdrawal.selection import Selection
from tests.rally.deletion.expunge_rows import fill, stored
from tests.support.memory_deployment import (
    MemoryDeployment,
    Row,
    day,
    live,
)
from tests.support.study_decisions import hold_rows, release_rows
from tests.support.world import GARDEN

SECONDS = "/seconds"


def test_legal_hold_keeps_what_an_order_names_until_it_is_released(deployment):
    fill(deployment)
    days = [day(10).date(), day(10).date()]
    hold = hold_rows(deployment.platform, GARDEN, days, deployment.now)
    deployment.expunge(10, 11)
    report = deployment.delete()
    assert {each.outcome for each in report.faults} == {FileOutcome.HELD}
    assert [number for number, _ in stored(deployment)] == [101, 102, 121, 122]
    assert deployment.receipts() == []
    release_rows(deployment.platform, hold, deployment.now)
    deployment.now += timedelta(days=60)
    assert deployment.delete().receipts == [1]
    assert [number for number, _ in stored(deployment)] == [121, 122]
    (section,) = deployment.receipts()[0].sections
    assert (section.files, section.rows) == (2, 4)


def endless(deployment, rows):
    """A file of another program whose payload has a list as a record in itself."""
    schema = json.loads(deployment.schema())
    (payload,) = (each for each in schema["fields"] if each["name"] == "payload")
    further = {"name": "further", "type": ["null", "Link"]}
    link = {"type": "record", "name": "Link", "fields": [further]}
    payload["type"]["fields"].append({"name": "first", "type": ["null", link]})
    stream = io.BytesIO()
    fastavro.writer(stream, schema, map(deployment.record, rows))
    return stream.getvalue()


IMPOSSIBLE = pytest.mark.parametrize(
    ("write", "field", "why"),
    [
        *(
            (
                write,
                "/count",
                "the field is required, and can be neither null nor empty",
            )
            for write in (MemoryDeployment.indexed_file, MemoryDeployment.foreign_file)
        ),
        (endless, "/page", "its schema cannot be walked to a field"),
    ],
)


@IMPOSSIBLE
def test_order_that_a_file_makes_impossible_waits_and_nobody_else(
    deployment, write, field, why
):
    fill(deployment)
    rows = [Row(person, 200 + person, 15, seconds=9.0) for person in (1, 2, 3)]
    name = deployment.put(write(deployment, rows), date=str(day(15).date()))
    deployment.join(1)
    deployment.leave(1, document="left")
    order = deployment.expunge(15, 15, field)
    whole = deployment.expunge(12, 12)
    (shown,) = deployment.job().plan().faults
    report = deployment.delete()
    for fault in (shown, *report.faults):
        assert (fault.name, fault.outcome, fault.detail) == (
            *(name, FileOutcome.NOT_EXPUNGED),
            why,
        )
    assert len(report.faults) == 1
    assert stored(deployment) == [
        *((102, 10.0), (112, 11.0)),
        *((202, 9.0), (203, 9.0)),
    ]
    assert deployment.told() == {"left": [("deletion", 4)]}
    (receipt,) = deployment.receipts()
    (section,) = receipt.sections
    assert (section.verified.files, section.verified.rows) == (3, 4)
    assert deployment.delete().receipts == []
    deployment.check()

    deployment.expunge(15, 15)
    report = deployment.delete()
    assert report.faults == []
    assert [number for number, _ in stored(deployment)] == [102, 112]
    reasons = [(each.request, each.reason) for each in deployment.receipts()[1:]]
    assert {order.id, whole.id} < {request for request, _ in reasons}
    assert [reason for _, reason in reasons] == [ReceiptReason.EXPUNGE] * 3
    deployment.check()


def test_order_of_another_field_of_the_file_is_carried_out(deployment):
    fill(deployment)
    deployment.expunge(10, 10, "/count")
    deployment.expunge(10, 11, SECONDS)
    (fault,) = deployment.delete().faults
    assert fault.outcome is FileOutcome.NOT_EXPUNGED
    assert stored(deployment) == [
        *((101, None), (102, None), (111, None), (112, None)),
        *((121, 12.0), (122, 12.0)),
    ]
    assert deployment.receipts() == []


def test_rows_that_are_left_over_are_told_before_an_impossible_order(deployment):
    store = deployment.data
    file = deployment.indexed_file([Row(1, 1, 10), Row(2, 2, 10)])
    name = deployment.put(file, date=str(day(10).date()))
    order = deployment.expunge(10, 10, "/count")
    listed = ListedFile(GARDEN, name, len(file), live(store, name).generation)
    deployment.join(1)
    deployment.leave(1)
    deployment.job().plan()
    study = deployment.registry.studies[GARDEN]
    people = deployment.withdrawals().people()
    selection = Selection(people, study, deployment.pseudonyms)
    scanner = Scanner(selection.people)
    found = verify_file(store, listed, selection, scanner, [order])
    assert (found.outcome, found.detail) == (
        FileOutcome.LEFT_OVER,
        "1 rows of people who left",
    )
