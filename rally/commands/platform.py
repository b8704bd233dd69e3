"""`rally platform`: what is decided of the platform as a whole."""

from rally.commands import conclude_platform
from rally.commands.command import CommandGroup

COMMAND = CommandGroup(
    "platform",
    "decide on the platform as a whole",
    (conclude_platform.COMMAND,),
)
