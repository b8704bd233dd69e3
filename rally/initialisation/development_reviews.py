"""Reviews of a platform to try things on: records that stand for one, and signatures.

A development platform collects what its registry's reviews say, as if a registrar had
seen them completed elsewhere. It says *development* on every page.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from hashlib import sha256 as sha256_of
from pathlib import Path
from types import MappingProxyType

from rally.decisions.contents import CoveredSchema, DecisionKind, ReviewImport
from rally.decisions.notice_contents import NoticeKind, NoticePublication
from rally.decisions.signers import Signer
from rally.decisions.verifying import read_chain
from rally.decisions.writing import decide
from rally.registry.judged_reviews import announces_change
from rally.registry.registry import Registry
from rally.registry.review_evidence import read_evidence
from rally.registry.review_files import (
    cover,
    dump_review,
    placeholder_review,
)
from rally.registry.reviews import FOLDER, Review
from rally.registry.study import Study
from rally.storage.objectstore.interface import ObjectStore

REGISTRAR = "registrar"
"""Who attests the reviews of a development platform."""

ID = "r1"
"""Name of the record that is written for a study."""

Days = tuple[date, date | None]


def write_reviews(
    folder: Path, days: Mapping[str, Days] = MappingProxyType({})
) -> None:
    """Writes a placeholder review of all documents of each study in a registry.

    Args:
        folder: Registry on this machine; an older record of the same name is replaced.
        days: First and last day of documents, by `<namespace>/<document>`, where they
            are others than those of their study.
    """
    for study in Registry.load(str(folder)).studies.values():
        covers = [
            covered
            for name in study.documents
            for covered in _cover(study, name, days.get(f"{study.namespace}/{name}"))
        ]
        if not covers:
            continue
        review = placeholder_review(ID, study, covers, min(it.first for it in covers))
        file = folder / study.namespace / FOLDER / f"{ID}.yaml"
        file.parent.mkdir(exist_ok=True)
        file.write_text(dump_review(review))


def _cover(study: Study, name: str, days: Days | None) -> Iterator[CoveredSchema]:
    first, last = days or (study.starts, study.collect_through)
    document = study.documents[name]
    for schema in document.revisions:
        yield cover(document, first, last, schema)


def import_reviews(
    platform: ObjectStore,
    registry: Registry,
    signer: Signer,
    now: Callable[[Review], datetime],
    publisher: Signer | None = None,
) -> Iterator[str]:
    """Attests each review of a registry that nobody has attested yet.

    Args:
        platform: The platform's store.
        registry: Registry of the studies.
        signer: The registrar.
        now: Gives the time at which a review is signed, UTC.
        publisher: Person who says that participants were told of the changes that a
            review brings; None tells nobody.

    Yields:
        The namespace and the id of each that is signed now.
    """
    evidence = read_evidence(read_chain(platform))
    unsigned = [
        (now(review), study, review)
        for study in registry.studies.values()
        for review in study.reviews
        if review.attested
        not in {it.request for it in evidence.of(study.namespace, review.id).answers}
    ]
    for at, study, review in sorted(unsigned, key=_order):
        namespace = study.namespace
        content = ReviewImport(
            namespace,
            review.id,
            review.attested,
            review.covers,
            "https://example.org/",
            "Placeholder of a development platform.",
        )
        decide(platform, signer, DecisionKind.IMPORT_REVIEW, content, at)
        if publisher is not None and _may_change(study):
            signed = read_evidence(read_chain(platform))
            if announces_change(study, review, signed):
                tell_change(platform, publisher, namespace, review, at)
        yield f"{namespace}/{review.id}"


def tell_change(
    platform: ObjectStore,
    publisher: Signer,
    namespace: str,
    review: Review,
    at: datetime,
) -> None:
    """Records that participants were told of the changes that a review brings.

    Args:
        platform: The platform's store.
        publisher: Person who says so.
        namespace: Namespace of the study.
        review: Review.
        at: Time at which it is signed, UTC.
    """
    where, sha256 = "https://example.org/", sha256_of(b"Placeholder.").hexdigest()
    kind = NoticeKind.CHANGED
    told = NoticePublication(
        namespace, kind, review.id, where, at.date(), sha256, None, review.changes
    )
    decide(platform, publisher, DecisionKind.PUBLISH_NOTICE, told, at)


def _may_change(study: Study) -> bool:
    """Tells whether a document has revisions: elsewhere the chain is not read again."""
    return any(len(each.revisions) > 1 for each in study.documents.values())


def _order(unsigned: tuple[datetime, Study, Review]) -> tuple[datetime, str]:
    at, study, _ = unsigned
    return at, study.namespace
