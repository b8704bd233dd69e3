"""Ingest: encrypted pings in; rows by study, events and sealed dead letters out.

The job itself, with Beam, is `pipelines.jobs.ingest`; it is imported when it begins.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipelines.job import Job
from pipelines.job_options import INTAKE
from pipelines.starting import start
from rally import numbers
from rally.options import EVERYWHERE, JSON, Option, grouped
from rally.process import run_as_process
from rally.sources.ack_deadlines import LONGEST_ACK_DEADLINE_SECONDS
from rally.sources.inputs import SPLIT_BYTES

if TYPE_CHECKING:
    from collections import Counter

    from rally.outcomes import Count

INGEST = grouped(
    "Where pings come from, and how long they are gathered",
    Option(
        name="input",
        metavar="GLOB",
        help="files of messages, local or gs://: newline-delimited JSON, an array"
        " of it as gcloud prints it, gzip of either, or Avro of a Pub/Sub Cloud"
        " Storage subscription with metadata; commas part several globs",
    ),
    Option(
        name="split_bytes",
        metavar="BYTES",
        type=numbers.whole(1, 10**12),
        default=SPLIT_BYTES,
        help="files are dealt out in units of about so many bytes. Who runs a job"
        " again keeps the number: other units make other files, and rows come twice"
        " (default: %(default)s)",
    ),
    Option(
        name="subscription",
        metavar="PATH",
        help="projects/<project>/subscriptions/<name>, read for ever",
    ),
    Option(
        name="flush_seconds",
        metavar="SECONDS",
        type=numbers.real(0, numbers.SECONDS, above=True),
        help="how long messages of a subscription are gathered before files are"
        " written (default: 10 locally, 60 elsewhere)",
    ),
    Option(
        name="stop_after_idle_seconds",
        metavar="SECONDS",
        type=numbers.real(0, numbers.SECONDS, above=True),
        help="end when a subscription gave nothing for so long (local runner;"
        " default: never)",
    ),
    Option(
        name="ack_deadline_seconds",
        metavar="SECONDS",
        type=numbers.whole(1, LONGEST_ACK_DEADLINE_SECONDS),
        help="when a message that was pulled and is not in a file yet comes again"
        " (local runner and portable engines; at most 600; default: a minute more"
        " than --flush_seconds)",
    ),
    Option(
        name="prometheus",
        metavar="PORT",
        type=numbers.whole(1, 65_535),
        help="serve the job's counters at http://127.0.0.1:PORT/metrics (local"
        " runner; others have ways of their own)",
    ),
)

JOB = Job(
    "ingest",
    "read encrypted pings, check them, store them by study",
    "Read encrypted pings, open and check them, and store them by study. What fails is"
    " kept as a sealed dead letter; what a study or a person refuses is not kept.",
    "--input='pings/*.ndjson' --store=/srv/rally/store --keys=/srv/rally/keys",
    (*EVERYWHERE, JSON, *INTAKE, *INGEST),
    needs=("store", "keys"),
    local_only=("prometheus", "stop_after_idle_seconds"),
    not_on_dataflow=("ack_deadline_seconds", JSON.name),
)


def run(argv: Sequence[str] | None = None) -> "Counter[Count]":
    """Runs the job and returns what became of the pings.

    Raises:
        ConfigurationError: something is not as it must be; at the start nothing was
            read, later what was is there whole.
        JobStopped: a worker could not read or write.
    """
    from pipelines.jobs import ingest

    return ingest.run(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command: prints what came of it, and returns the exit status."""
    return start(JOB, argv)


if __name__ == "__main__":
    run_as_process(main)
