"""What people decide of a document and its reviews: signed, and read by every job.

To suspend a document and to reinstate it; and to confirm a review for another year.
"""

import argparse
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rally.commands.command import Command
from rally.commands.decide_study import OWN, decider, platform_of
from rally.commands.options import find_review, find_study
from rally.commands.reader_schema import DOCUMENT
from rally.decisions.contents import DecisionKind, ReviewDecision, Suspension
from rally.errors import ConfigurationError
from rally.options import REVIEW
from rally.printing import print_lines
from rally.registry.approvals import Approvals
from rally.registry.intervals import last_day
from rally.registry.registry import Registry
from rally.registry.review_evidence import read_evidence
from rally.registry.review_judging import CONFIRMED_FOR
from rally.registry.reviews import Review
from rally.registry.study import Document, Study
from rally.times import moment

if TYPE_CHECKING:
    from rally.decisions.chain import Chain


def suspend_document(args: argparse.Namespace) -> int:
    """Refuses a document's pings from now on, until it is reinstated."""
    return _decide_document(args, DecisionKind.SUSPEND)


def reinstate_document(args: argparse.Namespace) -> int:
    """Takes a suspended document's pings again, as far as reviews cover it."""
    return _decide_document(args, DecisionKind.RELEASE)


def confirm_review(args: argparse.Namespace) -> int:
    """Confirms for another year that what a review approved is still needed."""
    from rally.withdrawal.newest_list import decide_by_list

    registry = Registry.load(args.studies)
    study = find_study(registry, args.namespace, args.studies)
    review = find_review(study, args.review)
    if review.incremental:
        raise ConfigurationError(
            f"{study.namespace}: {review.id} is incremental to {review.incremental.of};"
            " confirm that"
        )
    platform, signer = platform_of(args), decider(args)
    owner = review.request.owner
    if signer.name != owner:
        raise ConfigurationError(
            f"--by: {review.id} of {study.namespace} is confirmed by its owner, {owner}"
        )
    now = datetime.now(UTC)

    def check(chain: "Chain") -> None:
        _check_confirmable(registry, chain, study, review, now)

    decision = ReviewDecision(study.namespace, review.id, args.note)
    kind = DecisionKind.CONFIRM_REVIEW
    decide_by_list(platform, signer, kind, decision, now, check=check)
    until = last_day(now + CONFIRMED_FOR)
    print_lines(f"{study.namespace}: {review.id} is confirmed until {until}")
    return 0


def _decide_document(args: argparse.Namespace, kind: DecisionKind) -> int:
    from rally.withdrawal.newest_list import decide_by_list

    registry = Registry.load(args.studies)
    study = find_study(registry, args.namespace, args.studies)
    document = registry.find_document(study, args.document)
    platform, signer = platform_of(args), decider(args)
    now, suspends = datetime.now(UTC), kind is DecisionKind.SUSPEND

    def check(chain: "Chain") -> None:
        _check_suspension(chain, document, now, suspends=suspends)

    decision = Suspension(study.namespace, document.name, args.note)
    decide_by_list(platform, signer, kind, decision, now, check=check)
    what = "suspended" if suspends else "reinstated"
    print_lines(f"{study.namespace}/{document.name}: {what} from {moment(now)}")
    return 0


def _check_suspension(
    chain: "Chain", document: Document, now: datetime, *, suspends: bool
) -> None:
    """Raises ConfigurationError where a suspension or its end makes no sense."""
    name = f"{document.namespace}/{document.name}"
    if document.is_built_in:
        raise ConfigurationError(
            f"{name}: is the protocol's own and cannot be suspended; pause the study"
        )
    evidence = read_evidence(chain)
    suspended = evidence.suspensions(document.namespace, document.name)
    if any(each.holds(now) for each in suspended) is suspends:
        what = "already suspended" if suspends else "not suspended"
        raise ConfigurationError(f"{name}: is {what}")


def _check_confirmable(
    registry: Registry, chain: "Chain", study: Study, review: Review, now: datetime
) -> None:
    """Raises ConfigurationError where a confirmation would carry nothing."""
    name = f"{study.namespace}: {review.id}"
    if read_evidence(chain).of(study.namespace, review.id).withdrawn:
        raise ConfigurationError(f"{name}: was withdrawn; another review is needed")
    last = max(_find_ends(registry, chain, study, review), default=None)
    if last is None:
        raise ConfigurationError(
            f"{name}: does not count, so nothing can be confirmed; `rally studies"
            " check` says what it lacks"
        )
    if last <= now:
        raise ConfigurationError(
            f"{name}: ended on {last_day(last)}; it takes a renewal, which is another"
            " review"
        )


def _find_ends(
    registry: Registry, chain: "Chain", study: Study, review: Review
) -> Iterator[datetime]:
    """Gives the ends of a review's days, of each schema for which it counts."""
    approvals = Approvals.of_chain(registry, chain)
    for document in study.documents.values():
        for approval in approvals.of(document):
            for term in approval.terms:
                if term.review.id == review.id:
                    yield term.last


_PLACES = "--studies --store --platform --keys --people_keys --by --note"
_SIGNED = "--store=/srv/rally/store --by=ann --people_keys=/home/ann/keys --note='…'"
COMMANDS = (
    *(
        Command(
            name=name,
            handler=handler,
            options=f"namespace document {_PLACES}",
            own=(*OWN, DOCUMENT),
            example=f"rally-garden visit.1 {_SIGNED}",
            changes=True,
        )
        for name, handler in (
            ("suspend", suspend_document),
            ("reinstate", reinstate_document),
        )
    ),
    Command(
        name="confirm",
        handler=confirm_review,
        options=f"namespace review {_PLACES}",
        own=(*OWN, REVIEW),
        example=f"rally-garden r1 {_SIGNED}",
        changes=True,
    ),
)
"""Commands of `rally studies`."""
