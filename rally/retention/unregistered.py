"""Finds namespaces that a platform has and the given registry has not.

Such a study may still collect, so that no platform ends without it: its keys would be
destroyed, and nobody would look for its rows.
"""

from collections.abc import Iterator

from rally.decisions.chain import Chain
from rally.decisions.contents import DecisionKind
from rally.registry.registry import Registry
from rally.registry.transitions import StudyAction, transitions_in
from rally.retention.platform_records import list_keys, namespace_of
from rally.retention.settings import PurgeSettings

UNREGISTERED = (
    "has keys or decisions here, and is not in the registry; put it back, or correct"
    " --studies"
)
"""What is wrong with a namespace that was found, and what to do."""


def find_unregistered(
    settings: PurgeSettings, registry: Registry, chain: Chain
) -> list[str]:
    """Finds namespaces with a key file, or with decisions and no conclusion; sorted.

    One that is concluded, and whose keys are destroyed, may have left the registry.

    Args:
        settings: Settings of the job, with the key folders.
        registry: Registry of the studies.
        chain: Decisions of the platform.

    Raises:
        ConfigurationError: A key folder cannot be read.
        ConnectionError: It is away.
    """
    concluded = {
        each.namespace
        for each in transitions_in(chain)
        if each.action is StudyAction.CONCLUDE
    }
    known = {*_with_keys(settings), *(_decided(chain) - concluded)}
    return sorted(each for each in known if not registry.is_registered(each))


def _with_keys(settings: PurgeSettings) -> Iterator[str]:
    for folder in filter(None, settings.key_folders()):
        yield from filter(None, map(namespace_of, list_keys(folder)))


def _decided(chain: Chain) -> set[str]:
    """Finds the namespaces that a decision which counts is about."""
    contents = (each.content for each in chain.of(*DecisionKind))
    found = (getattr(each, "namespace", None) for each in contents)
    return set(filter(None, found))
