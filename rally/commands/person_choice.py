"""`rally person choose`: records what a letter says of a consent, as pings do.

Ids come from standard input, are made pseudonyms at once, and stand nowhere else.
"""

import argparse
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rally.commands.command import Command
from rally.commands.options import find_study, open_platform, read_time, signer_of
from rally.commands.person_ids import read_pseudonyms
from rally.errors import ConfigurationError
from rally.options import NAMESPACE, WHAT, Option
from rally.printing import print_lines
from rally.registry.notices import NoticeName
from rally.registry.registry import Registry
from rally.registry.study import Study, StudyKind
from rally.registry.transitions import States
from rally.times import moment, to_micros

if TYPE_CHECKING:
    from rally.consent.records import ConsentRecord

_OWN = (
    NAMESPACE,
    Option(
        name="purpose",
        group=WHAT,
        choices=("study", "demographics"),
        is_required=True,
        help="what it is a consent to",
    ),
    Option(
        name="choice",
        group=WHAT,
        choices=("given", "refused", "withdrawn"),
        is_required=True,
        help="what the person says",
    ),
    Option(
        name="fields",
        group=WHAT,
        metavar="NAMES",
        help="fields that it is about, joined by commas; all of the purpose by default",
    ),
    Option(
        name="notice",
        group=WHAT,
        metavar="VERSION",
        help="the version of the study's notice that the person read, in --lang; what"
        " is given needs it",
    ),
    Option(
        name="lang",
        group=WHAT,
        metavar="LANG",
        default="en",
        help="the language in which it was read (default: %(default)s)",
    ),
    Option(
        name="received",
        group=WHAT,
        metavar="TIME",
        help="when the letter came, in UTC if it has no zone; now by default",
    ),
)


def record_choice(args: argparse.Namespace) -> int:
    """Records what whoever has the ids on standard input wrote of a consent.

    The records come first, and who signs for them then: a record of a letter that
    nobody signed for counts for nothing.
    """
    from rally.consent.records import CONSENT_LOG
    from rally.decisions.chain import refuse_concluded
    from rally.decisions.contents import DecisionKind
    from rally.decisions.notice_contents import ConsentLetters
    from rally.decisions.verifying import read_chain
    from rally.storage.append_log import record_name
    from rally.version import pipeline_version
    from rally.withdrawal.newest_list import decide_by_list

    registry, now = Registry.load(args.studies), read_time("--as_of", args.as_of)
    study = find_study(registry, args.namespace, args.studies)
    received = read_time("--received", args.received, now)
    if received > now:
        raise ConfigurationError("--received: is in the future; say when it came")
    made = _make_record(args, study, received)
    platform, signer = open_platform(args), signer_of(args)
    chain = read_chain(platform)
    refuse_concluded(chain, platform.uri)
    if States.of_chain(registry, chain).is_concluded(study.namespace, received):
        raise ConfigurationError(
            f"{study.namespace}: is concluded, and nobody's consent lasts longer"
        )
    people = sorted(read_pseudonyms(args))
    records = [_of_person(made, each) for each in people]
    CONSENT_LOG.write(platform, records, pipeline_version())
    names = tuple(sorted(map(record_name, records)))
    letters = ConsentLetters(study.namespace, received, names)
    kind = DecisionKind.RECORD_CONSENTS
    entry = decide_by_list(platform, signer, kind, letters, datetime.now(UTC))
    number = f"{len(people)} {'person' if len(people) == 1 else 'people'}"
    print_lines(
        f"{study.namespace}: recorded as {entry.number}, of {number}: {args.purpose}"
        f" {args.choice}, received {moment(received)}"
    )
    return 0


def _make_record(
    args: argparse.Namespace, study: Study, received: datetime
) -> "ConsentRecord":
    """Makes the record of nobody in particular. Raises ConfigurationError."""
    from rally.consent.records import (
        FIELD,
        MOST_FIELDS,
        ConsentChoice,
        ConsentPurpose,
        ConsentRecord,
    )
    from rally.events import MAIL

    if study.kind is not StudyKind.STUDY:
        raise ConfigurationError(
            f"{study.namespace}: is the platform's own; people agree to what a study"
            " does"
        )
    fields = tuple(sorted({*(args.fields or "").split(",")} - {""}))
    if len(fields) > MOST_FIELDS or not all(map(FIELD.fullmatch, fields)):
        raise ConfigurationError(
            f"--fields: must be up to {MOST_FIELDS} names of up to 30 lower-case"
            " letters, digits and underscores"
        )
    choice, time = ConsentChoice(args.choice), to_micros(received)
    notice = _find_notice(args, study, received)
    if choice is ConsentChoice.GIVEN and notice is None:
        raise ConfigurationError("--notice: is missing; say which one the person read")
    purpose = ConsentPurpose(args.purpose)
    return ConsentRecord(
        choice, study.namespace, "", purpose, fields, time, time, notice, "", MAIL
    )


def _find_notice(
    args: argparse.Namespace, study: Study, received: datetime
) -> NoticeName | None:
    if not args.notice:
        return None
    for each in study.notices:
        if (each.version, each.language) == (args.notice, args.lang):
            if each.since > received.date():
                raise ConfigurationError(
                    f"--notice: {args.notice} was shown from {each.since} on, and the"
                    " letter came before"
                )
            return NoticeName(each.version, each.sha256)
    raise ConfigurationError(
        f"--notice: {study.namespace} lists no notice of this version in {args.lang};"
        " `rally studies show` has them"
    )


def _of_person(made: "ConsentRecord", participant: str) -> "ConsentRecord":
    """The record of a person. Its document id follows from the rest."""
    about = f"{made.study}/{made.purpose}/{made.choice}/{made.at}"
    document_id = str(uuid.uuid5(uuid.UUID(participant), about))
    return made._replace(participant=participant, document_id=document_id)


COMMAND = Command(
    name="choose",
    handler=record_choice,
    options="namespace --purpose --choice --fields --notice --lang --received --studies"
    " --store --platform --as_of --keys --platform_keys --by --people_keys",
    own=_OWN,
    example="rally-garden --purpose=demographics --choice=withdrawn"
    " --store=/srv/rally/store --keys=/srv/rally/keys --by=ann < ids.txt",
    changes=True,
)
