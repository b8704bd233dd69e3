"""Proves that each study's view leaves out the rows that the withdrawal list says."""

from collections.abc import Iterable

from rally.audit.current_withdrawals import OLDER_LIST
from rally.audit.findings import Check, Unit
from rally.audit.tally import Tally
from rally.errors import ConfigurationError, cause_of
from rally.keys.names import Job
from rally.registry.study import Study
from rally.storage.layout import Stores, view_file
from rally.storage.runs import live_runs
from rally.times import from_micros
from rally.validation.pseudonyms import Pseudonyms
from rally.withdrawal.list_object import Published, read_people
from rally.withdrawal.people_index import PeopleIndex
from rally.withdrawal.root import ROOT
from rally.withdrawal.study_view import StudyView

_FORGED = "is missing, or not as deletion published it"
_OLDER = "of an older withdrawal list"
_OTHER = "leaves out other rows than the withdrawal list says"


class ViewsAudit:
    """Audits the views of studies."""

    def __init__(
        self,
        stores: Stores,
        studies: Iterable[Study],
        pseudonyms: Pseudonyms,
        newest: int,
    ) -> None:
        """Reads nothing yet.

        Args:
            stores: Stores of the studies and the platform.
            studies: Studies that have a view.
            pseudonyms: Pseudonyms of the platform and the studies.
            newest: Counter of the newest list that other signed records know.
        """
        self._tally = Tally()
        self._stores = stores
        self._studies = list(studies)
        self._pseudonyms = pseudonyms
        self._newest = newest

    def run(self) -> Tally:
        """Audits each view, and returns the findings.

        Raises:
            ConfigurationError: The withdrawal list is not as it was published.
            OSError: The platform cannot be read at first.
        """
        published = read_people(self._stores.platform)
        is_put_back = False
        for study in self._studies:
            try:
                if not self._compare(study, published):
                    continue
                # Deletion may have published both since: only what stays is a finding.
                published = read_people(self._stores.platform)
                what = self._compare(study, published)
                is_put_back |= what == OLDER_LIST
                if what not in ("", OLDER_LIST):
                    self._record(study, what)
            except OSError as error:
                why = f"cannot be read ({cause_of(error)})"
                self._tally.add_unseen(Check.VIEWS, view_file(study.namespace), why)
        if is_put_back and self._newest <= published.list.counter:
            self._tally.add_broken(Check.WITHDRAWN, ROOT, OLDER_LIST, 1, Unit.OBJECTS)
        return self._tally

    def _compare(self, study: Study, published: Published[PeopleIndex]) -> str:
        """Returns what is wrong with a view, or with the list; "" is nothing."""
        namespace = study.namespace
        key = published.decisions.keys[Job.DELETE][-1].verifier
        try:
            view = StudyView.load(self._stores.of(namespace), namespace, key)
        except ConfigurationError:
            return _FORGED
        counter = published.list.counter
        if view.head.counter < counter:
            return _OLDER
        if view.head.counter > counter:
            return OLDER_LIST
        at = from_micros(view.head.published)
        expected = StudyView.of_list(published, study, self._pseudonyms, at)
        return "" if view.says_the_same(expected) else _OTHER

    def _record(self, study: Study, what: str) -> None:
        """Records a view that differs, unless deletion is about to publish it."""
        name = view_file(study.namespace)
        if any(run.job == "delete" for run in live_runs(self._stores.platform)):
            what = f"{what}, while a deletion runs"
            self._tally.add_apart(Check.VIEWS, name, what, 1, Unit.OBJECTS)
        else:
            self._tally.add_broken(Check.VIEWS, name, what, 1, Unit.OBJECTS)
