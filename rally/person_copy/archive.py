"""Makes one archive of a person's copy; equal copies are equal bytes.

A zip file (APPNOTE.TXT 6.3) whose entries are stored without compression, in the order
of their names and with one time: no clock and no version of a compressor is in it. It
is made in memory and encrypted there; it never lies in clear on a disk.
"""

import hashlib
import io
import zipfile
from collections.abc import Iterator
from typing import Any

from rally.person_copy.data_files import to_csv, to_json_lines
from rally.person_copy.facts import (
    to_about,
    to_consents,
    to_participation,
    to_receipt,
    to_schema,
    to_text,
)
from rally.person_copy.page import make_index
from rally.person_copy.paths import (
    ABOUT,
    CONSENTS,
    INDEX,
    MANIFEST,
    PARTICIPATION,
    csv_path,
    json_lines_path,
    receipt_path,
    schema_path,
)
from rally.person_copy.records import PersonCopy
from rally.times import moment

FORMAT = 1
"""Version of the archive; a file or a name that goes, or changes, raises it."""

_TIME = (1980, 1, 1, 0, 0, 0)
_UNIX, _OWNER_READS_AND_WRITES = 3, 0o100600 << 16


def make_archive(copy: PersonCopy) -> bytes:
    """Returns the bytes of the archive, in clear."""
    files = dict(_files(copy))
    files[MANIFEST] = to_text(_manifest(copy, files)).encode()
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name, data in sorted(files.items()):
            entry = zipfile.ZipInfo(name, _TIME)
            entry.create_system = _UNIX
            entry.external_attr = _OWNER_READS_AND_WRITES
            archive.writestr(entry, data)
    return stream.getvalue()


def _files(copy: PersonCopy) -> Iterator[tuple[str, bytes]]:
    yield INDEX, make_index(copy).encode()
    yield ABOUT, to_text(to_about(copy)).encode()
    yield PARTICIPATION, to_text(to_participation(copy)).encode()
    yield CONSENTS, to_text(to_consents(copy.records.consents)).encode()
    for study, document in copy.all_documents():
        place = study.namespace, document.name
        yield json_lines_path(*place), to_json_lines(document).encode()
        yield csv_path(*place), to_csv(document).encode()
        if document.document:
            used = frozenset(each.fingerprint for each in document.rows)
            schema = to_schema(document.document, used)
            yield schema_path(*place), to_text(schema).encode()
    for receipt in copy.records.receipts:
        yield receipt_path(receipt.number), to_text(to_receipt(receipt)).encode()


def _manifest(copy: PersonCopy, files: dict[str, bytes]) -> dict[str, Any]:
    """Returns what is in the archive.

    Args:
        copy: The person's copy.
        files: All other files by their paths.
    """
    return {
        "format": FORMAT,
        "case": copy.case,
        "as_of": moment(copy.at),
        "version": copy.version,
        "rows": copy.rows,
        "documents": [
            {
                "study": study.namespace,
                "document": document.name,
                "rows": len(document.rows),
                "first": moment(document.first),
                "last": moment(document.last),
            }
            for study, document in copy.all_documents()
        ],
        "files": [
            {
                "path": path,
                "bytes": len(data),
                "sha256": hashlib.sha256(data).hexdigest(),
            }
            for path, data in sorted(files.items())
        ],
    }
