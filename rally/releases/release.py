"""Makes a release, once: approval, budget, exact sums, noise, and then the draft.

    approved?  ->  reserved in the ledger  ->  summed  ->  drawn  ->  draft  ->  spent

Killed anywhere and run again, it goes on: what is reserved is not reserved again, and a
draft that is there is the release. Two runs at once end with one draft: whose is first.
Nothing is ever drawn again once a draft was written, since two draws together tell more
than one.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from rally.decisions.chain import LOSS, Chain
from rally.errors import ConfigurationError, Faults
from rally.fields import raise_all
from rally.keys.names import Job
from rally.keys.signing import SigningKey
from rally.registry.registry import Registry
from rally.releases.approval import judge_recipe
from rally.releases.budget import (
    Budget,
    budget_of,
    decimal_text,
    most_of_a_person,
    overspent,
)
from rally.releases.card import UNIT, CardFacts, make_card
from rally.releases.cells import Cells
from rally.releases.draft import (
    Draft,
    create_draft,
    draft_name,
    list_drafts,
    read_draft,
    sign_draft,
)
from rally.releases.ledger import Ledger, append, read_ledger
from rally.releases.ledger_lines import LineContent, Reservation, Spending
from rally.releases.noise import BlockNoise, check_noise, draw, noise_of
from rally.releases.post_processing import make_table
from rally.releases.recipe import Recipe, Window
from rally.storage.objectstore.interface import ObjectStore
from rally.times import moment
from rally.version import pipeline_version

if TYPE_CHECKING:
    import numpy as np


_MOST_TOLD = 10
"""Most drafts without a line that are named."""


class Plan(NamedTuple):
    """What a release would cost and how well it would say it; nothing is drawn.

    Attributes:
        release: Id of the release.
        recipe: The recipe.
        noise: Noise of each block of cells.
        rho: Cost; 0 where it is reserved already.
        budget: Budget of the study before it.
        approvers: People whose approvals of the recipe count.
        draft: The result, where it is there already.
    """

    release: str
    recipe: Recipe
    noise: tuple[BlockNoise, ...]
    rho: Decimal
    budget: Budget
    approvers: tuple[str, ...]
    draft: Draft | None


def plan(
    platform: ObjectStore,
    registry: Registry,
    chain: Chain,
    recipe: Recipe,
    window: Window,
    now: datetime,
) -> Plan:
    """Says what a release would do, and refuses what could not be.

    Args:
        platform: Store of the platform.
        registry: Registry of the studies.
        chain: Decisions of the platform.
        recipe: Recipe without faults.
        window: Days of the release.
        now: Time of the run, UTC.

    Raises:
        ConfigurationError: The recipe is not approved, its days are not over, its
            budget is exhausted, OpenDP is missing, or the ledger has a fault.
        OSError: The platform cannot be read.
    """
    run = _Run(platform, registry, chain, recipe, window, now)
    return run.plan(read_whole(platform, chain))


def release_once(
    platform: ObjectStore,
    registry: Registry,
    chain: Chain,
    recipe: Recipe,
    window: Window,
    make_accumulator: "Callable[[], np.ndarray]",
    key: SigningKey,
    now: datetime,
) -> Draft:
    """Makes the one result of a recipe and its window, or gives the one that is there.

    Args:
        platform: Store of the platform.
        registry: Registry of the studies.
        chain: Decisions of the platform.
        recipe: Recipe without faults.
        window: Days of the release.
        make_accumulator: Makes the exact sums, a vector of the recipe's Cells. It is
            called once the budget is reserved, and not where a result is there.
        key: Signing key of the job that makes releases.
        now: Time of the run, UTC.

    Raises:
        ConfigurationError: As `plan` does; or the key is another than the decisions
            name, or `now` is yet to come, which on a development platform it may be.
        OSError: The platform cannot be read or written, or a KMS does not serve.
    """
    if now > datetime.now(UTC) and not chain.development:
        raise ConfigurationError(
            f"--as_of: {moment(now)} is yet to come, and what is released then is not"
            " known; --plan_only looks ahead"
        )
    chain.check_key(Job.RELEASE, key)
    run = _Run(platform, registry, chain, recipe, window, now)
    run.plan(read_whole(platform, chain))
    ledger = append(platform, chain, key, run.reserve, now)
    planned = run.plan(ledger)
    draft = planned.draft
    if draft is None:
        budget = budget_of(chain, ledger, recipe.namespace)
        reserved = ledger.reservations[recipe.namespace, planned.release]
        drawn = run.draw(planned, reserved, budget, make_accumulator())
        create_draft(platform, sign_draft(drawn, key))
        draft = run.read_draft()  # of two runs, the draft of whichever was first
    if draft is None:
        raise ConfigurationError(
            f"{draft_name(recipe.namespace, planned.release)}: is gone again; find out"
            " who deletes there, and run the release again"
        )
    _spend(platform, chain, key, draft, now)
    return draft


def read_whole(platform: ObjectStore, chain: Chain) -> Ledger:
    """Reads a ledger under which something may be released or placed.

    Raises:
        ConfigurationError: It has a fault, it has lost the line of a draft that is
            there, a study took more than its budget, or decisions are lost, which may
            have been the ones that allotted it.
        OSError: The platform cannot be read.
    """
    if chain.has_loss:
        raise ConfigurationError(LOSS)
    drafts = [*list_drafts(platform)]  # first: a draft has its line before it is there
    ledger = read_ledger(platform, chain)
    ledger.check()
    lost = [each for each in drafts if each not in ledger.reservations]
    raise_all(
        [
            f"{draft_name(*each)}: is a result for which nothing was reserved: the"
            " ledger has lost lines; restore it from a backup"
            for each in lost[:_MOST_TOLD]
        ]
    )
    what = "nothing is released until that is explained; see `rally releases verify`"
    raise_all([f"{fault}; {what}" for fault in overspent(chain, ledger)])
    return ledger


class _Run(NamedTuple):
    """One run of a release; see `release_once`."""

    platform: ObjectStore
    registry: Registry
    chain: Chain
    recipe: Recipe
    window: Window
    now: datetime

    @property
    def release(self) -> str:
        """Id of the release."""
        return self.recipe.release_id(self.window)

    def plan(self, ledger: Ledger) -> Plan:
        """Says what is to be done after these lines. Raises ConfigurationError."""
        recipe, study = self.recipe, self.recipe.namespace
        noise = noise_of(recipe, Cells(recipe))
        budget = budget_of(self.chain, ledger, study)
        approvers = judge_recipe(recipe, self.registry, self.chain)
        draft = self.read_draft()
        reserved = ledger.reservations.get((study, self.release))
        if reserved is not None:
            self._check_continues(reserved, noise)
            self._check_there(ledger, draft)
        faults = Faults()
        with faults.collected():
            if draft is None and approvers.faults:
                raise self._error(f"is not approved: {'; '.join(approvers.faults)}")
        with faults.collected():
            if reserved is None:
                self._check_over()
        with faults.collected():
            if reserved is None:
                budget.check_room(recipe.rho)
        with faults.collected():
            if draft is None:
                check_noise(noise)
        faults.check()
        rho = Decimal(0) if reserved else recipe.rho
        people = approvers.people
        return Plan(self.release, recipe, noise, rho, budget, people, draft)

    def reserve(self, ledger: Ledger) -> LineContent | None:
        """Gives the line that takes the budget; None where it is there."""
        planned, recipe = self.plan(ledger), self.recipe
        if not planned.rho:
            return None
        return Reservation(
            study=recipe.namespace,
            release=self.release,
            fingerprint=recipe.fingerprint,
            rho=decimal_text(recipe.rho),
            groups=recipe.groups,
            most_groups=recipe.bounds.groups,
            most_rows=recipe.bounds.rows,
            noise=tuple(each.column for each in planned.noise),
            unit=UNIT,
            version=pipeline_version(),
            author=recipe.author,
            approvers=planned.approvers,
        )

    def draw(
        self,
        planned: Plan,
        reserved: Reservation,
        budget: Budget,
        accumulator: "np.ndarray",
    ) -> Draft:
        """Draws the noise, and makes all that is said of it."""
        recipe, cells = self.recipe, Cells(self.recipe)
        noised = draw(planned.noise, cells, accumulator)
        facts = CardFacts(
            recipe=recipe,
            window=self.window,
            study=self.registry.studies[recipe.namespace],
            reservation=reserved,
            at=self.now,
            budget=budget,
            most_of_a_person=most_of_a_person(self.chain),
        )
        return Draft(
            platform=self.chain.platform,
            study=recipe.namespace,
            release=self.release,
            fingerprint=recipe.fingerprint,
            at=self.now,
            title=recipe.question,
            table=make_table(recipe, cells, planned.noise, noised),
            card=make_card(facts),
        )

    def read_draft(self) -> Draft | None:
        """Reads the result, where it is there. Raises ConfigurationError."""
        return read_draft(
            self.platform, self.chain, self.recipe.namespace, self.release
        )

    def _check_over(self) -> None:
        if not self.window.is_over(self.now):
            raise self._error(
                f"its days end with {self.window.last}, UTC; run it after that"
            )

    def _check_continues(
        self, reserved: Reservation, noise: tuple[BlockNoise, ...]
    ) -> None:
        """Refuses to go on under a reservation that was made for something else."""
        if reserved.fingerprint != self.recipe.fingerprint:
            raise self._error(
                "was made of another version of the recipe; give the changed one an id"
                " of its own"
            )
        if reserved.noise != tuple(each.column for each in noise):
            raise self._error(
                f"was reserved by version {reserved.version} of this software, which"
                " draws other noise; run that version"
            )

    def _check_there(self, ledger: Ledger, draft: Draft | None) -> None:
        """Refuses to draw again what was drawn, and a draft in the place of another."""
        spent = ledger.spendings.get((self.recipe.namespace, self.release))
        if spent is not None and draft is None:
            raise self._error(
                "has lost its draft, and its noise is not drawn again; restore it from"
                " a backup"
            )
        if spent is not None and draft is not None and draft.sha256 != spent.sha256:
            raise self._error(
                "has another draft than the ledger names; restore it from a backup"
            )

    def _error(self, what: str) -> ConfigurationError:
        return ConfigurationError(f"{self.recipe.namespace}/{self.release}: {what}")


def _spend(
    platform: ObjectStore,
    chain: Chain,
    key: SigningKey,
    draft: Draft,
    now: datetime,
) -> None:
    """Writes the draft's hash into the ledger, where it is not there yet."""
    size = len(draft.data)
    spending = Spending(draft.study, draft.release, draft.sha256, size)
    result = draft.study, draft.release

    def spend(ledger: Ledger) -> LineContent | None:
        return None if result in ledger.spendings else spending

    append(platform, chain, key, spend, now)
