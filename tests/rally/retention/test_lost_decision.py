"""Where a decision is lost nothing goes: it may have forbidden what would."""

from dataclasses import replace

from rally.decisions.chain import LOSS
from rally.decisions.entry import entry_name
from tests.support.memory_deployment import Row, live
from tests.support.stores import publish, see_list
from tests.support.world import GARDEN


def test_nothing_is_purged_where_a_decision_is_lost(deployment):
    deployment.put(deployment.indexed_file([Row(1, 1)]), date="2020-01-01")
    see_list(deployment.platform, 0)
    publish(deployment.platform, replace(deployment.withdrawals(), counter=1))
    info = live(deployment.platform, entry_name(2))
    deployment.platform.delete(info.name, info.generation)

    report = deployment.purge()

    assert (report.alarms, report.exit_status) == ([LOSS], 1)
    assert deployment.numbers(GARDEN) == [1]
    assert LOSS in deployment.purging().plan().alarms
