"""Violations in rows: each function stores some, and returns where and what is broken.

The second part of the result has the number of units by description; None is any.
"""

import io
import json

import fastavro

from rally.events import EventKind
from rally.registry.rows import RowEncoder, row_schema
from rally.times import from_micros
from tests.model.words import moment
from tests.rally.audit.audited_platform import (
    day_of,
    partition_of,
)
from tests.support.expunges import order_expunge
from tests.support.world import GARDEN, HOUSE, POND

JOINED = "study-enrollment.1"
TAKEN = "that an order takes out"
NO_RECEIPT = "an order to expunge without a receipt"
GARDEN_DAY = f"{GARDEN}/visit.1/{day_of(0)}"


def list_names(deployment, study=GARDEN, document="visit.1", day=0):
    return [
        info.name
        for info in deployment.data.list(partition_of(study, document, day).folder)
    ]


def expunge(deployment, field=None, document="visit.1", at=-40, day=0):
    """An order about a date of the garden, long ago."""
    days = [from_micros(moment(day)).date()] * 2
    when = from_micros(moment(at))
    return order_expunge(deployment.platform, GARDEN, document, days, when, field)


def with_deletion_id(deployment, person, number, field="d"):
    """An enrolment's row, with an optional field."""
    own = deployment.pseudonym(person, GARDEN)
    payload = {"rally.id": own, "mark": "a", "deletion.id": field}
    return RowEncoder(deployment.registry.studies[GARDEN].documents[JOINED]).encode(
        own, f"d0c00000-0000-4000-9000-{number:012}", moment(0), None, None, payload
    )


def joined_before(deployment, person=0, day=-80):
    deployment.event(
        EventKind.JOINED, person, GARDEN, 0, submission_timestamp=moment(day)
    )


def withdrawn(deployment):
    deployment.put(
        [
            deployment.row(1, number=1),
            deployment.row(1, number=2),
            deployment.row(0, number=3),
        ]
    )
    return GARDEN_DAY, {"of people who have left": 2}


def never_back(deployment):
    rows = [
        deployment.row(1, time=moment(3, 2)),
        deployment.row(1, number=2, time=moment(3)),
    ]
    deployment.put(rows, day=3)
    return f"{GARDEN}/visit.1/{day_of(3)}", {"of people who have left": 2}


def of_the_platform(deployment):
    rows = [deployment.row(each, HOUSE, document="enrollment.1") for each in (2, 3)]
    deployment.put(rows, HOUSE, "enrollment.1")
    where = f"{HOUSE}/enrollment.1/{day_of(0)}"
    return where, {"of people who have left": 1}


def late(deployment):
    deployment.at(11)
    return f"{POND}/visit.1/{day_of(0)}", {
        "of people who have left": 6,
        "past their deadline, held": 1,
        "past their deadline, requested": 1,
    }


def expired(deployment):
    joined_before(deployment)
    row = deployment.row(0, time=moment(-62))
    deployment.put([row], day=-62)
    return f"{GARDEN}/visit.1/{day_of(-62)}", {"past its retention": 1}


def undated(deployment):
    rows = [deployment.row(0, time=moment(5), number=each) for each in (1, 2)]
    deployment.put(rows, day=5)
    return (
        f"{GARDEN}/visit.1/{day_of(5)}",
        {"sent while the study did not collect": 2},
    )


def unreviewed(deployment):
    row = deployment.row(0, time=moment(4), document="survey.1")
    deployment.put([row], document="survey.1", day=4)
    where = f"{GARDEN}/survey.1/{day_of(4)}"
    return where, {
        "sent while no review covered it": 1,
    }


def unexpunged(deployment):
    expunge(deployment)
    rows = sum(
        count_rows(deployment.data.read(name)) for name in list_names(deployment)
    )
    assert rows
    return GARDEN_DAY, {TAKEN: rows, NO_RECEIPT: 1}


def unexpunged_field(deployment):
    deployment.put(
        [
            with_deletion_id(deployment, person=0, number=1),
            with_deletion_id(deployment, person=3, number=2, field=None),
            with_deletion_id(deployment, person=4, number=3),
        ],
        document=JOINED,
    )
    expunge(deployment, document=JOINED, field="/deletion.id")
    return f"{GARDEN}/{JOINED}/{day_of(0)}", {TAKEN: 2, NO_RECEIPT: 1}


def of_another_date(deployment):
    deployment.put(
        [
            deployment.row(0),
            deployment.row(0, time=moment(1)),
            deployment.row(0, time=moment(-1)),
        ]
    )
    return GARDEN_DAY, {"of another date or bucket": 2}


def of_another_bucket(deployment):
    name, other = list_names(deployment, day=1)[:2]
    data = deployment.data.read(other)
    info = deployment.data.stat(name)
    deployment.data.replace(name, data, info.generation)
    where = f"{GARDEN}/visit.1/{day_of(1)}"
    return where, {"of another date or bucket": count_rows(data)}


def moved_to_another_study(deployment):
    (name,) = [each for each in list_names(deployment, POND, day=4)][:1]
    other = name.replace(POND, GARDEN)
    deployment.data.create(other, deployment.data.read(name))
    return f"{GARDEN}/visit.1/{day_of(4)}", {"rows of another partition": 1}


def of_another_schema(deployment):
    table = deployment.registry.studies[GARDEN].documents["visit.1"]
    schema = json.loads(row_schema(table.schema))
    schema["fields"].append({"name": "remote_addr", "type": "string"})
    rows = [deployment.row(0, number=each) + b"\x0e1.2.3.4" for each in (1, 2)]
    deployment.put(rows, schema=json.dumps(schema))
    return GARDEN_DAY, {"not of the approved schema": 2}


def of_another_fingerprint(deployment):
    deployment.put([deployment.row(0)], **{"rally.schema": "0" * 64})
    return GARDEN_DAY, {"not of the approved schema": 1}


def too_long(deployment):
    deployment.put([deployment.row(0, number=1) + b"x", deployment.row(0, number=2)])
    return GARDEN_DAY, {"not what the schema says": 1}


def undecodable(deployment):
    row = deployment.row(0, note="spoilt")
    deployment.put([row.replace(b"spoilt", b"sp\xffilt"), deployment.row(0, number=2)])
    return GARDEN_DAY, {"not what the schema says": 1}


def twice_on_a_date(deployment):
    rows = [deployment.row(0, time=moment(0, hour)) for hour in (0, 1)]
    deployment.put_compacted([*rows, deployment.row(0, number=2)], day=0)
    return GARDEN_DAY, {"there more than once": 1}


def twice_in_the_window(deployment):
    deployment.put_compacted([deployment.row(0), deployment.row(0, number=2)], day=0)
    later = deployment.row(0, time=moment(3))
    deployment.put_compacted(
        [later, deployment.row(0, time=moment(3), number=3)], day=3
    )
    return f"{GARDEN}/visit.1/{day_of(3)}", {"there more than once": 1}


def twice_a_survey(deployment):
    row = deployment.row(0, time=moment(-9), document="survey.1")
    joined_before(deployment)
    deployment.put_compacted([row], document="survey.1", day=-9)
    return f"{GARDEN}/survey.1/{day_of(3)}", {"there more than once": 1}


def unenrolled(deployment):
    rows = [
        deployment.row(4, number=1),
        deployment.row(77, number=2),
        deployment.row(77, number=3),
    ]
    deployment.put(rows)
    deployment.at(9)
    return GARDEN_DAY, {"without an enrolment": 2}


def lost_event(deployment):
    document = "study-enrollment.1"
    rows = [deployment.row(each, document=document) for each in (4, 77)]
    deployment.put(rows, document=document)
    deployment.at(9)
    return f"{GARDEN}/{document}/{day_of(0)}", {"without an enrolment": 1}


def lost_event_of_the_platform(deployment):
    rows = [deployment.row(each, HOUSE, document="enrollment.1") for each in (4, 77)]
    deployment.put(rows, HOUSE, "enrollment.1")
    deployment.at(9)
    where = f"{HOUSE}/enrollment.1/{day_of(0)}"
    return where, {"without an enrolment": 1}


def count_rows(data):
    return sum(1 for _ in fastavro.reader(io.BytesIO(data)))
