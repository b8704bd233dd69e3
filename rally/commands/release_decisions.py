"""What people decide on budgets and results, beside recipes: each is signed.

`rally releases allot`, `rally releases submit` and `rally releases sign`.
"""

import argparse
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rally.bounded_files import read_bounded
from rally.commands.approve_recipe import LATER, RESULT
from rally.commands.asking import ask_for_text
from rally.commands.command import Command
from rally.commands.decide_study import decider, platform_of
from rally.commands.options import find_study
from rally.commands.release_results import RESULT_NAME
from rally.decisions.content_fields import file_name, result_name, rho
from rally.decisions.contents import DecisionKind, ReviewResult
from rally.decisions.release_contents import Allotment, ResultSignature, Submission
from rally.errors import ConfigurationError
from rally.fields import Place, choice
from rally.options import NAMESPACE, WHAT, Option
from rally.printing import print_lines
from rally.registry.registry import Registry
from rally.registry.study import Study, StudyKind

if TYPE_CHECKING:
    from rally.decisions.chain import Chain
    from rally.releases.approval import ReleaseApproval
    from rally.storage.objectstore.interface import ObjectStore


def allot_budget(args: argparse.Namespace) -> int:
    """Allots what all releases of a study may cost together, once and for ever."""
    from rally.releases.approval import allotments, waiting_allotments  # imports Tink
    from rally.withdrawal.newest_list import decide_by_list

    study = _study(args)
    if not args.rho:
        raise ConfigurationError("--rho: is missing; say what the study may cost")
    allotment = Allotment(study.namespace, rho(Place("--rho"), args.rho), args.note)
    platform, signer = platform_of(args), decider(args)

    def check(chain: "Chain") -> None:
        if loss := allotments(chain).get(study.namespace):
            raise ConfigurationError(
                f"{study.namespace}: has a budget of rho {loss:f}, which stands for"
                " ever: people joined under it"
            )
        if number := waiting_allotments(chain).get(study.namespace):
            raise ConfigurationError(
                f"{study.namespace}: decision {number} asks for a budget and waits;"
                " somebody for privacy approves it by `rally decisions approve"
                f" {number}`"
            )

    kind, now = DecisionKind.ALLOT_BUDGET, datetime.now(UTC)
    entry = decide_by_list(platform, signer, kind, allotment, now, check)
    print_lines(
        f"{study.namespace}: rho {Decimal(allotment.rho):f}, for all releases together."
        f" Decision {entry.number} is signed by {entry.by}; it counts when somebody who"
        f" may sign for privacy runs `rally decisions approve {entry.number}`."
    )
    return 0


def submit_result(args: argparse.Namespace) -> int:
    """Asks that a result which no recipe makes is published, as its author."""
    from rally.releases.approval import find_submission  # imports Tink
    from rally.withdrawal.newest_list import decide_by_list

    study = _study(args)
    if not args.note:
        raise ConfigurationError(
            "--note: is missing; say what it is, and why no recipe gives it"
        )
    data = _read(args.path)
    name = file_name(Place("FILE"), Path(args.path).name)
    digest, size = sha256(data).hexdigest(), len(data)
    submission = Submission(study.namespace, name, digest, size, args.note)
    platform, signer = platform_of(args), decider(args)

    def check(chain: "Chain") -> None:
        if before := find_submission(chain, study.namespace, name, digest):
            raise ConfigurationError(
                f"{study.namespace}/{name}: decision {before.number} submitted it, and"
                " its reason stands; with another one submit it under another name"
            )
        _check_inside(platform, chain, study.namespace, name, digest)

    kind, now = DecisionKind.SUBMIT_RESULT, datetime.now(UTC)
    entry = decide_by_list(platform, signer, kind, submission, now, check)
    print_lines(
        f"{study.namespace}: {name}, {size:,} bytes, SHA-256 {digest}.",
        f"Decision {entry.number} is signed by {entry.by}. It is not differentially"
        " private: two other people look at the file and sign it by `rally releases"
        f" sign {study.namespace} {name} --file={name}`.",
    )
    return 0


def sign_result(args: argparse.Namespace) -> int:
    """Signs a result that waits inside: a release's draft, or a submitted file."""
    from rally.decisions.verifying import read_chain
    from rally.releases.ledger import is_submitted
    from rally.withdrawal.newest_list import decide_by_list

    study, platform, signer = _study(args), platform_of(args), decider(args)
    name = result_name(Place("RESULT"), args.release)
    if is_submitted(name) is not bool(args.file):
        what = "is for submitted files" if args.file else "is missing; name the file"
        raise ConfigurationError(f"--file: {what} that you looked at")
    if args.file:
        result = _find_submission(read_chain(platform), study.namespace, name, args)
    else:
        result = _find_draft(platform, study.namespace, name)
    if signer.name in result.authors:
        raise ConfigurationError(
            f"--by: {signer.name} is the author of {name}; have another person sign"
        )

    def check(chain: "Chain") -> None:
        _check_inside(platform, chain, study.namespace, name, result.sha256)

    check(read_chain(platform))
    print_lines(*result.words)
    answer = ask_for_text(args.result, "Decision [+/-/later]", "--result")
    if answer == LATER:
        print_lines("Nothing is signed.")
        return 0
    signature = ResultSignature(
        namespace=study.namespace,
        release=name,
        sha256=result.sha256,
        result=choice(ReviewResult)(Place("--result"), answer),
        note=args.note,
    )
    kind, now = DecisionKind.SIGN_RESULT, datetime.now(UTC)
    decide_by_list(platform, signer, kind, signature, now, check)
    state = "; ".join(result.judge(read_chain(platform)).faults)
    next_step = f"run `rally releases place {study.namespace} {name}`"
    print_lines(f"Signed. {name} {state or f'may leave: {next_step}'}.")
    return 0


def _check_inside(
    platform: "ObjectStore", chain: "Chain", study: str, name: str, sha256: str
) -> None:
    """Raises ConfigurationError where a result, or another of its name, has left."""
    from rally.releases.ledger import read_ledger
    from rally.releases.placing import NAME_IS_TAKEN

    placed = read_ledger(platform, chain).placings.get((study, name))
    if placed is not None:
        is_same = placed.sha256 == sha256
        why = "it has left already, and stays so" if is_same else NAME_IS_TAKEN
        raise ConfigurationError(f"{study}/{name}: {why}")


def _read(path: str) -> bytes:
    """Reads a file that people sign. Raises ConfigurationError where it is none."""
    from rally.releases.placing import MOST_BYTES

    data = read_bounded(path, MOST_BYTES, "nobody can look at all of it")
    if not data:
        raise ConfigurationError(f"{path}: is empty")
    return data


class _Result(NamedTuple):
    """A result that waits.

    Attributes:
        sha256: SHA-256 of what people sign, in hex.
        authors: Names of those who may not sign.
        words: Lines on it, for who signs.
        judge: Function that says what is signed of it in a chain.
    """

    sha256: str
    authors: frozenset[str]
    words: tuple[str, ...]
    judge: "Callable[[Chain], ReleaseApproval]"


def _find_submission(
    chain: "Chain", study: str, name: str, args: argparse.Namespace
) -> _Result:
    """Finds the submission of a file. Raises ConfigurationError where there is none."""
    from rally.releases.approval import (
        authors_of,
        find_submission,
        judge_submission,
    )

    digest = sha256(_read(args.file)).hexdigest()
    found = find_submission(chain, study, name, digest)
    if found is None:
        raise ConfigurationError(
            f"{args.file}: nobody submitted these bytes as {name}; ask its author for"
            " the file, or to run `rally releases submit`"
        )
    submission = found.submission
    return _Result(
        digest,
        authors_of(chain, submission),
        (
            f"{study}: {name}, {submission.size:,} bytes, by {found.author}:"
            f" {submission.reason}",
            "NOT DIFFERENTIALLY PRIVATE: nothing but your look at it protects people.",
        ),
        lambda chain: judge_submission(chain, found),
    )


def _find_draft(platform: "ObjectStore", study: str, release: str) -> _Result:
    """Finds a release's draft. Raises ConfigurationError where there is none."""
    from rally.decisions.verifying import read_chain
    from rally.releases.approval import judge_draft
    from rally.releases.placing import require_draft
    from rally.releases.release import read_whole

    chain = read_chain(platform)
    ledger = read_whole(platform, chain)
    draft = require_draft(platform, chain, ledger, study, release)
    reserved = ledger.reservations[study, release]
    return _Result(
        draft.sha256,
        frozenset({reserved.author}),
        (f"{study}: {release}, by {reserved.author}: {draft.title}",),
        lambda chain: judge_draft(chain, reserved, draft.sha256),
    )


def _study(args: argparse.Namespace) -> Study:
    study = find_study(Registry.load(args.studies), args.namespace, args.studies)
    if study.kind is StudyKind.PLATFORM:
        raise ConfigurationError(
            f"{study.namespace}: is the platform's own, of which nothing is released"
        )
    return study


_SIGNING = "--studies --store --platform --keys --people_keys --by --note"
_FILE = Option(
    name="file",
    group=WHAT,
    metavar="FILE",
    help="the submitted file that you looked at",
)
COMMANDS = (
    Command(
        name="allot",
        handler=allot_budget,
        options=f"namespace --rho {_SIGNING}",
        own=(
            NAMESPACE,
            Option(
                name="rho",
                group=WHAT,
                metavar="RHO",
                help="the most that all releases may cost together, zCDP's rho, such as"
                " 0.5",
            ),
        ),
        about="Allots what all releases of a study may cost together. It counts when"
        " somebody for privacy approves the decision, and then for ever.",
        example="rally-birds --rho=0.5 --by=ann --store=/srv/rally/store"
        " --people_keys=/home/ann/keys --note='…'",
        changes=True,
    ),
    Command(
        name="submit",
        handler=submit_result,
        options=f"namespace path {_SIGNING}",
        own=(
            NAMESPACE,
            Option(
                name="path",
                group=WHAT,
                is_word=True,
                metavar="FILE",
                help="the file, whose name has a suffix of letters",
            ),
        ),
        about="Asks, as its author, that a result is published which no recipe makes: a"
        " regression's table, a de-identified set. Only the file's name, size and"
        " SHA-256 are signed, with the reason; two other people look at the file"
        " before it may leave.",
        example="rally-birds table.csv --by=ada --store=/srv/rally/store"
        " --people_keys=/home/ada/keys --note='…'",
        changes=True,
    ),
    Command(
        name="sign",
        handler=sign_result,
        options=f"namespace release --file --result {_SIGNING}",
        own=(
            NAMESPACE,
            RESULT_NAME,
            _FILE,
            RESULT,
        ),
        about="Signs a result that waits inside. A release takes one person who is not"
        " the author of its recipe, and has not alone approved that; a submitted file"
        " takes two who did not submit it.",
        example="rally-birds weekly.2026-06-01 --by=steve --store=/srv/rally/store"
        " --people_keys=/home/steve/keys",
        changes=True,
    ),
)
"""Commands of `rally releases`."""
