"""A file of forty people, one of whom leaves; and others beside it."""

from tests.support.memory_deployment import MemoryDeployment, Row
from tests.support.world import GARDEN, POND

LONG = "x" * 9000
SORTED_FIRST, MIDDLE, SORTED_LAST = 0, 20, 39


def people(deployment):
    """Numbers of forty people, in the order in which a file of ours has them."""
    return sorted(range(100, 140), key=deployment.pseudonym)


def leaver(deployment):
    return people(deployment)[MIDDLE]


def rows(deployment):
    return [Row(person, person, page=LONG) for person in people(deployment)]


def ours(deployment):
    return deployment.indexed_file(rows(deployment))


def foreign(deployment, **how):
    return deployment.foreign_file(rows(deployment), sync_interval=30_000, **how)


def around(deployment: MemoryDeployment):
    """Files beside the wrong one: of the leaver, of others, of one who left Pond."""
    beside = deployment.put(
        deployment.indexed_file([Row(leaver(deployment), 1), Row(1, 2)]), "beside"
    )
    others = deployment.put(deployment.indexed_file([Row(1, 3), Row(2, 4)]), "others")
    pond = deployment.put(
        deployment.indexed_file([Row(3, 5), Row(4, 6)], POND), "pond", POND
    )
    deployment.leave(leaver(deployment), GARDEN, document="garden")
    deployment.leave(3, POND, document="pond")
    return beside, others, pond


def check_others(deployment, report, beside, before):
    """The leaver's other file lost its row, the rest is as it was, Pond is done."""
    assert deployment.data.read(beside) != before[beside]
    assert 1 not in deployment.numbers_in(beside)
    assert deployment.numbers(POND) == [6]
    stages = deployment.stages()
    assert stages["garden"] == ["requested", "suppressed"]
    assert stages["pond"][-1] == "verified"
    assert [each.scope for each in deployment.receipts()] == [POND]
    for name, data in before.items():
        if name not in {each.name for each in report.rewritten}:
            assert deployment.data.read(name) == data
    deployment.check()
