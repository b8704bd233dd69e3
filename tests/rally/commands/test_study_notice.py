"""`rally studies notice`: what participants are told, and the record of it."""

import hashlib
import json

import pytest

from pipelines import cli
from rally.decisions.contents import DecisionKind
from rally.decisions.notice_contents import NoticeKind, NoticePublication
from rally.decisions.verifying import read_chain
from rally.registry.registry import Registry
from rally.storage.objectstore.open_store import open_store
from tests.support.people import make_people_keys
from tests.support.stores import mark_stores
from tests.support.world import GARDEN, HOUSE, write_studies

INVENTORY = "--inventory=https://rally.example.org/inventory/"
WHERE = "https://example.org/garden/end"
END_OF_GARDEN = """\
Garden ends on 31 December 2026

31 December 2026 is the last day on which data is collected.
Until then you can leave, and all that we have of you is deleted.
If you leave later, what we have of you stays until the study is concluded: until then \
it is locked, and analysed.
The study is concluded by 31 December 2027. Then all that it collected is deleted, of \
everybody.

All that it collects: https://rally.example.org/inventory/rally-garden/index.html
"""


@pytest.fixture
def notice(tmp_path, capsys):
    """Types the command; gives its status, output and complaints."""
    write_studies(tmp_path / "studies")
    mark_stores(tmp_path / "store")
    people = make_people_keys(tmp_path / "people")

    def run(*words, study=GARDEN, by="decide"):
        places = [f"--studies={tmp_path / 'studies'}", f"--store={tmp_path / 'store'}"]
        signed = [f"--people_keys={people}", f"--by={by}"]
        clock = "--as_of=2026-05-01"
        given = [study, *words, *places, *signed, clock]
        return cli.main(["studies", "notice", *given]), *capsys.readouterr()

    run.chain = lambda: read_chain(open_store(str(tmp_path / "store" / "platform")))
    run.folder = tmp_path
    return run


def published(chain):
    return [each.content for each in chain.of(DecisionKind.PUBLISH_NOTICE)]


def test_end_is_told_in_the_words_of_the_registry(notice):
    assert notice("--kind=ending", INVENTORY) == (0, END_OF_GARDEN, "")
    _, text, _ = notice("--kind=ending", INVENTORY, "--last=2026-06-30")
    assert text.startswith(
        "Garden ends on 30 June 2026\n\n30 June 2026 is the last day"
    )
    _, text, _ = notice("--kind=ending", INVENTORY, study="rally-pond")
    assert "\nLater you can leave as well, and all that we have of you is del" in text
    assert published(notice.chain()) == []


def test_review_that_is_public_is_told(notice):
    review = next((notice.folder / "studies" / GARDEN / "reviews").iterdir()).stem
    status, text, _ = notice("--kind=changed", f"--review_id={review}", INVENTORY)
    assert status == 0
    lines = text.splitlines()
    assert lines[0] == "Garden changes what it collects"
    assert "- Visit is new: what is visited" in lines
    assert lines[-3].startswith("The review: https://")
    status, text, _ = notice("--kind=review", f"--review_id={review}", INVENTORY)
    assert (status, text.splitlines()[0]) == (0, "What Garden collects was reviewed")


def test_publication_is_a_decision_with_the_hash_of_the_text(notice):
    where = f"--where={WHERE}"
    assert notice("--kind=ending", INVENTORY, where, "--published=2026-04-30") == (
        0,
        f"rally-garden: recorded as 2 that participants were told on 2026-04-30, at"
        f" {WHERE}\n",
        "",
    )
    own = notice.folder / "own.txt"
    own.write_text("Garden ends. So long.\n")
    status, *_ = notice("--kind=ending", INVENTORY, where, f"--text={own}")
    assert status == 0
    told = notice.chain()
    first, second = published(told)
    digest = hashlib.sha256(END_OF_GARDEN.encode()).hexdigest()
    assert (first.sha256, first.on.isoformat()) == (digest, "2026-04-30")
    assert second == NoticePublication(
        GARDEN,
        NoticeKind.ENDING,
        "",
        WHERE,
        second.on,
        hashlib.sha256(own.read_bytes()).hexdigest(),
        first.last,
    )
    assert (second.on.isoformat(), first.last.isoformat()) == (
        "2026-05-01",
        "2026-12-31",
    )


def test_publication_of_a_change_names_the_schemas_that_the_review_covers(notice):
    garden = Registry.load(str(notice.folder / "studies")).studies[GARDEN]
    (review,) = garden.reviews
    options = [f"--review_id={review.id}", INVENTORY, f"--where={WHERE}"]
    for kind in ("changed", "review"):
        assert notice(f"--kind={kind}", *options)[0] == 0
    change, other = published(notice.chain())
    assert sorted(change.changes) == sorted(
        (each.name, each.schema.fingerprint) for each in garden.documents.values()
    )
    assert other.changes == ()


def test_show_lists_what_was_told(notice, capsys):
    notice("--kind=ending", INVENTORY, f"--where={WHERE}")
    places = [f"--{each}={notice.folder / each}" for each in ("studies", "store")]
    cli.main(["studies", "show", GARDEN, *places, "--json"])
    (told,) = json.loads(capsys.readouterr().out)["told"]
    sha256 = hashlib.sha256(END_OF_GARDEN.encode()).hexdigest()
    assert told == {
        "told": 2, "of": "ending", "review": None, "last": "2026-12-31",
        "on": "2026-05-01", "at": WHERE, "by": "decide", "sha256": sha256,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "options", "message"),
    [
        (["--kind=ending"], {}, "--inventory: is missing; say where its pages are"),
        (["--kind=ending", "--inventory=http://x.org"], {}, "--inventory: must be an"),
        (["--kind=over", INVENTORY], {}, "--kind: invalid choice: 'over'"),
        (["--kind=ending", INVENTORY], {"study": HOUSE}, "--last: is missing, and"),
        (["--kind=ending", INVENTORY, "--last=soon"], {}, "--last: must be a date"),
        (["--kind=ending", INVENTORY, "--review_id=r"], {}, "--review_id: is of"),
        (["--kind=changed", INVENTORY], {}, "--review_id: is missing"),
        (["--kind=changed", INVENTORY, "--review_id=no"], {}, "no: is no review of"),
        (["--kind=review", INVENTORY, "--last=2026-06-30"], {}, "--last: is of a"),
        (["--kind=ending", INVENTORY, "--published=2026-04-30"], {},
         "--published: is of a notice that was published; give --where"),
        (["--kind=ending", INVENTORY, "--where=example.org"], {}, "--where: must be"),
        (["--kind=ending", INVENTORY, f"--where={WHERE}", "--published=2026-05-02"], {},
         "--published: is in the future; record it when it is published"),
        (["--kind=ending", INVENTORY, f"--where={WHERE}", "--last=2026-04-30"], {},
         "--last: 2026-04-30 was over when it was published; tell a day on which"),
        (["--kind=ending", INVENTORY, f"--where={WHERE}", "--text=none.txt"], {},
         "none.txt: "),
        (["--kind=ending", INVENTORY, f"--where={WHERE}"], {"by": "stop"},
         "--by: stop may not decide that; it takes the role decide"),
    ],
)  # fmt: skip
def test_wrong_use_is_one_line_and_records_nothing(notice, words, options, message):
    status, output, said = notice(*words, **options)
    assert (status, output) == (2, "")
    assert said.startswith(f"rally: {message}")
    assert len(said.splitlines()) == 1
    assert published(notice.chain()) == []
