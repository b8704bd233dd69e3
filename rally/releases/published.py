"""What of each study was published, at what cost, and what its budget is.

It is read from the ledger, and outlives the study: a release stays when its rows are
gone.
"""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from rally.decisions.chain import Chain
from rally.errors import ConfigurationError
from rally.releases.approval import find_submission
from rally.releases.budget import Budget, budgets
from rally.releases.ledger import Ledger, read_ledger
from rally.releases.ledger_lines import LedgerLine, Placing
from rally.releases.placing import folder_of, require_draft
from rally.storage.objectstore.interface import ObjectStore


class PublishedResult(NamedTuple):
    """A result that left.

    Attributes:
        release: Id of the release, or name of the submitted file.
        at: Time at which it left, UTC.
        question: Question that it answers; of a submitted file the reason; None where
            what says it is lost.
        description: Measures, groups and days of a release; None of a submitted file.
        rho: Cost, zCDP's rho, as decimal text; None of a submitted file, which is not
            differentially private.
        files: Its files, below the place where results leave.
    """

    release: str
    at: datetime
    question: str | None
    description: str | None
    rho: str | None
    files: tuple[str, ...]


class StudyReleases(NamedTuple):
    """Releases of a study.

    Attributes:
        budget: What its releases may cost together, and took.
        results: Results that left, the oldest first.
    """

    budget: Budget
    results: tuple[PublishedResult, ...]


def read_published(
    platform: ObjectStore, chain: Chain, until: datetime
) -> dict[str, StudyReleases]:
    """Reads what was published of each study that has a budget or a result.

    Args:
        platform: Store of the platform.
        chain: Decisions of the platform.
        until: Time after which nothing is told, UTC.

    Raises:
        ConfigurationError: The ledger has a fault, so that nobody knows what left.
        OSError: The platform cannot be read.
    """
    ledger = read_ledger(platform, chain)
    ledger.check()
    known = tuple(each for each in ledger.lines if each.at <= until)
    ledger = replace(ledger, lines=known)
    results = dict[str, list[PublishedResult]]()
    for line in ledger.lines:
        if isinstance(line.content, Placing):
            found = _result(platform, chain, ledger, line, line.content)
            results.setdefault(line.content.study, []).append(found)
    own = {each.study: each for each in budgets(chain, ledger)}
    return {
        study: StudyReleases(
            own.get(study) or Budget(study, None, Decimal(0)),
            tuple(results.get(study, ())),
        )
        for study in sorted({*own, *results})
    }


def _result(
    platform: ObjectStore,
    chain: Chain,
    ledger: Ledger,
    line: LedgerLine,
    placing: Placing,
) -> PublishedResult:
    study, release = placing.study, placing.release
    reserved = ledger.reservations.get((study, release))
    if reserved is None:
        found = find_submission(chain, study, release, placing.sha256)
        question = found.submission.reason if found else None
        description = None
    else:
        question, description = _words(platform, chain, ledger, study, release)
    folder = folder_of(study, release)
    return PublishedResult(
        release,
        line.at,
        question,
        description,
        reserved.rho if reserved else None,
        tuple(folder + each.name for each in placing.files),
    )


def _words(
    platform: ObjectStore, chain: Chain, ledger: Ledger, study: str, release: str
) -> tuple[str | None, str | None]:
    """Gives the question and the description of a release, as its card has them."""
    try:
        draft = require_draft(platform, chain, ledger, study, release)
    except ConfigurationError:
        return None, None
    card = {each.key: each.text for each in draft.card}
    return card.get("question"), card.get("description")
