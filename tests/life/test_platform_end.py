"""A platform's life to its end, by the commands and jobs that people type."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from pipelines import cli
from rally.decisions.contents import DecisionKind
from rally.decisions.notice_contents import NoticeKind, NoticePublication
from rally.decisions.writing import decide
from rally.receipts.conclusion import NAME
from rally.retention.platform_records import RECEIPT_DAYS
from rally.storage.layout import Stores
from tests.support.people import signer
from tests.support.world import (
    GARDEN,
    HOUSE,
    POND,
    World,
    contents,
    rally_id,
    write_lines,
)

pytestmark = pytest.mark.slow("lives")

SENT = "2026-05-21T10:00:00Z"
STAYS = [f"platform/{NAME}", "platform/rally-store.json",
         "platform/reports/receipts.json", "rally-store.json"]  # fmt: skip
KEYS = {"founding.json", "kek.json", "kek.keyset.json"}
HALVES = ("keyset", "public")
AUTUMN, LATER = "2026-09-01", "2026-09-02"


class Platform:
    """A platform on this machine, with what people type at it."""

    def __init__(self, folder, capsys):
        self.world, self.store = World(folder / "world"), str(folder / "store")
        self.stores = Stores(self.store, None)
        self._folder, self._capsys = folder, capsys
        ends = "collect_through: 2026-06-30"
        announced = f"ending_announced: 2026-06-01\n{ends}"
        for namespace, dates in ((GARDEN, announced), (POND, ends)):
            study = Path(self.world.studies) / namespace / "study.yaml"
            text = study.read_text()
            study.write_text(text.replace("collect_through: 2026-12-31", dates))

    def type(self, *words, as_of=AUTUMN, keys=True):
        """Runs a command; its status, and what it said on both streams."""
        store, ping_keys, studies, *_ = self.world.options(self.store)
        given = [store, studies, *([ping_keys] if keys else [])]
        clock = [f"--as_of={as_of}"] if as_of else []
        status = cli.main([*words, *given, *clock])
        return status, *self._capsys.readouterr()

    def ingest(self, messages, number, as_of):
        path = write_lines(self._folder / f"{number}.ndjson", messages)
        return self.type("ingest", f"--input={path}", as_of=as_of)

    def decide(self, *words, by="decide", sure=("--yes",), **options):
        signed = [*self.world.signed(by), "--note=the end", *sure]
        return self.type(*words, *signed, **options)

    def approve(self, number, by="owner-1", *words):
        given = self.world.options(self.store)[:3]
        words = ["decisions", "approve", str(number), *words]
        status = cli.main([*words, *given, *self.world.signed(by)])
        return status, *self._capsys.readouterr()

    def tell_end(self, namespace, on):
        """Records that participants were told of the end of a study."""
        content = NoticePublication(
            namespace, NoticeKind.ENDING, "", "https://example.org", on, "0" * 64, on
        )
        when = datetime(2026, 6, 1, tzinfo=UTC)
        kind = DecisionKind.PUBLISH_NOTICE
        decide(self.stores.platform, signer("decide"), kind, content, when)

    def left(self):
        """Names of all objects, but for decisions, and of all key files."""
        names = [each for each in contents(self.store) if "/decisions/" not in each]
        keys = (each.name for each in Path(self.world.keys).rglob("*.json"))
        return sorted(names), {each for each in keys if not each.startswith("person.")}


@pytest.fixture
def platform(tmp_path, capsys):
    """People joined, sent what they are asked for, and one of them left."""
    made = Platform(tmp_path, capsys)
    world = made.world

    def signal(document, person, number):
        return world.message(document, {"rally.id": rally_id(person)}, number, SENT)

    messages = [
        signal(f"{HOUSE}/enrollment/1", 1, 1),
        signal(f"{GARDEN}/study-enrollment/1", 1, 2),
        signal(f"{GARDEN}/study-enrollment/1", 2, 3),
        *(world.visit(person, 10 + person) for person in (1, 2)),
        signal(f"{GARDEN}/study-unenrollment/1", 2, 20),
    ]
    assert made.ingest(messages, 1, "2026-06-01")[0] == 0
    assert made.type("delete", as_of="2026-06-01")[0] == 0
    return made


def test_platform_lives_to_its_end(platform):
    end = ("platform", "conclude")
    status, out, said = platform.decide(*end)
    assert (status, out) == (2, "")
    assert said.splitlines() == [
        f"rally: {GARDEN}: is ended, and must be concluded before; see `rally studies"
        " conclude`",
        f"rally: {HOUSE}: is collecting, and must be ended before; see `rally studies"
        " end`",
        f"rally: {POND}: is ended, and must be concluded before; see `rally"
        " studies conclude`",
        "rally: withdrawals that are not closed: 1; `rally withdrawals --requests`"
        " lists them, and `rally delete` settles them",
        f"rally: {HOUSE}: its end was never announced; tell the participants, and"
        " record it by `rally studies notice --kind=ending --where=…`",
    ]

    for each in (HOUSE, POND):
        platform.tell_end(each, date(2026, 7, 10))
    told = platform.decide("studies", "end", HOUSE, as_of="2026-08-01")
    assert told[0] == 0, told
    for each in (GARDEN, POND):
        told = platform.decide("studies", "conclude", each, as_of="2026-08-20")
        assert told[0] == 0, told
    status, _, said = platform.decide(*end)
    assert status == 2
    assert f"{GARDEN}: is concluded, and not all of it is gone" in said
    for day in ("2026-08-20", "2026-08-21"):
        for job in ("delete", "purge", "audit"):
            assert platform.type(job, as_of=day)[0] == 0
    before = contents(platform.store)
    status, out, said = platform.type(*end, "--plan_only")
    assert (status, said) == (0, "")
    assert contents(platform.store) == before
    assert f"rows of {HOUSE}" in out
    assert "to be done before" not in out

    soon = "rally: --as_of: is in the future; leave it out\n"
    assert platform.decide(*end, as_of="2199-12-31") == (2, "", soon)
    status, out, said = platform.decide(*end)
    assert (status, said) == (0, "")
    number = int(out.partition("decision ")[2].split()[0])
    assert platform.type("compact", as_of=LATER)[0] == 0  # nobody approved it yet
    assert platform.approve(number, "decide-2")[0] == 2
    day = ("--from=2026-05-01", "--until=2026-05-31")
    assert platform.decide("studies", "hold", HOUSE, *day, by="stop", sure=())[0] == 0
    status, _, said = platform.approve(number)  # what is in the way is looked at again
    assert (status, said.count("\n"), "a legal hold is in force" in said) == (
        2,
        1,
        True,
    )
    hold = said.partition("--hold=")[2].partition("`")[0]
    released = platform.decide("studies", "release", HOUSE, f"--hold={hold}", sure=())
    assert released[0] == 0
    status, out, said = platform.approve(number)
    assert (status, said) == (0, "")
    over = f"the platform is concluded, by decision {number}, and nothing begins there"
    for words in (
        ("ingest", "--input=none"), ("replay",), ("compact",), ("delete",),
        ("compact", "--check_only"),
    ):  # fmt: skip
        status, out, said = platform.type(*words, as_of=LATER)
        assert (status, out, said.count("\n")) == (2, "", 1)
        assert over in said
    status, out, _ = platform.type("status", as_of=LATER, keys=False)
    assert (status, "This platform is concluded" in out) == (1, True)

    status, out, said = platform.type("purge", as_of=LATER)
    assert (status, said) == (0, "")
    names, keys = platform.left()
    assert [each for each in names if "receipts/" not in each] == STAYS
    assert keys == KEYS | {f"signing.purge.{each}.json" for each in HALVES}
    status, out, _ = platform.type("receipts", "verify", as_of=None)
    assert (status, out.splitlines()) == (
        0,
        ["All receipts are there and true.",
         "The platform is concluded; receipts go when their time is over."],
    )  # fmt: skip
    assert platform.type("audit", as_of=LATER)[0] == 0

    day = datetime.fromisoformat(LATER) + timedelta(days=RECEIPT_DAYS + 1)
    end_day = f"{day:%Y-%m-%d}"
    status, out, said = platform.type("purge", as_of=end_day)
    assert (status, said) == (0, "")
    names, keys = platform.left()
    assert names == sorted([*STAYS, "platform/receipts/anchor.json"])
    assert keys == KEYS
    assert platform.type("audit", as_of=end_day)[0] == 0
    status, out, said = platform.type("status", "--json", as_of=end_day, keys=False)
    told = json.loads(out)
    assert (status, said, told["concluded_by"], told["next"]) == (0, "", number, [])
    assert told["finished"].startswith(end_day)
    status, out, said = platform.type("purge", as_of=end_day)
    assert (status, said) == (0, "")
