"""The first view of each study that is begun, so that its readers find one."""

from collections.abc import Container, Iterable
from datetime import datetime

from rally.deletion.study_views import ViewPublisher
from rally.errors import ConfigurationError, ManyFaults
from rally.keys.names import Job
from rally.keys.platform_keys import PlatformKeys
from rally.registry.registry import Registry
from rally.settings import make_pseudonyms
from rally.storage.layout import Stores
from rally.validation.pseudonyms import PLATFORM
from rally.withdrawal.list_object import read_people


def begin_views(
    stores: Stores,
    registry: Registry,
    namespaces: Iterable[str],
    concluded: Container[str],
    platform_keys: str,
    now: datetime,
) -> tuple[bool, str]:
    """Publishes the views of studies that have none, where deletion's key opens here.

    Where it does not, as its KEK is for deletion alone, the next run of that does it.

    Args:
        stores: Stores of the studies and the platform.
        registry: Registry of the studies.
        namespaces: Namespaces that are begun.
        concluded: Namespaces of concluded studies.
        platform_keys: Folder of the platform's keys.
        now: Time of the publication, UTC.

    Returns:
        Whether any was published now, and a description for people.

    Raises:
        ManyFaults: views cannot be written.
    """
    known = (each for each in namespaces if each in registry.studies)
    begun = Registry({each: registry.studies[each] for each in known})
    try:
        keys = PlatformKeys.open(
            platform_keys, pseudonyms=[PLATFORM, *begun.studies], signing=[Job.DELETE]
        )
    except (ConfigurationError, ConnectionError):
        return False, "views of the studies: the next `rally delete` publishes them"
    pseudonyms, key = make_pseudonyms(keys, begun), keys.signer(Job.DELETE)
    publisher = ViewPublisher(stores, begun, pseudonyms, key)
    published = read_people(stores.platform)
    done = publisher.publish(published, concluded, now, only_missing=True)
    if publisher.faults:
        raise ManyFaults(publisher.faults)
    what = ", ".join(done) or "all of studies that are begun"
    return bool(done), f"views of the studies: {what}"
