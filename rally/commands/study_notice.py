"""`rally studies notice`: what participants are told, and that they were told it."""

import argparse
import hashlib
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from rally.bounded_files import read_bounded
from rally.commands.command import Command
from rally.commands.decide_study import decider, platform_of
from rally.commands.options import find_review, find_study, read_day, read_time
from rally.decisions.notice_contents import NoticeKind
from rally.errors import ConfigurationError
from rally.fields import Place, https_address
from rally.options import NAMESPACE, PLACES, WHAT, Option
from rally.printing import print_lines
from rally.registry.registry import Registry
from rally.registry.reviews import Review
from rally.registry.study import Study

if TYPE_CHECKING:
    from rally.decisions.notice_contents import NoticePublication

_MOST_BYTES = 1024 * 1024

_OWN = (
    NAMESPACE,
    Option(
        name="kind",
        group=WHAT,
        choices=tuple(each.value for each in NoticeKind),
        is_required=True,
        help="what it is about: the study's end, a change of what it collects, or a"
        " review",
    ),
    Option(
        name="review_id",
        group=WHAT,
        metavar="ID",
        help="the review that it is about; of `changed` and `review`",
    ),
    Option(
        name="last",
        group=WHAT,
        metavar="DATE",
        help="the last day of collection that it tells, of `ending`; by default"
        " study.yaml's collect_through",
    ),
    Option(
        name="inventory",
        group=PLACES,
        metavar="URL",
        help="https address where the pages of `rally studies inventory` are published",
    ),
    Option(
        name="where",
        group=WHAT,
        metavar="URL",
        help="https address where participants read it; it is recorded as published",
    ),
    Option(
        name="published",
        group=WHAT,
        metavar="DATE",
        help="the day on which it was published there; today by default",
    ),
    Option(
        name="text",
        group=WHAT,
        metavar="FILE",
        help="the text as it was published, where it is another than is printed here",
    ),
)


def make_study_notice(args: argparse.Namespace) -> int:
    """Prints what participants are told; with --where records that they were told."""
    from rally.inventory.layout import study_path
    from rally.inventory.participant_notice import make_notice

    registry = Registry.load(args.studies)
    study = find_study(registry, args.namespace, args.studies)
    kind = NoticeKind(args.kind)
    about = _subject(args, study, kind)
    if not args.inventory:
        raise ConfigurationError(
            "--inventory: is missing; say where its pages are published"
        )
    address = https_address(Place("--inventory"), args.inventory)
    page = f"{address.rstrip('/')}/{study_path(study)}"
    text = make_notice(study, kind, about, page)
    if not args.where:
        for name in ("published", "text"):
            if getattr(args, name):
                raise ConfigurationError(
                    f"--{name}: is of a notice that was published; give --where"
                )
        print_lines(*text.splitlines())
        return 0
    data = text.encode()
    if args.text:
        data = read_bounded(args.text, _MOST_BYTES)
    _record(args, study, kind, about, hashlib.sha256(data).hexdigest())
    return 0


def _subject(args: argparse.Namespace, study: Study, kind: NoticeKind) -> Review | date:
    """Gives what a notice is about. Raises ConfigurationError."""
    if kind is not NoticeKind.ENDING:
        if args.last:
            raise ConfigurationError("--last: is of a notice of an end; remove it")
        if not args.review_id:
            raise ConfigurationError("--review_id: is missing; say which review it is")
        return find_review(study, args.review_id)
    if args.review_id:
        raise ConfigurationError("--review_id: is of no notice of an end; remove it")
    last = read_day("--last", args.last) if args.last else study.collect_through
    if last is None:
        raise ConfigurationError(
            f"--last: is missing, and {study.namespace} has no collect_through; say"
            " the last day of collection"
        )
    return last


def _record(
    args: argparse.Namespace,
    study: Study,
    kind: NoticeKind,
    about: Review | date,
    sha256: str,
) -> None:
    from rally.decisions.contents import DecisionKind
    from rally.decisions.notice_contents import ChangedSchema, NoticePublication
    from rally.withdrawal.newest_list import decide_by_list

    now = read_time("--as_of", args.as_of)
    on = read_day("--published", args.published) if args.published else now.date()
    where = https_address(Place("--where"), args.where)
    review, last, changes = "", None, tuple[ChangedSchema, ...]()
    if isinstance(about, date):
        last = about
    else:
        review = about.id
        changes = about.changes if kind is NoticeKind.CHANGED else ()
    publication = NoticePublication(
        study.namespace, kind, review, where, on, sha256, last, changes
    )
    _check_day(publication, now)
    platform, signer = platform_of(args), decider(args)
    entry = decide_by_list(
        platform, signer, DecisionKind.PUBLISH_NOTICE, publication, datetime.now(UTC)
    )
    print_lines(
        f"{study.namespace}: recorded as {entry.number} that participants were told on"
        f" {on}, at {where}"
    )


def _check_day(publication: "NoticePublication", now: datetime) -> None:
    on, last = publication.on, publication.last
    if on > now.date():
        raise ConfigurationError(
            "--published: is in the future; record it when it is published"
        )
    if last is not None and last < on:
        raise ConfigurationError(
            f"--last: {last} was over when it was published; tell a day on which people"
            " can still leave"
        )


COMMAND = Command(
    name="notice",
    handler=make_study_notice,
    options="namespace --kind --review_id --last --inventory --where --published --text"
    " --studies --store --platform --as_of --keys --people_keys --by --note",
    own=_OWN,
    example="rally-garden --kind=ending --inventory=https://rally.example.org/inventory",
    about="Prints a text for the participants of a study: dates, what they can do until"
    " when, and where all that is collected stands. Publish it where they read it. Then"
    " type the same with --where: a decision is signed that says where and when it was"
    " published, and the hash of its text.",
    changes=True,
)
