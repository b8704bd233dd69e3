"""Each kind of violation, put there by hand, breaks exactly its own promise."""

import gzip
import io
import json
from dataclasses import replace

import fastavro
import pytest

from rally.audit.calendar_audit import audit_calendar
from rally.audit.findings import Check
from rally.audit.limits import Limits
from rally.dead_letters import LetterKind, encode_dead_letters
from rally.dead_letters import LetterPlace as LetterPlace
from rally.events import EventKind
from rally.receipts.receipt import receipt_name
from rally.registry.registry import Registry
from rally.registry.rows import RowEncoder, row_schema
from rally.registry.transitions import States, StudyAction
from rally.storage.container import encode_container
from rally.storage.header import LIST_COUNTER
from rally.storage.layout import Partition, new_file
from rally.validation.leaves import zig_zag
from rally.withdrawal.list_object import LIST
from tests.model.words import moment
from tests.rally.audit.place import PREFIX, counts, day_of, found, partition_of
from tests.rally.audit.studies import BOG
from tests.support.stores import see_list
from tests.support.world import GARDEN, HOUSE, POND, rally_id

GARDEN_DAY = f"{GARDEN}/visit.1/{day_of(0)}"


def files(place, study=GARDEN, document="visit.1", day=0):
    return [
        info.name for info in place.data.list(partition_of(study, document, day).folder)
    ]


def joined_before(place, person=0, day=-80):
    place.event(EventKind.JOINED, person, GARDEN, 0, submission_timestamp=moment(day))


def withdrawn(place):
    place.put([place.row(1, number=1), place.row(1, number=2), place.row(0, number=3)])
    return GARDEN_DAY, {"of people who have left": 2}


def never_back(place):
    place.put([place.row(1, time=moment(3, 2)), place.row(1, number=2, time=moment(3))],
              day=3)  # fmt: skip
    return f"{GARDEN}/visit.1/{day_of(3)}", {"of people who have left": 2}


def of_the_platform(place):
    rows = [place.row(each, HOUSE, document="enrollment.1") for each in (2, 3)]
    place.put(rows, HOUSE, "enrollment.1")
    where = f"{HOUSE}/enrollment.1/{day_of(0)}"
    return where, {"of people who have left": 1}


def late(place):
    place.at(11)
    return f"{POND}/visit.1/{day_of(0)}", {
        "of people who have left": 6,
        "past their deadline, held": 1,
        "past their deadline, requested": 1,
    }


def late_letters(place):
    put_letters(place, [PREFIX + bytes(100)] * 2, -50, LetterKind.WITHDRAWAL, HOUSE)
    what = "unreadable withdrawals, past their deadline"
    return f"{HOUSE}/withdrawal/{day_of(-50)}", {what: 2}


def expired(place):
    joined_before(place)
    row = place.row(0, time=moment(-62))
    place.put([row], day=-62)
    return f"{GARDEN}/visit.1/{day_of(-62)}", {"past its retention": 1}


def put_back_list(place):
    """It is signed as well, and a decision names a later one."""
    see_list(place.platform, 99)
    return LIST, {"an older list than signed records know of": 1}


def of_no_list(place):
    """A header is nobody's word, and more digits than a number has are none."""
    rows = [place.row(0, POND, number=each, time=moment(6)) for each in (7, 8)]
    names = [
        place.put([row], POND, day=6, **{LIST_COUNTER: counter})
        for row, counter in zip(rows, ("99", "9" * 5000), strict=True)
    ]
    what = "says that it was written under a withdrawal list that nobody signed"
    return names[0], {what: 2}


def undated(place):
    rows = [place.row(0, time=moment(5), number=each) for each in (1, 2)]
    place.put(rows, day=5)
    return (
        f"{GARDEN}/visit.1/{day_of(5)}",
        {"sent while the study did not collect": 2},
    )


def unreviewed(place):
    row = place.row(0, time=moment(4), document="survey.1")
    place.put([row], document="survey.1", day=4)
    where = f"{GARDEN}/survey.1/{day_of(4)}"
    return where, {"outside the dates of its review": 1}


def of_another_date(place):
    place.put(
        [place.row(0), place.row(0, time=moment(1)), place.row(0, time=moment(-1))]
    )
    return GARDEN_DAY, {"of another date or bucket": 2}


def of_another_bucket(place):
    name, other = files(place, day=1)[:2]
    data = place.data.read(other)
    info = place.data.stat(name)
    place.data.replace(name, data, info.generation)
    where = f"{GARDEN}/visit.1/{day_of(1)}"
    return where, {"of another date or bucket": fastavro_count(data)}


def moved_to_another_study(place):
    (name,) = [each for each in files(place, POND, day=4)][:1]
    other = name.replace(POND, GARDEN)
    place.data.create(other, place.data.read(name))
    return f"{GARDEN}/visit.1/{day_of(4)}", {"rows of another partition": 1}


def of_another_schema(place):
    table = place.registry.studies[GARDEN].documents["visit.1"]
    schema = json.loads(row_schema(table))
    schema["fields"].append({"name": "remote_addr", "type": "string"})
    rows = [place.row(0, number=each) + b"\x0e1.2.3.4" for each in (1, 2)]
    place.put(rows, schema=json.dumps(schema))
    return GARDEN_DAY, {"not of the approved schema": 2}


def of_another_fingerprint(place):
    place.put([place.row(0)], **{"rally.schema": "0" * 64})
    return GARDEN_DAY, {"not of the approved schema": 1}


def too_long(place):
    place.put([place.row(0, number=1) + b"x", place.row(0, number=2)])
    return GARDEN_DAY, {"not what the schema says": 1}


def undecodable(place):
    row = place.row(0, mark="spoilt")
    place.put([row.replace(b"spoilt", b"sp\xffilt"), place.row(0, number=2)])
    return GARDEN_DAY, {"not what the schema says": 1}


def twice_on_a_date(place):
    rows = [place.row(0, time=moment(0, hour)) for hour in (0, 1)]
    place.put_compacted([*rows, place.row(0, number=2)], day=0)
    return GARDEN_DAY, {"there more than once": 1}


def twice_in_the_window(place):
    place.put_compacted([place.row(0), place.row(0, number=2)], day=0)
    later = place.row(0, time=moment(3))
    place.put_compacted([later, place.row(0, time=moment(3), number=3)], day=3)
    return f"{GARDEN}/visit.1/{day_of(3)}", {"there more than once": 1}


def twice_a_survey(place):
    row = place.row(0, time=moment(-9), document="survey.1")
    joined_before(place)
    place.put_compacted([row], document="survey.1", day=-9)
    return f"{GARDEN}/survey.1/{day_of(3)}", {"there more than once": 1}


def unenrolled(place):
    rows = [place.row(4, number=1), place.row(77, number=2), place.row(77, number=3)]
    place.put(rows)
    place.at(9)
    return GARDEN_DAY, {"without an enrolment": 2}


def lost_event(place):
    document = "study-enrollment.1"
    rows = [place.row(each, document=document) for each in (4, 77)]
    place.put(rows, document=document)
    place.at(9)
    return f"{GARDEN}/{document}/{day_of(0)}", {"without an enrolment": 1}


def lost_event_of_the_platform(place):
    rows = [place.row(each, HOUSE, document="enrollment.1") for each in (4, 77)]
    place.put(rows, HOUSE, "enrollment.1")
    place.at(9)
    where = f"{HOUSE}/enrollment.1/{day_of(0)}"
    return where, {"without an enrolment": 1}


RAW = "with a raw id, or without a pseudonym"


def raw_in_payload(place):
    place.put([place.row(0, mark=f"see {rally_id(0)}"), place.row(0, number=2)])
    return GARDEN_DAY, {RAW: 1}


def raw_in_upper_case(place):
    place.put([place.row(0, mark=rally_id(3).upper())])
    return GARDEN_DAY, {RAW: 1}


def raw_without_hyphens(place):
    place.put([place.row(0, mark=f"id{rally_id(3).replace('-', '')}aa")])
    return GARDEN_DAY, {RAW: 1}


def raw_in_tags(place):
    place.put([place.row(0, tags=rally_id(1)), place.row(0, number=2)])
    return GARDEN_DAY, {RAW: 1}


def raw_document_id(place):
    row = place.row(0).replace(
        b"d0c00000-0000-4000-8000-000000000001", rally_id(0).encode()
    )
    place.put([row])
    return GARDEN_DAY, {RAW: 1}


def raw_participant(place):
    place.put([place.row(0, participant=rally_id(0)), place.row(0, number=2)])
    return GARDEN_DAY, {RAW: 1}


def nobodys_pseudonym(place):
    place.put([place.row(0, participant="x" * 36), place.row(0, number=2)])
    return GARDEN_DAY, {RAW: 1}


def short_participant(place):
    row = b"\x0cnobody" + place.row(0)[37:]
    place.put([row, place.row(0, number=2)])
    return GARDEN_DAY, {RAW: 1}


def raw_in_header(place):
    name = place.put([place.row(0)], **{"rally.note": rally_id(0)})
    return name, {"a raw id": 1}


def raw_in_signal(place):
    place.event(EventKind.JOINED, 0, GARDEN, 0, signal=f"{GARDEN}/{rally_id(0)}.1")
    return None, {"a raw id": 1}


def raw_in_event(place):
    place.event(EventKind.JOINED, 0, GARDEN, 0, participant=rally_id(50))
    return None, {"without a pseudonym": 1}


def raw_in_plan(place):
    name = "plans/" + "0" * 32 + "/plan.json"
    place.platform.create(name, json.dumps({"for": rally_id(2)}).encode())
    return name, {"a raw id": 1}


def raw_in_name(place):
    place.platform.create(f"plans/{rally_id(2)}.json", b"{}")
    return "plans/….json", {"a raw id": 1}


def raw_in_a_name_without_hyphens(place):
    bare = rally_id(2).replace("-", "")
    place.platform.create(f"plans/{bare}.json", b"{}")
    return "plans/….json", {"a raw id": 1}


def raw_in_gzip(place):
    place.platform.create("plans/a.gz", gzip.compress(rally_id(2).encode()))
    return "plans/a.gz", {"a raw id": 1}


def raw_in_a_big_object(place):
    space = b" " * (4 * 1024 * 1024 - 20)
    place.platform.create("plans/big", space + rally_id(2).encode() + space)
    return "plans/big", {"a raw id": 1}


def network_attribute(place):
    name = place.put([place.row(0)], **{"rally.X-Forwarded-For": "somewhere"})
    return name, {"a network attribute in its header": 1}


def network_key(place):
    place.platform.create("plans/a.json", b'{"a": 1, "X-Forwarded-For" : 2}')
    return "plans/a.json", {"a network attribute": 1}


def put_letters(place, sealed, day=5, kind=LetterKind.PING, study=GARDEN):
    letters = LetterPlace(study, kind, day_of(day))
    name = f"{letters.folder}{'0' * 32}.avro"
    place.platform.create(name, encode_dead_letters(sealed, "0", "1"))
    return name


def unsealed(place):
    sealed = PREFIX + bytes(100)
    name = put_letters(place, [b"in clear" * 20, sealed, PREFIX + b"short"])
    return name, {"not sealed": 2}


def letter_beside_clear_text(place):
    letters = LetterPlace(GARDEN, LetterKind.PING, day_of(5))
    names = {"sealed": "bytes", "remote_addr": "string"}
    fields = [{"name": name, "type": each} for name, each in names.items()]
    schema = json.dumps({"type": "record", "name": "dead_letter", "fields": fields})
    sealed = PREFIX + bytes(100)
    row = zig_zag(len(sealed)) + sealed + b"\x0e1.2.3.4"
    name = f"{letters.folder}{'0' * 32}.avro"
    data = encode_container(schema, [row], {}, bytes(16), indexed=False)
    place.platform.create(name, data)
    return name, {"beside something in clear": 1}


def old_letters(place):
    put_letters(place, [PREFIX + bytes(100)] * 3, day=-24)
    return f"{GARDEN}/ping/{day_of(-24)}", {"past their time": 3}


def old_withdrawals_of_nobody(place):
    put_letters(place, [PREFIX + bytes(100)] * 2, -50, LetterKind.WITHDRAWAL, "unknown")
    return f"unknown/withdrawal/{day_of(-50)}", {"past their time": 2}


def foreign_letter(place):
    place.platform.create("dead-letters/notes.txt", b"hello")
    return "dead-letters/notes.txt", {"no object of dead letters": 1}


def damaged_rows(place):
    name = files(place)[0]
    place.damage(place.data, name)
    return name, {"a block has another sync marker than the file": 1}


def damaged_block(place):
    name = files(place)[0]
    place.damage(place.data, name, -40)
    return name, None


def cut_off(place):
    name = files(place)[0]
    data, info = place.data.read(name), place.data.stat(name)
    place.data.replace(name, data[:-30], info.generation)
    return name, {"the block index is not that of this file": 1}


def damaged_letter(place):
    name = put_letters(place, [PREFIX + bytes(100)])
    place.damage(place.platform, name, -30)
    return name, {"the checksum differs: bytes are missing or changed": 1}


def unsorted(place):
    rows = sorted((place.row(each) for each in range(2)), reverse=True)
    table = place.registry.studies[GARDEN].documents["visit.1"]
    data = encode_container(row_schema(table), rows, {}, bytes(16), indexed=True)
    name = new_file(partition_of(GARDEN), "1" * 32)
    place.data.create(name, data)
    return name, {"the rows are not sorted": 1}


def lost_receipt(place):
    name = receipt_name(1)
    place.platform.delete(name, place.platform.stat(name).generation)
    return name, None


def left_of_concluded(place):
    place.put([place.row(0, BOG, moment(-5))], BOG, day=-5)
    return f"{BOG}/visit.1", {"rows": 1}


def enrolment_of_concluded(place):
    document, own = "study-enrollment.1", place.pseudonym(0, HOUSE)
    table = place.registry.studies[HOUSE].documents[document]
    payload = {"rally.id": own, "study": BOG, "mark": "a"}
    number = "d0c00000-0000-4000-8000-000000000001"
    row = RowEncoder(table).encode(own, number, moment(0), None, None, payload)
    place.put([row], HOUSE, document)
    return f"{HOUSE}/{document}/{day_of(0)}", {"about a concluded study": 1}


def event_of_concluded(place):
    place.event(EventKind.JOINED, 0, BOG, 0)
    return BOG, {"events": 1}


def letters_of_concluded(place):
    put_letters(place, [PREFIX + bytes(100)], study=BOG)
    return BOG, {"dead letters": 1}


def derived_of_concluded(place):
    (place.derived / "bog" / "sums.csv").write_text("1,2\n")
    return f"{BOG}: {place.derived}/bog", {"derived": 1}


def ping_key(place):
    (place.folder / "keys" / f"{BOG}.keyset.json").write_text("{}")
    return BOG, {f"{BOG}.keyset.json": 1}


def pseudonym_key(place):
    (place.folder / "platform" / f"pseudonym.{BOG}.keyset.json").write_text("{}")
    return BOG, {f"pseudonym.{BOG}.keyset.json": 1}


def unannounced(place):
    place.decide(POND, StudyAction.END, 7)
    return POND, {"its end was not announced in time": 1}


def unregistered_copy(place):
    place.data.create(f"exports/{rally_id(1)}/table.csv", b"1,2\n")
    return "exports/…/table.csv", {"an unregistered copy": 1}


def unknown_study(place):
    place.data.create("data/study=rally-moor/x.avro", b"")
    return "data/study=rally-moor/x.avro", {"a study that no registry knows": 1}


def unknown_document(place):
    name = new_file(Partition(GARDEN, "visit.7", day_of(0)), "a")
    place.data.create(name, b"x")
    return name, {"a document that its study does not have": 1}


def without_a_date(place):
    name = f"data/study={GARDEN}/document=visit.1/all.avro"
    place.data.create(name, b"x")
    return name, {"a file without a date": 1}


def put_derived(place, name, data):
    (place.derived / "garden").mkdir(exist_ok=True)
    path = place.derived / "garden" / name
    path.write_bytes(data)
    return f"{GARDEN}: {path}"


def told_of(place, *people):
    return "\n".join(place.pseudonym(each) + ",1" for each in people).encode()


def derived_text(place):
    put_derived(place, "fine.csv", told_of(place, 0, 3, 4))
    where = put_derived(place, "sums.csv", told_of(place, 0, 1, 2))
    return where, {"of people who have left": 1}


def derived_upper(place):
    where = put_derived(place, "sums.csv", told_of(place, 1).upper())
    return where, {"of people who have left": 1}


def derived_gzip(place):
    data = gzip.compress(b"a,b\n" * 3_000_000) + gzip.compress(told_of(place, 1))
    return put_derived(place, "sums.csv.gz", data), {"of people who have left": 1}


def derived_avro(place):
    schema = fastavro.parse_schema(
        {"type": "record", "name": "r", "fields": [{"name": "who", "type": "string"}]}
    )
    stream = io.BytesIO()
    rows = [{"who": place.pseudonym(each)} for each in (0, 1)]
    fastavro.writer(stream, schema, rows, codec="deflate")
    where = put_derived(place, "sums.avro", stream.getvalue())
    return where, {"of people who have left": 1}


SEEDS = {
    Check.WITHDRAWN: [put_back_list, withdrawn, never_back, of_the_platform, late],
    Check.RETENTION: [expired],
    Check.DATES: [undated],
    Check.REVIEW: [unreviewed],
    Check.PLACE: [of_another_date, of_another_bucket, moved_to_another_study],
    Check.SCHEMA: [
        *(of_another_schema, of_another_fingerprint, too_long, undecodable),
    ],
    Check.DUPLICATES: [twice_on_a_date, twice_in_the_window, twice_a_survey],
    Check.ENROLMENT: [unenrolled, lost_event, lost_event_of_the_platform],
    Check.IDS: [
        *(raw_in_payload, raw_in_upper_case, raw_without_hyphens, raw_in_tags),
        *(raw_document_id, raw_participant, nobodys_pseudonym, raw_in_header),
        short_participant,
        *(raw_in_signal, raw_in_event, raw_in_plan, raw_in_name),
        *(raw_in_a_name_without_hyphens, raw_in_gzip, raw_in_a_big_object),
    ],
    Check.NETWORK: [network_attribute, network_key],
    Check.DEAD_LETTERS: [
        *(unsealed, letter_beside_clear_text, old_letters, foreign_letter),
        *(late_letters, old_withdrawals_of_nobody),
    ],
    Check.FILES: [
        *(damaged_rows, damaged_block, cut_off, damaged_letter, unsorted),
        of_no_list,
    ],
    Check.RECEIPTS: [lost_receipt],
    Check.CONCLUDED: [
        *(left_of_concluded, event_of_concluded, letters_of_concluded),
        *(derived_of_concluded, enrolment_of_concluded),
    ],
    Check.KEYS: [ping_key, pseudonym_key],
    Check.ANNOUNCED: [unannounced],
    Check.COPIES: [unregistered_copy, unknown_study, unknown_document, without_a_date],
    Check.DERIVED: [derived_text, derived_upper, derived_gzip, derived_avro],
}
LIMITS = {late: Limits(deadline_days=3)}


def fastavro_count(data):
    return sum(1 for _ in fastavro.reader(io.BytesIO(data)))


@pytest.mark.parametrize(
    ("check", "seed"),
    [(check, seed) for check, seeds in SEEDS.items() for seed in seeds],
    ids=lambda each: each.__name__ if callable(each) else str(each),
)
def test_violation_breaks_its_own_promise_and_no_other(place, check, seed):
    where, what = seed(place)

    report = place.audit(limits=LIMITS.get(seed, Limits()))

    assert set(found(report)) == {check}
    assert found(report, "unseen") == {}
    assert report.exit_status == 1
    seen = found(report)[check]
    assert where is None or where in {each.where for each in seen}
    assert what is None or counts(seen) == what


def test_every_check_is_broken_by_something():
    seeded_elsewhere = {Check.LOCKS, Check.DECISIONS}  # see test_decisions.py
    assert {*SEEDS, *seeded_elsewhere} == set(Check)


def test_lock_without_end(make_audited):
    place = make_audited()
    place.at(7)
    seen = found(place.audit())
    assert set(seen) == {Check.LOCKS}
    assert [each.where for each in seen[Check.LOCKS]] == [BOG]


def test_lock_of_which_nothing_is_here_is_none(make_audited):
    place = make_audited()
    place.at(7)
    bog = replace(place.registry.studies[BOG], derived=())
    registry = Registry({BOG: bog})
    states = States.read(registry, place.platform)

    def broken(known):
        tally = audit_calendar(registry, states, known, place.now, announced_days=14)
        return {line.check for line in tally.lines}

    assert (broken({BOG}), broken(())) == ({Check.LOCKS}, set())
