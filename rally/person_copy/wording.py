"""Words a person's copy: what index.html and the facts beside it say in sentences."""

from rally.consent.fold import Evidence
from rally.consent.index import StudyConsent
from rally.consent.records import ConsentPurpose
from rally.events import RALLY, EventKind
from rally.inventory.wording import say_day, title
from rally.person_copy.records import (
    OTHER,
    Act,
    Deletion,
    DocumentCopy,
    PersonCopy,
)

SOURCE = (
    "All of it was sent by your own browser, by the extensions of Rally and its "
    "studies, or by the web page on which you joined. The platform added the time at "
    "which each message arrived. Nothing was bought or taken from elsewhere."
)
AUTOMATED = "Nothing is decided about you by a machine."
LETTERS = (
    "Messages that could not be opened are kept sealed for a while. Nobody can tell "
    "whose they are, so none of them is in this copy."
)
CLOSED = (
    "The study {study} cannot be read at this time. If you took part in it, rows of "
    "yours may be there; ask again when it is mended."
)
CONCLUDED = (
    "The study is concluded: its key is destroyed, and all data of all participants "
    "with it."
)
NOTHING = "Nothing is stored of you in any study that can be read."
WITHOUT_ID = (
    "The id that your browser sends is not stored, and the pseudonym that stands in "
    "its place is left out here: it would tell others which rows are yours."
)
DELETIONS = {
    Deletion.DUE: "being deleted, since you left",
    Deletion.AT_CONCLUSION: "deleted when the study is concluded, since you left after "
    "its end",
    Deletion.UNDECIDED: "waiting: you asked to leave, and get this copy first, or a "
    "person has to decide",
}
"""What becomes of rows whose person left."""

EVIDENCE = {
    Evidence.EXPLICIT: "you said so",
    Evidence.INFERRED: "you joined while the notice was in force",
}
"""How a consent is known."""

_PURPOSES = {
    ConsentPurpose.STUDY: "to take part in the study",
    ConsentPurpose.DEMOGRAPHICS: "that its researchers see demographics",
}


def say_consent(each: StudyConsent) -> str:
    """Returns what a consent is to."""
    what = _PURPOSES[each.purpose]
    return f"{what}: {each.field}" if each.field else what


def title_of(copy: DocumentCopy) -> str:
    """Returns the name of a document for people."""
    if copy.document is None:
        return "Other messages" if copy.name == OTHER else copy.name
    return title(copy.document)


def count_of(number: int, what: str) -> str:
    """Returns a number of things: "1 row", "1,200 rows"."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def say_span(copy: DocumentCopy) -> str:
    """Returns from when and until when rows were sent."""
    first, last = say_day(copy.first.date()), say_day(copy.last.date())
    return first if first == last else f"{first} to {last}"


def say_deletion(copy: DocumentCopy) -> str:
    """Returns what becomes of the rows, in one sentence without its full stop."""
    parts = [
        f"{copy.count_deletions(each):,} {words}"
        for each, words in DELETIONS.items()
        if copy.count_deletions(each)
    ]
    if copy.next_end:
        parts.append(f"the oldest goes by age after {say_day(copy.next_end)}")
    return "; ".join(parts) or "kept until you leave, or the study is concluded"


def say_act(act: Act, names: dict[str, str]) -> str:
    """Returns that somebody joined or left, with its day.

    Args:
        act: What was done.
        names: Names of studies by namespace.
    """
    what = "Rally" if act.scope == RALLY else names.get(act.scope, act.scope)
    verb = "joined" if act.kind is EventKind.JOINED else "left"
    return f"{say_day(act.at.date())}: you {verb} {what}"


def say_total(copy: PersonCopy) -> str:
    """Returns how much is held, in one sentence."""
    if not copy.rows:
        return NOTHING
    studies = sum(bool(each.rows) for each in copy.studies)
    where = "1 study" if studies == 1 else f"{studies} studies"
    return f"{count_of(copy.rows, 'row')} of you in {where}."
