"""The first list is made where nothing was kept; an older one ends the job."""

from dataclasses import replace
from pathlib import Path

import pytest

from rally.decisions.entry import entry_name
from rally.errors import ConfigurationError
from rally.events import RALLY
from rally.keys.names import Job
from rally.receipts.encoding import encode_receipt, seal
from rally.receipts.receipt import receipt_name
from rally.storage.layout import EVENTS, Partition, Stores, log_file, new_file
from rally.storage.writer import RowWriter, Table
from rally.withdrawal.bootstrap import begin_anew, begin_list, open_list
from rally.withdrawal.newest_list import newest_signed
from rally.withdrawal.root import ROOT
from rally.withdrawal.withdrawal_list import WithdrawalList
from tests.fakes.memory_store import MemoryStore, nothing
from tests.rally.receipts.examples import RECEIPT
from tests.rally.withdrawal.lists import left, make_list, publish
from tests.support.people import job_key, signer
from tests.support.stores import found_platform, see_list
from tests.support.stores import publish as publish_list

STUDIES = ["rally-one", "rally-two"]
SCHEMA = '{"type": "record", "name": "row", "fields": []}'
ROW = b"H" + b"p" * 36 + b"H" + b"d" * 36
ROW_FILE = new_file(Partition("rally-one", "visit.1", "2022-03-14"), "a")


def founder():
    return signer("owner-1").key


class MemoryStores(Stores):
    """One store for all studies, and one for the platform."""

    def __init__(self):
        self.platform, self._store = MemoryStore(), MemoryStore()
        found_platform(self.platform)

    def of(self, study):
        return self._store


@pytest.fixture
def stores(tmp_path):
    made = Stores(f"{tmp_path}/{{study}}", f"{tmp_path}/platform")
    found_platform(made.platform)
    return made


def refusal(call, *arguments):
    with pytest.raises(ConfigurationError) as caught:
        call(*arguments)
    return str(caught.value)


def write(stores, counter, study="rally-one", document="visit.1", day="2022-03-14"):
    """Writes a file under a list."""
    writer = RowWriter(stores, lambda *_: Table(SCHEMA, "f"), "1", int)
    partition = Partition(study, document, day)
    row = ROW + str((study, document, day, counter)).encode()
    return writer.write(partition, "f", [row], counter)


def test_first_job_makes_list_0_and_the_next_finds_it(stores):
    assert begin_list(stores, STUDIES, founder) == WithdrawalList(0, (), ())
    before = stores.platform.stat(ROOT)
    assert begin_list(stores, STUDIES, founder) == WithdrawalList(0, (), ())
    assert stores.platform.stat(ROOT) == before


def test_list_that_is_there_is_read_whatever_else_is(stores):
    stores.of("rally-one").create(ROW_FILE, b"")
    publish(stores.platform, 5, left("ann", RALLY, 10))
    found = begin_list(stores, STUDIES, founder)
    assert found == make_list(5, left("ann", RALLY, 10))


@pytest.mark.parametrize(
    ("store", "name"),
    [
        ("rally-one", ROW_FILE),
        ("rally-two", ROW_FILE),
        ("platform", log_file(EVENTS, "2022-03-14", "a" * 32)),
        ("platform", "withdrawals/root.json.backup"),
    ],
    ids=["row", "row of an unregistered study", "event", "beside its place"],
)
def test_list_is_not_begun_anew_where_something_is_kept(stores, store, name):
    place = stores.platform if store == "platform" else stores.of(store)
    place.create(name, b"")
    message = refusal(begin_list, stores, STUDIES, founder)
    assert message.startswith(
        f"{stores.platform.uri}/{ROOT}: the withdrawal list is missing"
    )
    assert stores.platform.stat(ROOT) is None


def test_what_was_killed_while_it_made_list_0_is_begun_again(stores):
    begin_list(stores, STUDIES, founder)
    stores.platform.delete(ROOT, stores.platform.stat(ROOT).generation)
    assert begin_list(stores, STUDIES, founder) == WithdrawalList(0, (), ())


def test_list_whose_root_is_lost_is_not_begun_anew(stores):
    publish(stores.platform, 5, left("ann", RALLY, 10))
    stores.platform.delete(ROOT, stores.platform.stat(ROOT).generation)
    message = refusal(begin_list, stores, STUDIES, founder)
    assert "the withdrawal list is missing" in message


@pytest.mark.parametrize(
    "name",
    ["dead-letters/study=unknown/kind=ping/date=2022-03-14/a.avro", "states/a.json"],
)
def test_dead_letters_and_decisions_are_nobodys_rows(stores, name):
    stores.platform.create(name, b"")
    assert begin_list(stores, STUDIES, founder).counter == 0


def test_list_under_another_key_is_refused(stores):
    publish(stores.platform, 5, key=job_key(Job.PURGE))
    assert refusal(begin_list, stores, STUDIES, founder) == (
        f"{stores.platform.uri}/{ROOT}: is not as deletion published it; restore it"
        " from a backup"
    )


def test_jobs_that_start_together_end_with_the_same_list():
    """The other one publishes between the look and the act."""
    stores = MemoryStores()

    def other_job(operation, name):
        if operation == "create":
            stores.platform.fault = nothing
            publish(stores.platform, 0)

    stores.platform.fault = other_job
    assert begin_list(stores, STUDIES, founder) == make_list(0)
    assert stores.platform.fault is nothing


def test_platform_that_cannot_be_read_is_one_line(tmp_path):
    platform = tmp_path / "platform"
    platform.mkdir()
    (platform / "events").symlink_to(platform / "events")
    stores = Stores(str(tmp_path), str(platform))
    assert refusal(begin_list, stores, STUDIES, founder) == (
        f"{platform}/events: cannot be read (is a link, which nobody follows or opens),"
        " and whether a withdrawal list may be begun depends on what is there"
    )


def receipts_name(platform, counter, number=1, key=None):
    """Deletion writes a receipt under a list."""
    content = seal(
        replace(RECEIPT, number=number, list=counter), key or job_key(Job.DELETE)
    )
    platform.create(receipt_name(number), encode_receipt(content))


def test_list_that_nothing_signed_is_newer_than_passes(stores):
    see_list(stores.platform, 6)
    receipts_name(stores.platform, 7)
    for counter in (7, 8):
        publish(stores.platform, counter)
        assert open_list(stores.platform).list.counter == counter


@pytest.mark.parametrize("know", [see_list, receipts_name])
def test_older_list_than_signed_records_know_is_refused(stores, know):
    """It is signed as well: only what was signed later shows that it was put back."""
    publish(stores.platform, 6)
    know(stores.platform, 7)
    assert refusal(open_list, stores.platform) == (
        f"{stores.platform.uri}/{ROOT}: is list 6, and signed records know of list 7:"
        " an older one was put back; restore the newest, or run `rally delete`, which"
        " makes the next from the event log"
    )
    found = open_list(stores.platform, may_be_older=True)
    assert (found.list.counter, newest_signed(stores.platform, found)) == (6, 7)


def test_what_nobody_signed_knows_of_no_list(stores):
    """Rows, receipts and decisions that somebody made up stop nobody."""
    write(stores, 99)
    receipts_name(stores.platform, 99, key=job_key(Job.PURGE))
    receipts_name(stores.platform, 5, number=2)
    see_list(stores.platform, 6)
    forged = stores.platform.read(entry_name(2)).replace(b'"list":6', b'"list":99')
    stores.platform.create(entry_name(3), forged)
    publish(stores.platform, 6)
    assert open_list(stores.platform).list.counter == 6


def test_receipts_that_the_list_knows_are_not_read_again():
    stores = MemoryStores()
    for number in (1, 2, 3):
        receipts_name(stores.platform, 4 + number, number)
    known = replace(make_list(7), receipts=2)
    publish_list(stores.platform, known)
    stores.platform.reads.clear()
    assert open_list(stores.platform).list == known
    read = {name for name, _, _ in stores.platform.reads}
    assert read & {receipt_name(number) for number in (1, 2, 3)} == {receipt_name(3)}


def test_lost_list_counts_on_from_what_was_signed_and_what_can_be_true(stores):
    receipts_name(stores.platform, 5)
    write(stores, 9)
    write(stores, 10**9, study="rally-two")
    stores.of("rally-one").create(ROW_FILE, b"no container")
    found = begin_anew(stores, STUDIES)
    assert (found.list.counter, found.generation) == (9, None)
    see_list(stores.platform, 12)
    assert begin_anew(stores, STUDIES).list.counter == 12


def test_platform_that_cannot_be_read_may_have_a_newer_list(stores):
    publish(stores.platform, 6)
    folder = Path(stores.platform.uri) / "receipts"
    folder.symlink_to(folder)
    assert "whether the withdrawal list is the newest depends on" in refusal(
        open_list, stores.platform
    )
