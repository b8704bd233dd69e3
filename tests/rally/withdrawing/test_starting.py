"""The first list is made where nothing was kept; an older one ends the job."""

from collections import Counter

import pytest

from rally.errors import ConfigurationError
from rally.events import RALLY
from rally.keys.names import Job
from rally.storing.layout import Partition, Stores, events_file, new_file
from rally.storing.writer import RowWriter, Table
from rally.withdrawing.list_object import LIST
from rally.withdrawing.starting import begin_list, check_counter
from rally.withdrawing.withdrawal_list import WithdrawalList
from tests.fakes.memory_store import MemoryStore, nothing
from tests.rally.withdrawing.lists import left, make_list, publish
from tests.support.people import job_key, signer
from tests.support.places import found_platform

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
    return writer.write(partition, [row], counter)


def test_first_job_makes_list_0_and_the_next_finds_it(stores):
    assert begin_list(stores, STUDIES, founder) == WithdrawalList(0, (), ())
    before = stores.platform.stat(LIST)
    assert begin_list(stores, STUDIES, founder) == WithdrawalList(0, (), ())
    assert stores.platform.stat(LIST) == before


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
        ("platform", events_file("2022-03-14", "a" * 32)),
        ("platform", "withdrawals/list.json.backup"),
    ],
    ids=["row", "row of an unregistered study", "event", "beside its place"],
)
def test_list_is_not_begun_anew_where_something_is_kept(stores, store, name):
    place = stores.platform if store == "platform" else stores.of(store)
    place.create(name, b"")
    message = refusal(begin_list, stores, STUDIES, founder)
    assert message.startswith(
        f"{stores.platform.uri}/{LIST}: the withdrawal list is missing"
    )
    assert stores.platform.stat(LIST) is None


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
        f"{stores.platform.uri}/{LIST}: is not as deletion published it; restore it"
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


@pytest.mark.parametrize("counter", [7, 8])
def test_list_as_new_as_the_rows_passes(stores, counter):
    for written in (5, 6, 7):
        write(stores, written)
    check_counter(stores, STUDIES, WithdrawalList(counter))


def test_store_without_rows_has_no_newer_list(stores):
    check_counter(stores, STUDIES, WithdrawalList(0))


WRITTEN = {
    "one of two": {},
    "another study": {"study": "rally-two"},
    "another document": {"document": "visit.10"},
    "the newest date": {"day": "2022-03-15"},
}


@pytest.mark.parametrize("where", WRITTEN.values(), ids=WRITTEN)
def test_list_older_than_rows_is_refused(stores, where):
    write(stores, 3)
    write(stores, 3, day="2022-03-13")
    write(stores, 3, document="visit.2")
    write(stores, 7, **where)
    store = stores.of(where.get("study", "rally-one"))
    assert refusal(check_counter, stores, STUDIES, WithdrawalList(6)) == (
        f"{stores.platform.uri}/{LIST}: is list 6, and {store.uri} has rows that were"
        " written under list 7; restore the newest, or correct --platform"
    )


def test_study_that_is_no_longer_registered_counts_in_a_shared_store(tmp_path):
    stores = Stores(str(tmp_path / "store"), None)
    write(stores, 7, study="rally-gone")
    assert "has rows that were written under list 7" in refusal(
        check_counter, stores, STUDIES, WithdrawalList(6)
    )


def test_a_few_headers_of_each_document_are_read():
    """However many files and dates there are."""
    stores = MemoryStores()
    for number in range(30):
        day = f"2022-03-{number % 10 + 10}"
        write(stores, number % 3, document=f"visit.{number % 2 + 1}", day=day)
    reads = stores.of("rally-one").reads
    reads.clear()
    check_counter(stores, STUDIES, WithdrawalList(2))
    assert Counter(name.rpartition("/bucket=")[0] for name, _, _ in reads) == {
        f"data/study=rally-one/document=visit.{version}/date=2022-03-{17 + version}": 3
        for version in (1, 2)
    }


@pytest.mark.parametrize(
    "data", [b"", b"no container", b"Obj\x01\x02"], ids=["empty", "other", "cut"]
)
def test_file_that_is_none_of_ours_has_no_list(stores, data):
    """It is for others to report."""
    stores.of("rally-one").create(ROW_FILE, data)
    check_counter(stores, STUDIES, WithdrawalList(0))
    write(stores, 7)
    assert "list 7" in refusal(check_counter, stores, STUDIES, WithdrawalList(6))


def test_store_that_cannot_be_read_may_have_a_newer_list(tmp_path, stores):
    folder = tmp_path / "rally-two"
    folder.mkdir()
    (folder / "data").symlink_to(folder / "data")
    assert refusal(check_counter, stores, STUDIES, WithdrawalList(0)) == (
        f"{folder}/data: cannot be read (is a link, which nobody follows or opens), and"
        " whether the withdrawal list is the newest depends on what is there"
    )
