"""Events for tests of the log's files, and the strategies that make some."""

from hypothesis import strategies as st

from rally.event_log.event_log import EventLog, LogState
from rally.event_log.merging import PlacedFile, merge_log
from rally.events import RALLY, Event, EventKind, write_events
from rally.keys.names import Job
from rally.storage.partitions import Bucket
from rally.times import EARLIEST, LATEST, to_micros
from tests.support.people import job_key

KEY = job_key(Job.DELETE)
NOON = 1_646_913_600_000_000  # 2022-03-10T12:00Z


def pseudonym(number, lead=0):
    """A pseudonym whose first byte says in which bucket it is."""
    return f"{lead:02x}000000-0000-8000-8000-{number:012x}"


def joined(person, number=0, deletion_id=None, scope=RALLY, kind=EventKind.JOINED):
    """An enrolment by some ping."""
    ping = f"00000000-0000-4000-8000-{number:012x}"
    return Event(kind, scope, person, NOON + number, deletion_id, ping, "rally/e.1")


def events(people=6):
    """Strategy of events of a few people, deletion ids and times."""
    names = st.builds(pseudonym, st.integers(0, people - 1), st.integers(0, 255))
    known = st.sampled_from([pseudonym(n, n * 43) for n in range(people)]) | names
    return st.builds(
        Event,
        st.sampled_from(EventKind),
        st.sampled_from([RALLY, "rally-one"]),
        st.none() | known,
        st.integers(to_micros(EARLIEST), to_micros(LATEST)),
        st.none() | known,
        st.text(max_size=3),
        st.text(max_size=5),
        st.none() | st.text(max_size=5),
    )


class Log:
    """A log that is merged now and then, as delete would."""

    def __init__(self, platform):
        self.platform = platform
        self.state = LogState()
        self.counter = 0

    @property
    def reader(self):
        """Reader of what is there."""
        return EventLog(self.platform, lambda: self.state)

    @property
    def loose(self):
        """Names of the loose objects."""
        return [each.name for each in self.reader.loose_objects()]

    @property
    def former(self):
        """Files of the log so far."""
        return [PlacedFile(Bucket(self.state.bits, f.bucket), f)
                for f in self.state.files]  # fmt: skip

    def write(self, *some):
        """Appends events, as ingest does."""
        write_events(self.platform, some, "1")

    def merge(self, loose=None, **options):
        """Merges what is loose and publishes; removes what is merged."""
        self.counter += 1
        loose = self.loose if loose is None else loose
        found = merge_log(
            self.platform, self.former, loose, self.counter, KEY, **options
        )
        self.state = LogState(found.bits, found.files)
        for name in found.merged:
            self.platform.delete(name, self.platform.stat(name).generation)
        return found
