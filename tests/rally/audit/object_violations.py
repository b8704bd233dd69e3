"""Violations in objects: ids, keys, dead letters, damage, and what has no place there.

Each function makes one, and returns where it is and the number of units by description;
None is any.
"""

import gzip
import json
from datetime import date

from rally.consent.records import (
    CONSENT_LOG,
    ConsentChoice,
    ConsentPurpose,
    ConsentRecord,
)
from rally.decisions.contents import DecisionKind
from rally.decisions.entry import entry_name
from rally.decisions.notice_contents import NoticeKind, NoticePublication
from rally.decisions.writing import decide
from rally.events import EventKind
from rally.receipts.receipt import receipt_name
from rally.registry.notices import NoticeName
from rally.registry.rows import RowEncoder, row_schema
from rally.registry.transitions import StudyAction
from rally.storage.container import encode_container
from rally.storage.header import LIST_COUNTER
from rally.storage.layout import Partition, new_file
from rally.withdrawal.root import ROOT
from tests.model.words import moment
from tests.rally.audit.audited_platform import day_of, partition_of
from tests.rally.audit.row_violations import GARDEN_DAY, expunge, list_names
from tests.rally.audit.studies import BOG
from tests.support.people import signer
from tests.support.stores import FOUNDED, see_list
from tests.support.world import GARDEN, HOUSE, NOTICE, POND, rally_id

RAW_ID = "with a raw id, or without a pseudonym"


def order_without_a_receipt(deployment):
    order = expunge(deployment, day=30)
    what = "an order to expunge without a receipt"
    return entry_name(order.number), {what: 1}


def raw_in_payload(deployment):
    deployment.put(
        [deployment.row(0, note=f"see {rally_id(0)}"), deployment.row(0, number=2)]
    )
    return GARDEN_DAY, {RAW_ID: 1}


def raw_in_upper_case(deployment):
    deployment.put([deployment.row(0, note=rally_id(3).upper())])
    return GARDEN_DAY, {RAW_ID: 1}


def raw_without_hyphens(deployment):
    deployment.put([deployment.row(0, note=f"id{rally_id(3).replace('-', '')}aa")])
    return GARDEN_DAY, {RAW_ID: 1}


def raw_in_tags(deployment):
    deployment.put([deployment.row(0, tags=rally_id(1)), deployment.row(0, number=2)])
    return GARDEN_DAY, {RAW_ID: 1}


def raw_document_id(deployment):
    row = deployment.row(0).replace(
        b"d0c00000-0000-4000-8000-000000000001", rally_id(0).encode()
    )
    deployment.put([row])
    return GARDEN_DAY, {RAW_ID: 1}


def raw_participant(deployment):
    deployment.put(
        [deployment.row(0, participant=rally_id(0)), deployment.row(0, number=2)]
    )
    return GARDEN_DAY, {RAW_ID: 1}


def nobodys_pseudonym(deployment):
    deployment.put(
        [deployment.row(0, participant="x" * 36), deployment.row(0, number=2)]
    )
    return GARDEN_DAY, {RAW_ID: 1}


def short_participant(deployment):
    row = b"\x0cnobody" + deployment.row(0)[37:]
    deployment.put([row, deployment.row(0, number=2)])
    return GARDEN_DAY, {RAW_ID: 1}


def raw_in_header(deployment):
    name = deployment.put([deployment.row(0)], **{"rally.note": rally_id(0)})
    return name, {"a raw id": 1}


def raw_in_signal(deployment):
    deployment.event(EventKind.JOINED, 0, GARDEN, 0, signal=f"{GARDEN}/{rally_id(0)}.1")
    return None, {"a raw id": 1}


def raw_in_event(deployment):
    deployment.event(EventKind.JOINED, 0, GARDEN, 0, participant=rally_id(50))
    return None, {"without a pseudonym": 1}


def consent(deployment, **changes):
    """Appends what person 0 agreed to in the garden, read and well said."""
    record = ConsentRecord(
        ConsentChoice.GIVEN,
        GARDEN,
        deployment.platform_pseudonym(0),
        ConsentPurpose.DEMOGRAPHICS,
        ("age",),
        moment(1),
        moment(1),
        NoticeName("1", NOTICE),
        "c0c",
        f"{HOUSE}/agreed.1",
    )
    CONSENT_LOG.write(deployment.platform, [record._replace(**changes)], "1")


def consent_to_an_unknown_notice(deployment):
    consent(deployment)
    consent(deployment, notice=NoticeName("1", "0" * 64))
    consent(deployment, notice=None)
    consent(deployment, notice=None, choice=ConsentChoice.REFUSED)
    return GARDEN, {"consents to a notice that the study does not list": 2}


def enrolled_before_the_first_notice(deployment):
    deployment.event(EventKind.JOINED, 0, GARDEN, -200)
    return GARDEN, {"enrolments from before the first notice": 1}


def consent_without_a_pseudonym(deployment):
    consent(deployment, participant="ann")
    return None, {"without a pseudonym": 1}


def consent_to_a_concluded_study(deployment):
    consent(deployment, study=BOG, notice=None, choice=ConsentChoice.REFUSED)
    return BOG, {"consents": 1}


def raw_in_plan(deployment):
    name = "plans/" + "0" * 32 + "/plan.json"
    deployment.platform.create(name, json.dumps({"for": rally_id(2)}).encode())
    return name, {"a raw id": 1}


def raw_in_name(deployment):
    deployment.platform.create(f"plans/{rally_id(2)}.json", b"{}")
    return "plans/….json", {"a raw id": 1}


def raw_in_a_name_without_hyphens(deployment):
    bare = rally_id(2).replace("-", "")
    deployment.platform.create(f"plans/{bare}.json", b"{}")
    return "plans/….json", {"a raw id": 1}


def raw_in_gzip(deployment):
    deployment.platform.create("plans/a.gz", gzip.compress(rally_id(2).encode()))
    return "plans/a.gz", {"a raw id": 1}


def raw_in_a_big_object(deployment):
    space = b" " * (4 * 1024 * 1024 - 20)
    deployment.platform.create("plans/big", space + rally_id(2).encode() + space)
    return "plans/big", {"a raw id": 1}


def network_attribute(deployment):
    name = deployment.put([deployment.row(0)], **{"rally.X-Forwarded-For": "somewhere"})
    return name, {"a network attribute in its header": 1}


def network_key(deployment):
    deployment.platform.create("plans/a.json", b'{"a": 1, "X-Forwarded-For" : 2}')
    return "plans/a.json", {"a network attribute": 1}


def damaged_rows(deployment):
    name = list_names(deployment)[0]
    deployment.damage(deployment.data, name)
    return name, {"a block has another sync marker than the file": 1}


def damaged_block(deployment):
    name = list_names(deployment)[0]
    deployment.damage(deployment.data, name, -40)
    return name, None


def cut_off(deployment):
    name = list_names(deployment)[0]
    data, info = deployment.data.read(name), deployment.data.stat(name)
    deployment.data.replace(name, data[:-30], info.generation)
    return name, {"the block index is not that of this file": 1}


def unsorted(deployment):
    rows = sorted((deployment.row(each) for each in range(2)), reverse=True)
    table = deployment.registry.studies[GARDEN].documents["visit.1"]
    data = encode_container(row_schema(table.schema), rows, {}, bytes(16), indexed=True)
    name = new_file(partition_of(GARDEN), "1" * 32)
    deployment.data.create(name, data)
    return name, {"the rows are not sorted": 1}


def lost_receipt(deployment):
    name = receipt_name(1)
    deployment.platform.delete(name, deployment.platform.stat(name).generation)
    return name, None


def left_of_concluded(deployment):
    deployment.put([deployment.row(0, BOG, moment(-5))], BOG, day=-5)
    return f"{BOG}/visit.1", {"rows": 1}


def enrolment_of_concluded(deployment):
    document, own = "study-enrollment.1", deployment.pseudonym(0, HOUSE)
    table = deployment.registry.studies[HOUSE].documents[document]
    payload = {"rally.id": own, "study": BOG, "mark": "a"}
    number = "d0c00000-0000-4000-8000-000000000001"
    row = RowEncoder(table).encode(own, number, moment(0), None, None, payload)
    deployment.put([row], HOUSE, document)
    return f"{HOUSE}/{document}/{day_of(0)}", {"about a concluded study": 1}


def event_of_concluded(deployment):
    deployment.event(EventKind.JOINED, 0, BOG, 0)
    return BOG, {"events": 1}


def ping_key(deployment):
    (deployment.folder / "keys" / f"{BOG}.keyset.json").write_text("{}")
    return BOG, {f"{BOG}.keyset.json": 1}


def pseudonym_key(deployment):
    (deployment.folder / "platform" / f"pseudonym.{BOG}.keyset.json").write_text("{}")
    return BOG, {f"pseudonym.{BOG}.keyset.json": 1}


def unannounced(deployment):
    deployment.decide(POND, StudyAction.END, 7)
    return POND, {"its end was not announced in time": 1}


def tell_end(deployment, day):
    """Somebody publishes on a day that the pond ends, and signs for it."""
    on = date.fromisoformat(day_of(day))
    where, sha256 = "https://example.org/pond", "0" * 64
    told = NoticePublication(POND, NoticeKind.ENDING, "", where, on, sha256, on)
    kind = DecisionKind.PUBLISH_NOTICE
    decide(deployment.platform, signer("decide"), kind, told, FOUNDED)


def announced_too_late(deployment):
    tell_end(deployment, day=-5)
    deployment.decide(POND, StudyAction.END, 7)
    return POND, {"its end was not announced in time": 1}


def unregistered_copy(deployment):
    deployment.data.create(f"exports/{rally_id(1)}/table.csv", b"1,2\n")
    return "exports/…/table.csv", {"an unregistered copy": 1}


def unknown_study(deployment):
    deployment.data.create("data/study=rally-moor/x.avro", b"")
    return "data/study=rally-moor/x.avro", {"a study that no registry knows": 1}


def unknown_document(deployment):
    name = new_file(Partition(GARDEN, "visit.7", day_of(0)), "a")
    deployment.data.create(name, b"x")
    return name, {"a document that its study does not have": 1}


def without_a_date(deployment):
    name = f"data/study={GARDEN}/document=visit.1/all.avro"
    deployment.data.create(name, b"x")
    return name, {"a file without a date": 1}


def put_back_list(deployment):
    """It is signed as well, and a decision names a later one."""
    see_list(deployment.platform, 99)
    return ROOT, {"an older list than signed records know of": 1}


def of_no_list(deployment):
    """A header is nobody's word, and more digits than a number has are none."""
    rows = [deployment.row(0, POND, number=each, time=moment(6)) for each in (7, 8)]
    names = [
        deployment.put([row], POND, day=6, **{LIST_COUNTER: counter})
        for row, counter in zip(rows, ("99", "9" * 5000), strict=True)
    ]
    what = "says that it was written under a withdrawal list that nobody signed"
    return names[0], {what: 2}
