"""The checksums of a header, made as the documentation says."""

import google_crc32c


def seal_of(entries, sync):
    """The value of `rally.header` for these entries, in their order."""
    rest = sync + b"".join(
        name.encode() + b"\0" + value + b"\0"
        for name, value in entries.items()
        if name not in ("rally.header", "rally.row_lengths")
    )
    lengths = entries.get("rally.row_lengths", b"")
    return b"".join(b"%08x" % google_crc32c.value(each) for each in (rest, lengths))
