"""Violations in studies' views; each function returns what those of objects do."""

from rally.keys.names import Job
from rally.keys.signing import verifier_of
from rally.storage.layout import view_file
from rally.withdrawal.study_view import StudyView
from rally.withdrawal.view_object import encode_view
from tests.support.people import job_key, signer
from tests.support.world import GARDEN

_KEY = job_key(Job.DELETE)
_NAME = view_file(GARDEN)
_FORGED = {"is missing, or not as deletion published it": 1}


def missing(deployment):
    deployment.data.delete(_NAME, deployment.data.stat(_NAME).generation)
    return _NAME, _FORGED


def of_nobody(deployment):
    """Somebody other than deletion signed it."""
    put(deployment, {}, signer("decide").key)
    return _NAME, _FORGED


def of_the_list_before(deployment):
    counter = deployment.withdrawals().counter - 1
    put(deployment, {"counter": counter}, _KEY)
    return _NAME, {"of an older withdrawal list": 1}


def of_people_who_stay(deployment):
    """It is signed, and has nobody who left."""
    put(deployment, {"people": 0}, _KEY, people=())
    return _NAME, {"leaves out other rows than the withdrawal list says": 1}


def name_end(deployment, end):
    """Deletion has seen the ledger of releases, and the view says how far."""
    changes = {"ledger_number": end.number, "ledger_digest": end.digest}
    put(deployment, changes, _KEY)


def put(deployment, changes, key, people=None):
    view = StudyView.load(deployment.data, GARDEN, verifier_of(_KEY.public))
    if people is None:
        people = view.people()
    data = encode_view(view.head._replace(**changes), view.expunges, people, key)
    deployment.data.replace(_NAME, data, deployment.data.stat(_NAME).generation)
