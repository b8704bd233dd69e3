"""Data reviews as records: who asked for which data, and who answered what.

A review is a file of its own, `schemas/<namespace>/reviews/<id>.yaml`, and stays as it
was decided; what changes is a new review, which may renew an older one. The questions
are those of Mozilla's data collection review, by their numbers. Words alone approve
nothing: answers count when they are signed in the platform's chain of decisions (see
rally.registry.approvals).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import NamedTuple

from rally.decisions.contents import CoveredSchema, ReviewResult, Risk, Role
from rally.decisions.notice_contents import ChangedSchema
from rally.registry.collected_fields import OPEN

FOLDER = "reviews"
"""Folder of reviews in that of a namespace."""

DATE = "date"
"""What a file calls the day that records have as `on`, which is a word of YAML."""

REPORT_DAYS = 14
"""How many days after its first what pings have beyond a schema may be counted."""

REQUEST_QUESTIONS = 12
REVIEW_QUESTIONS = 8
RENEWAL_QUESTIONS = 3


class Recipient(NamedTuple):
    """Researchers who may read what is collected, and under which agreement.

    Attributes:
        group: Address of their group.
        agreement: Agreement.
        until: Day from which they may not any more.
    """

    group: str
    agreement: str
    until: date


class Request(NamedTuple):
    """Request of somebody to collect.

    Attributes:
        requester: Name of the person who asks.
        owner: Name of the person who answers for the data, and confirms it each year.
        on: Day of the request.
        renews: Id of the review that this one renews; None of a first request.
        answers: Answers in the order of the questions: twelve, three of a renewal, none
            of an incremental change.
        recipients: Researchers who may read it; without any, nobody of outside.
        analysis_until: Day by which the study is concluded, and all of it deleted;
            None where no day is promised.
    """

    requester: str
    owner: str
    on: date
    renews: str | None
    answers: tuple[str, ...]
    recipients: tuple[Recipient, ...] = ()
    analysis_until: date | None = None


class Incremental(NamedTuple):
    """What makes a record the steward's note on less, or on other words.

    Attributes:
        of: Id of the review by which the rest was approved.
    """

    of: str


class StewardReview(NamedTuple):
    """Answer of the data steward.

    Attributes:
        by: Name of the steward.
        on: Day of the review.
        result: Result.
        reason: Reason.
        answers: Answers in the order of the eight questions; none of an incremental
            change.
    """

    by: str
    on: date
    result: ReviewResult
    reason: str
    answers: tuple[str, ...]


class SignOff(NamedTuple):
    """Answer of the person of an area.

    Attributes:
        by: Name of the person.
        on: Day of the answer.
        result: Answer.
        risk: Risk that is left to people.
        mitigations: Measures against it.
    """

    by: str
    on: date
    result: ReviewResult
    risk: Risk
    mitigations: str


class Announcement(NamedTuple):
    """Page on which people are told, and the day since which.

    Attributes:
        where: Page, https.
        on: Day.
    """

    where: str
    on: date


class Notice(NamedTuple):
    """The privacy notice under which the data is collected.

    Attributes:
        where: Page, https.
        sha256: SHA-256 of its text, in hex.
    """

    where: str
    sha256: str


class Exemption(NamedTuple):
    """A rule that raises the category and that does not apply here.

    Attributes:
        rule: Name of the rule; see rally.registry.categories.
        reason: Reason.
    """

    rule: str
    reason: str


class Position(NamedTuple):
    """Position of one side of a dispute."""

    by: str
    position: str


class Escalation(NamedTuple):
    """A dispute on a review, and who settled it.

    Attributes:
        raised_by: Name of who raised it.
        question: Question.
        positions: Position of each side.
        decided_by: Name of who decided.
        decision: Decision.
        on: Day of the decision.
    """

    raised_by: str
    question: str
    positions: tuple[Position, ...]
    decided_by: str
    decision: str
    on: date


class Permanence(NamedTuple):
    """A person who answers for data that is collected without an end, and why."""

    person: str
    reason: str


@dataclass(frozen=True, slots=True)
class Review:
    """The record of one data review.

    Attributes:
        id: Name of the record within its namespace.
        covers: Schemas and days that are asked for.
        steward: Answer of the steward; None while there is none.
        sign_offs: Answers of the other areas.
        announcement: Page on which people are told.
        notice: Privacy notice.
        public: Page on which the review can be read, and the day since which it can.
        exemptions: Rules that do not apply.
        permanent: Person who keeps what has no last day.
        escalations: Disputes.
        incremental: Base of an incremental change; None of a whole review.
    """

    id: str
    request: Request
    covers: tuple[CoveredSchema, ...]
    steward: StewardReview | None = None
    sign_offs: Mapping[Role, SignOff] | None = None
    announcement: Announcement | None = None
    notice: Notice | None = None
    public: Announcement | None = None
    exemptions: tuple[Exemption, ...] = ()
    permanent: Permanence | None = None
    escalations: tuple[Escalation, ...] = ()
    incremental: Incremental | None = None

    @property
    def rests_on(self) -> str | None:
        """Id of the review that it renews, or is incremental to; None of a first."""
        return self.incremental.of if self.incremental else self.request.renews

    @property
    def changes(self) -> tuple[ChangedSchema, ...]:
        """Schemas of which a notice of a change tells."""
        each = (ChangedSchema(it.document, it.fingerprint) for it in self.covers)
        return tuple(dict.fromkeys(each))

    @property
    def open(self) -> tuple[str, ...]:
        """Questions that nobody has answered yet, as places in the file."""
        asked = {"request": self.request, "review": self.steward}
        return tuple(
            f"{part}.answers.{number}"
            for part, given in asked.items()
            for number, answer in enumerate(given.answers if given else (), 1)
            if answer.startswith(OPEN)
        )

    @property
    def digest(self) -> str:
        """SHA-256, in hex, of what is asked for: what a signature names.

        That is all but the answers of the reviewers, which are signed themselves.
        """
        return _digest(self._asked)

    @property
    def attested(self) -> str:
        """SHA-256, in hex, of what is asked for and answered: what a registrar signs.

        Nobody else signs the answers of a review that was completed elsewhere.
        """
        signed = sorted((self.sign_offs or {}).items())
        return _digest((*self._asked, self.steward, signed))

    @property
    def _asked(self) -> tuple[object, ...]:
        return (
            self.id,
            self.request,
            self.covers,
            self.announcement,
            self.notice,
            self.public,
            self.exemptions,
            self.permanent,
            self.incremental,
        )

    @property
    def answers(self) -> dict[Role, StewardReview | SignOff]:
        """What the record says that people answered, by their areas."""
        given: dict[Role, StewardReview | SignOff] = dict(self.sign_offs or {})
        return {Role.STEWARD: self.steward, **given} if self.steward else given

    @property
    def exempt(self) -> frozenset[str]:
        """Names of the rules that do not apply."""
        return frozenset(each.rule for each in self.exemptions)


def _digest(what: object) -> str:
    canonical = json.dumps(what, default=str, separators=(",", ":"))
    return sha256(canonical.encode()).hexdigest()
