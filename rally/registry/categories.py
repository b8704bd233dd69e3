"""Computes the category of a document's data, from its fields and what they are beside.

The highest category of the fields decides, and combinations raise it, as Mozilla's data
collection page says: what identifies nobody by itself may do so beside something else.
Each rule has a name; a review may say why one does not apply. All documents of a study
know a participant by one pseudonym, so a rule may look at all of them together.
"""

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple

from rally.registry.collected_fields import CollectedField
from rally.registry.study import Document, Means, PayloadSchema, Study

BROWSING = 3
"""Category of stored content, web addresses and browsing history."""

HIGHEST = 4
"""Category of what is highly sensitive, or clearly identifies a person."""

SIGNED_CATEGORIES = (BROWSING, HIGHEST)
"""Categories for which privacy, data, legal and security sign, too."""

_DEMOGRAPHIC = frozenset(
    re.findall(
        "[a-z]+",
        "age birth birthday birthdate birthyear gender sex race ethnicity hispanic"
        " income salary education religion occupation marital household nationality"
        " disability",
    )
)
_PLACE = frozenset(
    re.findall(
        "[a-z]+",
        "city country county geo latitude location longitude municipality postal"
        " postcode region town zip zipcode",
    )
)
_WORDS = re.compile("[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


class Category(NamedTuple):
    """The category of a document's data.

    Attributes:
        level: Category, 1 to 4.
        own: Highest category of its own fields.
        rule: Rule that raised it; "" where none did.
        why: Reason, in words; "" where none.
    """

    level: int
    own: int
    rule: str = ""
    why: str = ""

    def __str__(self) -> str:
        """`3`, or `3 -> 4 (web addresses beside a persistent id)`."""
        return (
            f"{self.own} -> {self.level} ({self.why})" if self.rule else f"{self.own}"
        )


class Rule(NamedTuple):
    """A combination that raises a category to the highest.

    Attributes:
        name: Name, by which a review may exempt itself.
        why: Reason, in words.
        applies: Function of the schema, and of the fields of the study's other
            documents that are data.
    """

    name: str
    why: str
    applies: Callable[[PayloadSchema, Sequence[CollectedField]], bool]


def _has_browsing_beside_id(
    schema: PayloadSchema, others: Sequence[CollectedField]
) -> bool:
    is_persistent = schema.participant or any(it.identifier for it in schema.fields)
    return bool(is_persistent) and any(it.category == BROWSING for it in schema.fields)


def _has_demographics_with_place(
    schema: PayloadSchema, others: Sequence[CollectedField]
) -> bool:
    return _names(schema.fields, _DEMOGRAPHIC) and _names(schema.fields, _PLACE)


def _has_demographics_beside_place(
    schema: PayloadSchema, others: Sequence[CollectedField]
) -> bool:
    own = schema.fields
    return (_names(own, _DEMOGRAPHIC) and _names(others, _PLACE)) or (
        _names(own, _PLACE) and _names(others, _DEMOGRAPHIC)
    )


RULES = (
    Rule(
        "browsing-beside-id",
        "web addresses or stored content beside a persistent id",
        _has_browsing_beside_id,
    ),
    Rule(
        "demographics-with-place",
        "demographics with a place",
        _has_demographics_with_place,
    ),
    Rule(
        "demographics-across-documents",
        "demographics and a place in documents that the participant joins",
        _has_demographics_beside_place,
    ),
)
"""In the order in which they are named, where several apply."""


def category_of(
    study: Study,
    document: Document,
    schema: PayloadSchema,
    exempt: Collection[str] = frozenset(),
) -> Category:
    """Computes the category of one schema of a document.

    Args:
        study: Study, with all its documents.
        document: Document of the study.
        schema: Schema of the document, the newest or an older one.
        exempt: Names of rules that do not apply.
    """
    own = max((each.category for each in schema.fields), default=1)
    if own < HIGHEST and document.means is Means.DATA:
        others = [*_fields_of_data(study, document)]
        for rule in RULES:
            if rule.name not in exempt and rule.applies(schema, others):
                return Category(HIGHEST, own, rule.name, rule.why)
    return Category(own, own)


def _fields_of_data(study: Study, but: Document) -> Iterable[CollectedField]:
    for document in study.documents.values():
        if document.means is Means.DATA and document.name != but.name:
            yield from document.schema.fields


def _names(fields: Iterable[CollectedField], words: frozenset[str]) -> bool:
    """Tells whether a field that is no SDK's has one of the words in its own name."""
    return any(
        not each.sdk and not words.isdisjoint(_words_of(each)) for each in fields
    )


def _words_of(field: CollectedField) -> set[str]:
    name = field.path.rpartition("/")[2]
    return {word.lower() for word in _WORDS.findall(name)}
