"""`rally releases`: recipes, budgets and results, and who signs them."""

from rally.commands.approve_recipe import COMMAND as APPROVE
from rally.commands.check_recipes import COMMAND as CHECK
from rally.commands.command import CommandGroup
from rally.commands.release_decisions import COMMANDS as DECIDING

COMMAND = CommandGroup(
    "releases",
    "check recipes, and sign what leaves",
    (CHECK, APPROVE, *DECIDING),
)
