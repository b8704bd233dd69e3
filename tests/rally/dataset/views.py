"""Views of a study in memory, as deletion publishes them for its researchers."""

from datetime import UTC, datetime, timedelta

from rally.keys.names import Job
from rally.storage.layout import Stores, view_file
from rally.times import to_micros
from rally.withdrawal.fold import Verdict
from rally.withdrawal.verdict_periods import FIRST, LAST, VerdictPeriod
from rally.withdrawal.view_object import ViewHead, encode_view
from tests.rally.compaction.memory_study import STUDY, participant
from tests.support.people import job_key
from tests.support.stores import found_platform

KEY = job_key(Job.DELETE)


def publish_view(stores: Stores, age=timedelta(0), key=KEY, left=5):
    """Publishes the view in which one person has left.

    Args:
        stores: the study's and the platform's, which are marked.
        age: of the view.
        key: by which it is signed.
        left: number of the person.
    """
    marker = found_platform(stores.platform)
    published = to_micros(datetime.now(UTC) - age)
    head = ViewHead(STUDY, marker.platform, 1, 1, published, 1)
    periods = [VerdictPeriod(FIRST, LAST, Verdict.WITHDRAWN)]
    data = encode_view(head, (), [(participant(left), periods)], key)
    store = stores.of(STUDY)
    if known := store.stat(view_file(STUDY)):
        store.delete(*known[::2])
    store.create(view_file(STUDY), data)
