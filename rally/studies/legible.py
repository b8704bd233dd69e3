"""Studies that do not load: what is legible of them, and names that two have."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from rally.studies.fields import Place
from rally.studies.study import Kind, Study, UnavailableStudy

FILE = "study.yaml"
"""The file of a study's promises, in its folder."""


def read_unavailable(content: object, faults: Sequence[str]) -> UnavailableStudy:
    """The record of a study that does not load.

    Args:
        content: of its study.yaml, whatever that is; None where it is no YAML.
        faults: why it does not load, one line each.
    """
    told = tuple(faults)
    entries = content if isinstance(content, dict) else {}
    kind = _kind(entries.get("kind"))
    aliases, derived = (entries.get(name, []) for name in ("aliases", "derived"))
    if kind is None or not (_are_texts(aliases) and _are_texts(derived)):
        return UnavailableStudy(told)
    return UnavailableStudy(told, kind, tuple(aliases), tuple(derived))


def _kind(value: object) -> Kind | None:
    return Kind(value) if isinstance(value, str) and value in set(Kind) else None


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


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
