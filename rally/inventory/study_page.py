"""Makes the page of a study: what people read who may take part in it."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from rally.inventory.layout import (
    INDEX,
    REVIEWS,
    Page,
    category_mark,
    external_link,
    facts,
    paragraphs,
    section,
    stranger,
    study_path,
)
from rally.inventory.records import DocumentEntry, ExpungeEntry, StudyEntry
from rally.inventory.wording import (
    EVENTS,
    RELEASES,
    STATE_MEANINGS,
    STATES,
    count_fields,
    say_budget,
    say_cost,
    say_day,
    say_do_not_track,
    say_end,
    say_kept_in_short,
    say_lasting,
    say_leaving,
    say_means,
    say_number,
    say_participants,
    say_period,
    say_private_windows,
    say_result,
    title,
)
from rally.pages.markup import Markup, element, join
from rally.pages.tables import data_table
from rally.registry.about import About
from rally.registry.reviews import Review
from rally.registry.study import Study, StudyKind

if TYPE_CHECKING:
    from rally.releases.published import StudyReleases

_UNSTATED = About(goal="")
_NOBODY = "No researchers are registered. Nobody outside of the platform may read it."
_PLATFORM = "Rally's own data is no study's: no researchers are let in."
_ACCESS = (
    "Each group may read this study and no other, and only in the closed analysis "
    "environment."
)
_TAKEN_OUT = (
    "This should never have been collected. Two people ordered it to be deleted: whole "
    "messages, or one field of them."
)
_BUILT_IN = (
    "The first Rally add-on sends these in the name of every study; each study takes "
    "them, so that whoever leaves is heard."
)


def make_study_page(entry: StudyEntry) -> Page:
    """Returns the page of a study, or of the platform's own namespace."""
    study = entry.study
    goal = study.about.goal if study.about else None
    return Page(
        path=study_path(study),
        title=study.name,
        above=(INDEX, "All studies"),
        lead=(stranger(goal),) if goal else (),
        sections=tuple(_sections(entry)),
    )


def _sections(entry: StudyEntry) -> Iterator[Markup]:
    data = [each for each in entry.documents if each.is_data]
    others = [
        each for each in entry.documents if not (each.is_data or each.is_built_in)
    ]
    built_in = [each for each in entry.documents if each.is_built_in]
    yield section("In short", _in_short(entry))
    yield section("What it collects", _documents(data, "Data"))
    if entry.study.notices:
        yield section("What people read before they join", _notices(entry))
    yield section("How to leave, and what then happens", _leaving(entry))
    yield section(
        "Private windows and Do Not Track",
        facts(
            (
                ("Private windows", say_private_windows(entry)),
                ("Do Not Track", say_do_not_track(entry)),
            )
        ),
    )
    yield section("What happens at the end", paragraphs(say_end(entry)))
    yield section("Who has access", _access(entry))
    if entry.study.kind is StudyKind.STUDY:
        yield section("Who is behind it", _behind(entry))
    yield section("Joining and leaving, as messages", _documents(others, "Messages"))
    if built_in:
        yield section(
            "Messages of the first add-on",
            element("p", _BUILT_IN),
            _documents(built_in, "Messages of the first add-on"),
        )
    if entry.reviews:
        yield section("Data reviews", _reviews(entry))
    if entry.events:
        yield section("What was decided on it", _events(entry))
    if entry.expunges:
        yield section("What was taken out", _expunges(entry))
    if entry.releases:
        yield section("What was published of it", _releases(entry.releases))


def _in_short(entry: StudyEntry) -> Markup:
    study = entry.study
    state = join(
        [
            element("strong", STATES[entry.state].capitalize()),
            f". {STATE_MEANINGS[entry.state]}",
        ]
    )
    pairs = [
        ("State", state),
        ("Collects", say_period(entry)),
        ("Takes part", say_participants(entry)),
        ("Highest category", category_mark(entry.category)),
    ]
    if entry.participants is not None:
        pairs.append(("Joined and not left", say_number(entry.participants)))
    if study.kind is StudyKind.STUDY:
        pairs.append(("All is deleted by", say_day(study.analysis_until)))
    about = study.about or _UNSTATED
    pairs.append(("How to join", stranger(about.joining)))
    return facts(pairs)


def _leaving(entry: StudyEntry) -> Markup:
    about = entry.study.about or _UNSTATED
    how = element("p", "How: ", stranger(about.leaving))
    return join([how, paragraphs(say_leaving(entry))])


def _behind(entry: StudyEntry) -> Markup:
    about = entry.study.about or _UNSTATED
    page = external_link(about.page, "Page of the study") if about.page else None
    return facts(
        (
            ("Institution", stranger(about.institution)),
            ("Principal investigator", stranger(about.investigator)),
            ("Ethics review", stranger(about.ethics_review)),
            ("Contact", stranger(about.contact)),
            ("Independent contact", stranger(about.independent_contact)),
            ("More", page or stranger(None)),
            ("Benefits", stranger(about.benefits)),
            ("Risks", stranger(about.risks)),
            ("Payment", stranger(about.payment)),
        )
    )


def _access(entry: StudyEntry) -> Markup:
    study = entry.study
    if study.kind is StudyKind.PLATFORM:
        return element("p", _PLATFORM)
    if not study.access:
        return element("p", _NOBODY)
    rows = (
        (
            stranger(each.group),
            stranger(each.agreement),
            say_day(each.since),
            say_day(each.until),
        )
        for each in study.access
    )
    head = ("Group", "Agreement", "From", "Through")
    table = data_table(head, rows, ("", "", "whole", "whole"), "Access", "cards")
    return join([element("p", _ACCESS), table])


def _documents(documents: Iterable[DocumentEntry], caption: str) -> Markup:
    rows = [
        (
            join(
                [
                    element(
                        "a", title(each.document), href=f"{each.document.name}.html"
                    ),
                    element("span", _purpose(each), class_="under", dir="auto"),
                ]
            ),
            category_mark(each.category),
            count_fields(each),
            say_kept_in_short(each.document),
        )
        for each in documents
    ]
    if not rows:
        return element("p", "None.", class_="soft")
    head = ("What", "Category", "Fields", "Kept")
    return data_table(head, rows, ("", "", "", ""), caption, "documents cards")


def _purpose(entry: DocumentEntry) -> str:
    document = entry.document
    return document.purpose if entry.is_data else say_means(document)


def _reviews(entry: StudyEntry) -> Markup:
    rows = (
        (
            element("a", f"Review {each.id}", href=f"{REVIEWS}/{each.id}.html"),
            say_day(each.request.on),
            f"{say_result(each.steward.result)} on {say_day(each.steward.on)}"
            if each.steward
            else "no answer yet",
            ", ".join(dict.fromkeys(_titles(entry.study, each))),
        )
        for each in entry.reviews
    )
    head = ("Review", "Asked for", "Data steward", "Covers")
    return data_table(head, rows, ("", "", "", ""), "Data reviews", "reviews cards")


def _titles(study: Study, review: Review) -> Iterator[str]:
    """Yields what the documents are called that a review covers."""
    for each in review.covers:
        document = study.documents.get(each.document)
        yield title(document) if document else each.document


def _expunges(entry: StudyEntry) -> Markup:
    rows = (
        (
            _taken_out(entry.study, each),
            f"{say_day(each.first)} to {say_day(each.last)}",
            say_day(each.on),
            stranger(each.note or None),
        )
        for each in entry.expunges
    )
    head = ("What", "Sent", "Ordered on", "Why")
    table = data_table(head, rows, ("", "", "whole", ""), "Taken out", "cards")
    return join([element("p", _TAKEN_OUT), table])


def _taken_out(study: Study, entry: ExpungeEntry) -> Markup:
    """Returns what an order is about: a document, and the field if it is one."""
    document = study.documents.get(entry.document)
    name = title(document) if document else entry.document
    if entry.field is None:
        return element("span", name)
    return join([element("span", name), element("code", entry.field, class_="under")])


def _releases(releases: "StudyReleases") -> Markup:
    budget = releases.budget
    parts = [element("p", RELEASES)]
    if budget.allotted is not None:
        parts.append(element("p", say_budget(budget.allotted, budget.left)))
    if not releases.results:
        return join([*parts, element("p", "Nothing was published yet.", class_="soft")])
    rows = (
        (
            join(
                [
                    element("span", stranger(each.question)),
                    element("code", each.release, class_="under"),
                ]
            ),
            stranger(each.description),
            say_day(each.at.date()),
            say_cost(each.rho),
        )
        for each in releases.results
    )
    head = ("What", "Of whom", "Published on", "Cost")
    table = data_table(head, rows, ("", "", "whole", ""), "Published", "cards")
    return join([*parts, table])


def _events(entry: StudyEntry) -> Markup:
    items = (
        element("li", f"{say_day(each.at.date())}: {EVENTS[each.action]}")
        for each in entry.events
    )
    return element("ul", *items)


def _notices(entry: StudyEntry) -> Markup:
    """Lists the notices, the newest first; a consent lasts as its notice said."""
    items = (
        element(
            "li",
            external_link(each.where, f"Version {each.version}, {each.language}"),
            f", from {say_day(each.since)}: {say_lasting(each)}",
        )
        for each in reversed(entry.study.notices)
    )
    return element("ul", *items)
