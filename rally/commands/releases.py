"""`rally releases`: recipes, budgets and results, and who signs them."""

from rally.commands.approve_recipe import COMMAND as APPROVE
from rally.commands.check_recipes import COMMAND as CHECK
from rally.commands.command import CommandGroup
from rally.commands.place_release import COMMAND as PLACE
from rally.commands.release_decisions import COMMANDS as DECIDING
from rally.commands.release_results import COMMANDS as READING

COMMAND = CommandGroup(
    "releases",
    "check recipes, sign results, place and prove what leaves",
    (CHECK, APPROVE, *DECIDING, *READING, PLACE),
)
