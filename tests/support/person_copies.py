"""Takes copies of people of a deployment in memory, and looks into archives."""

import io
import json
import zipfile

from rally.access.cases import Case, Decided, subject_of
from rally.person_copy.archive import make_archive
from rally.person_copy.gathering import Places
from tests.support.memory_deployment import MemoryDeployment, day

CASE = "00c0ffee"
AT = day(30)


def copy_of(deployment: MemoryDeployment, number: int, registry=None, pseudonyms=None):
    """The copy of somebody, as of the thirtieth day."""
    places = Places.open(
        registry or deployment.registry,
        deployment.stores,
        pseudonyms or deployment.pseudonyms,
    )
    person = deployment.platform_pseudonym(number)
    opened = Decided("decide", AT)
    case = Case(CASE, subject_of(CASE, person), False, None, opened)
    return places.gather(case, person, AT).copy


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
