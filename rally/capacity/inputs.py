"""What a plan is made for."""

from typing import NamedTuple

SCHEMES = ("jwe", "hpke", "ecies")


class Inputs(NamedTuple):
    """A platform, as somebody thinks of it. All rates are steady.

    Attributes:
        pings_per_day: of all studies together.
        people: enrolled at any time, each in one study.
        studies: that collect.
        documents: types of pings that each study has.
        ping_bytes: of clear text.
        scheme: how clients encrypt.
        retention_days: after which rows go.
        age_days: since the first person joined: so long the log has grown.
        leavers_per_day: people who leave; as many join.
        buckets: of each compacted partition.
        flush_seconds: how long a stream gathers rows before it writes files.
        peak_factor: the busiest hour of a day, by its mean hour.
        job_vcpus: of each daily job, all of one machine, a process each.
    """

    pings_per_day: int
    people: int
    studies: int
    documents: int = 2
    ping_bytes: int = 1000
    scheme: str = "jwe"
    retention_days: int = 365
    age_days: int = 365
    leavers_per_day: int = 0
    buckets: int = 64
    flush_seconds: float = 60.0
    peak_factor: float = 3.0
    job_vcpus: int = 8

    @property
    def partitions_per_day(self) -> int:
        """One for each document of each study, if it gets a ping."""
        return min(self.studies * self.documents, self.pings_per_day)

    @property
    def partitions(self) -> int:
        """That the store has, once it is as old as rows get."""
        return self.partitions_per_day * self.retention_days

    @property
    def rows(self) -> int:
        """The same, in rows."""
        return self.pings_per_day * self.retention_days

    @property
    def left(self) -> int:
        """People who left since the beginning."""
        return self.leavers_per_day * self.age_days

    @property
    def known(self) -> int:
        """People of whom the log has ever heard."""
        return self.people + self.left

    @property
    def events(self) -> int:
        """In the log: who joins Rally and a study, and who leaves."""
        return 2 * self.known + self.left
