"""Opening a JWE against the cryptography that it cannot do without."""

import base64
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import median
from typing import NamedTuple

import orjson
from isal import igzip

from benchmarks.floor import jwe_parts, raw_open
from benchmarks.workload import NAMESPACE, Workload
from rally.decryption.jwe import open_jwe
from rally.keys.ping_keys import PingKeys

_CHUNK = 25
_PINGS = 2_000
_ROUNDS = 4


class Opening(NamedTuple):
    """Medians over chunks of pings.

    Attributes:
        raw: the primitives on decoded bytes, in microseconds of CPU time for a ping.
        ours: `open_jwe` on text, likewise.
        ratio: of the two in the same chunk.
    """

    raw: float
    ours: float
    ratio: float


def measure(workload: Workload) -> Opening:
    """Opens the same pings both ways in turn, chunk by chunk.

    Everything is decoded for the raw way before the clock runs for either, so that
    neither finds its input in a nearer cache than the other.
    """
    keys = PingKeys.load(str(workload.folder / "keys")).jwks(NAMESPACE)
    texts = list(islice(_texts(workload.folder / "pings-0.ndjson"), _PINGS))
    parts = [jwe_parts(text.encode()) for text in texts]
    times = []
    for start in [*range(0, len(texts), _CHUNK)] * _ROUNDS:
        chunk = slice(start, start + _CHUNK)
        raw = _cpu_micros(partial(raw_open, keys[0].key), parts[chunk])
        ours = _cpu_micros(partial(open_jwe, keys=keys), texts[chunk])
        times.append((raw, ours, ours / raw))
    return Opening(*map(median, zip(*times, strict=True)))


def _texts(file: Path) -> Iterator[str]:
    with open(file, "rb") as lines:
        for line in lines:
            body = base64.b64decode(orjson.loads(line)["payload"])
            yield orjson.loads(igzip.decompress(body))["payload"]


def _cpu_micros(open_one: Callable, sealed: list) -> float:
    start = time.process_time_ns()
    for each in sealed:
        open_one(each)
    return (time.process_time_ns() - start) / len(sealed) / 1_000
