"""`rally person show|export|fetch|destroy`: a person's own copy, within their case.

The handlers import what they need, so that `--help` is quick.
"""

import argparse
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from rally.commands.command import Command
from rally.commands.options import (
    name_faults,
    open_places,
    read_past_time,
    read_time,
)
from rally.commands.person_cases import CASE
from rally.commands.person_ids import read_person_of
from rally.errors import ConfigurationError, describe_os_error
from rally.options import WHAT, Option
from rally.printing import print_lines
from rally.process import say
from rally.tables import Column, Table, describe_json, make_pairs, print_results

if TYPE_CHECKING:
    from rally.access.cases import Case
    from rally.keys.platform_keys import PlatformKeys
    from rally.person_copy.gathering import Gathered, Places
    from rally.person_copy.records import Act, DocumentCopy, StudyCopy
    from rally.receipts.receipt import Receipt
    from rally.withdrawal.withdrawal_list import Withdrawal

_PLACES = "--studies --store --platform --keys --platform_keys --as_of"
_OUT = Option(
    name="out",
    group=WHAT,
    is_required=True,
    metavar="FILE",
    help="the file that is handed to the person; it must not be there yet",
)


def show(args: argparse.Namespace) -> int:
    """Prints what is held of the person of a verified case: numbers, and no content."""
    from rally.access.cases import check_verified

    desk = _CopyDesk.open(args)
    case = desk.find_case(args.case)
    check_verified(case)
    gathered = desk.places.gather(case, read_person_of(args, case), desk.now)
    _print_copy(case, gathered, as_json=args.json)
    return _say_missing(desk, gathered)


def export(args: argparse.Namespace) -> int:
    """Makes the encrypted copy of an approved case, which is handed out by `fetch`."""
    from rally.access.proof import check_proof
    from rally.event_log.event_log import EventLog
    from rally.keys.names import Job
    from rally.person_copy.handing_over import build_copy, check_exportable

    desk = _CopyDesk.open(args, signs=True)
    case = desk.find_case(args.case)
    check_exportable(case)
    person = read_person_of(args, case)
    check_proof(case, EventLog(desk.places.platform).about([person]), person)
    gathered = desk.places.gather(case, person, desk.now)
    key = desk.keys.signer(Job.COPY)
    with _in_one_line():
        built = build_copy(desk.places, case, gathered, key, desk.now, _tell_words)
    print_lines(
        f"made the copy of case {case.id}: {gathered.copy.rows:,} rows,"
        f" {built.bytes:,} bytes; hand it out before {built.expires:%Y-%m-%d} by"
        f" `rally person fetch {case.id}`"
    )
    return _say_missing(desk, gathered)


def fetch(args: argparse.Namespace) -> int:
    """Writes the encrypted copy of a case to a file, once, and destroys the other."""
    from rally.keys.names import Job
    from rally.person_copy.handed_file import hand_out
    from rally.person_copy.handing_over import read_built, record_fetched

    desk = _CopyDesk.open(args, signs=True)
    case = desk.find_case(args.case)
    if case.built is not None and desk.now < case.built.at:
        raise ConfigurationError("--as_of: is before the copy was made; leave it out")
    platform, chain = desk.places.platform, desk.places.chain
    key = chain.check_key(Job.COPY, desk.keys.signer(Job.COPY))
    withdrawals = desk.places.published.list.withdrawals
    data = read_built(platform, case, withdrawals)
    with _in_one_line():
        hand_out(
            args.out,
            data,
            lambda: record_fetched(platform, chain, key, case, desk.now),
        )
    print_lines(f"handed out the copy of case {case.id}; it is destroyed here")
    return 0


def destroy(args: argparse.Namespace) -> int:
    """Destroys all copies that are due, and records it of those a purge destroyed.

    What is in the way of one is no reason to keep the others: it ends with 1 then.
    """
    from rally.access.cases import read_cases
    from rally.access.due_copies import find_due
    from rally.keys.names import Job
    from rally.person_copy.handing_over import destroy_copy

    desk = _CopyDesk.open(args, signs=True)
    platform, chain = desk.places.platform, desk.places.chain
    key = chain.check_key(Job.COPY, desk.keys.signer(Job.COPY))
    cases = read_cases(chain, platform, desk.now)
    withdrawals = desk.places.published.list.withdrawals
    due = find_due(platform, cases, withdrawals, desk.now)
    status = 0
    for each in due:
        try:
            with _in_one_line():
                destroy_copy(platform, chain, key, each, cases[each.case], desk.now)
        except OSError as error:
            status = say(f"case {each.case}: {describe_os_error(error)}")
        else:
            print_lines(f"destroyed the copy of case {each.case}: {each.why}")
    if not due:
        print_lines("No copy is due.")
    return status


class _CopyDesk(NamedTuple):
    """Platform and keys that the commands open.

    Attributes:
        places: Registry, stores, list and decisions.
        keys: Keys of pseudonyms, and of signing where it signs.
        now: Time of the command, UTC.
    """

    places: "Places"
    keys: "PlatformKeys"
    now: datetime

    @classmethod
    def open(cls, args: argparse.Namespace, *, signs: bool = False) -> "_CopyDesk":
        """Opens it. Raises ConfigurationError where an option is missing or wrong."""
        from rally.keys.names import Job
        from rally.keys.platform_keys import PlatformKeys
        from rally.person_copy.gathering import Places
        from rally.settings import make_pseudonyms
        from rally.validation.pseudonyms import PLATFORM

        read = read_past_time if signs else read_time
        now, settings = read("--as_of", args.as_of), open_places(args)
        registry = settings.registry()
        keys = PlatformKeys.open(
            settings.platform_keys_uri,
            pseudonyms=[PLATFORM, *registry.studies],
            signing=[Job.COPY] if signs else (),
        )
        pseudonyms = make_pseudonyms(keys, registry)
        return cls(Places.open(registry, settings.stores(), pseudonyms), keys, now)

    def find_case(self, word: str) -> "Case":
        """Finds a case by its id. Raises ConfigurationError where there is none."""
        from rally.access.cases import find_case, read_cases

        places = self.places
        return find_case(read_cases(places.chain, places.platform, self.now), word)


@contextmanager
def _in_one_line() -> Iterator[None]:
    """Says of a store's refusal what it is. Raises ConnectionError in its place."""
    from rally.storage.objectstore.interface import GenerationMismatch, ObjectHeld

    try:
        yield
    except GenerationMismatch:
        raise ConnectionError(
            "another run works on the same copy; run the command again"
        ) from None
    except ObjectHeld as error:
        raise ConnectionError(
            f"{error}: a hold or a retention policy of the bucket keeps it; lift it"
            " and run the command again"
        ) from None


def _say_missing(desk: _CopyDesk, gathered: "Gathered") -> int:
    """Names on standard error what could not be looked at; the exit status for it."""
    for each in gathered.found.unread:
        say(f"{each.name}: {each.reason}; rows of the person may be in it")
    return max(name_faults(desk.places.registry), int(bool(gathered.found.unread)))


def _tell_words(words: str) -> None:
    print_lines(
        f"{words}",
        "These words open the copy and stand nowhere else. Give them to the person on"
        " another way than the copy.",
    )


class _DocumentLine(NamedTuple):
    """A document of the person, and its study."""

    study: "StudyCopy"
    document: "DocumentCopy"

    def count(self, deletion: str) -> int:
        """Counts rows that are due to be deleted in a way."""
        return sum(each.deletion == deletion for each in self.document.rows)


_ACTS: tuple[Column["Act"], ...] = (
    Column("at", lambda each: each.at),
    Column("kind", lambda each: each.kind),
    Column("scope", lambda each: each.scope),
)
_DOCUMENTS: tuple[Column[_DocumentLine], ...] = (
    Column("study", lambda each: each.study.namespace),
    Column("document", lambda each: each.document.name),
    Column("rows", lambda each: len(each.document.rows)),
    Column("first", lambda each: each.document.first.date()),
    Column("last", lambda each: each.document.last.date()),
    Column("kept_through", lambda each: each.document.next_end, head="OLDEST GOES"),
    Column("due", lambda each: each.count("due")),
    Column(
        "at_conclusion",
        lambda each: each.count("at the study's conclusion"),
        head="AT CONCLUSION",
    ),
    Column("undecided", lambda each: each.count("undecided")),
)
_REQUESTS: tuple[Column["Withdrawal"], ...] = (
    Column("request", lambda each: each.request),
    Column("scope", lambda each: each.scope),
    Column("state", lambda each: each.state),
    Column("waits_for", lambda each: each.deferred, head="WAITS FOR"),
    Column("receipts", lambda each: each.receipts),
)
_RECEIPTS: tuple[Column["Receipt"], ...] = (
    Column("receipt", lambda each: each.number),
    Column("scope", lambda each: each.scope),
    Column("rows", lambda each: sum(part.rows for part in each.sections)),
)


def _print_copy(case: "Case", gathered: "Gathered", *, as_json: bool) -> None:
    """Prints what is held; of an id that nobody knows it is nothing of all."""
    copy, found = gathered
    records = copy.records
    acts, requests = Table(_ACTS, records.acts), Table(_REQUESTS, records.requests)
    lines = [_DocumentLine(*each) for each in copy.all_documents()]
    documents, receipts = Table(_DOCUMENTS, lines), Table(_RECEIPTS, records.receipts)
    costs = {"files": found.costs.opened, "bytes": found.costs.bytes}
    print_results(
        {
            "case": case.id,
            "state": case.state,
            "rows": copy.rows,
            "acts": acts,
            "documents": documents,
            "requests": requests,
            "receipts": receipts,
            "closed": found.closed,
            "concluded": _concluded(copy.studies),
            "read": costs,
        },
        make_pairs(
            [
                ("case", case.id),
                ("state", case.state),
                ("rows", copy.rows),
                ("cannot be read", found.closed or None),
                ("concluded", _concluded(copy.studies) or None),
            ]
        ),
        acts,
        documents,
        requests,
        receipts,
        as_json=as_json,
    )


def _concluded(studies: Iterable["StudyCopy"]) -> tuple[str, ...]:
    return tuple(each.namespace for each in studies if each.is_concluded)


_EXAMPLE = "3f07c2aa --store=/srv/rally/store --keys=/srv/rally/keys"
COMMANDS = (
    Command(
        name="show",
        handler=show,
        options=f"case {_PLACES} --json",
        own=(CASE,),
        example=f"{_EXAMPLE} < id.txt",
        json=describe_json(
            {
                "acts": _ACTS,
                "documents": _DOCUMENTS,
                "requests": _REQUESTS,
                "receipts": _RECEIPTS,
            },
            ["case", "state", "rows", "closed", "concluded", "read"],
        ),
    ),
    Command(
        name="export",
        handler=export,
        options=f"case {_PLACES}",
        own=(CASE,),
        example=f"{_EXAMPLE} < id.txt",
        changes=True,
    ),
    Command(
        name="fetch",
        handler=fetch,
        options=f"case --out {_PLACES}",
        own=(CASE, _OUT),
        example=f"{_EXAMPLE} --out=copy.zip.age",
        changes=True,
    ),
    Command(
        name="destroy",
        handler=destroy,
        options=_PLACES,
        example="--store=/srv/rally/store --keys=/srv/rally/keys",
        changes=True,
    ),
)
