"""Which files can have somebody's rows: by their bucket, and never by trust in it."""

from hypothesis import given
from hypothesis import strategies as st

from rally.deletion.plan import FileOutcome, ListedFile
from rally.deletion.scope import find_unregistered
from rally.events import RALLY
from rally.storage.partitions import Bucket, people_in
from rally.withdrawal.fold import RequestStatus
from rally.withdrawal.people_index import PeopleBuilder
from rally.withdrawal.selection import StudyPeople
from tests.support.memory_deployment import Row
from tests.support.world import GARDEN

FOLDER = f"data/study={GARDEN}/document=visit.1/date=2026-05-11"

pseudonyms = st.uuids().map(lambda each: str(each).encode())


def compacted(bits, number):
    """The file of a bucket."""
    name = f"{FOLDER}/bucket={Bucket(bits, number).name}/compacted-0123456789ab.avro"
    return ListedFile(GARDEN, name, 1, 1)


def can_hold(people, file):
    """Whether deletion would look into it, for people of the platform's namespace."""
    builder = PeopleBuilder()
    for each in people:
        builder.leave(each.decode(), RALLY, 0, "", (RequestStatus.ACTIVE, frozenset()))
    index = builder.build(1)
    known = StudyPeople(index, index.positions())
    return known.has_between(*people_in(file.name))


@given(st.lists(pseudonyms, min_size=1, max_size=5), st.integers(0, 12), st.data())
def test_bucket_tells_whose_rows_a_compacted_file_can_have(people, bits, data):
    leading = {int(each.replace(b"-", b""), 16) >> 128 - bits for each in people}
    number = data.draw(
        st.one_of(st.sampled_from(sorted(leading)), st.integers(0, (1 << bits) - 1))
    )
    assert can_hold(people, compacted(bits, number)) == (number in leading)


@given(
    st.lists(pseudonyms, max_size=3),
    st.sampled_from(["new/a", "4-zz/compacted-0123456789ab", "4-0/compacted"]),
)
def test_any_other_file_can_have_everybodys(people, deployment):
    file = ListedFile(GARDEN, f"{FOLDER}/bucket={deployment}.avro", 1, 1)
    other = ListedFile(GARDEN, f"{FOLDER}/b.avro", 1, 1)
    assert can_hold(people, file) == bool(people)
    assert can_hold(people, other) == bool(people)


def test_row_in_another_bucket_is_left_over(deployment):
    """Verification reads all files, whatever their names say."""
    first = int(deployment.pseudonym(1)[0], 16)
    wrong = compacted(4, (first + 1) % 16).name
    deployment.data.create(wrong, deployment.indexed_file([Row(1, 1), Row(2, 2)]))
    deployment.leave(1, document="garden")

    report = deployment.delete()

    faults = [(each.name, each.outcome, each.detail) for each in report.faults]
    assert faults == [(wrong, FileOutcome.LEFT_OVER, "1 rows of people who left")]
    assert deployment.stages()["garden"] == ["requested", "suppressed"]


def test_folders_of_unknown_studies_are_told_once(deployment):
    data = deployment.indexed_file([Row(1, 1)])
    for name in ("study=rally-b/x", "study=rally-a/x", "study=rally-a/y"):
        deployment.data.create(f"data/{name}", data)
    deployment.put(data)
    assert find_unregistered(deployment.stores, deployment.registry) == [
        "rally-a",
        "rally-b",
    ]
