"""Rules that hold among studies: each name has one owner, and people can join each."""

from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from dataclasses import replace

from rally.decryption.pioneer import identifier_name
from rally.fields import Place
from rally.registry.study import Means, Study, StudyKind, UnavailableStudy


def close_clashing(
    studies: MutableMapping[str, Study],
    unavailable: MutableMapping[str, UnavailableStudy],
    places: Mapping[str, Place],
) -> None:
    """Closes the studies that load and whose aliases are names of others that load.

    A namespace is its folder's: who takes it for an alias is wrong, and not its owner.
    Of an alias that two studies have nobody can say whose it is, so both are wrong. A
    study that does not load closes no other, and is told its own wrong aliases.

    Args:
        studies: The studies that load, by namespace; those with a clash go.
        unavailable: Studies that do not load, by namespace; those with a clash come.
        places: The study.yaml of each.
    """
    owners = _owners_of_names({name: each.aliases for name, each in studies.items()})
    clashes = {
        name: tuple(_clashes(name, study.aliases, owners, places[name]))
        for name, study in studies.items()
    }
    everyone: dict[str, Study | UnavailableStudy] = {**studies, **unavailable}
    owners = _owners_of_names({name: each.aliases for name, each in everyone.items()})
    for name, other in list(unavailable.items()):
        more = _clashes(name, other.aliases, owners, places[name])
        unavailable[name] = replace(other, faults=(*other.faults, *more))
    for name, faults in clashes.items():
        if faults:
            study = studies.pop(name)
            unavailable[name] = UnavailableStudy(faults, study.kind, (), study.derived)


def _owners_of_names(aliases: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    owners: dict[str, list[str]] = {namespace: [namespace] for namespace in aliases}
    for namespace, names in aliases.items():
        for name in names:
            owners.setdefault(name, []).append(namespace)
    return owners


def _clashes(
    namespace: str,
    aliases: Sequence[str],
    owners: Mapping[str, Sequence[str]],
    place: Place,
) -> Iterator[str]:
    own = {namespace}
    for index, alias in enumerate(aliases):
        others = sorted({*owners[alias]} - {namespace})
        if alias in own:
            others = [namespace]
        own.add(alias)
        if others:
            what = f'"{alias}" is a name of {others[0]} already; remove one'
            yield str(place.at("aliases", index).error(what))


def close_unjoinable(
    studies: MutableMapping[str, Study],
    unavailable: MutableMapping[str, UnavailableStudy],
    places: Mapping[str, Place],
) -> None:
    """Closes the studies that need enrolments and that nobody can join.

    All that they collect would be purged after the grace. Nothing is closed while a
    study does not load that may be the platform's: it may have a document by which
    people join the others.

    Args:
        studies: The studies that load, by namespace; those that nobody can join go.
        unavailable: Studies that do not; those that nobody can join come.
        places: The study.yaml of each.
    """
    if any(study.kind is not StudyKind.STUDY for study in unavailable.values()):
        return
    if any(map(_names_studies, studies.values())):
        return
    joinable = {name for name, each in studies.items() if _has_joins(each)}
    if joinable & _platforms(studies):  # who joins by one has joined Rally
        joinable |= _platforms(studies)
    reason = (
        "let nobody join, and without an enrolment all is purged; add a document of"
        " means: joins here, or one with a scope to the platform's"
    )
    for name, study in list(studies.items()):
        if study.policy.enrolment_required and name not in joinable:
            fault = str(places[name].at("documents").error(reason))
            unavailable[name] = studies.pop(name).closed((fault,))


def _names_studies(study: Study) -> bool:
    """Tells whether a study is a platform whose documents say what is joined."""
    return study.kind is StudyKind.PLATFORM and any(
        each.means is Means.JOINS and each.scope for each in study.documents.values()
    )


def _has_joins(study: Study) -> bool:
    """Tells whether people join by a document of a study, or by what Pioneer sends.

    Pioneer's enrolment is built in everywhere, and is sent where the other documents
    have their id from Pioneer's envelope, too.
    """
    pioneer = f"/{identifier_name(study.namespace)}"
    return any(
        each.means is Means.JOINS or each.schema.participant == pioneer
        for each in study.documents.values()
    )


def _platforms(studies: Mapping[str, Study]) -> set[str]:
    return {name for name, each in studies.items() if each.kind is StudyKind.PLATFORM}
