import pytest

from rally.errors import CorruptFile
from tests.fakes.memory_store import MemoryStore
from tests.rally.event_log.log_events import Log, joined, pseudonym

ANN, BOB = pseudonym(1), pseudonym(2, 0x80)
SOME = [joined(ANN, 1), joined(BOB, 2)]


@pytest.fixture
def log():
    return Log(MemoryStore())


def test_a_log_is_read_anew_each_time_and_empty_where_nothing_is(log):
    reader = log.reader
    assert [*reader] == []
    log.write(*SOME)
    assert (sorted(reader), reader.about([ANN])) == (sorted(SOME), {SOME[0]})
    assert reader.about(["no UUID"]) == reader.about([]) == set()


@pytest.mark.parametrize("at", range(8))
def test_a_merge_while_somebody_reads_hides_no_event(log, at):
    log.write(joined(BOB, 0))
    log.merge()
    log.write(*SOME)
    everything = {joined(BOB, 0), *SOME}
    steps = iter(range(100))

    def merge_then(operation, name):
        if next(steps) == at:
            log.platform.fault = lambda *_: None
            for info in [*log.platform.list("events/log/")]:
                gone.append(info)
            log.merge()
            for info in gone:
                log.platform.delete(info.name, info.generation)

    gone = []
    log.platform.fault = merge_then
    assert set(log.reader) == everything
    log.platform.fault = lambda *_: None


def test_the_index_finds_no_less_while_a_merge_goes_on(log):
    log.write(joined(ANN, 0))
    log.merge()
    log.write(*SOME)
    reader, is_done = log.reader, []

    def merge_at_first_read(operation, name):
        if operation == "open" and not is_done:
            is_done.append(name)
            old = log.state.files[0].name
            log.merge()
            log.platform.delete(old, log.platform.stat(old).generation)

    log.platform.fault = merge_at_first_read
    assert reader.about([ANN]) == {joined(ANN, 0), SOME[0]}
    assert is_done


def test_damage_names_the_object(log):
    log.write(*SOME)
    log.merge()
    [file] = log.state.files
    log.platform.replace(file.name, b"x", log.platform.stat(file.name).generation)
    for read in (lambda: [*log.reader], lambda: log.reader.about([ANN])):
        with pytest.raises(CorruptFile, match=f"^{file.name}: "):
            read()
