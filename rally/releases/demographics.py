"""What people tell the platform of themselves, as recipes and consents name it.

    the platform's document demographics.1          a recipe says
    /metrics/labeled_boolean/user_age/band_19_24    age, value band_19_24
    /metrics/quantity/user_exact_income             exact_income, in bands

The platform's own document says it under `user_<name>` or `<name>`. Consents for the
purpose *demographics* name it as recipes do.
"""

from collections.abc import Mapping
from typing import NamedTuple

from rally.dataset.documented_columns import DocumentedColumn, document_columns
from rally.dataset.names import own_parts
from rally.registry.registry import Registry
from rally.registry.study import Document, Means, StudyKind

_TYPE = "demographics"
_PREFIX = "user_"


class Demographic(NamedTuple):
    """Something that people tell the platform of themselves.

    Attributes:
        name: Name in recipes and in consents.
        document: Document of the platform that says it.
        answers: Columns by the answers that they stand for, each true or false; none
            where one column has the answer itself.
        column: That column; None where there are answers.
    """

    name: str
    document: Document
    answers: Mapping[str, DocumentedColumn]
    column: DocumentedColumn | None


def find_demographic(registry: Registry, name: str) -> Demographic | None:
    """Finds what a recipe names; None where the platform asks nobody for it."""
    document = find_document(registry)
    if document is None:
        return None
    answers = dict[str, DocumentedColumn]()
    for each in document_columns(document).values():
        field, *answer = own_parts(each.path)
        if field.removeprefix(_PREFIX) != name:
            continue
        if not answer:
            return Demographic(name, document, {}, each)
        if len(answer) == 1 and each.type.name == "boolean":
            answers[answer[0]] = each
    return Demographic(name, document, answers, None) if answers else None


def find_document(registry: Registry) -> Document | None:
    """Finds the document of the platform in which people describe themselves."""
    found = [
        document
        for study in registry.studies.values()
        if study.kind is StudyKind.PLATFORM
        for document in study.documents.values()
        if document.type == _TYPE and document.means is Means.DATA
    ]
    return max(found, key=lambda each: each.version, default=None)
