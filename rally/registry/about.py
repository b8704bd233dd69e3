"""What a study says of itself to people who may join it: `about:` in study.yaml.

The entries are those of a consent notice. The platform acts on none of them; they stand
in the inventory (rally/inventory/), beside what the platform keeps.
"""

from dataclasses import dataclass

from rally.fields import AllFields, Place, https_address
from rally.registry.collected_fields import words


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """A study in its own words.

    Attributes:
        goal: Question that the study wants to answer.
        institution: Institution that does the study, such as a university.
        investigator: Name of the principal investigator.
        ethics_review: Board that approved the study, with the number of its protocol.
        contact: Whom a participant can ask.
        independent_contact: Whom a participant can ask who is not of the study.
        page: https address of the study's own page.
        joining: Way to join.
        leaving: Way to leave.
        benefits: Benefits for participants and others.
        risks: Risks for participants.
        payment: Payment of participants.
    """

    goal: str
    institution: str | None = None
    investigator: str | None = None
    ethics_review: str | None = None
    contact: str | None = None
    independent_contact: str | None = None
    page: str | None = None
    joining: str | None = None
    leaving: str | None = None
    benefits: str | None = None
    risks: str | None = None
    payment: str | None = None


def read_about(place: Place, value: object) -> About:
    """Reads the entry. Raises ConfigurationError with all of its faults."""
    fields = AllFields(place, value)
    about = About(
        goal=fields.need("goal", words),
        institution=fields.maybe("institution", words),
        investigator=fields.maybe("investigator", words),
        ethics_review=fields.maybe("ethics_review", words),
        contact=fields.maybe("contact", words),
        independent_contact=fields.maybe("independent_contact", words),
        page=fields.maybe("page", https_address),
        joining=fields.maybe("joining", words),
        leaving=fields.maybe("leaving", words),
        benefits=fields.maybe("benefits", words),
        risks=fields.maybe("risks", words),
        payment=fields.maybe("payment", words),
    )
    fields.close()
    return about
