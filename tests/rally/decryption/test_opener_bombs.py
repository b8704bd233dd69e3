"""What a stranger's body costs, whatever is in it."""

import base64
import subprocess
import sys
import tracemalloc
from pathlib import Path

import orjson
import pytest

from rally.errors import PingFailed
from rally.outcomes import FailureReason
from tests.rally.decryption.test_opener import PATH, seal_tink
from tests.support.bombs import SMALL, bombs, texts

BOMBS = bombs()
MEMORY = 20_000_000
"""Bytes that one body may cost beside itself."""

TEN_OF_EACH = """
import resource, sys
from pathlib import Path
from rally.errors import PingFailed
from rally.keys.ping_keys import PingKeys
from rally.decryption.opener import Opener

opener = Opener(PingKeys.load(sys.argv[1]))
for body in sorted(Path(sys.argv[2]).iterdir()):
    print(body.name, flush=True)
    data, spent = body.read_bytes(), resource.getrusage(resource.RUSAGE_SELF)
    limit = int(spent.ru_utime + spent.ru_stime + 0.5) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))
    for _ in range(10):
        try:
            opener.open(data, "hpke", sys.argv[3])
        except PingFailed:
            pass
print("all of them")
"""
"""Half a second of the processor is what ten of a body may cost; a limit is of whole
seconds."""


def outcome(call):
    """What comes of it, and the most memory that was in use meanwhile."""
    tracemalloc.start()
    try:
        call()
        return None, tracemalloc.get_traced_memory()[1]
    except PingFailed as failed:
        return failed.reason, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("body", BOMBS.values(), ids=BOMBS)
def test_bomb_that_nobody_sealed_fails_and_costs_little(opener, body):
    assert len(body) <= SMALL
    reason, memory = outcome(lambda: opener.open(body, "glean", PATH))
    assert reason in {
        FailureReason.TOO_LARGE,
        FailureReason.INVALID_BODY,
        FailureReason.NOT_ENCRYPTED,
        FailureReason.DECRYPTION_FAILED,
    }
    assert memory < MEMORY


@pytest.mark.parametrize("body", BOMBS.values(), ids=BOMBS)
def test_bomb_in_the_place_of_a_pioneer_envelope_costs_as_little(opener, body):
    reason, memory = outcome(lambda: opener.read_pioneer(body))
    # One is an envelope, but for the size of what it says.
    assert reason in {None, FailureReason.TOO_LARGE, FailureReason.INVALID_BODY}
    assert memory < MEMORY


@pytest.mark.parametrize("clear", BOMBS.values(), ids=BOMBS)
def test_bomb_inside_of_a_ciphertext_costs_as_little(opener, folder, clear):
    body = seal_tink(folder, "hpke", clear)
    reason, memory = outcome(lambda: opener.open(body, "hpke", PATH))
    assert reason in {None, FailureReason.TOO_LARGE, FailureReason.INVALID_PAYLOAD}
    assert memory < MEMORY


@pytest.mark.slow("volumes")
def test_bombs_cost_little_of_the_processor(folder, tmp_path):
    for name, bomb in BOMBS.items():
        if name.startswith("far too much"):
            continue  # refused by their size, as all of those are
        (tmp_path / name).write_bytes(bomb)
        (tmp_path / f"{name}, sealed").write_bytes(seal_tink(folder, "hpke", bomb))
    command = [sys.executable, "-c", TEN_OF_EACH, folder.uri, tmp_path, PATH]
    root = Path(__file__).parents[3]
    ended = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert ended.stderr == ""
    assert ended.stdout.splitlines()[-1] == "all of them"


@pytest.mark.parametrize("text", texts(300_000).values(), ids=texts(1))
def test_jwe_with_a_bomb_for_its_header_costs_little(opener, text):
    header = base64.urlsafe_b64encode(text).rstrip(b"=")
    body = b'{"payload": "%b..AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA"}' % header
    _, once = outcome(lambda: orjson.loads(body))
    reason, memory = outcome(lambda: opener.open(body, "glean", PATH))
    assert reason in {FailureReason.TOO_LARGE, FailureReason.DECRYPTION_FAILED}
    assert memory < 1.5 * once  # the body alone is parsed, and not its header
