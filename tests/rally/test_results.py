"""The launcher takes results of workers only where they answer its records."""

import json

import pytest

from rally import results
from rally.results import WrongResults, answer, digest, name_results, take_results
from tests.fakes.memory_store import MemoryStore

WORKS = [b"first", b"second"]
DIGESTS = [digest(work) for work in WORKS]
LINES = [answer(place, work, {"n": place}) for place, work in enumerate(WORKS)]
OTHERS = {
    "nothing": b"",
    "one missing": LINES[0],
    "one more": b"".join([*LINES, LINES[1]]),
    "one twice": LINES[0] * 2,
    "another order": b"".join(reversed(LINES)),
    "of another work": LINES[0] + answer(1, b"third", {}),
    "in another place": LINES[0] + answer(0, WORKS[1], {}),
    "no JSON": LINES[0] + b"second\n",
    "no UTF-8": LINES[0] + b'"\xff"\n',
    "no list": LINES[0] + b'{"0": 1}\n',
    "a longer list": LINES[0] + json.dumps([1, DIGESTS[1], {}, {}]).encode() + b"\n",
    "a true place": LINES[0] + json.dumps(["1", DIGESTS[1], {}]).encode() + b"\n",
    "too deep": LINES[0] + b"[" * 100_000 + b"\n",
}


@pytest.fixture
def kept():
    """Keeps bytes as results; the platform and their name."""
    platform, name = MemoryStore(), name_results("purge")

    def keep(data):
        platform.create(name, data)
        return platform, name

    return keep


def test_results_come_in_the_order_of_the_works(kept):
    platform, name = kept(b"".join(LINES))
    assert take_results(platform, name, DIGESTS) == [{"n": 0}, {"n": 1}]
    assert list(platform.list()) == []


@pytest.mark.parametrize("data", OTHERS.values(), ids=OTHERS)
def test_what_answers_other_works_is_refused_and_stays(kept, data):
    platform, name = kept(data)
    with pytest.raises(WrongResults) as caught:
        take_results(platform, name, DIGESTS)
    assert str(caught.value) == (
        f"{platform.uri}/{name}: does not answer the works that were distributed;"
        " see who writes there"
    )
    assert platform.stat(name)


def test_more_than_fits_into_memory_is_not_read(kept, monkeypatch):
    monkeypatch.setattr(results, "MOST_BYTES", 10)
    platform, name = kept(b"".join(LINES))
    opened = []
    platform.fault = lambda operation, _: opened.append(operation)
    with pytest.raises(WrongResults, match=r"larger than results of workers can be$"):
        take_results(platform, name, DIGESTS)
    assert opened == ["stat"]


def test_results_that_change_while_they_are_read_are_refused(kept):
    platform, name = kept(b"".join(LINES))

    def plant(operation, what):
        if operation == "open":
            platform.fault = lambda *_: None
            info = platform.stat(name)
            platform.replace(name, b"".join(LINES), info.generation)

    platform.fault = plant
    with pytest.raises(WrongResults, match=r"changed while they were read$"):
        take_results(platform, name, DIGESTS)


def test_names_are_new_and_below_the_jobs_own_folder():
    names = {name_results("audit") for _ in range(10)}
    assert len(names) == 10
    assert all(each.startswith("results/audit/") for each in names)
