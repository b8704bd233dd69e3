"""Budgets: how much privacy a study's releases may cost, and how much they took.

A study's budget is what was allotted to it first, for ever; of a study without one
nothing is released. A person is in many studies, so what all releases together tell of
somebody is bounded by the sum of all allotments. Costs are in zCDP's rho, which adds up
exactly.
"""

import math
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from rally.decisions.chain import Chain
from rally.errors import ConfigurationError
from rally.releases.approval import allotments
from rally.releases.ledger import Ledger

DELTA = 1e-6
"""Delta at which a cost is said in epsilon, too."""


class Budget(NamedTuple):
    """Budget of one study.

    Attributes:
        study: Namespace of the study.
        allotted: Most that its releases may cost; None where nothing is allotted.
        reserved: What its releases took.
    """

    study: str
    allotted: Decimal | None
    reserved: Decimal

    @property
    def left(self) -> Decimal:
        """What its next releases may cost; below zero where too much was taken."""
        return (self.allotted or Decimal(0)) - self.reserved

    def check_room(self, rho: Decimal) -> None:
        """Raises ConfigurationError where a release costs more than is left."""
        if self.allotted is None:
            raise ConfigurationError(
                f"{self.study}: has no budget for releases; it is allotted once, by"
                " `rally releases allot` and `rally decisions approve`"
            )
        if rho > self.left:
            raise ConfigurationError(
                f"{self.study}: its budget is exhausted: the release costs rho"
                f" {decimal_text(rho)}, and {decimal_text(max(self.left, Decimal(0)))}"
                f" of {decimal_text(self.allotted)} is left"
            )


def budget_of(chain: Chain, ledger: Ledger, study: str) -> Budget:
    """Gives the budget of a study."""
    return Budget(study, allotments(chain).get(study), ledger.reserved_by(study))


def budgets(chain: Chain, ledger: Ledger) -> list[Budget]:
    """Gives the budgets of all studies that have or took one, sorted by namespace."""
    took = {each.study for each in ledger.reservations.values()}
    return [
        budget_of(chain, ledger, each) for each in sorted({*allotments(chain), *took})
    ]


def overspent(chain: Chain, ledger: Ledger) -> Iterator[str]:
    """Names studies whose releases took more than was allotted, a line each."""
    for each in budgets(chain, ledger):
        if each.left < 0:
            yield (
                f"{each.study}: its releases took rho {decimal_text(each.reserved)} of"
                f" {decimal_text(each.allotted or Decimal(0))}"
            )


def most_of_a_person(chain: Chain) -> Decimal:
    """Sums what all studies' releases may tell of a person who is in all of them."""
    return sum(allotments(chain).values(), Decimal(0))


def epsilon_of(rho: Decimal, delta: float = DELTA) -> float:
    """Gives the epsilon of a cost: (epsilon, delta) follows from zCDP.

    See Bun and Steinke 2016, proposition 1.3.
    """
    return float(rho) + 2 * math.sqrt(float(rho) * math.log(1 / delta))


def decimal_text(rho: Decimal) -> str:
    """Writes a cost without zeros at its end: 0.07."""
    return f"{rho.normalize():f}"
