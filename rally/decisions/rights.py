"""Who may decide what: roles by kind of decision, and what takes two people."""

from collections.abc import Mapping

from rally.decisions.access_contents import AccessVerification, VerificationMeans
from rally.decisions.content_parsing import Content
from rally.decisions.contents import (
    REVIEW_AREAS,
    DecisionKind,
    ReviewSignature,
    Role,
)
from rally.decisions.release_contents import RECIPE_AREAS, RecipeSignature

MAY: Mapping[DecisionKind, frozenset[Role]] = {
    DecisionKind.FOUND: frozenset({Role.OWNER}),
    DecisionKind.APPROVE: frozenset({Role.OWNER, Role.DECIDE, Role.PRIVACY}),
    DecisionKind.ACCEPT_LOSS: frozenset({Role.OWNER}),
    DecisionKind.CONCLUDE_PLATFORM: frozenset({Role.DECIDE}),
    DecisionKind.ADD_PERSON: frozenset({Role.OWNER}),
    DecisionKind.REVOKE_PERSON: frozenset({Role.OWNER}),
    DecisionKind.REPLACE_KEY: frozenset({Role.OWNER}),
    DecisionKind.PAUSE: frozenset({Role.STOP, Role.DECIDE}),
    DecisionKind.PLACE_HOLD: frozenset({Role.STOP, Role.DECIDE}),
    DecisionKind.RESUME: frozenset({Role.DECIDE}),
    DecisionKind.END: frozenset({Role.DECIDE}),
    DecisionKind.CONCLUDE: frozenset({Role.DECIDE}),
    DecisionKind.RELEASE_HOLD: frozenset({Role.DECIDE}),
    DecisionKind.CONFIRM: frozenset({Role.DECIDE}),
    DecisionKind.REJECT: frozenset({Role.DECIDE}),
    DecisionKind.EXPEDITE: frozenset({Role.DECIDE}),
    DecisionKind.SETTLE: frozenset({Role.DECIDE}),
    DecisionKind.RECORD_LETTERS: frozenset({Role.DECIDE}),
    DecisionKind.PUBLISH_NOTICE: frozenset({Role.DECIDE}),
    DecisionKind.RECORD_CONSENTS: frozenset({Role.DECIDE}),
    DecisionKind.SIGN_REVIEW: frozenset(REVIEW_AREAS),
    DecisionKind.IMPORT_REVIEW: frozenset({Role.REGISTRAR}),
    DecisionKind.CONFIRM_REVIEW: frozenset({Role.AUTHOR}),
    DecisionKind.WITHDRAW_REVIEW: frozenset(REVIEW_AREAS),
    DecisionKind.SUSPEND: frozenset({Role.STOP, Role.DECIDE}),
    DecisionKind.RELEASE: frozenset({Role.DECIDE}),
    DecisionKind.OPEN_CASE: frozenset({Role.DECIDE}),
    DecisionKind.VERIFY_CASE: frozenset({Role.DECIDE, Role.SERVICE}),
    DecisionKind.APPROVE_CASE: frozenset({Role.DECIDE}),
    DecisionKind.REFUSE_CASE: frozenset({Role.DECIDE}),
    DecisionKind.EXPUNGE: frozenset({Role.DECIDE}),
    DecisionKind.ALLOT_BUDGET: frozenset({Role.DECIDE}),
    DecisionKind.SIGN_RECIPE: frozenset(RECIPE_AREAS),
    DecisionKind.SUBMIT_RESULT: frozenset({Role.AUTHOR}),
    DecisionKind.SIGN_RESULT: frozenset({*RECIPE_AREAS, Role.DECIDE}),
}
"""The roles of which a signer needs one."""

APPROVED_BY: Mapping[DecisionKind, frozenset[Role]] = {
    DecisionKind.ACCEPT_LOSS: frozenset({Role.OWNER}),
    DecisionKind.ADD_PERSON: frozenset({Role.OWNER}),
    DecisionKind.REVOKE_PERSON: frozenset({Role.OWNER}),
    DecisionKind.REPLACE_KEY: frozenset({Role.OWNER}),
    DecisionKind.EXPUNGE: frozenset({Role.DECIDE, Role.PRIVACY}),
    DecisionKind.ALLOT_BUDGET: frozenset({Role.PRIVACY}),
    DecisionKind.CONCLUDE_PLATFORM: frozenset({Role.OWNER, Role.PRIVACY}),
}
"""What counts only once a second person has approved it, who has one of these roles."""

AFTER_CONCLUSION = frozenset(
    {
        *(DecisionKind.APPROVE, DecisionKind.ACCEPT_LOSS),
        *(DecisionKind.ADD_PERSON, DecisionKind.REVOKE_PERSON),
        DecisionKind.REPLACE_KEY,
        *(DecisionKind.PLACE_HOLD, DecisionKind.RELEASE_HOLD),
    }
)
"""What can still be decided once the platform is concluded: what guards its end.

Its records may be held for the law, and the chain has to be kept whole.
"""


def role_of(content: Content) -> Role | None:
    """Gives the one role that a content asks for besides; None where any of MAY does.

    A reviewer signs for the area that is theirs. Who may attest accounts verifies by
    nothing else, and nobody else does by an account.
    """
    match content:
        case ReviewSignature(area=area) | RecipeSignature(area=area):
            return area
        case AccessVerification(means=VerificationMeans.ACCOUNT):
            return Role.SERVICE
        case AccessVerification():
            return Role.DECIDE
    return None
