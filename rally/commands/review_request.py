"""`rally studies review request`: writes the record of a review, and its form."""

import argparse
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from rally.commands.options import find_review, find_study, read_day
from rally.commands.review_records import create_record
from rally.decisions.content_fields import person_name, record_id
from rally.decisions.contents import CoveredSchema
from rally.errors import ConfigurationError
from rally.fields import Place, raise_all
from rally.options import WHAT, Option
from rally.printing import print_lines
from rally.registry.approvals import Approvals
from rally.registry.collected_fields import OPEN
from rally.registry.registry import Registry
from rally.registry.review_files import cover, draft_review, rest_on
from rally.registry.review_form import write_form
from rally.registry.review_limits import find_beyond
from rally.registry.reviews import REPORT_DAYS, Permanence, Review
from rally.registry.study import Document, PayloadSchema, Study

REQUEST_OPTIONS = (
    Option(
        name="document",
        group=WHAT,
        repeats=True,
        metavar="DOC",
        default=(),
        help="a document whose newest schema is asked for; may be repeated (default:"
        " all that nobody has approved)",
    ),
    Option(
        name="from",
        group=WHAT,
        metavar="DATE",
        dest="first",
        help="the first day on which it shall be collected (default: the study's)",
    ),
    Option(
        name="until",
        group=WHAT,
        metavar="DATE",
        dest="last",
        help="the last day (default: the study's; without one it is permanent)",
    ),
    Option(
        name="report_until",
        group=WHAT,
        metavar="DATE",
        dest="report",
        help="the last day on which what pings have beyond the schema is left out and"
        f" counted, at most {REPORT_DAYS} days after the first (default: such pings"
        " fail)",
    ),
    Option(
        name="renews",
        group=WHAT,
        metavar="REVIEW",
        help="the review that is renewed: for later days, and nothing more",
    ),
    Option(
        name="incremental",
        group=WHAT,
        metavar="REVIEW",
        help="the review to which the change is incremental: other words, or less, for"
        " which a steward's signature is enough",
    ),
    Option(
        name="requester",
        group=WHAT,
        metavar="NAME",
        help="who asks, by the name that they sign with",
    ),
    Option(
        name="owner",
        group=WHAT,
        metavar="NAME",
        help="who answers for the data and confirms it each year (default: who"
        " asks, or who owns the review that is named)",
    ),
)


def request_review(args: argparse.Namespace) -> int:
    """Writes the record of a review that is asked for, and prints its form."""
    registry = Registry.load(args.studies)
    study = find_study(registry, args.namespace, args.studies)
    name = record_id(Place("REVIEW"), args.review)
    if not args.requester:
        raise ConfigurationError("--requester: is missing; say who asks")
    requester = person_name(Place("--requester"), args.requester)
    if args.renews and args.incremental:
        raise ConfigurationError("--incremental: stands beside --renews; give one")
    of = args.renews or args.incremental
    former = find_review(study, of) if of else None
    owner = args.owner or (former.request.owner if former else requester)
    owner = person_name(Place("--owner"), owner)
    renewed = former if args.renews else None
    documents = _documents(registry, study, args.document, renewed)
    covers = [_cover(args, study, each, former) for each in documents]
    is_permanent = any(each.last is None for each in covers)
    keeper = Permanence(owner, f"{OPEN}: why it has no end") if is_permanent else None
    today = datetime.now(UTC).date()
    review = draft_review(name, study, covers, requester, owner, today, keeper)
    if former:
        review = rest_on(review, former.id, is_renewal=bool(args.renews))
        _check_rest(review, former, documents)
    create_record(args, study, review)
    print_lines(*write_form(study, review).splitlines())
    return 0


def _documents(
    registry: Registry, study: Study, names: Sequence[str], renewed: Review | None
) -> list[Document]:
    """Finds what is asked for: as named, all of a renewal, or what nobody approved."""
    if names:
        return [registry.find_document(study, name) for name in names]
    known = study.documents.values()
    if renewed:
        covered = {each.document for each in renewed.covers}
        return [each for each in known if each.name in covered]
    approvals = Approvals.of_registry(registry)
    found = [each for each in known if not approvals.of(each)[0].windows]
    if not found:
        raise ConfigurationError(
            f"{study.namespace}: has no schema that its reviews do not cover; name what"
            " is asked for by --document"
        )
    return found


def _cover(
    args: argparse.Namespace, study: Study, document: Document, former: Review | None
) -> CoveredSchema:
    """Makes the entry for a document: the days that were given, or that follow."""
    first, last = _default_days(args, study, document, former)
    first = read_day("--from", args.first) if args.first else first
    last = read_day("--until", args.last) if args.last else last
    if last and first > last:
        what = f"must not be before the first day of {document.name}, {first}"
        raise ConfigurationError(f"--until: {what}")
    report = read_day("--report_until", args.report) if args.report else None
    if report and not first <= report <= first + timedelta(days=REPORT_DAYS):
        what = f"must be the first day, {first}, or one of the {REPORT_DAYS} after it"
        raise ConfigurationError(f"--report_until: {what}")
    return cover(document, first, last)._replace(report_until=report)


def _default_days(
    args: argparse.Namespace, study: Study, document: Document, former: Review | None
) -> tuple[date, date | None]:
    """Gives the study's days, a renewal's next ones, or those of the changed review."""
    known = former.covers if former else ()
    covered = [each for each in known if each.document == document.name]
    if not covered:
        return study.starts, study.collect_through
    lasts = [each.last for each in covered if each.last]
    last = max(lasts) if len(lasts) == len(covered) else None
    if args.incremental:
        return min(each.first for each in covered), last
    after = last + timedelta(days=1) if last else study.starts
    return after, study.collect_through


class _Entry(NamedTuple):
    """A schema that a review covers, and its entry there."""

    schema: PayloadSchema
    covered: CoveredSchema


def _check_rest(review: Review, former: Review, documents: Iterable[Document]) -> None:
    """Raises ConfigurationError where a review has more than what it rests on."""
    faults = list[str]()
    for document, covered in zip(documents, review.covers, strict=True):
        known = [
            _Entry(schema, each)
            for each in former.covers
            for schema in document.revisions
            if (each.document, each.fingerprint) == (document.name, schema.fingerprint)
        ]
        beyond = find_beyond(document.schema, covered, review, former, known)
        faults += (f"{document.name}: {each}" for each in beyond)
    raise_all(faults)
