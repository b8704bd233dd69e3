"""The demo's study releases a table: the only thing that stays of it."""

import importlib.util
import re
from functools import partial

from pipelines.demo.clients import NEWS
from pipelines.demo.desk import Desk
from pipelines.demo.jobs import Jobs

RECIPE = "reading-time"

_AT = "2026-11-25T12:00:00Z"

_ASKS = """\
The study's author has a question, and a recipe for the answer. Nothing leaves but by
such a recipe: people allot what all answers may tell of a person, and sign the recipe
before anybody looks at the data:
"""
_RELEASES = """
The job sums, each person within the recipe's bounds, and adds noise once. The table
waits inside until another person has looked at it:
"""
_PLACED = """
It is all that stays of the study. With pictures: {page}
"""
_WITHOUT_OPENDP = """\
Now a table of the study could be released; that takes the extra `releases`, which is
not installed here.
"""


def tell(jobs: Jobs) -> int:
    """Releases a table as people do, and shows it; how much was not as promised."""
    if importlib.util.find_spec("opendp") is None:
        print(_WITHOUT_OPENDP)
        return 0
    desk = Desk()
    type = partial(desk.type, places=jobs.places)
    print(_ASKS)
    approves = ["--result=+", "--by=steward"]
    asked = ["--rho=1", "--note=Two tables", "--by=decide"]
    said = type("releases", "allot", NEWS, *asked)
    number = re.findall(r"Decision (\d+)", said)
    type("decisions", "approve", *number, "--by=privacy")
    type("releases", "approve", NEWS, RECIPE, "--as=steward", *approves)
    if desk.faults:
        return desk.faults
    print(_RELEASES)
    desk.type("release", NEWS, RECIPE, places=[*jobs.places, f"--as_of={_AT}"])
    store = [each for each in jobs.places if each.startswith("--store=")]
    show = ["releases", "show", NEWS, RECIPE]
    desk.type(*show, places=store, shown=_without_card)
    type("releases", "sign", NEWS, RECIPE, "--result=+", "--by=privacy")
    place = ["releases", "place", NEWS, RECIPE, jobs.releases]
    desk.type(*place, places=jobs.places[1:])
    if not desk.faults:
        page = jobs.scene.releases / f"study={NEWS}" / RECIPE / "index.html"
        print(_PLACED.format(page=page))
    return desk.faults


def _without_card(shown: str) -> str:
    """Leaves out the card, which is a page long."""
    return "".join(f"{each}\n\n" for each in shown.split("\n\n")[:2])
