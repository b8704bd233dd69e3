"""Whatever people and clients do: after the jobs every promise is kept."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.audit.findings import Check
from rally.audit.report.text import to_text
from rally.errors import ConfigurationError
from rally.registry.transitions import StudyAction
from tests.model.draws import pings
from tests.rally.audit.audited_platform import lines_by_check
from tests.rally.audit.studies import BOG
from tests.support.world import GARDEN, HOUSE, POND, rally_id

pytestmark = pytest.mark.slow("models")

_DAYS = st.lists(
    st.tuples(st.lists(pings, min_size=1, max_size=8), st.booleans(), st.booleans()),
    min_size=1,
    max_size=6,
)


def happen(deployment, days):
    """Pings of some days, with a deletion or a compaction after some."""
    deployment.decide(BOG, StudyAction.CONCLUDE, 0)
    for today, (sent, deletes, compacts) in enumerate(days):
        deployment.at(today)
        deployment.ingest(each.ping(today) for each in sent)
        if deletes:
            deployment.delete()
        if compacts:
            deployment.compact()


@given(days=_DAYS)
def test_everything_is_kept_after_the_jobs(make_deployment, days):
    deployment = make_deployment()
    happen(deployment, days)
    deployment.delete()
    deployment.compact()

    report = deployment.audit()

    assert lines_by_check(report) == {}
    assert report.exit_status == 0
    assert report.scope.rows == sum(deployment.view().values())


@given(days=_DAYS)
def test_only_what_is_on_its_way_is_apart_between_the_jobs(make_deployment, days):
    deployment = make_deployment()
    happen(deployment, days)
    broken = set(lines_by_check(deployment.audit()))
    # What arrives late of somebody whose request is verified is there until the next
    # deletion, and a duplicate until the next compaction of its date.
    assert broken <= {Check.WITHDRAWN, Check.DUPLICATES}


@given(days=_DAYS, spoilt=st.integers(0, 10**6))
def test_report_names_nobody(make_deployment, days, spoilt):
    deployment = make_deployment()
    happen(deployment, days)
    for store in (deployment.data, deployment.platform):
        infos = [info for info in store.list() if not info.name.startswith("leases/")]
        if infos:
            name = infos[spoilt % len(infos)].name
            deployment.damage(store, name, spoilt % len(store.read(name)))
    try:
        report = deployment.audit()
    except ConfigurationError:
        return  # of a decision that was changed
    told = repr(report) + to_text(report, 1)
    for person in range(6):
        names = [rally_id(person), deployment.platform_pseudonym(person)]
        names += [deployment.pseudonym(person, each) for each in (GARDEN, POND, HOUSE)]
        assert not [each for each in names if each in told]
    assert Counter(each.check for each in report.checks) == Counter(Check)
