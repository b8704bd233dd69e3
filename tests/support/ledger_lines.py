"""Lines of a ledger of releases, as the job that makes releases writes them."""

from datetime import UTC, datetime

from rally.decisions.verifying import read_chain
from rally.keys.names import Job
from rally.releases.ledger import append, read_ledger
from rally.releases.ledger_lines import (
    ColumnNoise,
    PlacedFile,
    Placing,
    Reservation,
    Spending,
)
from rally.storage.layout import view_file
from rally.storage.marker import read_marker
from rally.storage.objectstore.interface import upsert
from rally.times import to_micros
from rally.withdrawal.view_object import ViewHead, encode_view
from tests.support.people import job_key

STUDY, RELEASE = "rally-garden", "weekly.2026-06-01"
DRAFT, AT = "d" * 64, datetime(2026, 7, 1, tzinfo=UTC)


def reservation(release=RELEASE, rho="0.01", study=STUDY):
    """A release of one column takes some budget."""
    return Reservation(
        study=study,
        release=release,
        fingerprint="f" * 64,
        rho=rho,
        groups=8,
        most_groups=2,
        most_rows=5,
        noise=(ColumnNoise("people", "1/100", 2, 10.0),),
        unit="a person",
        version="1",
        author="jo",
        approvers=("steward",),
    )


def spending(release=RELEASE, study=STUDY, sha256=DRAFT):
    """It has a result."""
    return Spending(study, release, sha256, 1000)


def placing(release=RELEASE, study=STUDY, sha256=DRAFT):
    """That left."""
    files = (PlacedFile("table.csv", "c" * 64, 10),)
    return Placing(study, release, sha256, files, ("steward",))


LIFE = reservation(), spending(), placing()
"""All lines of one release."""


def publish_view(stores, study, end, key):
    """Publishes a study's view, without people, which names an end of the ledger."""
    platform, at = read_marker(stores.platform).platform, to_micros(AT)
    head = ViewHead(study, platform, 1, 1, at, 0, None, None, *end)
    upsert(stores.of(study), view_file(study), encode_view(head, (), (), key))


def put_lines(platform, *contents, key=None, at=AT):
    """Appends lines, each once."""
    chain, key = read_chain(platform), key or job_key(Job.RELEASE)
    for content in contents:
        made = iter([content, None])
        append(platform, chain, key, lambda _: next(made), at)  # noqa: B023
    return read_ledger(platform, chain)
