"""A platform on which a recipe is approved, to make releases on."""

from datetime import UTC, datetime

from rally.decisions.release_contents import RECIPE_AREAS
from rally.decisions.verifying import read_chain
from rally.keys.names import Job
from rally.releases.cells import Cells
from rally.releases.ledger import read_ledger
from rally.releases.release import plan, release_once
from tests.rally.releases.recipes import make_recipe
from tests.rally.releases.signed_releases import SignedReleases
from tests.support.people import job_key

NOW = datetime(2026, 7, 1, tzinfo=UTC)
KEY = job_key(Job.RELEASE)
RECIPE = make_recipe()


class Killed(BaseException):
    """The process is gone."""


class Desk:
    """A platform on which the recipe is approved and a budget allotted."""

    def __init__(self, registry, *, rho="0.07", approves=True, platform=None):
        self.registry, self.signed = registry, SignedReleases(platform)
        self.platform, self.summed = self.signed.platform, 0
        if rho:
            self.signed.approve("privacy", self.signed.allot(rho).number)
        if approves:
            self.approve(RECIPE)

    def approve(self, recipe):
        for area in RECIPE_AREAS:
            self.signed.sign_recipe(recipe, area)

    def sum_up(self):
        self.summed += 1
        return Cells(RECIPE).zeros() + 1000

    def run(self, recipe=RECIPE, window=0, now=NOW, accumulate=None, key=KEY):
        window = list(recipe.windows())[window]
        chain = read_chain(self.platform)
        accumulate = accumulate or self.sum_up
        return release_once(
            self.platform, self.registry, chain, recipe, window, accumulate, key, now
        )

    def plan(self, recipe=RECIPE, window=0, now=NOW):
        window = list(recipe.windows())[window]
        chain = read_chain(self.platform)
        return plan(self.platform, self.registry, chain, recipe, window, now)

    @property
    def ledger(self):
        return read_ledger(self.platform, read_chain(self.platform))

    @property
    def kinds(self):
        ledger = self.ledger
        ledger.check()
        return [(line.kind, line.content.release) for line in ledger.lines]
