"""`rally person`: what one person asks for, and is told.

Ids come from standard input, and stand in no option (rally.commands.person_ids).
"""

from rally.commands import (
    person_answer,
    person_case_list,
    person_cases,
    person_choice,
    person_consents,
    person_copies,
)
from rally.commands.command import CommandGroup

COMMAND = CommandGroup(
    "person",
    "answer a person who asks for a copy of what is held about them",
    (
        *person_cases.COMMANDS,
        person_case_list.COMMAND,
        person_answer.COMMAND,
        *person_copies.COMMANDS,
        person_consents.COMMAND,
        person_choice.COMMAND,
    ),
)
