"""Puts a result that people have signed where results leave: `study=<ns>/<id>/`.

The ledger is written first, with the hash of each file, and then the files: so nothing
ever lies there that it does not explain. Killed in between and run again, the same
files are made, and what is there already is compared.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from rally.bounded_files import read_bounded
from rally.decisions.chain import Chain
from rally.errors import ConfigurationError
from rally.keys.signing import SigningKey
from rally.releases.approval import (
    ReleaseApproval,
    SubmittedFile,
    find_submission,
    judge_draft,
    judge_submission,
)
from rally.releases.draft import Draft, draft_name, read_draft
from rally.releases.files import render
from rally.releases.ledger import Ledger, append
from rally.releases.ledger_lines import LineContent, PlacedFile, Placing
from rally.releases.release import read_whole
from rally.storage.marker import PlaceKind, require_marker
from rally.storage.objectstore.interface import ObjectNotFound, ObjectStore
from rally.storage.objectstore.open_store import open_store

MOST_BYTES = 256 * 1024 * 1024
"""Largest size of a submitted file."""

NAME_IS_TAKEN = "another file was placed under this name; submit it under another"
"""What to do with a file under whose name another one left, for ever."""

FILE_CARD = "rally_card.json"
"""Name of the card beside a submitted file, which no such file can have."""


class ResultFiles(NamedTuple):
    """A result as the files by which it leaves.

    Attributes:
        study: Namespace of the study.
        release: Id of the release, or name of the submitted file.
        sha256: SHA-256 of what people sign, in hex.
        files: Content of each file by its name.
        approval: Signatures on it.
    """

    study: str
    release: str
    sha256: str
    files: Mapping[str, bytes]
    approval: ReleaseApproval


def folder_of(study: str, release: str) -> str:
    """Names the folder of a result, with a slash at its end."""
    return f"study={study}/{release}/"


def open_releases(uri: str, chain: Chain) -> ObjectStore:
    """Opens the place where results leave, once it says that it is this platform's.

    Raises:
        ConfigurationError: It is not marked so, or is another platform's.
        ConnectionError: It cannot be reached.
    """
    releases = open_store(uri)
    require_marker(releases, PlaceKind.RELEASES, chain.platform)
    return releases


def require_draft(
    platform: ObjectStore, chain: Chain, ledger: Ledger, study: str, release: str
) -> Draft:
    """Reads the draft that the ledger names.

    Raises:
        ConfigurationError: There is none, or another.
        OSError: The platform cannot be read.
    """
    spent = ledger.spendings.get((study, release))
    if spent is None:
        raise ConfigurationError(
            f"{study}: has no result {release}; `rally releases list` shows them"
        )
    draft = read_draft(platform, chain, study, release)
    if draft is None or draft.sha256 != spent.sha256:
        raise ConfigurationError(
            f"{draft_name(study, release)}: is not the result that the ledger names;"
            " restore it from a backup"
        )
    return draft


def result_of_draft(
    platform: ObjectStore, chain: Chain, study: str, release: str
) -> ResultFiles:
    """Gives the result of a release, with the files that are made of it.

    Raises:
        ConfigurationError: It has no draft, or the ledger has a fault.
        OSError: The platform cannot be read.
    """
    ledger = read_whole(platform, chain)
    draft = require_draft(platform, chain, ledger, study, release)
    approval = judge_draft(chain, ledger.reservations[study, release], draft.sha256)
    return ResultFiles(study, release, draft.sha256, render(draft), approval)


def result_of_file(chain: Chain, study: str, name: str, path: str) -> ResultFiles:
    """Gives a submitted file as a result, with a card that says what it is not.

    Raises:
        ConfigurationError: The file cannot be read, or nobody submitted its bytes.
    """
    data = read_bounded(path, MOST_BYTES)
    sha256 = hashlib.sha256(data).hexdigest()
    found = find_submission(chain, study, name, sha256)
    if found is None:
        raise ConfigurationError(
            f"{path}: nobody submitted these bytes as {name}; its author does so by"
            " `rally releases submit`"
        )
    files = {name: data, FILE_CARD: _card_of(found).encode()}
    return ResultFiles(study, name, sha256, files, judge_submission(chain, found))


def _card_of(submitted: SubmittedFile) -> str:
    namespace, name, sha256, size, reason = submitted.submission
    content = {
        "study": namespace,
        "release": name,
        "file": {"name": name, "sha256": sha256, "size": size},
        "differentially_private": False,
        "card": {
            "description": reason,
            "privacy": "NOT differentially private: no noise hides people. Two people"
            " who did not make it looked at the file before it left",
        },
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def place(
    platform: ObjectStore,
    chain: Chain,
    releases: ObjectStore,
    result: ResultFiles,
    key: SigningKey,
    now: datetime,
) -> Placing:
    """Publishes a result, or finishes what was begun.

    Args:
        platform: Store of the platform.
        chain: Decisions of the platform.
        releases: Place where results leave; see `open_releases`.
        result: The result.
        key: Signing key of the job that makes releases.
        now: Time of the run, UTC.

    Raises:
        ConfigurationError: Too few people have signed it, the ledger has a fault, or
            something else lies in its place.
        OSError: A place cannot be read or written, or a KMS does not serve.
    """
    if result.approval.faults:
        why = "; ".join(result.approval.faults)
        raise ConfigurationError(f"{result.study}/{result.release}: {why}")
    files = tuple(
        PlacedFile(name, hashlib.sha256(data).hexdigest(), len(data))
        for name, data in sorted(result.files.items())
    )
    study, release = result.study, result.release
    signers = result.approval.people
    placing = Placing(study, release, result.sha256, files, signers)

    def once(ledger: Ledger) -> LineContent | None:
        before = ledger.placings.get((study, release))
        if before is not None and before.sha256 != result.sha256:
            raise ConfigurationError(f"{study}/{release}: {NAME_IS_TAKEN}")
        if before is not None and before.files != files:
            raise ConfigurationError(
                f"{study}/{release}: other files were placed of it, by"
                " another version of this software; use that one"
            )
        return None if before else placing

    ledger = append(platform, chain, key, once, now)
    for name, data in sorted(result.files.items()):
        _put(releases, folder_of(study, release) + name, data)
    return ledger.placings[study, release]


def _put(releases: ObjectStore, name: str, data: bytes) -> None:
    """Writes a file, or finds it there as it is to be."""
    if releases.create(name, data) or _read(releases, name, len(data)) == data:
        return
    raise ConfigurationError(
        f"{releases.uri.rstrip('/')}/{name}: is there already and is another file; find"
        " out who wrote it, take it away, and place the result again"
    )


def _read(releases: ObjectStore, name: str, size: int) -> bytes:
    """Reads a file, at most a byte more than it should have; b"" of none."""
    try:
        return releases.read_range(name, 0, size + 1)
    except ObjectNotFound:
        return b""
