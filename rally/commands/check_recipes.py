"""`rally releases check`: what is wrong with recipes, and who has yet to sign them."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rally.commands.command import Command
from rally.commands.options import find_study, maybe_chain
from rally.errors import ManyFaults
from rally.printing import print_lines, visible
from rally.registry.approvals import UNCHECKED
from rally.registry.registry import Registry

if TYPE_CHECKING:
    from rally.decisions.chain import Chain
    from rally.releases.recipe_files import RecipeFile


def check_recipes(args: argparse.Namespace) -> int:
    """Checks recipes against the studies' schemas, and says who has signed them."""
    from rally.releases.recipe_files import read_recipes  # imports fastavro

    registry, chain = Registry.load(args.studies), maybe_chain(args)
    files = read_recipes(args.studies, registry)
    if args.study:
        study = find_study(registry, args.study, args.studies)
        files = [each for each in files if each.namespace == study.namespace]
    print_lines(*map(visible, _describe(files, registry, chain)))
    if chain is None:
        print_lines(f"Recipes: {UNCHECKED}.")
    if faults := [fault for each in files for fault in each.faults]:
        sys.stdout.flush()  # before what is wrong, where both are one terminal's
        raise ManyFaults(faults)
    return 0


def _describe(
    files: "Sequence[RecipeFile]", registry: Registry, chain: "Chain | None"
) -> Iterator[str]:
    """Describes each good recipe in a line."""
    if not files:
        yield "There is no recipe."
    for each in files:
        if each.faults or each.recipe is None:
            continue
        recipe = each.recipe
        windows = len(list(recipe.windows()))
        yield (
            f"{recipe.name}: good ({recipe.groups:,} groups, {recipe.cells:,} numbers;"
            f" releases: {windows:,} of rho {recipe.rho:f} each)"
            f"{_describe_signatures(each, registry, chain)}"
        )


def _describe_signatures(
    file: "RecipeFile", registry: Registry, chain: "Chain | None"
) -> str:
    """Says in a few words who signed a good recipe, and who has yet to."""
    if chain is None:
        return ""
    from rally.releases.approval import judge_recipe  # imports Tink

    found = judge_recipe(file.require(), registry, chain)
    if found.is_complete:
        return f", approved by {' and '.join(found.people)}"
    return f"; {'; '.join(found.faults)}"


COMMAND = Command(
    name="check",
    handler=check_recipes,
    options="--study --studies --store --platform",
    example="--studies=schemas --store=/srv/rally/store",
)
"""Command of `rally releases`."""
