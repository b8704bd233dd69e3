"""Rules that hold among studies: names are of one, and somebody can join each."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from rally.decryption.pioneer import identifier_name
from rally.fields import Place
from rally.registry.study import Kind, Means, Study, UnavailableStudy

FILE = "study.yaml"
"""The file of a study's promises, in its folder."""


def find_clashes(
    studies: Mapping[str, Study], file_of: Callable[[str], str]
) -> dict[str, tuple[str, ...]]:
    """The studies whose aliases are names of others too, each with its faults.

    A namespace is its folder's: who takes it for an alias is wrong, and not its owner.
    Of an alias that two studies have nobody can say whose it is, so both are wrong.

    Args:
        studies: by namespace.
        file_of: the full name of a file of the registry.
    """
    owners: dict[str, list[str]] = {namespace: [namespace] for namespace in studies}
    for study in studies.values():
        for alias in study.aliases:
            owners.setdefault(alias, []).append(study.namespace)
    found = {
        namespace: tuple(_clashes(study, owners, Place(file_of(f"{namespace}/{FILE}"))))
        for namespace, study in studies.items()
    }
    return {namespace: faults for namespace, faults in found.items() if faults}


def _clashes(
    study: Study, owners: Mapping[str, Sequence[str]], place: Place
) -> Iterator[str]:
    own = {study.namespace}
    for index, alias in enumerate(study.aliases):
        others = sorted({*owners[alias]} - {study.namespace})
        if alias in own:
            others = [study.namespace]
        own.add(alias)
        if others:
            what = f'"{alias}" is a name of {others[0]} already; remove one'
            yield str(place.at("aliases", index).error(what))


def find_unjoinable(
    studies: Mapping[str, Study],
    unavailable: Mapping[str, UnavailableStudy],
    file_of: Callable[[str], str],
) -> dict[str, tuple[str, ...]]:
    """The studies that need enrolments and that nobody can join, each with its fault.

    All that they collect would be purged after the grace.

    Args:
        studies: that load otherwise, by namespace.
        unavailable: those that do not; one that may be the platform's may have a
            document by which people join the others.
        file_of: the full name of a file of the registry.
    """
    if any(study.kind is not Kind.STUDY for study in unavailable.values()):
        return {}
    if any(map(_names_studies, studies.values())):
        return {}
    joinable = {name for name, each in studies.items() if _has_joins(each)}
    if joinable & _platforms(studies):  # who joins by one has joined Rally
        joinable |= _platforms(studies)
    reason = (
        "let nobody join, and without an enrolment all is purged; add a document of"
        " means: joins here, or one with a scope to the platform's"
    )
    return {
        namespace: (
            str(Place(file_of(f"{namespace}/{FILE}"), ("documents",)).error(reason)),
        )
        for namespace, study in studies.items()
        if study.policy.enrolment_required and namespace not in joinable
    }


def _names_studies(study: Study) -> bool:
    """Whether it is the platform's, and has a document that says what is joined."""
    return study.kind is Kind.PLATFORM and any(
        each.means is Means.JOINS and each.scope for each in study.documents.values()
    )


def _has_joins(study: Study) -> bool:
    """Whether people join by one of its documents, or by what Pioneer sends beside.

    Pioneer's enrolment is built in everywhere, and is sent where the other documents
    have their id from Pioneer's envelope, too.
    """
    pioneer = f"/{identifier_name(study.namespace)}"
    return any(
        each.means is Means.JOINS or each.schema.participant == pioneer
        for each in study.documents.values()
    )


def _platforms(studies: Mapping[str, Study]) -> set[str]:
    return {name for name, each in studies.items() if each.kind is Kind.PLATFORM}
