"""Words the inventory: promises of a study as sentences for whoever may take part."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from rally.decisions.contents import ReviewResult
from rally.disclosure import NONE, Disclosed, in_words
from rally.inventory.forms import say_type, show_example
from rally.inventory.records import DocumentEntry, StudyEntry
from rally.registry.collected_fields import CollectedField
from rally.registry.intervals import BEGIN, END, Interval, last_day
from rally.registry.notices import ConsentNotice
from rally.registry.study import AfterEnd, Document, Keep, Means, StudyKind, Unmatched
from rally.registry.transitions import StudyAction, StudyState
from rally.times import midnight

CATEGORIES = {
    1: "Technical",
    2: "Interaction",
    3: "Browsing and content",
    4: "Highly sensitive",
}
"""Categories of Mozilla's data collection review, in a word or two."""

CATEGORY_MEANINGS = {
    1: "About the machine and its software: versions, language, faults; random ids.",
    2: "What people do with the software or a page: clicks, times, scrolling.",
    3: "Pages that people visit, what they watch or share, and what is on the page.",
    4: "What says who somebody is, or is close to it: age, income, texts of pages.",
}
"""Each category in one sentence."""

STATES = {
    StudyState.DRAFT: "not begun",
    StudyState.COLLECTING: "collecting",
    StudyState.PAUSED: "paused",
    StudyState.ENDED: "ended",
    StudyState.CONCLUDED: "concluded",
}
"""States of a study, each in a word or two."""

STATE_MEANINGS = {
    StudyState.DRAFT: "It collects nothing yet.",
    StudyState.COLLECTING: "It collects from those who joined.",
    StudyState.PAUSED: "It collects nothing for now. Leaving works as always.",
    StudyState.ENDED: "It collects nothing any more; what it has is being analysed.",
    StudyState.CONCLUDED: "All data of its participants is deleted.",
}

EVENTS = {
    StudyAction.RESUME: "Collection was resumed.",
    StudyAction.PAUSE: "Collection was paused.",
    StudyAction.END: "Collection was ended.",
    StudyAction.CONCLUDE: "The study was concluded: everybody's data is deleted.",
}
"""What a decision on a study did."""

RELEASES = (
    "Nothing leaves the closed analysis environment but results that people approved. "
    "Noise in each number of a table hides whether any one person is in it, so what "
    "was published stays when the data is deleted."
)
"""What the releases of a study are."""

NOT_STATED = "not stated"
_DEADLINE_DAYS = 30
_MEANS = {
    Means.DATA: "data",
    Means.JOINS: "says that somebody joins",
    Means.LEAVES: "says that somebody leaves",
    Means.DELETION_ID: "says that somebody removed the add-on",
    Means.CONSENTS: "says what somebody agrees to, or does not",
    Means.ACCESS_REQUEST: "asks for a copy of what is held about somebody",
}
_LEAVING = (Means.LEAVES, Means.DELETION_ID)
_NO_ROWS = (
    "Not kept as data. That somebody left is noted under a pseudonym, so that data "
    "which arrives late is refused."
)
_NO_CHOICES = (
    "Not kept as data. What somebody chose is noted under a pseudonym, with the time"
    " and the notice that was read, until the study is concluded."
)
_NO_REQUESTS = (
    "Not kept as data. That somebody asked is noted under a pseudonym, with the key to"
    " which the copy goes."
)


def title(document: Document) -> str:
    """Returns the name of a document for people: `user-journey` is "User journey"."""
    return document.type.replace("-", " ").capitalize()


def say_day(day: date | None) -> str:
    """Returns a day as people write it: "10 March 2022"."""
    return f"{day.day} {day:%B %Y}" if day else NOT_STATED


def say_budget(allotted: Decimal, left: Decimal) -> str:
    """Returns what all releases of a study together may tell of a person."""
    return (
        f"All of them together may cost rho {allotted:f}, a measure of what they tell "
        f"of one person at most; {left:f} is left."
    )


def say_cost(rho: str | None) -> str:
    """Returns what a release tells of a person at most, or that nothing bounds it."""
    return f"rho {rho}" if rho else "without noise; two people looked at it before"


def say_means(document: Document) -> str:
    """Returns what a document is for the platform."""
    return _MEANS[document.means]


def say_period(entry: StudyEntry) -> str:
    """Returns from when and until when a study collects."""
    study = entry.study
    if study.collect_through is None:
        return f"from {say_day(study.starts)}, without a date for its end"
    return f"{say_day(study.starts)} to {say_day(study.collect_through)}"


def say_participants(entry: StudyEntry) -> str:
    """Returns who may take part."""
    policy = entry.study.policy
    where = ", ".join(sorted(policy.countries))
    people = f"people in {where}" if where else "people in any country"
    if policy.minimum_age:
        people += f", {policy.minimum_age} years or older"
    if not policy.enrolment_required:
        return f"{people}; nothing else than that they join is recorded"
    return f"{people}, who joined"


def say_number(participants: Disclosed) -> str:
    """Returns how many people take part, so that no single person can be made out."""
    if participants == NONE:
        return "nobody"
    return f"{in_words(participants)} people; no closer number is told"


def say_lasting(notice: ConsentNotice) -> str:
    """Returns for how long a consent to a notice lasts."""
    if notice.lasts_days is None:
        return "who joins agrees until the study is concluded"
    return f"who joins agrees for {notice.lasts_days:,} days"


def say_kept(entry: StudyEntry, document: Document) -> str:
    """Returns how long rows of a document are kept."""
    if document.means in _LEAVING:
        return _NO_ROWS
    if document.means is Means.CONSENTS:
        return _NO_CHOICES
    if document.means is Means.ACCESS_REQUEST:
        return _NO_REQUESTS
    return " ".join([_kept(entry, document), *_keeping(document)])


def say_kept_in_short(document: Document) -> str:
    """Returns how long rows of a document are kept, in a few words."""
    if document.means in (*_LEAVING, Means.CONSENTS, Means.ACCESS_REQUEST):
        return "not kept as data"
    if document.delete_after_days:
        return f"{document.delete_after_days:,} days"
    return "until its person leaves" if document.kept_by else "until the conclusion"


def say_end(entry: StudyEntry) -> Iterator[str]:
    """Yields what happens when a study ends, a sentence or two each."""
    study = entry.study
    if study.kind is StudyKind.PLATFORM:
        yield (
            "This is Rally itself, and not a study: it has no researchers, and it does "
            "not end while Rally goes on. Its data goes by age, as the table says."
        )
        return
    if study.ending_announced:
        yield (
            "Participants were to be told of the end by "
            f"{say_day(study.ending_announced)}."
        )
    else:
        yield "Participants are told of the end before it comes."
    if study.collect_through:
        yield f"Collection ends with {say_day(study.collect_through)}."
    until = f", by {say_day(study.analysis_until)}" if study.analysis_until else ""
    yield (
        "Then the data is analysed. When that is done the study is concluded"
        f"{until}: all data of all participants is deleted, and so are its keys."
    )


def say_leaving(entry: StudyEntry) -> Iterator[str]:
    """Yields what happens to the data of somebody who leaves."""
    study = entry.study
    if study.kind is StudyKind.PLATFORM:
        yield (
            "Who leaves Rally leaves all of its studies. All that is stored under "
            "their pseudonym is deleted here and in every study that is open."
        )
    else:
        yield (
            "All that you gave to this study is deleted, from each file that holds it. "
            "Leaving Rally leaves this study, too."
        )
    yield (
        "Data that is still on its way is refused from then on. The deletion is "
        f"done within {_DEADLINE_DAYS} days, checked by reading all files again, "
        "and written into a receipt that names nobody."
    )
    yield "Who comes back later starts afresh: nothing of before comes back."
    if study.kind is StudyKind.STUDY:
        yield _leaving_after_end(study.policy.after_end)
    if study.policy.unmatched_withdrawals is Unmatched.HOLD:
        yield (
            "Where nobody is known to have joined, a person looks at the request first."
        )


def say_private_windows(entry: StudyEntry) -> str:
    """Returns what becomes of private windows."""
    if entry.study.policy.private_browsing is None:
        return (
            "The extension does not run in private windows, unless you let it in the "
            "browser's settings. The platform cannot tell where a message was made."
        )
    return (
        "Each message says whether it was made in a private window. If it was, it is "
        "refused, and nothing of it is kept."
    )


def say_do_not_track(entry: StudyEntry) -> str:
    """Returns what becomes of messages with Do Not Track."""
    if entry.study.policy.refuse_do_not_track:
        return (
            "What your browser sends while Do Not Track is on is refused, even though "
            "you joined, and nothing of it is kept."
        )
    return (
        "Joining is the answer that counts: what you send after you joined is taken, "
        "whether Do Not Track is on or off. Without joining, nothing is taken."
    )


def say_collected(study: StudyEntry, entry: DocumentEntry) -> str:
    """Returns whether a document is taken on the inventory's day."""
    if entry.document.means in _LEAVING:
        return "Yes: whoever leaves is heard, always."
    if entry.document.means is Means.ACCESS_REQUEST:
        return "Yes: whoever asks is heard, always."
    if study.state is not StudyState.COLLECTING:
        return f"No: the study is {STATES[study.state]}."
    return "Yes." if entry.is_approved else "No: no review that counts covers the day."


def say_windows(windows: Sequence[Interval]) -> str:
    """Returns the days on which something may be collected, at least for a while."""
    days = list[Interval]()
    for each in windows:  # times of one day meet, to whoever reads of days
        if days and each.start <= _after(days[-1].end):
            days[-1] = Interval(days[-1].start, each.end)
        else:
            days.append(each)
    return "; ".join(map(_window, days))


def _after(end: datetime) -> datetime:
    """Returns the end of the last day that begins before an end."""
    return end if end == END else midnight(last_day(end) + timedelta(days=1))


def _window(window: Interval) -> str:
    start = "" if window.start == BEGIN else f"from {say_day(window.start.date())}"
    end = "" if window.end == END else f"through {say_day(last_day(window.end))}"
    return " ".join(filter(None, (start, end))) or "always"


def say_result(result: ReviewResult) -> str:
    """Returns what a reviewer answered."""
    return "approved" if result is ReviewResult.APPROVE else "refused"


def say_identity(document: Document) -> str:
    """Returns how rows of a document are linked to a person."""
    if document.schema.participant is None:
        return "By the id of the removed add-on, under a pseudonym."
    return (
        "By a pseudonym, which is another one in each study. The id that your browser "
        "sends is not stored, and neither is the address of your computer."
    )


def say_form(field: CollectedField) -> Iterator[str]:
    """Yields what there is to know of a field's form, a few words each."""
    words = say_type(field.type)
    example = show_example(field)
    yield f"{words}, such as {example}" if example else words
    if field.optional:
        yield "may be absent"
    if field.identifier:
        yield "an id"
    if field.expires:
        yield f"collected through {say_day(field.expires)}"


def count_fields(entry: DocumentEntry) -> str:
    """Returns how many fields a document has, those of a library apart."""
    own, added = len(entry.own_fields), len(entry.sdk_fields)
    words = f"{own:,} field{'' if own == 1 else 's'}"
    return f"{words} and {added:,} of the library" if added else words


def _kept(entry: StudyEntry, document: Document) -> str:
    if document.delete_after_days:
        return (
            f"Each row is deleted {document.delete_after_days:,} days after it was "
            "sent, or when its person leaves."
        )
    if document.kept_by:
        return (
            f"Kept until its person leaves. {document.kept_by.person} answers for that:"
            f" {document.kept_by.reason}"
        )
    until = entry.study.analysis_until
    by = f", by {say_day(until)}" if until else ""
    return f"Kept until the study is concluded{by}, or until its person leaves."


def _keeping(document: Document) -> Iterator[str]:
    if document.keep is Keep.LATEST:
        yield "Of each person only the newest row is kept."


def _leaving_after_end(after_end: AfterEnd) -> str:
    if after_end is AfterEnd.DELETE:
        return "That is so after the study has ended, too."
    return (
        "Once the study has ended, its data is locked while it is analysed. If you "
        "leave then, yours is deleted with everybody's at the conclusion, and new data "
        "of yours is refused at once."
    )
