"""Rows of which orders to expunge are tested, and what is left of them."""

import io

import fastavro

from tests.support.memory_deployment import (
    Row,
    day,
)
from tests.support.world import GARDEN


def put(deployment, number, rows, how="indexed_file", **where):
    """Stores rows of one day."""
    name, date_ = f"{number}-{len(rows)}", str(day(number).date())
    return deployment.put(
        getattr(deployment, how)(rows, **where), name, date=date_, **where
    )


def stored(deployment, study=GARDEN):
    """Number and seconds of every row."""
    found = []
    for info in deployment.data.list(f"data/study={study}/"):
        for row in fastavro.reader(io.BytesIO(deployment.data.read(info.name))):
            payload = row["payload"]
            found.append((payload["count"], payload["seconds"]))
    return sorted(found)


def fill(deployment, how="indexed_file"):
    """Three days of two people, with a field that should not be there."""
    for number in (10, 11, 12):
        rows = [
            Row(person, 10 * number + person, number, seconds=float(number))
            for person in (1, 2)
        ]
        put(deployment, number, rows, how)
