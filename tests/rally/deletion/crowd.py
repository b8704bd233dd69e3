"""A file of forty people, one of whom leaves; and others beside it."""

from tests.pipelines.world import GARDEN, POND
from tests.rally.deletion.place import Place, Row

LONG = "x" * 9000
SORTED_FIRST, MIDDLE, SORTED_LAST = 0, 20, 39


def people(place):
    """Numbers of forty people, in the order in which a file of ours has them."""
    return sorted(range(100, 140), key=place.pseudonym)


def leaver(place):
    return people(place)[MIDDLE]


def rows(place):
    return [Row(person, person, page=LONG) for person in people(place)]


def ours(place):
    return place.ours(rows(place))


def foreign(place, **how):
    return place.foreign(rows(place), sync_interval=30_000, **how)


def around(place: Place):
    """Files beside the wrong one: of the leaver, of others, of one who left Pond."""
    beside = place.put(place.ours([Row(leaver(place), 1), Row(1, 2)]), "beside")
    others = place.put(place.ours([Row(1, 3), Row(2, 4)]), "others")
    pond = place.put(place.ours([Row(3, 5), Row(4, 6)], POND), "pond", POND)
    place.leave(leaver(place), GARDEN, document="garden")
    place.leave(3, POND, document="pond")
    return beside, others, pond


def check_others(place, report, beside, before):
    """The leaver's other file lost its row, the rest is as it was, Pond is done."""
    assert place.data.read(beside) != before[beside]
    assert 1 not in place.numbers_in(beside)
    assert place.numbers(POND) == [6]
    stages = place.stages()
    assert stages["garden"] == ["requested", "suppressed"]
    assert stages["pond"][-1] == "verified"
    assert [each.scope for each in place.receipts()] == [POND]
    for name, data in before.items():
        if name not in {each.name for each in report.rewritten}:
            assert place.data.read(name) == data
    place.check()
