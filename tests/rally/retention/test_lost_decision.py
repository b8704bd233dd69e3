"""Where a decision is lost nothing goes: it may have forbidden what would."""

from dataclasses import replace

from rally.decisions.chain import LOSS
from rally.decisions.entry import entry_name
from tests.pipelines.world import GARDEN
from tests.rally.deletion.place import Row, live
from tests.support.places import publish, see_list


def test_nothing_is_purged_where_a_decision_is_lost(place):
    place.put(place.ours([Row(1, 1)]), date="2020-01-01")
    see_list(place.platform, 0)
    publish(place.platform, replace(place.withdrawals(), counter=1))
    info = live(place.platform, entry_name(2))
    place.platform.delete(info.name, info.generation)

    report = place.purge()

    assert (report.alarms, report.exit_status) == ([LOSS], 1)
    assert place.numbers(GARDEN) == [1]
    assert LOSS in place.purging().plan().alarms
