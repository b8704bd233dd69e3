"""Registries in which a study does not load."""

from rally.registry.registry import Registry
from rally.registry.study import StudyKind, UnavailableStudy


def without_study(
    registry: Registry, namespace: str, kind: StudyKind | None
) -> Registry:
    """A registry in which one study does not load.

    Args:
        registry: in which it does.
        namespace: of the study.
        kind: that is legible of it all the same; None is a file of which nothing is.
    """
    studies = {name: each for name, each in registry.studies.items()}
    study = studies.pop(namespace)
    fault = f"{namespace}/study.yaml: is broken; mend it"
    legible = (kind, study.aliases, study.derived) if kind else ()
    unavailable = {namespace: UnavailableStudy((fault,), *legible)}
    return Registry(studies, {**registry.unavailable, **unavailable})
