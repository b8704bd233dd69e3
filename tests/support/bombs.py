"""Texts that are small as gzip and cost their reader much, by what they are made of."""

import gzip
import random

SMALL = 10_000
"""Bytes of a body that anybody can send."""

_RATIO = 48


def _distinct_keys(length: int) -> bytes:
    return b",".join(b'"%x":0' % number for number in range(length // 8))


def _of(unit: bytes, length: int) -> bytes:
    return unit * (length // len(unit))


def texts(length: int) -> dict[str, bytes]:
    """JSON, and what looks like it, of about that length."""
    return {
        "lists": b'{"payload":[%b0]}' % _of(b"[],", length),
        "objects": b'{"payload":[%b0]}' % _of(b"{},", length),
        "lists with an item": b'{"payload":[%b0]}' % _of(b"[0],", length),
        "objects with a key": b'{"payload":[%b0]}' % _of(b'{"a":0},', length),
        "spaced lists": b'{"payload":[%b0]}' % _of(b"[ ] , ", length),
        "lists in a list": b"[%b0]" % _of(b"[],", length),
        "deep lists": b'{"payload":[%b0]}'
        % _of(b"[" * 999 + b"]" * 999 + b",", length),
        "deep objects": b'{"payload":[%b0]}'
        % _of(b'{"a":' * 900 + b"0" + b"}" * 900 + b",", length),
        "only brackets": b"[" * length,
        "only braces": b'{"a":' * (length // 5),
        "lists never closed": b'{"payload":[%b' % _of(b"[],", length),
        "words": b'{"payload":[%b0]}' % _of(b'"ab",', length),
        "escapes": b'{"payload":["%b"]}' % _of(b"\\u0061", length),
        "escaped words": b'{"payload":[%b0]}' % _of(b'"\\u00e9\\n",', length),
        "backslashes": b'{"payload":["%b"]}' % _of(b"\\\\", length),
        "quotes": b'{"payload":["%b"]}' % _of(b'\\"', length),
        "lone surrogates": b'{"payload":["%b"]}' % _of(b"\\ud83c", length),
        "surrogates in words": b'{"payload":[%b0]}' % _of(b'"\\udc00",', length),
        "backslashes and a surrogate": b'{"payload":["%b\\ud83c"]}'
        % _of(b"\\\\", length),
        "brackets in a text": b'{"payload":"%b"}' % _of(b"[{", length),
        "wide text": b'{"payload":"\xf0\x9f\x98\x80%b"}' % _of(b"a", length),
        "integers": b'{"payload":[%b0]}' % _of(b"999,", length),
        "floats": b'{"payload":[%b0]}' % _of(b"1e9,", length),
        "a long integer": b'{"payload":%b}' % _of(b"9", length),
        "a long fraction": b'{"payload":0.%b}' % _of(b"9", length),
        "a long exponent": b'{"payload":1e%b}' % _of(b"9", length),
        "one key again and again": b'{%b"a":1}' % _of(b'"a":1,', length),
        "keys": b"{%b}" % _distinct_keys(length),
        "spaces": b"{%b}" % _of(b" ", length),
        "spaces and no end": _of(b" ", length),
        "a text without end": b'{"payload":"%b' % _of(b"a", length),
        "a byte order mark": b"\xef\xbb\xbf[%b0]" % _of(b"[],", length),
        "UTF-16": ("[" + "[]," * (length // 6) + "0]").encode("utf-16"),
        "no text": _of(b"\0", length),
        "gzip": gzip.compress(bytes(length * 99), mtime=0),
        "an envelope of long names": b'{"type":"pioneer-study","version":4,"payload":'
        b'{"schemaNamespace":"%b","schemaName":"%b","encryptionKeyId":"%b",'
        b'"schemaVersion":1,"encryptedData":"%b"}}' % ((_of(b"a", length // 4),) * 4),
    }


def packed(text: bytes) -> bytes:
    """Gzip of a text that inflates by no more than that, as spaces are added to it."""
    missing = len(text) // _RATIO - len(gzip.compress(text, mtime=0))
    noise = bytes(random.Random(7).choices(b" \t\r\n", k=max(0, 3 * missing)))
    return gzip.compress(text + noise, mtime=0)


def bombs() -> dict[str, bytes]:
    """Bodies of at most SMALL bytes, within the ratio that is let in and above it."""
    found = {}
    for length in (145_000, 395_000, 470_000):
        for name, text in texts(length).items():
            found[f"{length} bytes of {name}"] = packed(text)
    for name, text in texts(1_000_000).items():
        found[f"far too much of {name}"] = gzip.compress(text, mtime=0)
    found["many members"] = gzip.compress(b"", mtime=0) * 480
    found["a long name"] = b"\x1f\x8b\x08\x08" + bytes(6) + b"a" * (SMALL - 10)
    return {name: made for name, made in found.items() if len(made) <= SMALL}
