"""Words what anybody is told who asks what is held about them, and is not verified.

Everybody gets the same: what all studies collect, and not which of them know somebody.
"""

from collections.abc import Iterator

from rally.inventory.layout import study_path
from rally.inventory.records import Inventory, StudyEntry
from rally.inventory.wording import say_day
from rally.registry.transitions import StudyState

NOT_VERIFIED = (
    "We cannot yet tell that this is you.",
    'Sign in and press "Send proof". If you cannot, tell us what else would show it;'
    " two of us look at it.",
    "What our studies collect, of everybody who takes part:",
)
_HOLDS_NOTHING = (StudyState.DRAFT, StudyState.CONCLUDED)


def make_general_answer(inventory: Inventory, address: str) -> Iterator[str]:
    """Yields the lines of the answer.

    Args:
        inventory: Inventory of all studies.
        address: https address at which the inventory's pages are published.
    """
    yield from NOT_VERIFIED
    for entry in inventory.studies:
        if entry.state not in _HOLDS_NOTHING:
            page = f"{address.rstrip('/')}/{study_path(entry.study)}"
            yield f"{entry.study.name} collects this: {page}"
            yield " ".join(_about_end(entry))


def _about_end(entry: StudyEntry) -> Iterator[str]:
    study, about = entry.study, entry.study.about
    if study.analysis_until:
        yield f"All of it is destroyed by {say_day(study.analysis_until)}."
    else:
        yield "That page says when it is destroyed."
    if about and about.independent_contact:
        yield f"Independent contact: {about.independent_contact}"
