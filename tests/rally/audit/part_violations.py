"""Violations in parts of kept tables, which pack their rows.

Each function makes one, and returns where it is and the number of units by description.
"""

import io
import re

import pyarrow as pa
import pyarrow.parquet as pq

from rally.dataset.formats import Format
from rally.dataset.kept_parts import part_name
from rally.storage.partitions import list_files
from tests.rally.audit.derived_violations import put_derived
from tests.support.world import GARDEN


def of_who_left(deployment):
    """A kept part of a file that is there, with rows of somebody who has left."""
    file = list_files(deployment.data, GARDEN)[0]
    name = part_name(GARDEN, file.identity, "0" * 16, Format.PARQUET)
    path = deployment.derived / "garden" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    people = [deployment.pseudonym(each) for each in (0, 1)]
    stream = io.BytesIO()
    pq.write_table(pa.table({"page": [1, 2], "participant": people}), stream)
    where = put_derived(deployment, name, stream.getvalue())
    return re.sub("[0-9a-f]{32}", "…", where), {"of people who have left": 1}
