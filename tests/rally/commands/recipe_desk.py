"""A desk at which people type `rally releases …` about birds."""

import pytest

from rally.commands.decisions import COMMAND as DECISIONS
from rally.commands.releases import COMMAND
from rally.decisions.verifying import read_chain
from rally.errors import ConfigurationError, faults_of
from rally.parser import Parser
from tests.rally.releases.birds import BIRDS, write_birds
from tests.rally.releases.recipes import WEEKLY, recipe_content
from tests.support.stores import mark_stores

HARMLESS = recipe_content(
    group_by=WEEKLY["group_by"][:1], bounds={"groups": 1, "rows_per_group": 1}
)


class Desk:
    """Where people type `rally releases …` about birds."""

    def __init__(self, folder, people_keys, capsys, recipes):
        self.folder, self._capsys = folder, capsys
        self.studies = f"--studies={write_birds(folder / 'studies', recipes)}"
        self.platform = mark_stores(folder / "store").platform
        self.store = f"--store={folder / 'store'}"
        self.signing = [self.store, f"--people_keys={people_keys}"]

    def print(self, *words):
        """Runs a command; gives its status and what it printed."""
        return self.run("releases", *words, self.studies)

    def run(self, *words):
        parser = Parser("rally")
        subparsers = parser.add_subparsers()
        for each in (COMMAND, DECISIONS):
            each.add_to(subparsers, "rally")
        args = parser.parse_args(words)
        return args.handler(args), self._capsys.readouterr().out

    def type(self, *words):
        return self.print(*words, *self.signing)

    def allot(self):
        """Two people give the study a budget."""
        self.type("allot", BIRDS, "--rho=0.50", "--by=decide")
        self.approve_allotment()

    def approve_allotment(self):
        return self.run("decisions", "approve", "2", "--by=privacy", *self.signing)

    def refused(self, *words):
        with pytest.raises(ConfigurationError) as caught:
            self.type(*words)
        return "\n".join(faults_of(caught.value))

    def write(self, name, content):
        file = self.folder / name
        file.write_bytes(content)
        return str(file)

    @property
    def chain(self):
        return read_chain(self.platform)
