"""Publishes in each study's store who left it, for whoever reads rows there.

A view is published whenever the withdrawal list is, and at the end of each run, changed
or not: readers refuse one that is two days old.
"""

from collections.abc import Container, Iterable, Iterator
from contextlib import suppress
from datetime import datetime

from rally.decisions.chain import Chain
from rally.errors import ConfigurationError, cause_of
from rally.keys.names import Job
from rally.keys.signing import SigningKey
from rally.registry.registry import Registry
from rally.registry.study import Study, StudyKind
from rally.releases.budget import Budget, decimal_text
from rally.releases.ledger import NO_LEDGER, Ledger, LedgerEnd
from rally.storage.layout import Stores, view_file, view_folder
from rally.storage.objectstore.interface import ObjectHeld, ObjectStore, upsert
from rally.validation.pseudonyms import Pseudonyms
from rally.withdrawal.list_object import Published
from rally.withdrawal.people_index import PeopleIndex
from rally.withdrawal.study_view import StudyView
from rally.withdrawal.view_object import ViewHead, read_head


def studies_with_views(
    registry: Registry, pseudonyms: Pseudonyms, concluded: Container[str]
) -> Iterator[Study]:
    """Yields the studies that have a view: those that are begun, and not concluded.

    Args:
        registry: Registry of the studies.
        pseudonyms: Pseudonyms of those that are begun, and whose keys are not gone.
        concluded: Namespaces of concluded studies, of which nothing is to be read.
    """
    for study in registry.studies.values():
        namespace, is_study = study.namespace, study.kind is not StudyKind.PLATFORM
        if is_study and pseudonyms.knows(namespace) and namespace not in concluded:
            yield study


class ViewPublisher:
    """Publishes views, and remembers where that failed."""

    def __init__(
        self,
        stores: Stores,
        registry: Registry,
        pseudonyms: Pseudonyms,
        key: SigningKey,
    ) -> None:
        """Publishes nothing yet.

        Args:
            stores: Stores of the studies.
            registry: Registry of the studies.
            pseudonyms: Pseudonyms of the platform and the studies.
            key: Deletion's signing key.
        """
        self._stores = stores
        self._registry = registry
        self._pseudonyms = pseudonyms
        self._key = key
        self._faults = dict[str, str]()

    @property
    def faults(self) -> list[str]:
        """Studies whose view could not be published last, and why; a line for each."""
        return list(self._faults.values())

    def publish(
        self,
        published: Published[PeopleIndex],
        concluded: Container[str],
        now: datetime,
        budgets: Iterable[Budget] = (),
        ledger: Ledger = NO_LEDGER,
        *,
        only_missing: bool = False,
    ) -> list[str]:
        """Publishes the view of each study.

        Args:
            published: Withdrawal list that it is made of.
            concluded: Namespaces of concluded studies.
            now: Time of the job, UTC.
            budgets: Budgets for releases of those studies that have one.
            ledger: Ledger of releases, whose end a view names. One that named an end
                which this ledger lacks goes on naming that.
            only_missing: Whether a view that is there is left as it is.

        Returns:
            Namespaces of the studies whose view was published.
        """
        done, by_study = list[str](), {each.study: each for each in budgets}
        for study in studies_with_views(self._registry, self._pseudonyms, concluded):
            namespace = study.namespace
            store = self._stores.of(namespace)
            self._faults.pop(namespace, None)
            try:
                if only_missing and store.stat(view_file(namespace)):
                    continue
                view = StudyView.of_list(published, study, self._pseudonyms, now)
                number, end = 1, ledger.end
                if last := _last_head(store, namespace, published.decisions):
                    number = last.number + 1
                    seen = LedgerEnd(last.ledger_number, last.ledger_digest)
                    end = end if ledger.holds(seen) else seen
                allotted, left = _amounts(by_study.get(namespace))
                named = view.named(number, allotted, left, end)
                data = named.encode(self._key)
                upsert(store, view_file(namespace), data)
                _purge_old_copies(store, namespace)
                done.append(namespace)
            except (OSError, ObjectHeld) as error:
                self._faults[namespace] = _describe(store, namespace, error)
        return done


def _amounts(budget: Budget | None) -> tuple[str, str] | tuple[None, None]:
    """The text of what was allotted, and of what is left of it."""
    if budget is None or budget.allotted is None:
        return None, None
    return decimal_text(budget.allotted), decimal_text(budget.left)


def _last_head(store: ObjectStore, study: str, decisions: Chain) -> ViewHead | None:
    """The head of the view that is there; None where none can be believed."""
    for each in reversed(decisions.keys[Job.DELETE]):
        with suppress(ConfigurationError):
            return read_head(store, study, each.verifier)
    return None


def _purge_old_copies(store: ObjectStore, study: str) -> None:
    """Purges older views, as far as the store can be made to forget them."""
    for copy in list(store.old_copies(view_folder(study))):
        if copy.until is None:
            with suppress(ObjectHeld):
                store.purge(copy)


def _describe(store: ObjectStore, study: str, error: OSError | ObjectHeld) -> str:
    cause = cause_of(error) if isinstance(error, OSError) else "a hold forbids it"
    return (
        f"{store.uri.rstrip('/')}/{view_file(study)}: cannot be published ({cause});"
        " nobody reads rows of the study by a view of two days ago"
    )
