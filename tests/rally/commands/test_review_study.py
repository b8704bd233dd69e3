"""`rally studies review`: asks for a review, signs it area by area, and imports one."""

import io
import json
import sys
from datetime import UTC, datetime

import pytest

from rally.commands.studies import COMMAND
from rally.decisions.verifying import read_chain
from rally.errors import ConfigurationError, faults_of
from rally.initialisation.development_reviews import tell_change
from rally.parser import Parser
from rally.registry.approvals import Approvals
from rally.registry.registry import Registry
from rally.storage.objectstore.open_store import open_store
from tests.support.people import make_people_keys, signer
from tests.support.reviews import sign_reviews, write_reviews
from tests.support.schemas import described
from tests.support.stores import mark_stores
from tests.support.world import GARDEN, VISIT, write_studies

PAGE = {"announcement": "https://example.org/", "public": "https://example.org/review"}
HASH = "0" * 64
ACCESS = """
access:
- {group: bees@example.org, agreement: MOU 8, from: 2026-03-01, until: 2027-06-30}
"""


class Desk:
    """A platform whose garden wants a field more: the words of a page."""

    def __init__(self, folder, capsys):
        self.studies = folder / "studies"
        write_studies(self.studies)
        with (self.studies / GARDEN / "study.yaml").open("a") as study:
            study.write(ACCESS)
        write_reviews(self.studies)
        self.platform = mark_stores(folder / "store").platform
        sign_reviews(self.platform, self.registry(), confirms=False)
        file = self.studies / GARDEN / "visit.1.avsc"
        older = self.studies / GARDEN / "revisions/visit.1/1.avsc"
        older.parent.mkdir(parents=True)
        file.rename(older)
        words = {"name": "words", "type": ["null", "string"], "default": None}
        words |= {"doc": "Words", "category": 4, "purpose": "A test"}
        schema = described(VISIT)
        schema["fields"].append(words)
        file.write_text(json.dumps(schema))
        people = make_people_keys(folder / "people")
        self._where = [
            f"--studies={self.studies}",
            f"--platform={self.platform.uri}",
            f"--people_keys={people}",
        ]
        self._capsys = capsys

    def registry(self):
        return Registry.load(str(self.studies))

    def type(self, action, *words, by=None):
        """Types the command; its status and what it prints."""
        parser = Parser("rally")
        COMMAND.add_to(parser.add_subparsers(), "rally")
        where = self._where if by else self._where[:1]
        more = [f"--by={by}"] if by else []
        args = parser.parse_args(
            ["studies", "review", action, GARDEN, *words, *where, *more]
        )
        status = args.handler(args)
        return status, self._capsys.readouterr().out

    def fail(self, *words, by=None):
        """Types the command, and gives the one line for which it does nothing."""
        before = self.files()
        with pytest.raises(ConfigurationError) as caught:
            self.type(*words, by=by)
        assert self.files() == before
        (fault,) = faults_of(caught.value)
        return fault.replace(f"{self.studies}/", "")

    def files(self):
        root = self.studies.parent
        return {
            path.relative_to(root): path.read_bytes()
            for path in root.rglob("*")
            if path.is_file()
        }

    def ask(self, name="r2", **more):
        """Asks for a review and answers all that is open."""
        options = [f"--{key}={value}" for key, value in more.items()]
        _, form = self.type("request", name, "--requester=ada", *options)
        record = self.studies / GARDEN / f"reviews/{name}.yaml"
        text = record.read_text().replace("TODO", "An answer.")
        record.write_text(
            f"{text}announcement: {{where: {PAGE['announcement']}, date: 2026-02-01}}\n"
            f"public: {{where: {PAGE['public']}, date: 2026-02-01}}\n"
            f"notice: {{where: {PAGE['announcement']}, sha256: '{HASH}'}}\n"
        )
        return form

    def tell(self, name):
        """Somebody signs that participants were told what a review brings."""
        study = self.registry().studies[GARDEN]
        (review,) = (each for each in study.reviews if each.id == name)
        platform, now = open_store(self.platform.uri), datetime.now(UTC)
        tell_change(platform, signer("decide"), GARDEN, review, now)

    def faults(self):
        return self.approval().faults

    def windows(self):
        return self.approval().windows

    def approval(self):
        registry = self.registry()
        approvals = Approvals.of_chain(registry, read_chain(self.platform))
        document = registry.studies[GARDEN].documents["visit.1"]
        return approvals.of(document)[0]


@pytest.fixture
def desk(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    return Desk(tmp_path, capsys)


@pytest.fixture
def answers(tmp_path):
    path = tmp_path / "answers.yaml"
    path.write_text("".join(f"{number}: Yes.\n" for number in range(1, 9)))
    return f"--answers={path}"


def sign(desk, area, *more, by=None, result="+"):
    words = (f"--as={area}", f"--result={result}", "--risk=low", "--note=fine", *more)
    return desk.type("sign", "r2", *words, by=by or area)[1].splitlines()


NEED = "category 4: not signed: "
UNTOLD = (
    "adds to what was collected before, and participants were not told: publish what"
    " `rally studies notice --kind=changed` prints, and record it"
)


def test_review_counts_once_each_area_has_signed(desk, answers):
    desk.ask()
    about = [
        "read by bees@example.org (MOU 8) until 2027-06-30",
        f"public at {PAGE['public']} from 2026-02-01 on",
        "visit.1 adds /words: string, category 4",
        "visit.1: category 4",
        "visit.1: rows stay 180 days",
    ]
    for area, missing in (
        ("data", "steward, privacy, legal, security."),
        ("privacy", "steward, legal, security."),
        ("steward", "legal, security."),
        ("legal", "security."),
    ):
        more = [answers] if area == "steward" else []
        lines = sign(desk, area, *more)
        assert lines[:-2] == about
        assert lines[-1] == f"Signed. {NEED}{missing}"
        assert desk.windows() == ()
    assert sign(desk, "security")[-1] == f"Signed. {UNTOLD}."
    assert desk.windows() == ()
    desk.tell("r2")
    (window,) = desk.windows()
    assert window.end.date().isoformat() == "2027-01-01"
    (review,) = (
        each for each in desk.registry().studies[GARDEN].reviews if each.id == "r2"
    )
    assert (review.steward.by, review.steward.answers) == ("steward", ("Yes.",) * 8)
    assert {area: each.by for area, each in review.sign_offs.items()} == {
        area: area for area in ("privacy", "data", "legal", "security")
    }


def test_request_is_of_what_nobody_has_approved(desk):
    form = desk.ask()
    (fingerprint,) = {
        each.fingerprint
        for review in desk.registry().studies[GARDEN].reviews
        if review.id == "r2"
        for each in review.covers
    }
    assert f"| visit.1 | {fingerprint} | 2026-02-01 | 2026-12-31 | 180 |" in form
    assert "| bees@example.org | MOU 8 | 2027-06-30 |" in form
    assert "| /words | 4 | Words | A test |" in form


def test_schema_that_reports_is_signed_as_such(desk):
    form = desk.ask(report_until="2026-02-15", **{"from": "2026-02-01"})
    assert "| 2026-02-01 | 2026-12-31 | 180 | 2026-02-15 |" in form
    assert sign(desk, "data")[-4:-2] == [
        "visit.1: rows stay 180 days",
        "visit.1: what is undeclared is counted through 2026-02-15",
    ]
    for day in ("2026-01-31", "2026-02-16"):
        options = (f"--report_until={day}", "--from=2026-02-01", "--requester=ada")
        assert desk.fail("request", "r3", *options) == (
            "--report_until: must be the first day, 2026-02-01, or one of the 14 after"
            " it"
        )


def test_what_cannot_be_asked_for_or_signed_is_one_line(desk, answers):
    assert desk.fail("request", "r1", "--requester=ada") == (
        f"{GARDEN}/reviews/r1.yaml: is there already, and stays as it is; give another"
        " id"
    )
    assert desk.fail("request", "r2") == "--requester: is missing; say who asks"
    desk.type("request", "r2", "--requester=ada")
    words = ("sign", "r2", "--as=privacy", "--result=+", "--risk=low", "--note=fine")
    assert desk.fail(*words, by="privacy") == (
        "r2: request.answers.1 is not answered; answer what is open in"
        f" {GARDEN}/reviews/r2.yaml first"
    )
    assert desk.fail("sign", "r9", "--as=privacy", by="privacy") == (
        f"r9: is no review of {GARDEN}; it has r1, r2"
    )
    assert desk.fail("sign", "r2", "--as=owner", by="privacy") == (
        "--as: must be one of: steward, privacy, data, legal, security"
    )


def test_who_lacks_the_role_signs_nothing(desk):
    desk.ask()
    words = ("sign", "r2", "--as=privacy", "--result=+", "--risk=low", "--note=fine")
    assert desk.fail(*words, by="legal") == (
        "--by: legal may not sign for that; it takes the role privacy"
    )
    assert desk.fail(*words[:3], "--result=+", by="privacy") == (
        "--risk: is missing; nobody can be asked here"
    )


def test_later_signs_nothing(desk):
    desk.ask()
    before = desk.files()
    assert sign(desk, "privacy", result="later")[-1] == "Nothing is signed."
    assert desk.files() == before


@pytest.fixture
def less(desk):
    """The garden wants less of a visit than what r1 approves."""
    schema = described(VISIT)
    schema["fields"] = [it for it in schema["fields"] if it["name"] != "seconds"]
    (desk.studies / GARDEN / "visit.1.avsc").write_text(json.dumps(schema))
    return desk


def publish(desk, name):
    """Says in a record where it can be read."""
    record = desk.studies / GARDEN / f"reviews/{name}.yaml"
    public = f"public: {{where: {PAGE['public']}, date: 2026-02-01}}\n"
    record.write_text(record.read_text().replace("TODO", "An answer.") + public)


def test_steward_alone_signs_what_is_incremental(less):
    ask = ("request", "r2", "--requester=ada")
    _, form = less.type(*ask, "--incremental=r1")
    assert "| 2026-02-01 | 2026-12-31 | 180 | - |" in form
    publish(less, "r2")
    assert less.fail("sign", "r2", "--as=legal", by="legal") == (
        "--as: r2 is incremental to r1; a steward alone signs it"
    )
    assert less.faults() == ("review r2: an incremental change: not signed: steward",)
    lines = sign(less, "steward")
    assert "visit.1 removes /seconds: double, category 1" in lines
    assert lines[-1].startswith("Signed. It counts from ")
    (window,) = less.windows()
    assert window.end.date().isoformat() == "2027-01-01"


def test_renewal_asks_for_the_next_days(desk):
    renew = ("request", "r2", "--requester=ada", "--renews=r1", "--until=2027-03-31")
    _, form = desk.type(*renew, "--document=study-enrollment.1")
    assert "| 2027-01-01 | 2027-03-31 |" in form
    (review,) = (
        each for each in desk.registry().studies[GARDEN].reviews if each.id == "r2"
    )
    assert review.request.renews == "r1"
    assert review.request.owner == "author"
    assert review.request.answers == ("r1", "Until 2027-03-31.", "TODO")


def test_what_goes_beyond_a_review_does_not_rest_on_it(desk):
    ask = ("request", "r2", "--requester=ada")
    more = "adds /words, which that does not cover; ask by a first request"
    for option, verb in (("incremental", "is incremental to"), ("renews", "renews")):
        words = (*ask, f"--{option}=r1", "--until=2026-12-31", "--from=2026-06-01")
        assert desk.fail(*words, "--document=visit.1") == (
            f"visit.1: {verb} r1 and {more}"
        )
    assert desk.fail(*ask, "--incremental=r1", "--renews=r1") == (
        "--incremental: stands beside --renews; give one"
    )
    assert desk.fail(*ask, "--renews=r9") == f"r9: is no review of {GARDEN}; it has r1"
    assert desk.fail(*ask, "--renews=r1", "--document=visit.1") == (
        "--until: must not be before the first day of visit.1, 2027-01-01"
    )
    words = ("--incremental=r1", "--until=2027-01-31", "--document=study-enrollment.1")
    assert desk.fail(*ask, *words) == (
        "study-enrollment.1: is incremental to r1, which ends on 2026-12-31; ask for a"
        " renewal"
    )


def complete(form):
    """Completes a form as people do who approve it."""
    words = {
        "By: TODO": iter(["By: steve", "By: pia", "By: dan", "By: lea", "By: sam"]),
        "Date: TODO": iter(["Date: 2026-01-20"] * 5),
        "Risk: TODO low, medium, high": iter(["Risk: low"] * 4),
    }
    facts = {
        "TODO": "An answer.",
        "Result: TODO + or -": "Result: +",
        "Reason: TODO": "Reason: Fine.",
        "Mitigations: TODO": "Mitigations: None.",
        "Announced: TODO": f"Announced: {PAGE['announcement']}",
        "Since: TODO": "Since: 2026-01-20",
        "Notice: TODO": f"Notice: {PAGE['announcement']}",
        "Hash: TODO": f"Hash: {HASH}",
    }
    lines = (
        next(words[line]) if line in words else facts.get(line, line)
        for line in form.splitlines()
    )
    return "\n".join(lines)


URL = f"--url={PAGE['public']}"


def test_form_that_was_completed_elsewhere_is_imported(desk, tmp_path):
    _, form = desk.type("request", "r2", "--requester=ada")
    (desk.studies / GARDEN / "reviews/r2.yaml").unlink()
    path = tmp_path / "form.md"
    path.write_text(complete(form))
    assert desk.type("import", "r3", str(path), URL, by="registrar") == (
        0,
        f"{GARDEN}/r3: imported and signed by registrar\n",
    )
    assert desk.faults() == (f"review r3: {UNTOLD}",)
    desk.tell("r3")
    (window,) = desk.windows()
    assert window.end.date().isoformat() == "2027-01-01"


def test_form_that_nobody_approved_is_not_imported(desk, tmp_path):
    _, form = desk.type("request", "r2", "--requester=ada")
    (desk.studies / GARDEN / "reviews/r2.yaml").unlink()
    path = tmp_path / "form.md"
    good = complete(form)
    for text, fault in (
        (form, "request.answers.1: is not answered; complete the form"),
        (
            good.replace("Result: +", "Result: -", 1),
            "was refused, at least by one area",
        ),
        (good.replace("Result: +", "Result: soon", 1), "Review: has no result"),
        ("hello", "has no section"),
    ):
        path.write_text(text)
        found = desk.fail("import", "r3", str(path), URL, by="registrar")
        assert found.startswith(f"{path}: {fault}")
    path.write_text(good)
    assert desk.fail("import", "r3", str(path), by="registrar") == (
        "--url: is missing; say where the review can be read"
    )
