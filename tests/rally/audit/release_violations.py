"""Releases that are not as promised: each breaks the check of one promise alone.

Each function makes one, and returns where it is and the number of units by description.
"""

from rally.decisions.contents import ReviewResult
from rally.releases.draft import draft_name
from rally.releases.ledger_lines import FOLDER as LEDGER
from rally.releases.ledger_lines import PlacedFile, Placing, Reservation, line_name
from tests.rally.audit import view_violations
from tests.rally.releases.drafts import RELEASE, STUDY
from tests.rally.releases.outbox import FOLDER, Outbox, overwrite, remove
from tests.support.ledger_lines import put_lines, reservation

RESULT = f"{STUDY}/{RELEASE}"
DRAFT = draft_name(STUDY, RELEASE)
TABLE = FOLDER + "table.csv"


def release(deployment, *, places=True) -> Outbox:
    """A release that people approved and signed; it is placed, or waits inside."""
    outbox = Outbox(deployment.birds, deployment.platform)
    deployment.releases = outbox.releases
    outbox.sign()
    if places:
        outbox.place()
    return outbox


def _at(outbox, name):
    return f"{outbox.releases.uri.rstrip('/')}/{name}"


def line_lost(deployment):
    outbox = release(deployment, places=False)
    remove(outbox.platform, line_name(1))
    return line_name(1), None


def line_forged(deployment):
    outbox = release(deployment)
    outbox.platform.create(line_name(4), b"{}\n")
    return line_name(4), None


def rolled_back(deployment):
    """All that is left of the release is what a person signed."""
    outbox = release(deployment, places=False)
    remove(outbox.platform, DRAFT)
    for number in (2, 1):
        remove(outbox.platform, line_name(number))
    what = "people signed a result that the ledger does not have; restore its last"
    return RESULT, {f"{what} lines from a backup": 1}


def rolled_back_before_a_signature(deployment):
    outbox = Outbox(deployment.birds, deployment.platform)
    for number in (2, 1):
        remove(outbox.platform, line_name(number))
    return DRAFT, {"is a result for which nothing was reserved": 1}


def cut_back(deployment):
    """Nothing is left of the release, but that deletion has seen its lines."""
    outbox = Outbox(deployment.birds, deployment.platform)
    end = outbox.ledger.end
    view_violations.name_end(deployment, end)
    for name in (DRAFT, line_name(2), line_name(1)):
        remove(outbox.platform, name)
    lost = f"is not the ledger whose line {end.number} deletion has seen; restore it"
    return LEDGER, {f"{lost} from a backup": 1}


def other_lines(deployment):
    """Whoever has the key writes others in the place of those that were cut off."""
    cut_back(deployment)
    lines = [reservation(name, study=STUDY, rho="0.001") for name in ("a", "b", "c")]
    put_lines(deployment.platform, *lines)
    return LEDGER, None


def draft_lost(deployment):
    outbox = release(deployment)
    remove(outbox.platform, DRAFT)
    return DRAFT, {"is missing, and the ledger has it; restore it from a backup": 1}


def draft_changed(deployment):
    outbox = release(deployment)
    data = outbox.platform.read(DRAFT)
    overwrite(outbox.platform, DRAFT, data.replace(b'"title":"', b'"title":"x'))
    return DRAFT, None


def overspent(deployment):
    """Whoever has the key takes more than was allotted, by an approved recipe."""
    outbox = release(deployment)
    before = outbox.ledger.reservations[STUDY, RELEASE]
    more = before._replace(release="weekly.2030-01-01", rho="0.06")
    put_lines(outbox.platform, more)
    return STUDY, {"its releases took rho 0.0775 of 0.07": 1}


def unapproved(deployment):
    """Whoever has the key makes a release of a recipe that nobody approved."""
    outbox = release(deployment)
    before: Reservation = outbox.ledger.reservations[STUDY, RELEASE]
    put_lines(outbox.platform, before._replace(release="own", fingerprint="0" * 64))
    never = "never signed this version of the recipe"
    return f"{STUDY}/own", {
        f"took its budget, and {why}": 1
        for why in ("no steward approved it", f"privacy {never}", f"steward {never}")
    }


def file_beside(deployment):
    outbox = release(deployment)
    name = f"study={STUDY}/rows.csv"
    outbox.releases.create(name, b"who,what\n")
    return _at(outbox, name), {"is no file that the ledger has; take it away": 1}


def file_changed(deployment):
    outbox = release(deployment)
    overwrite(outbox.releases, TABLE, bytes(len(outbox.placed[TABLE])))
    what = "is not the file that was placed; take it away"
    return _at(outbox, TABLE), {what: 1}


def unsigned(deployment):
    """Whoever has the key places a result that nobody signed."""
    outbox = release(deployment, places=False)
    outbox.sign(result=ReviewResult.REFUSE)
    sha256 = outbox.draft.sha256
    put_lines(outbox.platform, Placing(STUDY, RELEASE, sha256, (), ("steward",)))
    return RESULT, {"left by signatures that do not count": 1}


def unsubmitted(deployment):
    """Whoever has the key lets out a file of their own."""
    outbox = release(deployment)
    file = PlacedFile("rows.csv", "0" * 64, 9)
    placing = Placing(STUDY, "rows.csv", "0" * 64, (file,), ("steward", "privacy"))
    put_lines(outbox.platform, placing)
    return f"{STUDY}/rows.csv", {"left, and nobody submitted it": 1}
