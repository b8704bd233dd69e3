"""`rally releases approve`: shows a recipe, asks for an answer, and signs it."""

import argparse
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rally.commands.asking import ask_for_text
from rally.commands.command import Command
from rally.commands.decide_study import decider, platform_of
from rally.commands.options import find_study
from rally.decisions.contents import DecisionKind, ReviewResult, Role
from rally.decisions.release_contents import RECIPE_AREAS, RecipeSignature
from rally.errors import ConfigurationError
from rally.fields import Place, choice
from rally.options import NAMESPACE, WHAT, Option
from rally.printing import print_lines, visible
from rally.registry.registry import Registry

if TYPE_CHECKING:
    from rally.decisions.chain import Chain
    from rally.releases.recipe import Recipe

LATER = "later"

RECIPE = Option(
    name="recipe",
    group=WHAT,
    is_word=True,
    metavar="RECIPE",
    help="the recipe's id, which is its file without the suffix",
)
AREA = Option(
    name="as",
    group=WHAT,
    metavar="AREA",
    dest="area",
    help=f"the area for which you sign: {' or '.join(RECIPE_AREAS)}",
)
RESULT = Option(
    name="result",
    group=WHAT,
    metavar="RESULT",
    help="+ or -; asked for on a terminal",
)


def approve_recipe(args: argparse.Namespace) -> int:
    """Shows what a recipe releases, asks for an answer, and signs it."""
    from rally.decisions.verifying import read_chain
    from rally.releases.approval import judge_recipe  # imports Tink
    from rally.releases.recipe_description import describe_recipe
    from rally.releases.recipe_files import find_recipe
    from rally.withdrawal.newest_list import decide_by_list

    registry = Registry.load(args.studies)
    study = find_study(registry, args.namespace, args.studies)
    file = find_recipe(args.studies, registry, study.namespace, args.recipe)
    recipe = file.require()
    area = _area(args.area, recipe, registry)
    platform, signer = platform_of(args), decider(args)

    def check(chain: "Chain") -> None:
        if signer.name == recipe.author:
            raise ConfigurationError(
                f"--by: {signer.name} is the author of {recipe.name}; have another"
                " person sign"
            )

    check(read_chain(platform))
    print_lines(*map(visible, describe_recipe(recipe, registry)))
    result = ask_for_text(args.result, "Decision [+/-/later]", "--result")
    if result == LATER:
        print_lines("Nothing is signed.")
        return 0
    signature = RecipeSignature(
        namespace=study.namespace,
        recipe=recipe.id,
        fingerprint=recipe.fingerprint,
        area=area,
        result=choice(ReviewResult)(Place("--result"), result),
        note=args.note,
    )
    kind, now = DecisionKind.SIGN_RECIPE, datetime.now(UTC)
    decide_by_list(platform, signer, kind, signature, now, check)
    found = judge_recipe(recipe, registry, read_chain(platform))
    state = "; ".join(found.faults) or "It is approved, until it is changed"
    print_lines(f"Signed. {state[0].upper()}{state[1:]}.")
    return 0


def _area(text: str | None, recipe: "Recipe", registry: Registry) -> Role:
    from rally.releases.recipe_checks import signing_areas

    needed = signing_areas(recipe, registry)
    if text is None:
        raise ConfigurationError(f"--as: is missing; {' and '.join(needed)} sign it")
    area = choice(Role)(Place("--as"), text) if text in RECIPE_AREAS else None
    if area is None or area not in needed:
        raise ConfigurationError(f"--as: must be one of: {', '.join(needed)}")
    return area


COMMAND = Command(
    name="approve",
    handler=approve_recipe,
    options="namespace recipe --as --result --studies --store --platform --keys"
    " --people_keys --by --note",
    own=(NAMESPACE, RECIPE, AREA, RESULT),
    about="Shows what a recipe releases, asks for an answer, and signs it. A steward"
    " signs every recipe, and somebody for privacy what reads data of category 3 or 4,"
    " or demographics; never its author, and nobody for both. Who changes a recipe"
    " asks for new signatures.",
    example="rally-birds weekly --as=steward --by=steve --store=/srv/rally/store"
    " --people_keys=/home/steve/keys --studies=schemas",
    changes=True,
)
"""Command of `rally releases`."""
