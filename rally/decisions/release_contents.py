"""What people decide on results that leave the analysis environment: typed records."""

from typing import NamedTuple

from rally.decisions.contents import ReviewResult, Role

RECIPE_AREAS = (Role.STEWARD, Role.PRIVACY)
"""Areas of a recipe's approval; who signs for one has the role of that name."""


class Allotment(NamedTuple):
    """Privacy budget of a study: its first one that counts stands for ever.

    Attributes:
        namespace: Namespace of the study.
        rho: Most that all of its releases may cost, zCDP's rho, as decimal text.
        note: Reason.
    """

    namespace: str
    rho: str
    note: str


class RecipeSignature(NamedTuple):
    """A reviewer's answer on a recipe, for one area.

    Attributes:
        namespace: Namespace of the study.
        recipe: Id of the recipe.
        fingerprint: Fingerprint of the recipe; see rally.releases.recipe.
        area: One of RECIPE_AREAS.
        result: Answer.
        note: Reason.
    """

    namespace: str
    recipe: str
    fingerprint: str
    area: Role
    result: ReviewResult
    note: str


class Submission(NamedTuple):
    """The signer asks that a result of their own making is published.

    Attributes:
        namespace: Namespace of the study.
        name: Name of the file, `table.csv`.
        sha256: SHA-256 of its bytes, in hex.
        size: Number of its bytes.
        reason: Statement of what it is, and why no recipe gives it.
    """

    namespace: str
    name: str
    sha256: str
    size: int
    reason: str


class ResultSignature(NamedTuple):
    """A reviewer's answer on a result that waits inside.

    Attributes:
        namespace: Namespace of the study.
        release: Id of the release, or name of the submitted file.
        sha256: SHA-256 in hex of the draft, or of the submitted file.
        result: Answer.
        note: Reason.
    """

    namespace: str
    release: str
    sha256: str
    result: ReviewResult
    note: str


ReleaseContent = Allotment | RecipeSignature | Submission | ResultSignature
