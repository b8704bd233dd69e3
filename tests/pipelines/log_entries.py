"""Runs jobs, and reads what they log."""

import json
import os
import re
import subprocess
import sys

from tests.support.world import (
    GARDEN,
    HOUSE,
    POND,
    Message,
    rally_id,
)

CANARY = "Sabine reads about hats"


def run(*words, form="json"):
    """Runs Python; gives the exit status and all that it wrote."""
    done = subprocess.run(
        [sys.executable, *words],
        env=os.environ | {"RALLY_LOG_FORMAT": form},
        capture_output=True,
        text=True,
        timeout=300,
    )
    return done.returncode, done.stdout, done.stderr


def entries(errors):
    """Each line of standard error, read; what is the same in each is checked."""
    found = [json.loads(line) for line in errors.splitlines()]
    for entry in found:
        assert re.fullmatch(r"[0-9T:.-]{19,26}\+00:00", entry.pop("time"))
    return found


def own(errors):
    """Without seconds, and without what is said of libraries."""
    return [
        {name: value for name, value in entry.items() if name != "seconds"}
        for entry in entries(errors)
        if entry["severity"] != "DEBUG"
    ]


def hostile(world):
    """Pings with ids and clear text wherever a sender can put them."""
    person, other = rally_id(1), rally_id(2)
    visit, sent = f"{GARDEN}/visit/1", f"2026-05-20T10:00:00Z{CANARY}"
    clear = {"rally.id": person, "page": CANARY, "count": 1}
    good = world.message(visit, clear, 1, x_telemetry_agent=CANARY, x_debug_id=other)
    return [
        good,
        world.message(visit, clear | {CANARY: CANARY}, 2, dnt=CANARY),
        world.message(visit, clear | {"count": CANARY}, 3, x_source_tags=other),
        world.message(visit, clear, 4, sent=sent),
        world.message(visit, f"{CANARY} {person}".encode(), 5),
        world.message(f"{GARDEN}/{CANARY}/1", clear, 6),
        world.message(f"{POND}/visit/1", clear | {"private": CANARY}, 7),
        world.message(f"{HOUSE}/unenrollment/1", {"rally.id": f"{other}{other}"}, 8),
        Message(f"{CANARY} {person}".encode(), good.attributes),
        Message(good.body[:-1], good.attributes | {"x_forwarded_for": CANARY}),
        Message(b"", {"uri": f"/submit/{CANARY}/{person}", CANARY: other}),
    ]
