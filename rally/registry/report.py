"""What people read of the registry: its promises by name, and columns of tables."""

from rally.registry.legal_holds import LegalHold
from rally.registry.study import Access, Document, Study
from rally.registry.transitions import Transition
from rally.tables import Column, Value


def _kept_days(document: Document) -> int | None:
    return document.delete_after_days


def _keeper(document: Document) -> str | None:
    return document.kept_by.person if document.kept_by else None


DOCUMENTS: tuple[Column[Document], ...] = (
    Column("document", lambda each: each.name),
    Column("means", lambda each: each.means),
    Column(
        "kept_days", _kept_days, text=lambda each: _kept_days(each) or _keeper(each)
    ),
    Column("kept_by", _keeper, head=None),
    Column("keep", lambda each: each.keep),
    Column("category", lambda each: each.review.category if each.review else None),
    Column("approved", lambda each: each.review.approved if each.review else None),
    Column("expires", lambda each: each.review.expires if each.review else None),
    Column("by", lambda each: each.review.steward if each.review else None),
    Column("where", lambda each: each.review.where if each.review else None),
)
DECISIONS: tuple[Column[Transition], ...] = (
    Column("number", lambda each: each.number, text=lambda each: str(each.number)),
    Column("at", lambda each: each.at),
    Column("decision", lambda each: each.action),
    Column("by", lambda each: each.by),
    Column("note", lambda each: each.note),
)
HOLDS: tuple[Column[LegalHold], ...] = (
    Column("legal_hold", lambda each: each.number, text=lambda each: str(each.number)),
    Column("from", lambda each: each.first),
    Column("until", lambda each: each.last),
    Column("since", lambda each: each.at),
    Column("by", lambda each: each.by),
    Column("note", lambda each: each.note),
)


def promises(study: Study) -> dict[str, Value]:
    """All that a study promised, by name."""
    policy = study.policy
    return {
        "namespace": study.namespace,
        "name": study.name,
        "kind": study.kind,
        "aliases": study.aliases,
        "starts": study.starts,
        "ending_announced": study.ending_announced,
        "collects_through": study.collect_through,
        "analysis_until": study.analysis_until,
        "enrolment": "required" if policy.enrolment_required else "none",
        "do_not_track": "refuse" if policy.refuse_do_not_track else "consent",
        "private_browsing": policy.private_browsing or "client",
        "countries": sorted(policy.countries),
        "minimum_age": policy.minimum_age,
        "after_the_end": policy.after_end,
        "unmatched_withdrawals": policy.unmatched_withdrawals,
        "automation": "refuse" if policy.refuse_automation else "keep",
        "derived": study.derived,
    }


ACCESS: tuple[Column[Access], ...] = (
    Column("group", lambda each: each.group),
    Column("agreement", lambda each: each.agreement),
    Column("since", lambda each: each.since),
    Column("until", lambda each: each.until),
)
