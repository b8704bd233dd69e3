"""Whoever may write below results/, in a process of its own: plants lines in answers.

    python -m tests.pipelines.planter <store> own|all

`own` is a line for each file of the partitions that an answer is about, `all` one for
each file that there is. It prints a line when it is ready, and one for each answer in
which it has planted, and ends when its standard input does.
"""

import json
import select
import sys

from rally.retention.plan_entry import STUDY, Phase, PlanEntry, Reason
from rally.storage.objectstore.interface import GenerationMismatch, ObjectNotFound
from rally.storage.objectstore.open_store import open_store
from rally.storage.partitions import partition_of


def main(uri: str, kind: str) -> int:
    store, platform = open_store(uri), open_store(f"{uri}/platform")
    lines = [
        PlanEntry(Phase.ROWS, STUDY, *partition, *info, Reason.UNENROLLED)
        .to_json()
        .decode()
        for info in store.list("data/")
        if (partition := partition_of(info.name.split("/")[1][6:], info.name))
    ]
    print("ready", flush=True)
    planted = set[str]()
    while not select.select([sys.stdin], [], [], 0)[0]:
        for info in platform.list("results/purge/"):
            if info.name in planted:
                continue
            try:
                data = _planted(platform.read(info.name), lines, kind)
                platform.replace(info.name, data, info.generation)
            except (ObjectNotFound, GenerationMismatch):
                continue
            planted.add(info.name)
            print("planted", flush=True)
    return 0


def _planted(data: bytes, lines: list[str], kind: str) -> bytes:
    answers = [json.loads(each) for each in data.splitlines()]
    for _, _, found in answers:
        if "lines" in found:
            own = {_folder(each) for each in found["lines"]}
            found["lines"] += [
                each for each in lines if kind == "all" or _folder(each) in own
            ]
    return b"".join(json.dumps(each).encode() + b"\n" for each in answers)


def _folder(line: str) -> str:
    return json.loads(line)[5].rpartition("/")[0]


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
