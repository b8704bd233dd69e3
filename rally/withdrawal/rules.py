"""Periods and limits of withdrawals: numbers alone, which options take as defaults."""

from dataclasses import dataclass

GRACE_DAYS = 7.0
"""How long after a row its enrolment may come, unless an operator says otherwise."""

REWRITE_AFTER_DAYS = 5.0
"""How long a rewrite waits for more requests, unless an operator says otherwise."""

MOST_REWRITE_DAYS = 15
"""The longest that a rewrite may wait for more requests. It leaves half of the 30 days
within which a request is verified to soft-deleted copies, and to runs that fail."""


@dataclass(frozen=True, slots=True)
class Rules:
    """Rules by which requests are held, and unmatched ones stay open.

    Attributes:
        hold_above_people: A mass has more people than that, who leave one scope
        hold_above_share: And more than that share of those who had joined it,
        hold_window_hours: Within so many hours, both ends included. Of both numbers are
            those who had joined before.
        hold_days: So long a hold waits for a person's decision; then the request
            counts. One of somebody who never enrolled waits on.
        ends_holds: Whether it does; deletion alone ends a hold, when it publishes.
        unmatched_days: After so many days a request of somebody who never enrolled
            leaves the list, once it is carried out.
        unresolved_days: After so many days without an enrolment that says whose
            deletion id it is, a request is closed.
    """

    hold_above_people: int = 100
    hold_above_share: float = 0.2
    hold_window_hours: float = 24.0
    unresolved_days: float = 90.0
    unmatched_days: float = 90.0
    hold_days: float = 14.0
    ends_holds: bool = True


LOOKING = Rules(ends_holds=False)
"""Rules of who only looks: what deletion holds stays open until deletion ends it."""
