"""What operators decide of a study: signed, and read by every job.

To pause and resume it; and to keep rows of it for the law, or no longer.
"""

import argparse
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from rally import numbers
from rally.commands.options import (
    find_study,
    maybe_platform,
    read_day,
    read_time,
    signer_of,
)
from rally.decisions.contents import (
    DecisionKind,
    HoldPlacement,
    HoldRelease,
    StudyDecision,
)
from rally.errors import ConfigurationError
from rally.fields import Place, note
from rally.options import NAMESPACE, WHAT, Option
from rally.printing import print_lines
from rally.registry.legal_holds import LegalHold, check_release
from rally.registry.registry import Registry
from rally.registry.study import Study
from rally.registry.transitions import States, StudyAction, check_transition
from rally.storage.objectstore.interface import ObjectStore
from rally.times import moment

if TYPE_CHECKING:
    from rally.decisions.chain import Chain
    from rally.decisions.signers import Signer

ANNOUNCED_DAYS = 14
"""How long before a study ends, or is concluded, that must have been announced."""

_MOST = 10**12 - 1  # the numbers of decisions have 12 digits

ANNOUNCED = Option(
    name="announced_days",
    metavar="DAYS",
    type=numbers.whole(0, numbers.DAYS),
    default=ANNOUNCED_DAYS,
    help="how long before it the end of the study must have been announced"
    " (default: %(default)s)",
)
"""How long before a deed participants must have known of it."""

OWN = (
    NAMESPACE,
    Option(
        name="from",
        group=WHAT,
        metavar="DATE",
        dest="first",
        help="the first submission date whose rows are held",
    ),
    Option(
        name="until",
        group=WHAT,
        metavar="DATE",
        dest="last",
        help="the last submission date whose rows are held",
    ),
    Option(
        name="hold",
        group=WHAT,
        metavar="NUMBER",
        type=numbers.whole(1, _MOST),
        help="the hold, as `rally studies show` lists it",
    ),
    Option(
        name="plan_only", is_flag=True, help="say what will follow, and decide nothing"
    ),
    ANNOUNCED,
)
"""The options of these commands beside those that all commands share."""


def pause_study(args: argparse.Namespace) -> int:
    """Refuses a study's data from now on, until it is resumed."""
    return _decide(args, StudyAction.PAUSE)


def resume_study(args: argparse.Namespace) -> int:
    """Takes a paused study's data again."""
    return _decide(args, StudyAction.RESUME)


def hold_rows(args: argparse.Namespace) -> int:
    """Keeps rows of a study for the law: nothing deletes them until it is released."""
    from rally.withdrawal.newest_list import decide_by_list

    study = find_study(Registry.load(args.studies), args.namespace, args.studies)
    at = read_time("--as_of", args.as_of)
    first, last = day_of("--from", args.first), day_of("--until", args.last)
    if first > last:
        raise ConfigurationError("--until: is before --from; correct one of them")
    platform, signer = platform_of(args), decider(args)
    placement = HoldPlacement(study.namespace, first, last, at, args.note)
    entry = decide_by_list(
        platform, signer, DecisionKind.PLACE_HOLD, placement, datetime.now(UTC)
    )
    hold = LegalHold(entry.number, *placement[:-1], entry.by, args.note)
    print_lines(
        f"{study.namespace}: {hold} is in force from {moment(at)}, as {hold.number}"
    )
    return 0


def release_rows(args: argparse.Namespace) -> int:
    """Ends a legal hold: what it kept goes when the jobs run next."""
    from rally.withdrawal.newest_list import decide_by_list

    study = find_study(Registry.load(args.studies), args.namespace, args.studies)
    if args.hold is None:
        raise ConfigurationError(
            "--hold: is missing; `rally studies show` lists those in force"
        )
    platform, signer = platform_of(args), decider(args)
    release = HoldRelease(args.hold, read_time("--as_of", args.as_of), args.note)

    def check(chain: "Chain") -> None:
        check_release(chain, study.namespace, release)

    now = datetime.now(UTC)
    decide_by_list(
        platform, signer, DecisionKind.RELEASE_HOLD, release, now, check=check
    )
    print_lines(f"{study.namespace}: released from {moment(release.at)}")
    return 0


def platform_of(args: argparse.Namespace) -> ObjectStore:
    """Where decisions are kept. Raises ConfigurationError where nothing says it."""
    platform = maybe_platform(args)
    if platform is None:
        raise ConfigurationError(
            "--platform: is missing; say where decisions are kept, or give --store"
        )
    return platform


def decider(args: argparse.Namespace) -> "Signer":
    """Who decides, and can say why. Raises ConfigurationError where nobody does."""
    signer = signer_of(args)
    note(Place("--note"), args.note)
    return signer


def decide_study(
    platform: ObjectStore,
    signer: "Signer",
    registry: Registry,
    study: Study,
    action: StudyAction,
    decision: StudyDecision,
) -> None:
    """Signs what is decided of a study, and says how the study is from then on.

    Raises:
        ConfigurationError: the study cannot do that then, also because somebody else
            decided meanwhile; or the person may not decide it.
        OSError: the platform cannot be read or written, or a KMS does not serve.
    """
    from rally.withdrawal.newest_list import decide_by_list

    def check(chain: "Chain") -> None:
        states = States.of_chain(registry, chain)
        check_transition(states, study, action, decision.at)

    decide_by_list(
        platform, signer, action.kind, decision, datetime.now(UTC), check=check
    )
    state = States.read(registry, platform).at(study, decision.at)
    print_lines(f"{study.namespace}: {state} from {moment(decision.at)}")


def _decide(args: argparse.Namespace, action: StudyAction) -> int:
    registry = Registry.load(args.studies)
    study = find_study(registry, args.namespace, args.studies)
    platform, signer = platform_of(args), decider(args)
    time = read_time("--as_of", args.as_of)
    decision = StudyDecision(study.namespace, time, args.note)
    decide_study(platform, signer, registry, study, action, decision)
    return 0


def day_of(option: str, text: str | None) -> date:
    """A submission date of an option. Raises ConfigurationError where it is none."""
    if not text:
        raise ConfigurationError(f"{option}: is missing; give a submission date")
    return read_day(option, text)
