"""Recipes and results that wait for people: who signs them, and what places them."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from rally.decisions.chain import Chain
from rally.registry.registry import Registry
from rally.releases.approval import (
    ReleaseApproval,
    find_submissions,
    judge_draft,
    judge_recipe,
    judge_submission,
)
from rally.releases.ledger import Ledger
from rally.releases.recipe_files import RecipeFile


class AwaitedSignature(NamedTuple):
    """Something that waits for a person.

    Attributes:
        study: Namespace of the study.
        what: Description, in a few words.
        command: Command that takes it further.
    """

    study: str
    what: str
    command: str


def find_awaited(
    registry: Registry, recipes: Iterable[RecipeFile], chain: Chain, ledger: Ledger
) -> Iterator[AwaitedSignature]:
    """Finds recipes that people have yet to sign, and results that have not left.

    Args:
        registry: Registry of the studies.
        recipes: Recipes of the registry; one with faults waits for nobody.
        chain: Chain of decisions.
        ledger: Ledger of the releases.
    """
    for file in recipes:
        if file.recipe is not None and not file.faults:
            found = judge_recipe(file.recipe, registry, chain)
            if not (found.is_complete or found.is_refused):
                what = f"recipe {file.id}: {'; '.join(found.faults)}"
                yield AwaitedSignature(file.namespace, what, "rally releases check")
    for (study, release), spent in ledger.spendings.items():
        reserved = ledger.reservations[study, release]
        found = judge_draft(chain, reserved, spent.sha256)
        yield from _of_result(ledger, study, release, found)
    for study in registry.studies:
        for each in find_submissions(chain, study):
            found = judge_submission(chain, each)
            yield from _of_result(ledger, study, each.submission.name, found)


def _of_result(
    ledger: Ledger, study: str, name: str, approval: ReleaseApproval
) -> Iterator[AwaitedSignature]:
    """Gives what a result waits for; nothing where it has left or was refused."""
    if (study, name) in ledger.placings or approval.is_refused:
        return
    state = "; ".join(approval.faults) or "may leave"
    verb = "place" if approval.is_complete else "sign"
    command = f"rally releases {verb} {study} {name}"
    yield AwaitedSignature(study, f"result {name}: {state}", command)
