"""The demo's first day: real pings and those of made-up people are taken in."""

import time
from datetime import datetime

from pipelines.demo import report
from pipelines.demo.jobs import Jobs
from pipelines.demo.people import People
from pipelines.demo.scene import deliver, deliver_real, read_messages

_DAY = "2026-11-22"
AS_OF = f"{_DAY}T12:00:00Z"
"""The demo's clock: the day on which its real pings were sent."""

_FIRST_JOINED = datetime.fromisoformat(f"{_DAY}T03:00:00Z")

_WHERE = """\
What is stored is in store/data by study, document and day; who came and who left is in
platform/events. What failed is sealed in platform/dead-letters; what was refused is
nowhere.
"""


def tell(jobs: Jobs, people: People) -> None:
    """Takes in the pings of the day, and shows what became of them."""
    folder = deliver_real(jobs.scene, _DAY)
    deliver(jobs.scene, _DAY, people.join_and_read(_FIRST_JOINED))
    messages = sum(1 for _ in read_messages(folder))
    print(f"{messages:,} encrypted pings, most of them made up, are in {folder}")
    print("Ingesting them: open, check, pseudonymise, store by study …\n")
    start = time.monotonic()
    counts = jobs.ingest(folder, AS_OF)
    seconds = time.monotonic() - start
    print("\n".join(report.outcomes(counts)), end="\n\n")
    print(f"{messages:,} pings in {seconds:.1f} s, starting up included.")
    print(_WHERE)
