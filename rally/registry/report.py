"""What people read of the registry: its promises by name, and columns of tables."""

from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from rally.registry.approvals import SchemaApproval
from rally.registry.intervals import END, last_day
from rally.registry.legal_holds import LegalHold
from rally.registry.notices import ConsentNotice
from rally.registry.published_notices import PublishedNotice
from rally.registry.study import Access, Document, Study
from rally.registry.transitions import Transition
from rally.tables import Column, Value

if TYPE_CHECKING:
    from rally.registry.expunges import ExpungeOrder


def _kept_days(document: Document) -> int | None:
    return document.delete_after_days


def _keeper(document: Document) -> str | None:
    return document.kept_by.person if document.kept_by else None


class ReviewedDocument(NamedTuple):
    """A document, and what the reviews say of it.

    Attributes:
        document: Document.
        approval: Approval of its newest schema.
    """

    document: Document
    approval: SchemaApproval

    @property
    def approved_from(self) -> date | None:
        """The first day on which it may be collected."""
        windows = self.approval.windows
        return windows[0].start.date() if windows else None

    @property
    def approved_through(self) -> date | None:
        """The last day on which it may be collected; None also of no end."""
        windows = self.approval.windows
        if not windows or windows[-1].end == END:
            return None
        return last_day(windows[-1].end)


DOCUMENTS: tuple[Column[ReviewedDocument], ...] = (
    Column("document", lambda each: each.document.name),
    Column("means", lambda each: each.document.means),
    Column(
        "kept_days",
        lambda each: _kept_days(each.document),
        text=lambda each: _kept_days(each.document) or _keeper(each.document),
    ),
    Column("kept_by", lambda each: _keeper(each.document), head=None),
    Column("keep", lambda each: each.document.keep),
    Column("category", lambda each: each.approval.category.level),
    Column("approved_from", lambda each: each.approved_from),
    Column("approved_through", lambda each: each.approved_through),
    Column("reviews", lambda each: each.approval.reviews),
    Column("schema", lambda each: each.document.schema.fingerprint, head=None),
)
NOTICES: tuple[Column[ConsentNotice], ...] = (
    Column("notice", lambda each: each.version),
    Column("from", lambda each: each.since),
    Column("lang", lambda each: each.language),
    Column("lasts_days", lambda each: each.lasts_days),
    Column("where", lambda each: each.where),
    Column("sha256", lambda each: each.sha256, head=None),
)
TOLD: tuple[Column[PublishedNotice], ...] = (
    Column("told", lambda each: each.number, text=lambda each: str(each.number)),
    Column("of", lambda each: each.content.kind),
    Column("review", lambda each: each.content.review or None),
    Column("last", lambda each: each.content.last),
    Column("on", lambda each: each.content.on),
    Column("at", lambda each: each.content.where),
    Column("by", lambda each: each.by),
    Column("sha256", lambda each: each.content.sha256, head=None),
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

EXPUNGES: "tuple[Column[ExpungeOrder], ...]" = (
    Column("expunge", lambda each: each.number, text=lambda each: str(each.number)),
    Column("document", lambda each: each.document),
    Column("field", lambda each: each.field),
    Column("from", lambda each: each.first),
    Column("until", lambda each: each.last),
    Column("by", lambda each: each.by),
    Column("approved_by", lambda each: each.approved_by or None),
    Column("approved", lambda each: each.approved),
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
