"""Which researchers may be let in: those whom the signed reviews of a study name.

A study's file says who shall read its data. Whoever writes that file could name
anybody; who is let in is what every review that counts was signed with.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from rally.registry.approvals import Approvals
from rally.registry.registry import Registry
from rally.registry.review_limits import find_unnamed
from rally.registry.reviews import Review
from rally.registry.study import Access, Means, Study

if TYPE_CHECKING:
    from rally.decisions.chain import Chain


class UnsignedReader(NamedTuple):
    """An entry of a study's access that nobody signed, or not for so long.

    Attributes:
        study: Namespace.
        access: Entry.
        why: Reason, in one line.
    """

    study: str
    access: Access
    why: str


def find_unsigned_readers(registry: Registry, chain: "Chain") -> list[UnsignedReader]:
    """Finds researchers of a registry's studies whom a signed review does not name.

    Args:
        registry: Registry of the studies.
        chain: Chain of decisions, in which reviews are signed.
    """
    readable = {name: study for name, study in registry.studies.items() if study.access}
    # Judged without its readers, so that one more closes no review.
    bare = Registry({name: replace(it, access=()) for name, it in readable.items()})
    approvals = Approvals.of_chain(bare, chain)
    return [
        UnsignedReader(name, access, why)
        for name, study in readable.items()
        for access in study.access
        if (why := _why_unsigned(access, [*_counting(bare.studies[name], approvals)]))
    ]


def _why_unsigned(access: Access, reviews: list[Review]) -> str:
    if not reviews:
        return "no signed review counts"
    for review in reviews:
        for fault in find_unnamed([access], review.request):
            return f"review {review.id}: {fault}"
    return ""


def _counting(study: Study, approvals: Approvals) -> Iterator[Review]:
    """Yields the reviews that count for what has rows, each once."""
    found = dict[str, Review]()
    for document in study.documents.values():
        if document.means in (Means.DATA, Means.JOINS):
            for approval in approvals.of(document):
                for term in approval.terms:
                    found[term.review.id] = term.review
    yield from found.values()


def without_readers(registry: Registry, unsigned: list[UnsignedReader]) -> Registry:
    """Gives the registry without the entries of access that nobody signed."""
    left_out = {(each.study, each.access) for each in unsigned}
    studies = {
        name: replace(
            study,
            access=tuple(it for it in study.access if (name, it) not in left_out),
        )
        for name, study in registry.studies.items()
    }
    return Registry(studies, registry.unavailable)
