"""Takes the inventory of a registry, and of what people decided on its studies."""

from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

from rally.disclosure import Disclosed, round_count
from rally.inventory.records import (
    DocumentEntry,
    ExpungeEntry,
    Inventory,
    StudyEntry,
    StudyEvent,
)
from rally.registry.approvals import Approvals, Coverage
from rally.registry.registry import Registry
from rally.registry.reviews import Review
from rally.registry.study import Study, StudyKind
from rally.registry.transitions import (
    States,
    StudyState,
    Transition,
    decided_in,
)
from rally.version import pipeline_version

if TYPE_CHECKING:
    from rally.decisions.chain import Chain
    from rally.registry.expunges import Expunges
    from rally.releases.published import StudyReleases


def take_inventory(
    registry: Registry,
    chain: "Chain | None",
    at: datetime,
    participants: Mapping[str, int] | None = None,
    releases: "Mapping[str, StudyReleases]" = MappingProxyType({}),
) -> Inventory:
    """Gathers what each study collects and what was decided on it.

    Args:
        registry: Registry of the studies.
        chain: Decisions of the platform; None where no platform was named.
        at: Time for which the inventory is true, UTC; of it only the day is told.
        participants: People who take part at that time, by namespace of their study,
            and by RALLY; None where no platform was named.
        releases: What was published until then, by namespace of its study; see
            rally.releases.published.
    """
    from rally.registry.expunges import NO_EXPUNGES, Expunges  # imports fastavro

    log = decided_in(registry, chain) if chain else []
    states = States(registry, log)
    approvals = Approvals.known(registry, chain)
    expunges = Expunges.of_chain(chain) if chain else NO_EXPUNGES
    return Inventory(
        day=at.date(),
        version=pipeline_version(),
        decisions_known=chain is not None,
        development=chain is not None and chain.development,
        studies=tuple(
            StudyEntry(
                study=study,
                state=states.at(study, at),
                events=_events(log, study, at),
                documents=_documents(registry, study, approvals, at),
                reviews=_reviews(study, at.date()),
                expunges=_expunges(expunges, study, at),
                participants=_participants(participants, study, states.at(study, at)),
                releases=releases.get(study.namespace),
            )
            for study in registry.studies.values()
        ),
        unavailable=tuple(registry.unavailable),
    )


def _events(
    log: list[Transition], study: Study, time: datetime
) -> tuple[StudyEvent, ...]:
    """Returns the decisions on a study up to a time, each once."""
    found = {
        StudyEvent(each.action, each.at)
        for each in log
        if each.namespace == study.namespace and each.at <= time
    }
    return tuple(sorted(found, key=lambda each: (each.at, each.action)))


def _participants(
    numbers: Mapping[str, int] | None, study: Study, state: StudyState
) -> Disclosed | None:
    """Returns how many people take part in a study that has begun and is not over."""
    if numbers is None or state in (StudyState.DRAFT, StudyState.CONCLUDED):
        return None
    from rally.events import RALLY  # imports fastavro

    scope = RALLY if study.kind is StudyKind.PLATFORM else study.namespace
    return round_count(numbers.get(scope, 0))


def _expunges(
    expunges: "Expunges", study: Study, time: datetime
) -> tuple[ExpungeEntry, ...]:
    """Returns what was ordered to be taken out of a study up to a time."""
    return tuple(
        ExpungeEntry(
            each.approved.date(),
            each.document,
            each.field,
            each.first,
            each.last,
            each.note,
        )
        for each in expunges.of(study.namespace)
        if each.approved is not None and each.approved <= time
    )


def _documents(
    registry: Registry, study: Study, approvals: Approvals, at: datetime
) -> tuple[DocumentEntry, ...]:
    every = registry.documents(study)
    names = [*study.documents, *(name for name in every if name not in study.documents)]
    return tuple(
        DocumentEntry(
            every[name],
            is_built_in=name not in study.documents,
            approvals=approvals.of(every[name]),
            is_approved=approvals.coverage(every[name], at) is Coverage.COVERED,
        )
        for name in names
    )


def _reviews(study: Study, day: date) -> tuple[Review, ...]:
    """Returns the reviews that anybody may see on a day.

    What was reviewed in private is public when collection starts.
    """
    return tuple(
        each
        for each in study.reviews
        if (each.public and each.public.on <= day)
        or any(covered.first <= day for covered in each.covers)
    )
