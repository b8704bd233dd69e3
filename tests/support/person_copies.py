"""Takes copies of people of a deployment in memory, and looks into archives."""

import io
import json
import zipfile

from rally.access.person_rows import find_person_rows
from rally.decisions.verifying import read_chain
from rally.events import EventLog
from rally.person_copy.archive import make_archive
from rally.person_copy.taking import PlatformFacts, find_acts, take_copy
from rally.receipts.chain import read_receipt
from rally.withdrawal.list_object import read_list
from rally.withdrawal.rulings import Rulings
from tests.support.memory_deployment import MemoryDeployment, day

CASE = "00c0ffee"
AT = day(30)


def copy_of(deployment: MemoryDeployment, number: int, registry=None, pseudonyms=None):
    """The copy of somebody, as of the thirtieth day."""
    registry = registry or deployment.registry
    pseudonyms = pseudonyms or deployment.pseudonyms
    person = deployment.platform_pseudonym(number)
    chain = read_chain(deployment.platform)
    published = read_list(deployment.platform).list
    found = find_person_rows(registry, deployment.stores, pseudonyms, person)
    facts = PlatformFacts(registry, chain, pseudonyms, published.people())
    own = tuple(e for e in published.withdrawals if e.participant == person)
    receipts = [
        read_receipt(deployment.platform, chain, number)
        for each in own
        for number in each.receipts
    ]
    log, rulings = EventLog(deployment.platform), Rulings.of(chain)
    acts = tuple(find_acts(log, person, rulings))
    return take_copy(
        CASE, person, facts, found, acts, own, tuple(filter(None, receipts)), AT
    )


def files_of(archive: bytes) -> dict[str, bytes]:
    """Each file of an archive by its path, in the order in which they stand."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        assert opened.testzip() is None
        return {each.filename: opened.read(each) for each in opened.infolist()}


def opened(deployment: MemoryDeployment, number: int, **how) -> dict[str, bytes]:
    """The files of somebody's archive."""
    return files_of(make_archive(copy_of(deployment, number, **how)))


def lines(data: bytes) -> list[dict]:
    """The rows of a file of JSON lines."""
    return [json.loads(each) for each in data.decode().splitlines()]
