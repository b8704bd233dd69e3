"""`rally releases place`: publishes a result that people have signed."""

import argparse
from datetime import UTC, datetime

from rally.commands.command import Command
from rally.commands.options import open_platform, platform_keys_uri
from rally.commands.release_results import RESULT_NAME, find_views
from rally.errors import Faults
from rally.options import NAMESPACE, RELEASES, WHAT, Option
from rally.printing import print_lines

_FILE = Option(
    name="file",
    group=WHAT,
    metavar="FILE",
    help="the submitted file",
)


def place_result(args: argparse.Namespace) -> int:
    """Puts a signed result where results leave; run again, it finishes that."""
    from rally.keys.names import Job
    from rally.keys.platform_keys import PlatformKeys
    from rally.releases.ledger import read_ledger
    from rally.releases.placing import (
        open_releases,
        place,
        result_of_draft,
        result_of_file,
    )
    from rally.releases.seen_ledger import check_seen, read_heads
    from rally.withdrawal.concluded_list import read_surviving_list

    _check(args)
    platform = open_platform(args)
    chain = read_surviving_list(platform).decisions
    releases = open_releases(args.releases, chain)
    keys = PlatformKeys.open(platform_keys_uri(args), signing=[Job.RELEASE])
    study, name = args.namespace, args.release
    if args.file:
        result = result_of_file(chain, study, name, args.file)
    else:
        result = result_of_draft(platform, chain, study, name)
    heads = read_heads(find_views(args, chain), chain).heads
    check_seen(read_ledger(platform, chain), heads)
    now = datetime.now(UTC)
    placing = place(platform, chain, releases, result, keys.signer(Job.RELEASE), now)
    print_lines(
        *(f"{each.name}  {each.size:,} bytes  {each.sha256}" for each in placing.files),
        f"{args.namespace}/{args.release} is placed, as signed by"
        f" {' and '.join(placing.signers)}.",
    )
    return 0


def _check(args: argparse.Namespace) -> None:
    """Raises ConfigurationError where options are missing, or one is too many."""
    from rally.releases.ledger import is_submitted  # imports Tink

    faults = Faults()
    if not args.releases:
        faults.lines.append("--releases: is missing; say where results leave")
    if is_submitted(args.release) is not bool(args.file):
        what = "is for submitted files" if args.file else "is missing; name the file"
        faults.lines.append(f"--file: {what}")
    for needed in (open_platform, platform_keys_uri):
        with faults.collected():
            needed(args)
    faults.check()


COMMAND = Command(
    name="place",
    handler=place_result,
    options="namespace release --file --releases --store --platform --keys"
    " --platform_keys",
    own=(NAMESPACE, RESULT_NAME, _FILE, RELEASES),
    about="Publishes a result that people have signed: the table as CSV and Parquet, a"
    " page, and its card; or the submitted file with a card. The ledger names each file"
    " first. Run again, it finishes what is begun, and changes nothing.",
    example="rally-birds weekly.2026-06-01 --releases=/srv/rally/releases"
    " --store=/srv/rally/store --keys=/srv/rally/keys",
    changes=True,
)
"""Command of `rally releases`."""
