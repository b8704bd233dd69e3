"""A platform to measure on, as `rally init --development` makes one, beside rows."""

from collections.abc import Iterable
from datetime import UTC, datetime

from rally.decisions.founding import FOUNDER, begin, development_people, digest_of
from rally.decisions.signers import open_signer
from rally.decisions.verifying import read_chain
from rally.initialisation.development_reviews import REGISTRAR, import_reviews
from rally.initialisation.places import mark_places, survey_places
from rally.keys.platform_administration import ensure_platform_keys
from rally.registry.registry import Registry
from rally.storage.layout import Stores
from rally.storage.marker import new_id
from rally.withdrawal.list_object import publish_list
from rally.withdrawal.withdrawal_list import WithdrawalList


def found(
    stores: Stores,
    platform_keys: str,
    namespaces: Iterable[str],
    registry: Registry | None = None,
) -> None:
    """Makes keys, the first decision, markers, and list 0; and signs reviews.

    Args:
        stores: that are not marked yet; rows may be there.
        platform_keys: folder of the platform's keys; people's are beside it.
        namespaces: of the studies.
        registry: registry whose reviews are signed; None signs none.
    """
    ensure_platform_keys(platform_keys, list(namespaces))
    people_keys, platform, now = f"{platform_keys}-people", new_id(), datetime.now(UTC)
    people = development_people(people_keys)
    founder = open_signer(people_keys, FOUNDER)
    founding = begin(
        *(stores.platform, platform, people, founder, platform_keys, now),
        development=True,
    )
    survey = survey_places(stores, [], adopts=platform)
    mark_places(survey, platform, digest_of(founding))
    if registry is not None:
        registrar = open_signer(people_keys, REGISTRAR)
        list(import_reviews(stores.platform, registry, registrar, lambda _: now))
    head = read_chain(stores.platform).head
    publish_list(stores.platform, WithdrawalList(), head, founder.key, None)
