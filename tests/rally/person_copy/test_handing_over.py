"""A copy is made of an approved case and handed out once."""

import hashlib

import pyrage
import pytest

from rally.access.cases import CaseState
from rally.access.records import DestroyedFor
from rally.errors import ConfigurationError
from rally.person_copy.handed_file import hand_out
from rally.person_copy.handing_over import read_built, record_fetched
from tests.rally.person_copy.garden import (
    ANN,
    BEN,
    KEY,
    NOW,
    OWN,
    archive,
    archives,
    ask,
    build,
    case,
    due,
    leave,
    places,
    stored,
)
from tests.support.access_cases import CASE, open_case, refuse_case, verify_case
from tests.support.memory_deployment import Row
from tests.support.person_copies import files_of
from tests.support.world import GARDEN


def test_the_persons_key_opens_what_was_built(garden):
    ask(garden)
    built = build(garden)
    data = archive(garden)
    assert (built.archive, built.bytes) == (
        hashlib.sha256(data).hexdigest(),
        len(data),
    )
    assert case(garden).state is CaseState.BUILT
    files = files_of(pyrage.decrypt(data, [OWN]))
    assert f"data/{GARDEN}/visit.1.jsonl" in files


@pytest.mark.slow("passphrases")
def test_words_open_what_has_no_key_and_are_told_once(garden):
    ask(garden, to=None)
    words = []
    build(garden, words=words)
    (told,) = words
    assert files_of(pyrage.passphrase.decrypt(archive(garden), told))


def test_nothing_lies_in_clear_on_the_platform(garden):
    ask(garden)
    build(garden)
    own = [garden.platform_pseudonym(ANN), garden.pseudonym(ANN)]
    for info in garden.platform.list("cases/"):
        data = garden.platform.read(info.name)
        assert not any(each.encode() in data for each in own)
        assert b"index.html" not in data


REFUSED = {
    "opened": ([open_case], "is opened, and must be approved"),
    "verified": ([open_case, "verify"], "is verified, and must be approved"),
    "refused": ([open_case, "verify", "refuse"], "is refused, and must be approved"),
}


@pytest.mark.parametrize(("steps", "words"), REFUSED.values(), ids=REFUSED)
def test_no_copy_is_made_of_a_case_that_is_not_approved(garden, steps, words):
    others = {"verify": verify_case, "refuse": refuse_case}
    for step in steps:
        if step is open_case:
            open_case(garden.platform, garden.platform_pseudonym(ANN))
        else:
            others[step](garden.platform)
    with pytest.raises(ConfigurationError) as refused:
        build(garden)
    assert str(refused.value) == f"case {CASE}: {words}"
    assert archives(garden) == []


def test_a_copy_is_made_once(garden):
    ask(garden)
    build(garden)
    before = archive(garden)
    with pytest.raises(ConfigurationError, match="its copy is made"):
        build(garden)
    assert archive(garden) == before


def test_ids_of_somebody_else_open_nothing(garden):
    ask(garden)
    with pytest.raises(ConfigurationError) as refused:
        build(garden, BEN)
    assert str(refused.value) == (
        f"case {CASE}: is of somebody else than the id on standard input"
    )
    assert archives(garden) == []


def test_a_copy_that_would_miss_rows_is_not_made(garden):
    ask(garden)
    data = garden.indexed_file([Row(ANN, 5)])
    name = garden.put(data[:-20], "bad")
    with pytest.raises(ConfigurationError) as refused:
        build(garden)
    assert str(refused.value) == (
        f"{name}: the block index is not that of this file; a copy has all rows or is "
        "not made: mend it and run the command again"
    )


@pytest.mark.parametrize("damaged", [False, True])
def test_a_service_that_is_away_is_nothing_to_mend(garden, damaged):
    ask(garden)
    data = garden.indexed_file([Row(ANN, 5)])
    away = garden.put(data, "away")
    bad = garden.put(data[:-20], "bad") if damaged else None

    def fail(operation, name):
        if name == away and operation == "open":
            raise ConnectionError(104, "connection reset")

    garden.data.fault = fail
    with pytest.raises(ConfigurationError if damaged else ConnectionError) as refused:
        build(garden)
    whole = "a copy has all rows or is not made:"
    assert str(refused.value) == (
        f"{bad}: the block index is not that of this file, and 1 more; {whole} "
        "mend it and run the command again"
        if damaged
        else f"{away}: connection reset; {whole} run the command again"
    )
    assert archives(garden) == []


def test_who_has_left_meanwhile_gets_no_copy_unless_the_case_says_so(garden):
    ask(garden)
    leave(garden)
    with pytest.raises(ConfigurationError, match="has left since it was opened"):
        build(garden)
    assert archives(garden) == []


def test_who_said_so_takes_the_copy_and_leaves(garden):
    ask(garden, leaves=True)
    leave(garden)
    build(garden)
    assert due(garden) == []
    record_fetched(garden.platform, places(garden).chain, KEY, case(garden), NOW)
    assert case(garden).destroyed.why is DestroyedFor.FETCHED


def test_a_copy_is_handed_out_once_and_is_gone_then(garden):
    ask(garden)
    build(garden)
    data = read_built(garden.platform, case(garden))
    assert pyrage.decrypt(data, [OWN])
    record_fetched(garden.platform, places(garden).chain, KEY, case(garden), NOW)
    assert archives(garden) == []
    with pytest.raises(ConfigurationError) as refused:
        read_built(garden.platform, case(garden))
    assert str(refused.value) == (
        f"case {CASE}: is destroyed; a copy is handed out once, within 7 days"
    )


@pytest.mark.parametrize("was_there", [False, True])
def test_of_two_runs_one_hands_the_copy_out(garden, tmp_path, was_there):
    ask(garden)
    build(garden)
    seen, chain = case(garden), places(garden).chain
    data = read_built(garden.platform, seen)

    def record():
        return record_fetched(garden.platform, chain, KEY, seen, NOW)

    first, second = tmp_path / "first", tmp_path / "second"
    hand_out(str(first), data, record)
    if was_there:
        second.write_bytes(data)
    with pytest.raises(ConnectionError) as refused:
        hand_out(str(second), data, record)
    assert str(refused.value) == (
        "another run has just handed it out; use the file that it wrote"
    )
    assert first.read_bytes() == data
    assert second.exists() is was_there
    assert archives(garden) == []


def test_an_archive_that_somebody_replaced_is_handed_to_nobody(garden):
    ask(garden)
    build(garden)
    info = stored(garden).info
    garden.platform.replace(info.name, b"another", info.generation)
    with pytest.raises(ConfigurationError, match="is not the archive that was made"):
        read_built(garden.platform, case(garden))


def test_a_copy_of_who_has_left_is_handed_to_nobody(garden):
    ask(garden)
    build(garden)
    withdrawals = garden.withdrawals().withdrawals
    assert read_built(garden.platform, case(garden), withdrawals)
    leave(garden)
    withdrawals = garden.withdrawals().withdrawals
    with pytest.raises(ConfigurationError, match="has left since it was opened"):
        read_built(garden.platform, case(garden), withdrawals)
