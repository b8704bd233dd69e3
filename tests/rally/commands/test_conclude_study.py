"""`rally studies conclude`: what it foresees, what it asks for, and what follows."""

import re
from pathlib import Path

import pytest

from pipelines import cli
from tests.support.world import GARDEN, HOUSE, World, contents, rally_id, write_lines

pytestmark = pytest.mark.slow("jobs")

MAY, AUTUMN = "2026-05-21T10:00:00Z", "2027-01-10T10:00:00Z"
SPRING = "--as_of=2027-02-01"


@pytest.fixture
def own(tmp_path, capsys):
    """A store with rows, somebody who left after the end, and dead letters."""
    world, store = World(tmp_path / "world"), str(tmp_path / "store")
    study = Path(world.studies) / GARDEN / "study.yaml"
    announced = "ending_announced: 2026-12-01\ncollect_through:"
    study.write_text(study.read_text().replace("collect_through:", announced))

    def signal(document, person, number, sent):
        return world.message(document, {"rally.id": rally_id(person)}, number, sent)

    joined = f"{GARDEN}/study-enrollment/1"
    first = [
        *(signal(joined, person, person, MAY) for person in (1, 2)),
        *(world.visit(person, 10 + person) for person in (1, 2)),
        world.message(f"{GARDEN}/visit/1", {"rally.id": rally_id(1)}, 20, MAY),
    ]
    late = [signal(f"{GARDEN}/study-unenrollment/1", 1, 30, AUTUMN)]
    for number, (messages, as_of) in enumerate(
        [(first, "2026-06-01"), (late, "2027-01-11")]
    ):
        path = write_lines(tmp_path / f"{number}.ndjson", messages)
        options = [*world.options(store)[:-1], f"--as_of={as_of}"]
        assert cli.main(["ingest", f"--input={path}", *options]) == 0
    assert cli.main(["delete", *world.options(store)[:-1], "--as_of=2027-01-11"]) == 0
    capsys.readouterr()
    return world, store


def conclude(own, capsys, *words, study=GARDEN):
    world, store = own
    keys = f"--people_keys={world.people_keys}"
    sure = [] if "--plan_only" in words else ["--yes"]
    given = [*world.options(store)[:-1], keys, *sure, *words]
    return cli.main(["studies", "conclude", study, *given]), *capsys.readouterr()


FORESEEN = """\
rally-garden: when it is concluded, all of this goes:

DOCUMENT            FILES  ROWS  BYTES
study-enrollment.1      1     2  N
visit.1                 1     2  N

objects of dead letters: 1
events: 3
consents: 0
withdrawals that waited for it, and fall due: 1
other withdrawals that have to be done first: 0
key: K/rally-garden.keyset.json
key: K/platform/pseudonym.rally-garden.keyset.json
"""
DONE = """
rally-garden: concluded from 2027-02-01T00:00:00Z
run `rally delete`, which settles who waited, and then `rally purge`
"""


def plain(own, out):
    return re.sub(r"[\d,]{3,}$", "N", out.replace(own[0].keys, "K"), flags=re.M)


def test_plan_only_says_what_will_follow_and_changes_nothing(own, capsys):
    before = contents(own[1])
    status, out, errors = conclude(own, capsys, SPRING, "--plan_only")
    assert (status, plain(own, out), errors) == (0, FORESEEN, "")
    assert contents(own[1]) == before


def test_conclusion_says_the_same_and_is_decided(own, capsys):
    status, out, errors = conclude(own, capsys, SPRING, "--by=decide", "--note=done")
    assert (status, plain(own, out), errors) == (0, FORESEEN + DONE, "")
    world, store = own
    where = [f"--store={store}", f"--studies={world.studies}"]
    cli.main(["studies", "show", GARDEN, *where, "--as_of=2027-02-01"])
    assert capsys.readouterr().out.startswith("state                  concluded\n")


def test_person_who_may_not_conclude_is_told_which_role_it_takes(own, capsys):
    before = contents(own[1])
    status, _, errors = conclude(own, capsys, SPRING, "--by=stop")
    assert (status, errors) == (
        2,
        "rally: --by: stop may not decide that; it takes the role decide\n",
    )
    assert contents(own[1]) == before


def test_what_was_foreseen_is_what_goes(own, capsys):
    world, store = own
    conclude(own, capsys, SPRING, "--by=decide")
    options = [*world.options(store)[:-1], SPRING]
    for _ in range(2):  # the log forgets the study once all else of it is gone
        assert cli.main(["delete", *options]) == 0
        assert cli.main(["purge", *options]) == 0
    out, errors = capsys.readouterr()
    assert errors == ""
    keys = ("/rally-garden", "/platform/pseudonym.rally-garden")
    for name in keys:
        assert f"{world.keys}{name}.keyset.json: destroyed" in out
    assert [name for name in contents(store) if GARDEN in name] == []
    assert cli.main(["receipts", "verify", *options[:2]]) == 0


@pytest.mark.parametrize(
    ("words", "study", "message"),
    [
        ((SPRING,), GARDEN, "--by: is missing; say who decides"),
        (("--as_of=2026-12-31", "--by=decide"), GARDEN,
         "conclude: the study is collecting, and must be ended for it"),
        ((SPRING, "--by=decide", "--announced_days=90"), GARDEN,
         "rally-garden: its end was announced on 2026-12-01, and it can be concluded"
         " 90 days later; wait, or give --announced_days"),
        *((
            (SPRING, "--by=decide", f"--announced_days={days}"), GARDEN,
            "--announced_days: must be a whole number from 0 to 36,500; see --help",
        ) for days in (-1, 9_999_999_999)),
        *((
            (f"--as_of={time}", "--by=decide"), GARDEN,
            "--as_of: must be a date and time such as 2022-03-10T12:00:00Z,"
            " from 2000-01-01 to 2199-12-31",
        ) for time in ("0001-01-01T00:00+14:00", "9999-12-31T23:00-05:00")),
        ((SPRING, "--by=\udcff"), GARDEN, "--by: must be one line of printable text"),
        ((SPRING, "--by=decide", "--note=a\nb"), GARDEN,
         "--note: must be one line of printable text"),
        ((SPRING, "--by=decide"), "rally-pond",
         "rally-pond: its end was never announced; tell the participants, and record it"
         " by `rally studies notice --kind=ending --where=…`"),
        ((SPRING, "--by=decide"), HOUSE,
         f"conclude: {HOUSE} is the platform's own, and goes with it: see `rally"
         " platform conclude`"),
        ((SPRING, "--by=decide", "--store="), GARDEN,
         "--store: is missing; say where the data is"),
        ((SPRING, "--by=decide", "--keys="), GARDEN,
         "--platform_keys: is missing; give it, or --keys"),
        ((SPRING, "--by=jo"), GARDEN,
         "{people}: has no key of jo; correct --people_keys or --by, or make one by"
         " `rally people key --by jo`"),
    ],
    ids=["nobody", "not ended", "told too late", "told in the future", "told long ago",
         "before the calendar", "after it", "no name", "no note", "never told",
         "platform", "no store", "no keys", "stranger"],
)  # fmt: skip
def test_conclusion_that_may_not_be_is_one_line(own, capsys, words, study, message):
    before = contents(own[1])
    ended = conclude(own, capsys, *words, study=study)
    told = message.replace("{people}", own[0].people_keys)
    assert ended == (2, "", f"rally: {told}\n")
    assert contents(own[1]) == before


def test_concluded_study_is_neither_concluded_again_nor_brought_back(own, capsys):
    conclude(own, capsys, SPRING, "--by=decide")
    over = "is concluded, and nothing brings it back"
    again = conclude(own, capsys, "--as_of=2027-03-01", "--by=decide")
    assert again == (2, "", f"rally: conclude: {GARDEN} {over}\n")
    world, store = own
    where = [f"--store={store}", f"--studies={world.studies}", *world.signed("decide")]
    for word in ("pause", "resume", "end"):
        before_it = "--as_of=2026-06-01"
        assert cli.main(["studies", word, GARDEN, *where, before_it]) == 2
        assert capsys.readouterr().err == f"rally: {word}: {GARDEN} {over}\n"


def test_legal_hold_is_foreseen(own, capsys):
    world, store = own
    where = [f"--store={store}", f"--studies={world.studies}", *world.signed("stop")]
    days = ["--from=2026-05-01", "--until=2026-05-31", "--as_of=2026-06-01"]
    assert cli.main(["studies", "hold", GARDEN, *where, *days]) == 0
    capsys.readouterr()
    _, out, _ = conclude(own, capsys, SPRING, "--plan_only")
    assert out.endswith(
        "a legal hold of 2026-05-01 to 2026-05-31 keeps its rows, and all keys, until"
        " it is released\n"
    )
