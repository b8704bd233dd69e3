"""Violations in researchers' tables; each function returns what those of objects do."""

import gzip
import io

import fastavro

from tests.rally.audit.studies import BOG
from tests.support.world import GARDEN


def derived_of_concluded(deployment):
    (deployment.derived / "bog" / "sums.csv").write_text("1,2\n")
    return f"{BOG}: {deployment.derived}/bog", {"derived": 1}


def put_derived(deployment, name, data):
    (deployment.derived / "garden").mkdir(exist_ok=True)
    path = deployment.derived / "garden" / name
    path.write_bytes(data)
    return f"{GARDEN}: {path}"


def table_of_pseudonyms(deployment, *people):
    return "\n".join(deployment.pseudonym(each) + ",1" for each in people).encode()


def derived_text(deployment):
    put_derived(deployment, "fine.csv", table_of_pseudonyms(deployment, 0, 3, 4))
    where = put_derived(
        deployment, "sums.csv", table_of_pseudonyms(deployment, 0, 1, 2)
    )
    return where, {"of people who have left": 1}


def derived_upper(deployment):
    where = put_derived(
        deployment, "sums.csv", table_of_pseudonyms(deployment, 1).upper()
    )
    return where, {"of people who have left": 1}


def derived_gzip(deployment):
    data = gzip.compress(b"a,b\n" * 3_000_000) + gzip.compress(
        table_of_pseudonyms(deployment, 1)
    )
    return put_derived(deployment, "sums.csv.gz", data), {"of people who have left": 1}


def derived_avro(deployment):
    schema = fastavro.parse_schema(
        {"type": "record", "name": "r", "fields": [{"name": "who", "type": "string"}]}
    )
    stream = io.BytesIO()
    rows = [{"who": deployment.pseudonym(each)} for each in (0, 1)]
    fastavro.writer(stream, schema, rows, codec="deflate")
    where = put_derived(deployment, "sums.avro", stream.getvalue())
    return where, {"of people who have left": 1}
