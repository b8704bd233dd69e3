"""What the client's mark, the person's voice and the study's promise refuse.

Everything is judged by the ping's submission timestamp, so a late or replayed ping is
judged as of when it was sent; only retention looks at the job's clock.
"""

from datetime import date, datetime

from rally.envelope import Envelope
from rally.outcomes import RefusalReason
from rally.registry.approvals import Coverage
from rally.registry.study import Document, Study
from rally.registry.transitions import StudyState
from rally.validation.pointers import Pointer, look_up

_BY_STATE = {
    StudyState.DRAFT: RefusalReason.BEFORE_START,
    StudyState.PAUSED: RefusalReason.PAUSED,
    StudyState.ENDED: RefusalReason.ENDED,
    StudyState.CONCLUDED: RefusalReason.ENDED,
}


_AUTOMATION = "automation"
"""The source tag by which every Glean client marks pings of tests and of machines."""


def refused_by_tag(study: Study, envelope: Envelope) -> RefusalReason | None:
    """What its client marks as not real: `X-Source-Tags: automation`, or among others.

    Of data and of enrolments; whoever says that they leave is heard.
    """
    if not study.policy.refuse_automation or envelope.source_tags is None:
        return None
    tags = (tag.strip().lower() for tag in envelope.source_tags.split(","))
    return RefusalReason.AUTOMATION if _AUTOMATION in tags else None


def refused_by_person(
    private: Pointer | None, clear: dict[str, object]
) -> RefusalReason | None:
    """Private browsing, where the study's pings say it rather than its client."""
    if private and look_up(clear, private) is True:
        return RefusalReason.PRIVATE_BROWSING
    return None


def refused_by_country(study: Study, envelope: Envelope) -> RefusalReason | None:
    """An enrolment from a country that is not eligible; an absent one is accepted."""
    country, eligible = envelope.country, study.policy.countries
    if country and eligible and country.upper() not in eligible:
        return RefusalReason.COUNTRY
    return None


def refused_by_promise(
    study: Study,
    document: Document,
    state: StudyState,
    coverage: Coverage,
    envelope: Envelope,
    sent: datetime,
    as_of: datetime,
) -> RefusalReason | None:
    """Do Not Track, the study's state and dates, its approval, its retention.

    Args:
        study: The study whose promise it is.
        document: The ping's.
        state: State of the study when the ping was sent.
        coverage: Coverage of the document by reviews then. That an approval has
            lapsed refuses nothing yet.
        envelope: The envelope, with the Do Not Track attribute.
        sent: The submission timestamp, UTC.
        as_of: The job's clock, UTC.
    """
    if study.policy.refuse_do_not_track and envelope.dnt == "1":
        return RefusalReason.DO_NOT_TRACK
    if state in _BY_STATE:
        return _BY_STATE[state]
    if coverage is Coverage.NONE:
        return RefusalReason.NOT_APPROVED
    if is_expired(document, sent.date(), as_of.date()):
        return RefusalReason.EXPIRED
    return None


def is_expired(document: Document, day: date, as_of: date) -> bool:
    """Tells whether a row of that day is past its retention."""
    days = document.delete_after_days
    return days is not None and (as_of - day).days > days
