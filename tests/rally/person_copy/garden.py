"""Ann asks for her copy, which is made, handed out and destroyed in memory."""

import pyrage

from rally.access.cases import read_cases
from rally.access.due_copies import find_archive, find_due, list_archives
from rally.keys.names import Job
from rally.person_copy.gathering import Places
from rally.person_copy.handing_over import build_copy, destroy_copy
from tests.support.access_cases import CASE, approved_case
from tests.support.memory_deployment import Killed, day
from tests.support.people import job_key
from tests.support.world import GARDEN

ANN, BEN = 1, 2
NOW, KEY = day(30), job_key(Job.COPY)
OWN = pyrage.x25519.Identity.generate()


def ask(deployment, person=ANN, **options):
    """A case that is approved."""
    options = {"to": str(OWN.to_public()), **options}
    participant = deployment.platform_pseudonym(person)
    approved_case(deployment.platform, participant, when=day(25), **options)


def places(deployment):
    return Places.open(deployment.registry, deployment.stores, deployment.pseudonyms)


def cases_of(opened, now):
    return read_cases(opened.chain, opened.platform, now)


def case(deployment, now=NOW):
    return cases_of(places(deployment), now)[CASE]


def build(deployment, person=ANN, now=NOW, words=None):
    opened, own = places(deployment), case(deployment, now)
    gathered = opened.gather(own, deployment.platform_pseudonym(person), now)
    tell = (words if words is not None else []).append
    return build_copy(opened, own, gathered, KEY, now, tell)


def build_killed(deployment):
    """An export that wrote the archive and no record."""
    deployment.platform.fault = lambda operation, name: (
        die_on("create")(operation, name) if name.endswith("built.json") else None
    )
    try:
        build(deployment)
    except Killed:
        deployment.platform.fault = lambda *_: None


def die_on(what):
    """Kills whoever begins an operation."""

    def die(operation, name):
        if operation == what:
            raise Killed

    return die


def archives(deployment):
    """SHA-256 of the archives that lie there."""
    return [each.digest for each in list_archives(deployment.platform)]


def archive(deployment):
    """The archive that counts."""
    return deployment.platform.read(stored(deployment).info.name)


def stored(deployment):
    """The archive that counts, as it is listed."""
    return find_archive(deployment.platform, case(deployment))


def due(deployment, now=NOW):
    opened = places(deployment)
    cases = cases_of(opened, now)
    withdrawals = opened.published.list.withdrawals
    return find_due(deployment.platform, cases, withdrawals, now)


def destroy(deployment, now=NOW):
    opened = places(deployment)
    for each in due(deployment, now):
        own = cases_of(opened, now)[each.case]
        destroy_copy(deployment.platform, opened.chain, KEY, each, own, now)


def leave(deployment, when=28):
    """Ann leaves, and deletion admits it."""
    deployment.leave(ANN, GARDEN, when)
    deployment.job().plan()
