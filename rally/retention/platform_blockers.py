"""Finds what has to be done before a platform may be concluded, and what will go then.

Whoever waits for something is told before: afterwards no job hears anybody any more.
"""

from collections.abc import Iterator
from typing import NamedTuple

from rally.access.cases import read_cases
from rally.access.due_copies import list_archives
from rally.decisions.chain import LOSS, Chain
from rally.event_log.event_log import EventLog
from rally.events import EventKind
from rally.receipts.receipt import FOLDER as RECEIPTS
from rally.receipts.receipt import number_in
from rally.registry.registry import Registry
from rally.registry.study import Study, StudyKind
from rally.registry.transitions import States, StudyState, transitions_in
from rally.retention.conclusion import find_live
from rally.retention.context import Context, open_context
from rally.retention.keys import has_keys
from rally.retention.platform_records import GOING, find_keys, find_own_keys, list_going
from rally.retention.settings import PurgeSettings
from rally.retention.survey import SurveyResult, survey_files
from rally.retention.unregistered import UNREGISTERED, find_unregistered
from rally.storage.layout import study_folder
from rally.storage.objectstore.interface import ObjectInfo, ObjectStore
from rally.storage.objectstore.strays import list_but_strays
from rally.withdrawal.bootstrap import open_list
from rally.withdrawal.fold import RequestStatus
from rally.withdrawal.rulings import Rulings
from rally.withdrawal.unreadable import find_unreadable
from rally.withdrawal.withdrawal_list import WithdrawalList


class KindTotals(NamedTuple):
    """Records of one kind that will go.

    Attributes:
        what: Name of the kind.
        objects: Number of objects.
        bytes: Size of the objects.
    """

    what: str
    objects: int
    bytes: int


class PlatformPreview(NamedTuple):
    """Preview of a platform's conclusion.

    Attributes:
        blockers: One line for each thing that has to be done before.
        kinds: Kinds of records that will go, in their order.
        receipts: Number of receipts, which go when their time is over.
        keys: Key files that will be destroyed.
    """

    blockers: tuple[str, ...]
    kinds: tuple[KindTotals, ...]
    receipts: int
    keys: tuple[str, ...]


def preview_conclusion(settings: PurgeSettings) -> PlatformPreview:
    """Looks at a platform as its conclusion would find it, and changes nothing.

    Args:
        settings: Settings of the purge, with the folder of ping keys and a clock that
            stands at the time of the conclusion.

    Raises:
        ConfigurationError: A place, the decisions or the list is not as it must be.
        CorruptFile: The event log is damaged.
        OSError: A store cannot be read.
    """
    registry, stores = settings.registry(), settings.stores()
    published = open_list(stores.platform)
    context = open_context(
        settings, registry, stores, published.list, published.decisions
    )
    blockers = [
        *registry.faults.values(),
        *_find_studies(settings, context, published.decisions),
        *_find_rows(context),
        *_find_people(context, published.list, published.decisions),
    ]
    return PlatformPreview(
        tuple(dict.fromkeys(blockers)),
        tuple(_sum_up(context, settings)),
        sum(bool(number_in(each.name)) for each in stores.platform.list(RECEIPTS)),
        tuple(_list_keys(settings, registry)),
    )


def platform_namespaces(settings: PurgeSettings, registry: Registry) -> list[Study]:
    """Lists the platform's own namespaces that are used. Raises ConfigurationError."""
    own = (each for each in registry.studies.values() if _is_own(each))
    return [each for each in own if settings.has_pseudonyms(each.namespace)]


def _is_own(study: Study) -> bool:
    return study.kind is StudyKind.PLATFORM


def _find_studies(
    settings: PurgeSettings, context: Context, chain: Chain
) -> Iterator[str]:
    """Yields a line for each namespace that is not over, not gone, or not known."""
    registry, states = context.registry, States.of_chain(context.registry, chain)
    for each in find_unregistered(settings, registry, chain):
        yield f"{each}: {UNREGISTERED}"
    live = find_live(context)
    begun = {each.namespace for each in transitions_in(chain)}
    for namespace, study in registry.studies.items():
        state = states.at(study, context.now)
        if namespace in context.concluded:
            if reason := context.concluded[namespace]:
                yield f"{namespace}: waits for `rally delete`: {reason}"
            elif namespace in live or has_keys(settings, namespace):
                yield (
                    f"{namespace}: is concluded, and not all of it is gone; run `rally"
                    " purge`, which says what is left"
                )
        elif namespace not in begun and not has_keys(settings, namespace):
            continue  # it was never begun here
        elif not _is_own(study):
            yield (
                f"{namespace}: is {state}, and must be concluded before; see `rally"
                " studies conclude`"
            )
        elif state is not StudyState.ENDED:
            yield (
                f"{namespace}: is {state}, and must be ended before; see `rally studies"
                " end`"
            )


def _find_rows(context: Context) -> Iterator[str]:
    """Yields a line for each sort of object in a store that nobody could delete."""
    survey = SurveyResult()
    for _ in survey_files(context, survey):
        continue
    for what, found in sorted(survey.alarms.items()):
        yield f"{found.names[0]}: is {what}, one of {found.number:,}; remove them"
    if context.unfinished:
        yield "a deletion that was killed has to go on; run `rally delete`"


def _find_people(
    context: Context, withdrawals: WithdrawalList, chain: Chain
) -> Iterator[str]:
    """Yields a line for everything that somebody waits for."""
    platform, now = context.platform, context.now
    if chain.has_loss:
        yield LOSS
    if number := _count_requests(platform, withdrawals, chain):
        yield (
            f"withdrawals that are not closed: {number:,}; `rally withdrawals"
            " --requests` lists them, and `rally delete` settles them"
        )
    for hold in context.holds.holds:
        yield (
            f"{hold.namespace}: a legal hold is in force, by {hold.by}; release it by"
            f" `rally studies release {hold.namespace} --hold={hold.number}`"
        )
    cases = read_cases(chain, platform, now).values()
    if number := sum(each.is_open for each in cases):
        yield f"cases of people that are open: {number:,}; see `rally person cases`"
    if number := len(list_archives(platform)):
        yield (
            f"copies of people that are not destroyed: {number:,}; have them fetched,"
            " or let `rally purge` take them when they expire"
        )
    unreadable = (each for each in find_unreadable(platform, 0) if each.deadline)
    if number := sum(each.letters for each in unreadable):
        yield (
            f"withdrawals that cannot be read: {number:,}; `rally replay` them, or see"
            " `rally withdrawals settle`"
        )


def _count_requests(
    platform: ObjectStore, withdrawals: WithdrawalList, chain: Chain
) -> int:
    """Counts requests that wait for a deletion, on the list and in the log alone."""
    waiting = sum(
        each.is_open or each.status is RequestStatus.HELD
        for each in withdrawals.withdrawals
    )
    known = {(each.scope, each.document_id) for each in withdrawals.withdrawals}
    rulings, left = Rulings.of(chain), set[tuple[str, str]]()
    for event in EventLog(platform):
        request = event.scope, event.document_id
        if event.kind is EventKind.CLOSED:
            known.add(request)
        elif event.kind is EventKind.LEFT and rulings.is_genuine(event):
            left.add(request)
    return waiting + len(left - known)


def _sum_up(context: Context, settings: PurgeSettings) -> Iterator[KindTotals]:
    for study in platform_namespaces(settings, context.registry):
        store = context.stores.of(study.namespace)
        rows = list_but_strays(store, study_folder(study.namespace))
        yield _total(f"rows of {study.namespace}", rows)
    for kind in GOING:
        yield _total(kind.what, list_going(context.platform, kind))


def _total(what: str, infos: Iterator[ObjectInfo]) -> KindTotals:
    sizes = [each.size for each in infos]
    return KindTotals(what, len(sizes), sum(sizes))


def _list_keys(settings: PurgeSettings, registry: Registry) -> Iterator[str]:
    ping, platform = settings.key_folders()
    for folder in filter(None, (ping, platform)):
        for name in find_keys(folder, registry):
            yield folder.where(name)
    for name in find_own_keys(platform):
        yield platform.where(name)
