"""Approvals: which schema of a document may be collected when.

A document is collected at a time if a review that counts covers its schema then. A
review counts if its result and the sign-offs that its category needs are signed in the
platform's chain of decisions, over the very schema and days, by people who did not ask
for it (design: "What may be collected"). What is missing closes that document, and no
other, and no job.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from rally.decisions.contents import CoveredSchema
from rally.registry.categories import Category, category_of
from rally.registry.intervals import ALWAYS, Interval, complement, intersection, union
from rally.registry.judged_reviews import JudgedSchema, judge_reviews
from rally.registry.registry import Registry
from rally.registry.review_evidence import Evidence, read_evidence, recorded_evidence
from rally.registry.reviews import FOLDER as REVIEWS
from rally.registry.reviews import REPORT_DAYS, Review
from rally.registry.study import Document, PayloadSchema, Study
from rally.times import midnight

if TYPE_CHECKING:
    from rally.decisions.chain import Chain
    from rally.decisions.entry import Entry
    from rally.storage.objectstore.interface import ObjectStore

UNCHECKED = "signatures not checked; --platform or --store says where they are"
"""What a command says that takes the records at their word."""


class Coverage(StrEnum):
    """Coverage of a document by reviews at a time.

    LAPSED: a review covered it, ended by itself less than LAPSED_FOR before, and was
        neither refused nor withdrawn since.
    """

    COVERED = "covered"
    LAPSED = "lapsed"
    NONE = "not approved"


class ReviewTerm(NamedTuple):
    """Term for which one review carries one schema.

    Attributes:
        review: Record of the review that is confirmed, or renewed; of an incremental
            change the one to which it is that.
        windows: Times that it covers, whether the document is suspended or not.
        last: End of its last day; END where it has none.
        confirmed_until: Time by which its owner has to confirm it; END where nobody is
            asked to.
    """

    review: Review
    windows: tuple[Interval, ...]
    last: datetime
    confirmed_until: datetime


@dataclass(frozen=True, slots=True)
class SchemaApproval:
    """Approval of one schema of a document by the reviews.

    Attributes:
        schema: Schema.
        category: Category of its data, whatever a review exempts.
        windows: Times at which it may be collected.
        lapses: Times for which pings wait for a renewal: after a window that ended by
            itself, by a last day or after a year without a confirmation.
        reviews: Ids of the reviews that cover it, counting or not.
        faults: Reasons for which those do not count, or not for all days, one line
            each.
        terms: Terms of the reviews that count, if their owners confirm them.
        reports: Times at which what a ping has beyond it is left out and counted.
    """

    schema: PayloadSchema
    category: Category
    windows: tuple[Interval, ...]
    lapses: tuple[Interval, ...] = ()
    reviews: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    terms: tuple[ReviewTerm, ...] = ()
    reports: tuple[Interval, ...] = ()

    def covers(self, time: datetime) -> bool:
        """Tells whether it may be collected at a time."""
        return any(each.holds(time) for each in self.windows)


class Approvals:
    """The approvals of all documents of a registry.

    Attributes:
        is_checked: Whether signatures were looked at.
    """

    def __init__(
        self,
        approved: Mapping[tuple[str, str], tuple[SchemaApproval, ...]],
        *,
        is_checked: bool,
    ) -> None:
        """Takes the approvals of each document's schemas, by namespace and name."""
        self._approved = approved
        self.is_checked = is_checked

    @classmethod
    def of_registry(cls, registry: Registry) -> "Approvals":
        """Takes the registry's reviews at their word: nobody looks at signatures."""
        reviews = {
            (study.namespace, review.id): review
            for study in registry.studies.values()
            for review in study.reviews
        }
        return cls._judge(registry, recorded_evidence(reviews))

    @classmethod
    def of_chain(
        cls, registry: Registry, chain: "Chain", remembered: Iterable["Entry"] = ()
    ) -> "Approvals":
        """Judges the registry's reviews by what is signed in a chain.

        Args:
            registry: Registry of the studies.
            chain: Chain of decisions.
            remembered: Decisions that close something, which were in it once.
        """
        return cls._judge(registry, read_evidence(chain, remembered))

    @classmethod
    def known(cls, registry: Registry, chain: "Chain | None") -> "Approvals":
        """Judges by what is signed in a chain, or without one by the records' word."""
        if chain is None:
            return cls.of_registry(registry)
        return cls.of_chain(registry, chain)

    @classmethod
    def read(cls, registry: Registry, platform: "ObjectStore") -> "Approvals":
        """Judges the registry's reviews by a platform's chain.

        Raises:
            ConfigurationError: the platform has no chain.
            OSError: it cannot be read.
        """
        from rally.decisions.verifying import read_chain  # imports Tink

        return cls.of_chain(registry, read_chain(platform))

    @classmethod
    def _judge(cls, registry: Registry, evidence: Evidence) -> "Approvals":
        approved = {
            (study.namespace, name): tuple(_judge_document(study, document, evidence))
            for study in registry.studies.values()
            for name, document in registry.documents(study).items()
        }
        return cls(approved, is_checked=evidence.founded is not None)

    def of(self, document: Document) -> tuple[SchemaApproval, ...]:
        """Gives the approvals of a document's schemas, the newest first."""
        return self._approved[document.namespace, document.name]

    def covering(self, document: Document, sent: datetime) -> Sequence[PayloadSchema]:
        """Gives the schemas that may be collected of what was sent at a time.

        Args:
            document: Document of the registry.
            sent: Submission timestamp, UTC.

        Returns:
            The schemas, the newest first; none where nothing is approved.
        """
        return [each.schema for each in self.of(document) if each.covers(sent)]

    def reporting(self, document: Document, sent: datetime) -> Sequence[PayloadSchema]:
        """Gives those of `covering` of which what a ping has more is only counted."""
        return [
            each.schema
            for each in self.of(document)
            if any(report.holds(sent) for report in each.reports)
        ]

    def coverage(self, document: Document, sent: datetime) -> Coverage:
        """Tells what the reviews say of what was sent at a time, UTC."""
        approved = self.of(document)
        if any(each.covers(sent) for each in approved):
            return Coverage.COVERED
        if any(lapse.holds(sent) for each in approved for lapse in each.lapses):
            return Coverage.LAPSED
        return Coverage.NONE

    def windows(self, document: Document) -> tuple[Interval, ...]:
        """Gives the times at which any schema of a document may be collected."""
        return union(window for each in self.of(document) for window in each.windows)

    def ends(self, document: Document, now: datetime) -> datetime | None:
        """Gives when the window ends in which a document is now; None where in none."""
        return next(
            (each.end for each in self.windows(document) if each.holds(now)), None
        )


def find_faults(registry: Registry, approvals: Approvals) -> Iterator[str]:
    """Finds documents that nobody may collect, and reviews of what is not there.

    Yields:
        One line each, with the document or the review that it is about.
    """
    for study in registry.studies.values():
        known = dict[str, set[str]]()
        for document in study.documents.values():
            approved = approvals.of(document)
            known[document.name] = {each.schema.fingerprint for each in approved}
            if not approved[0].windows:
                name = f"{study.namespace}/{document.name}"
                yield from (f"{name}: {fault}" for fault in approved[0].faults)
        for review in study.reviews:
            for covered in review.covers:
                if covered.fingerprint not in known.get(covered.document, ()):
                    yield (
                        f"{study.namespace}/{REVIEWS}/{review.id}: covers a schema of"
                        f" {covered.document} that is not here, {covered.fingerprint};"
                        " keep the schema that was reviewed, or have this one reviewed"
                    )


def _judge_document(
    study: Study, document: Document, evidence: Evidence
) -> Iterator[SchemaApproval]:
    schema = document.schema
    category = category_of(study, document, schema)
    if document.is_built_in:
        yield SchemaApproval(schema, category, ALWAYS)
        return
    judged = judge_reviews(study, document, evidence)
    open_times = complement(evidence.suspensions(study.namespace, document.name))
    for each in document.revisions:
        category = category_of(study, document, each)
        yield _approve_schema(study, each, category, judged, open_times)


def _approve_schema(
    study: Study,
    schema: PayloadSchema,
    category: Category,
    judged: Mapping[str, Sequence[JudgedSchema]],
    open_times: Iterable[Interval],
) -> SchemaApproval:
    windows, lapses, reports = list[Interval](), list[Interval](), list[Interval]()
    reviews, faults, terms = list[str](), list[str](), list[ReviewTerm]()
    for review in study.reviews:
        for each in judged[review.id]:
            if each.schema is not schema:
                continue
            found = each.judgement
            windows += found.windows
            reports += intersection(found.windows, _report_times(each.covered))
            lapses += found.lapses
            if found.counts:
                until = found.last, found.confirmed_until
                terms.append(ReviewTerm(each.confirmed, found.windows, *until))
            reviews.append(review.id)
            faults += (f"review {review.id}: {fault}" for fault in found.faults)
    if not reviews:
        faults.append(f"no review covers its schema, {schema.fingerprint}")
    covered_times = intersection(windows, open_times)
    ends = {each.end for each in covered_times}
    return SchemaApproval(
        schema,
        category,
        covered_times,
        intersection((each for each in lapses if each.start in ends), open_times),
        tuple(dict.fromkeys(reviews)),
        tuple(faults),
        tuple(terms),
        intersection(
            intersection(reports, covered_times), [*_first_days(covered_times)]
        ),
    )


def _report_times(covered: CoveredSchema) -> Iterator[Interval]:
    if covered.report_until is not None:
        end = midnight(covered.report_until + timedelta(days=1))
        yield Interval(midnight(covered.first), end)


def _first_days(windows: Sequence[Interval]) -> Iterator[Interval]:
    """Yields the days on which a schema may report, however often it is reviewed."""
    for first in windows[:1]:
        end = midnight(first.start.date() + timedelta(days=REPORT_DAYS + 1))
        yield Interval(first.start, end)
