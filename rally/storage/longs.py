"""Longs as Avro writes them: zig-zag, seven bits a byte, the lowest first.

`zig_zag` is their writer (Apache Avro 1.11 specification, "Binary Encoding").
"""


def decode_long(data: bytes, position: int) -> tuple[int, int]:
    """A long at a position, and the position behind it.

    Raises:
        IndexError: the data ends within it.
        ValueError: it has more than 64 bits.
    """
    bits = 0
    for shift in range(0, 70, 7):
        byte = data[position]
        position += 1
        bits |= (byte & 0x7F) << shift
        if byte < 0x80 and bits < 1 << 64:
            return bits >> 1 ^ -(bits & 1), position
    raise ValueError
