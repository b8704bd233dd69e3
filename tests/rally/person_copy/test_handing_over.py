"""A copy is made of an approved case, handed out once and destroyed, whoever dies."""

import hashlib
from datetime import timedelta

import pyrage
import pytest

from rally.access.cases import CaseState, read_cases
from rally.access.due_copies import DueCopy, find_due, list_archives
from rally.access.records import DestroyedFor, archive_name
from rally.errors import ConfigurationError
from rally.keys.names import Job
from rally.person_copy.gathering import Places
from rally.person_copy.handed_file import hand_out
from rally.person_copy.handing_over import (
    build_copy,
    destroy_copy,
    read_built,
    record_fetched,
)
from rally.storage.objectstore.interface import GenerationMismatch
from tests.support.access_cases import (
    CASE,
    OPENED,
    approved_case,
    open_case,
    refuse_case,
    verify_case,
)
from tests.support.memory_deployment import Killed, Row, day
from tests.support.people import job_key
from tests.support.person_copies import files_of
from tests.support.world import GARDEN

ANN, BEN = 1, 2
NOW, KEY = day(30), job_key(Job.COPY)
OWN = pyrage.x25519.Identity.generate()
WEEK = timedelta(days=7)


@pytest.fixture
def garden(deployment):
    """Ann and Ben have a row each, and Ann asks for her copy."""
    deployment.join(ANN, GARDEN, 2)
    deployment.put(deployment.indexed_file([Row(ANN, 1), Row(BEN, 2)]))
    return deployment


def ask(deployment, person=ANN, **options):
    """A case that is approved."""
    options = {"to": str(OWN.to_public()), **options}
    participant = deployment.platform_pseudonym(person)
    approved_case(deployment.platform, participant, when=day(25), **options)


def places(deployment):
    return Places.open(deployment.registry, deployment.stores, deployment.pseudonyms)


def cases_of(opened, now):
    return read_cases(opened.chain, opened.platform, now)


def case(deployment, now=NOW):
    return cases_of(places(deployment), now)[CASE]


def build(deployment, person=ANN, now=NOW, words=None):
    opened, own = places(deployment), case(deployment, now)
    gathered = opened.gather(own, deployment.platform_pseudonym(person), now)
    tell = (words if words is not None else []).append
    return build_copy(opened, own, gathered, KEY, now, tell)


def due(deployment, now=NOW):
    opened = places(deployment)
    cases = cases_of(opened, now)
    withdrawals = opened.published.list.withdrawals
    return find_due(deployment.platform, cases, withdrawals, now)


def destroy(deployment, now=NOW):
    opened = places(deployment)
    for each in due(deployment, now):
        own = cases_of(opened, now)[each.case]
        destroy_copy(deployment.platform, opened.chain, KEY, each, own, now)


def archive(deployment):
    return deployment.platform.read(archive_name(CASE))


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


@pytest.mark.parametrize(
    ("moment", "number"),
    [*(("fault", number) for number in range(5)), ("after", 0), ("after", 1)],
)
def test_a_plain_next_run_after_a_kill_makes_one_archive(garden, moment, number):
    """It dies before or after each look at the archive, its writing and the record."""
    ask(garden)
    count = iter(range(100))

    def kill(operation, name):
        if name.startswith(f"cases/{CASE}") and next(count) == number:
            raise Killed

    setattr(garden.platform, moment, kill)
    with pytest.raises(Killed):
        build(garden)
    setattr(garden.platform, moment, lambda *_: None)
    if (moment, number) != ("after", 1):
        assert case(garden).state is CaseState.APPROVED
        build(garden)
    assert case(garden).built.archive == hashlib.sha256(archive(garden)).hexdigest()
    assert list(list_archives(garden.platform)) == [CASE]
    assert read_built(garden.platform, case(garden)) == archive(garden)


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
    assert list_archives(garden.platform) == {}


def test_a_copy_is_made_once(garden):
    ask(garden)
    build(garden)
    before = archive(garden)
    with pytest.raises(ConfigurationError, match="its copy is made"):
        build(garden)
    assert archive(garden) == before


@pytest.mark.parametrize("leftover", [False, True])
def test_archive_that_another_run_made_meanwhile_stays(garden, leftover):
    ask(garden)
    if leftover:
        build_killed(garden)

    def build_another(operation, name):
        if name == archive_name(CASE) and operation in ("create", "replace"):
            garden.platform.fault = lambda *_: None
            build(garden)

    garden.platform.fault = build_another
    with pytest.raises(GenerationMismatch):
        build(garden)
    assert case(garden).built.archive == hashlib.sha256(archive(garden)).hexdigest()


@pytest.mark.parametrize("killed", [False, True])
def test_archive_that_another_run_replaced_is_not_recorded(garden, killed):
    ask(garden)

    def build_another(operation, name):
        if name == archive_name(CASE):
            garden.platform.after = lambda *_: None
            (build_killed if killed else build)(garden)

    garden.platform.after = build_another
    with pytest.raises(GenerationMismatch if killed else ConfigurationError):
        build(garden)
    if killed:
        assert case(garden).built is None
        build(garden)
    assert case(garden).built.archive == hashlib.sha256(archive(garden)).hexdigest()


def test_ids_of_somebody_else_open_nothing(garden):
    ask(garden)
    with pytest.raises(ConfigurationError) as refused:
        build(garden, BEN)
    assert str(refused.value) == (
        f"case {CASE}: is of somebody else than the id on standard input"
    )
    assert list_archives(garden.platform) == {}


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
    assert list_archives(garden.platform) == {}


def leave(deployment, when=28):
    """Ann leaves, and deletion admits it."""
    deployment.leave(ANN, GARDEN, when)
    deployment.job().plan()


def test_who_has_left_meanwhile_gets_no_copy_unless_the_case_says_so(garden):
    ask(garden)
    leave(garden)
    with pytest.raises(ConfigurationError, match="has left since it was opened"):
        build(garden)
    assert list_archives(garden.platform) == {}


def test_who_leaves_while_the_copy_is_made_gets_none(garden):
    ask(garden)

    def walk_away(operation, name):
        if name == archive_name(CASE):
            garden.platform.after = lambda *_: None
            leave(garden)

    garden.platform.after = walk_away
    with pytest.raises(ConfigurationError, match="has left since it was opened"):
        build(garden)
    assert list_archives(garden.platform) == {}
    assert case(garden).state is CaseState.APPROVED


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
    assert list_archives(garden.platform) == {}
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
    assert list_archives(garden.platform) == {}


def test_an_archive_that_somebody_replaced_is_handed_to_nobody(garden):
    ask(garden)
    build(garden)
    info = garden.platform.stat(archive_name(CASE))
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


def refuse(deployment):
    refuse_case(deployment.platform)


def fetch(deployment):
    """Handed out, and killed before the archive was gone."""
    opened = places(deployment)
    deployment.platform.fault = _die_on("delete")
    with pytest.raises(Killed):
        record_fetched(deployment.platform, opened.chain, KEY, case(deployment), NOW)
    deployment.platform.fault = lambda *_: None


def _die_on(what):
    def die(operation, name):
        if operation == what:
            raise Killed

    return die


DUE = {
    "nothing happened": (lambda _: None, NOW, None, None),
    "a week": (lambda _: None, NOW + WEEK, DestroyedFor.EXPIRED, NOW + WEEK),
    "refused": (refuse, NOW, DestroyedFor.REFUSED, OPENED),
    "left": (leave, NOW, DestroyedFor.LEFT, day(28)),
    "left before": (lambda each: leave(each, 20), NOW, None, None),
    "fetched": (fetch, NOW, DestroyedFor.FETCHED, NOW),
}


@pytest.mark.parametrize(("happens", "now", "why", "since"), DUE.values(), ids=DUE)
def test_a_copy_goes_when_it_is_due_and_not_before(garden, happens, now, why, since):
    ask(garden)
    build(garden)
    happens(garden)
    info = garden.platform.stat(archive_name(CASE))
    assert due(garden, now) == ([DueCopy(CASE, why, since, info)] if why else [])
    destroy(garden, now)
    assert (list_archives(garden.platform) == {}) is (why is not None)
    destroyed = case(garden, now).destroyed
    assert (destroyed and destroyed.why) == why
    assert due(garden, now) == []


def test_a_copy_that_is_gone_without_a_record_gets_its_record(garden):
    ask(garden)
    build(garden)
    later = NOW + WEEK
    garden.platform.fault = _die_on("create")
    with pytest.raises(Killed):
        destroy(garden, later)
    garden.platform.fault = lambda *_: None
    assert due(garden, later) == [DueCopy(CASE, DestroyedFor.EXPIRED, later, None)]
    destroy(garden, later)
    assert case(garden, later).destroyed.why is DestroyedFor.EXPIRED


def build_killed(deployment):
    """An export that wrote the archive and no record."""
    deployment.platform.fault = lambda operation, name: (
        _die_on("create")(operation, name) if name.endswith("built.json") else None
    )
    with pytest.raises(Killed):
        build(deployment)
    deployment.platform.fault = lambda *_: None


@pytest.mark.parametrize("leaves", [False, True])
def test_what_a_killed_export_left_goes_when_its_person_leaves(garden, leaves):
    ask(garden, leaves=leaves)
    build_killed(garden)
    assert due(garden) == []
    leave(garden)
    info = garden.platform.stat(archive_name(CASE))
    expected = [DueCopy(CASE, DestroyedFor.LEFT, day(28), info)]
    assert due(garden) == ([] if leaves else expected)
    destroy(garden)
    assert list(list_archives(garden.platform)) == ([CASE] if leaves else [])


def test_what_a_killed_export_left_goes_after_a_week(garden):
    ask(garden)
    build_killed(garden)
    assert due(garden, NOW + timedelta(days=6)) == []
    (left,) = due(garden, NOW + WEEK)
    assert left.why is DestroyedFor.EXPIRED
    destroy(garden, NOW + WEEK)
    assert list_archives(garden.platform) == {}


def test_what_lies_in_the_folder_of_no_approved_case_is_no_copy(garden):
    garden.platform.create("cases/01234567/archive.age", b"planted")
    open_case(garden.platform, garden.platform_pseudonym(ANN))
    garden.platform.create(archive_name(CASE), b"planted")
    assert due(garden, NOW + WEEK) == []
