"""What people signed of recipes, results and budgets, and what of it counts.

Nobody approves what they answer for: neither the author of a recipe, nor who submits a
file. Of one person's answers on one thing the newest counts, so that nobody has to ask
for a decision to be undone.
"""

from collections.abc import Collection, Iterable, Iterator
from decimal import Decimal
from typing import NamedTuple

from rally.decisions.chain import Chain, EntryStatus
from rally.decisions.contents import (
    Approval,
    DecisionKind,
    Person,
    ReviewResult,
    Role,
)
from rally.decisions.entry import Entry
from rally.decisions.release_contents import (
    RECIPE_AREAS,
    Allotment,
    RecipeSignature,
    ResultSignature,
    Submission,
)
from rally.registry.registry import Registry
from rally.releases.ledger_lines import Reservation
from rally.releases.recipe import Recipe, recipe_of
from rally.releases.recipe_checks import signing_areas

DRAFT_SIGNERS = 1
SUBMISSION_SIGNERS = 2
"""People who sign a result before it leaves; noise hides people in a draft."""


class ReleaseApproval(NamedTuple):
    """What is signed of one recipe, or of one result, and whether it is enough.

    Attributes:
        people: Names of those whose approval counts, in the order of the chain.
        faults: Reasons for which that is not enough, in a few words each.
        is_refused: Whether somebody refused it, so that it waits for nobody.
    """

    people: tuple[str, ...]
    faults: tuple[str, ...]
    is_refused: bool = False

    @property
    def is_complete(self) -> bool:
        """Whether nobody's signature is missing, and nobody refused."""
        return not self.faults


class SubmittedFile(NamedTuple):
    """A file that its author asks to publish.

    Attributes:
        number: Number of the entry of the chain.
        author: Name of the person who signed it.
        submission: Submission.
    """

    number: int
    author: str
    submission: Submission


def judge_recipe(recipe: Recipe, registry: Registry, chain: Chain) -> ReleaseApproval:
    """Judges what is signed of a recipe, as it is now: its fingerprint says that.

    Args:
        recipe: Recipe that has no fault.
        registry: Registry of the studies.
        chain: Chain of decisions.
    """
    about = recipe.namespace, recipe.id, recipe.fingerprint
    answers = {
        answer.area: (entry.by, answer.result)
        for entry, answer in _recipe_answers(chain, *about)
        if entry.by != recipe.author
    }
    people, is_refused = list[str](), False
    faults = [*_unknown_author(chain, recipe.author)]
    for area in signing_areas(recipe, registry):
        by, result = answers.get(area, ("", None))
        if result is None:
            faults.append(f"waits for a signature of {area}")
        elif result is ReviewResult.REFUSE:
            faults.append(f"{by} refused it as {area}")
            is_refused = True
        elif by in people:
            faults.append(f"{by} signed twice; somebody else signs as {area}")
        else:
            people.append(by)
    return ReleaseApproval(tuple(people), tuple(faults), is_refused)


def find_unapproved(chain: Chain, reserved: Reservation) -> Iterator[str]:
    """Says why a release should not have taken its budget, as far as the chain tells.

    Answers since then count as well: who refuses a recipe later does not undo what it
    released. Whether privacy had to sign follows from the recipe, which is not here.

    Args:
        chain: Chain of decisions.
        reserved: Reservation of the release.
    """
    about = reserved.study, recipe_of(reserved.release), reserved.fingerprint
    signed = {
        (entry.by, answer.area)
        for entry, answer in _recipe_answers(chain, *about)
        if answer.result is ReviewResult.APPROVE
    }
    yield from _unknown_author(chain, reserved.author)
    for name in reserved.approvers:
        if name == reserved.author:
            yield f"its author, {name}, is no approver"
        elif not any((name, area) in signed for area in RECIPE_AREAS):
            yield f"{name} never signed this version of the recipe"
    if not any((name, Role.STEWARD) in signed for name in reserved.approvers):
        yield "no steward approved it"


def judge_draft(chain: Chain, reserved: Reservation, sha256: str) -> ReleaseApproval:
    """Judges what is signed of a draft.

    Its recipe and the draft together take two people, so that nobody has a release made
    and lets it leave alone: an author is a word in a file.

    Args:
        chain: Chain of decisions.
        reserved: Reservation under which it was made.
        sha256: SHA-256 of the draft, in hex.
    """
    answers = _result_answers(chain, reserved.study, reserved.release, sha256)
    found = _judge_result(answers, {reserved.author}, DRAFT_SIGNERS)
    if not found.people or len({*found.people, *reserved.approvers}) > 1:
        return found
    (only,) = found.people
    why = f"waits for a signature of somebody else: {only} approved its recipe"
    return found._replace(faults=(*found.faults, why))


def judge_submission(chain: Chain, submitted: SubmittedFile) -> ReleaseApproval:
    """Judges what is signed of a submitted file."""
    namespace, name, sha256, *_ = submitted.submission
    answers = _result_answers(chain, namespace, name, sha256)
    authors = authors_of(chain, submitted.submission)
    return _judge_result(answers, authors, SUBMISSION_SIGNERS)


def authors_of(chain: Chain, submission: Submission) -> frozenset[str]:
    """Gives all who submitted the same bytes for a study, under whatever name."""
    return frozenset(
        each.author
        for each in find_submissions(chain, submission.namespace)
        if each.submission.sha256 == submission.sha256
    )


def find_submission(
    chain: Chain, namespace: str, name: str, sha256: str
) -> SubmittedFile | None:
    """Finds the submission of a file by its name and SHA-256 in hex.

    It is the first of these, whose reason is what people signed: who submits the bytes
    again changes no word of it.
    """
    for each in find_submissions(chain, namespace):
        if (each.submission.name, each.submission.sha256) == (name, sha256):
            return each
    return None


def find_submissions(chain: Chain, namespace: str) -> list[SubmittedFile]:
    """Finds the files that were submitted for a study, in the order of the chain."""
    found = list[SubmittedFile]()
    for entry in chain.of(DecisionKind.SUBMIT_RESULT):
        content = entry.content
        assert isinstance(content, Submission)
        if content.namespace == namespace:
            found.append(SubmittedFile(entry.number, entry.by, content))
    return found


def signed_results(chain: Chain) -> Iterator[tuple[str, str, str]]:
    """Gives what people ever answered on: study, result, and SHA-256 in hex."""
    for entry in chain.of(DecisionKind.SIGN_RESULT):
        content = entry.content
        assert isinstance(content, ResultSignature)
        yield content.namespace, content.release, content.sha256


def allotments(chain: Chain) -> dict[str, Decimal]:
    """Gives the privacy budget of each study: the first that was approved, for ever.

    Another one counts for nothing, be its entry older or newer: whoever has joined was
    promised the first.
    """
    asked = {each.number: each.entry for each in chain.records}
    found = dict[str, Decimal]()
    for entry in chain.of(DecisionKind.APPROVE):
        assert isinstance(entry.content, Approval)
        first = asked.get(entry.content.entry)
        if first and isinstance(first.content, Allotment):
            found.setdefault(first.content.namespace, Decimal(first.content.rho))
    return found


def waiting_allotments(chain: Chain) -> dict[str, int]:
    """Gives the first entry by study that asks for a budget and waits: its number."""
    found = dict[str, int]()
    for each in chain.records:
        content = each.entry.content if each.entry else None
        if each.status is EntryStatus.WAITING and isinstance(content, Allotment):
            found.setdefault(content.namespace, each.number)
    return found


def _recipe_answers(
    chain: Chain, namespace: str, recipe: str, fingerprint: str
) -> Iterator[tuple[Entry, RecipeSignature]]:
    """Gives the answers on a version of a recipe, in the order of the chain."""
    for entry in chain.of(DecisionKind.SIGN_RECIPE):
        content = entry.content
        assert isinstance(content, RecipeSignature)
        about = (content.namespace, content.recipe, content.fingerprint)
        if about == (namespace, recipe, fingerprint):
            yield entry, content


def _result_answers(
    chain: Chain, namespace: str, release: str, sha256: str
) -> Iterator[tuple[str, ReviewResult]]:
    """Gives the answers on a result with their signers, in the order of the chain."""
    for entry in chain.of(DecisionKind.SIGN_RESULT):
        content = entry.content
        assert isinstance(content, ResultSignature)
        if content[:3] == (namespace, release, sha256):
            yield entry.by, content.result


def _judge_result(
    answers: Iterable[tuple[str, ReviewResult]], authors: Collection[str], needed: int
) -> ReleaseApproval:
    newest = dict[str, ReviewResult]()
    for by, result in answers:
        if by not in authors:
            newest[by] = result
    people = [by for by, result in newest.items() if result is ReviewResult.APPROVE]
    faults = [f"{by} refused it" for by in newest if by not in people]
    is_refused, missing = bool(faults), needed - len(people)
    if missing > 0:
        noun = "another person" if missing == 1 else f"{missing} people"
        faults.append(f"waits for a signature of {noun}")
    return ReleaseApproval(tuple(people), tuple(faults), is_refused)


def _unknown_author(chain: Chain, author: str) -> Iterator[str]:
    """Says that the author of a recipe is nobody who may sign or once could."""
    added = (entry.content for entry in chain.of(DecisionKind.ADD_PERSON))
    later = [each.name for each in added if isinstance(each, Person)]
    if author not in [*(each.name for each in chain.founding.people), *later]:
        yield f"its author, {author}, is nobody who may sign"
