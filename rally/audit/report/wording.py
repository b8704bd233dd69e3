"""Words an audit's report: the sentences that the table and the page share."""

from rally.audit.findings import Check, Status, Unit
from rally.audit.report.disclosure import (
    DisclosedObservation,
    DisclosedReport,
    DisclosedScope,
    unit_of,
)
from rally.disclosure import Disclosed, in_short, in_words

PROMISES = {
    Check.WITHDRAWN: "No row is left of anybody who has left.",
    Check.RETENTION: "No row is kept past its retention.",
    Check.DATES: "No row is from before a study, a pause of it, or after its end.",
    Check.REVIEW: "Signed reviews covered every row on the day on which it was sent.",
    Check.EXPUNGED: "Nothing is left that people ordered to be taken out.",
    Check.PLACE: "Every row lies with its own study, document and day.",
    Check.SCHEMA: "Every row is what its approved schema says, and no more.",
    Check.DUPLICATES: "No ping is there twice after compaction.",
    Check.ENROLMENT: "No row stays without an enrolment.",
    Check.IDS: "No Rally id stands anywhere in the bytes.",
    Check.NETWORK: "No network identifier is stored.",
    Check.DEAD_LETTERS: "Dead letters are sealed, and go in time.",
    Check.FILES: "Every file is whole: its rows, its checksum, its index.",
    Check.RECEIPTS: "The receipts of deletion are all there, and true.",
    Check.DECISIONS: "What people decided is signed, and all there.",
    Check.CONCLUDED: "Nothing is left of a concluded study, or platform.",
    Check.KEYS: "Every key of a concluded study, or platform, is gone.",
    Check.LOCKS: "No study is locked for longer than its analysis may take.",
    Check.ANNOUNCED: "Participants hear of an end before it comes.",
    Check.NOTICES: "What people read before they joined is known.",
    Check.COPIES: "No copy lies where nobody registered one.",
    Check.DERIVED: "Nobody who has left is in researchers' own tables.",
    Check.VIEWS: "Readers of each study are told whose rows not to read.",
    Check.RELEASES: "Only results that people signed have left, as they signed them.",
    Check.LEDGER: "No study's releases took more than their budget; all are known.",
}
"""Each promise in one sentence."""


DEVELOPMENT = "This is a development platform: one person may play everybody."
"""Sentence that each form of the report has on a development platform."""


def verdict(report: DisclosedReport) -> str:
    """Returns what became of all promises, in one sentence."""
    statuses = [each.status for each in report.checks]
    broken = statuses.count(Status.BROKEN)
    if not statuses:
        return "No promise was looked at."
    if broken:
        return f"{broken} of {_promises(len(statuses))} {_is(broken)} broken."
    if Status.UNKNOWN in statuses:
        return "No promise is seen to be broken."
    sample = ", in a sample of the rows" if report.scope.share < 1 else ""
    kept = f"{len(statuses)} of {_promises(len(statuses))} {_is(len(statuses))} kept"
    return f"{kept}{sample}."


def doubt(report: DisclosedReport) -> str:
    """Returns what the verdict does not know, in one sentence, or ""."""
    unknown = sum(each.status is Status.UNKNOWN for each in report.checks)
    return f"{_promises(unknown)} could not be checked everywhere." if unknown else ""


def share(scope: DisclosedScope) -> str:
    """Returns which of the files of rows were read."""
    if scope.share >= 1:
        return "all files of rows"
    return f"a sample of {scope.share * 100:.3g} % of the files of rows"


def in_rows(count: Disclosed) -> str:
    """Returns a number of rows, in words."""
    return f"{in_words(count)} {unit_of(count, Unit.ROWS)}"


def how_many(seen: DisclosedObservation) -> str:
    """Returns how much was seen: "<10 rows"."""
    return f"{in_short(seen.number)} {unit_of(seen.number, seen.unit)}"


def rule(threshold: int) -> str:
    """Returns how to read the numbers, in one sentence."""
    if threshold <= 1:
        return "Rows and people are told exactly: this is not to leave the environment."
    return (
        f"Rows and people are rounded down to a multiple of {threshold}: "
        f"<{threshold} is fewer than {threshold} and not none, "
        f"{threshold * 3}+ is at least {threshold * 3}."
    )


def _promises(number: int) -> str:
    return f"{number} promise{'' if number == 1 else 's'}"


def _is(number: int) -> str:
    return "is" if number == 1 else "are"
