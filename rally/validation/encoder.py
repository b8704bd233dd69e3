"""Compiles an Avro schema into one pass that checks a JSON value and encodes it.

"Not a byte more" (design: "Validating"): an encoder takes exactly what its schema
declares, and writes what fastavro's schemaless_writer would.
"""

from rally.errors import PingFailed
from rally.outcomes import FailureReason
from rally.validation.avro_schema import read_schema
from rally.validation.encoder_source import EncoderSource
from rally.validation.leaves import MISFITS, Encoder
from rally.validation.mismatches import find_mismatches


def compile_encoder(schema: object) -> Encoder:
    """Compiles a schema, parsed JSON, in which a field may have `"json": "<name>"`.

    The encoder takes a JSON value as orjson parses it and returns Avro's binary
    encoding of it, or raises PingFailed(SCHEMA_MISMATCH). The error names the schema's
    first place that does not fit, and holds nothing of the value. Whatever the value,
    the encoder goes no deeper than the schema does. It is a closure: built by each
    worker, not pickled.

    Raises:
        ConfigurationError: the schema cannot be served; says where and what to do.
    """
    type_ = read_schema(schema)
    write = EncoderSource().compile(type_)

    def encode(value: object) -> bytes:
        parts: list[bytes] = []
        try:
            write(value, parts.append)
        except MISFITS:
            pass  # what was caught may quote the value: leave it before raising
        else:
            return b"".join(parts)
        where = next(find_mismatches(type_, value), None)
        raise PingFailed(FailureReason.SCHEMA_MISMATCH, where) from None

    return encode


__all__ = ["Encoder", "compile_encoder"]
