"""What is legible of a study that does not load."""

from collections.abc import Sequence

from rally.registry.study import Kind, UnavailableStudy

_LONGEST = 1000  # of a line: a schema's words stand in some, as long as they are


def read_unavailable(content: object, faults: Sequence[str]) -> UnavailableStudy:
    """The record of a study that does not load.

    Args:
        content: of its study.yaml, whatever that is; None where it is no YAML.
        faults: why it does not load, one line each.
    """
    told = tuple(each[:_LONGEST] for each in faults)
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
