"""`rally studies review`: asks for a data review, signs one, and imports one.

A record is made once, and its answers are added to it; what counts is what is signed in
the platform's chain of decisions.
"""

import argparse
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from rally.bounded_files import read_bounded, read_bounded_text
from rally.commands.asking import ask_for_text
from rally.commands.command import Command, CommandGroup
from rally.commands.decide_study import decider, platform_of
from rally.commands.options import find_review, find_study
from rally.commands.review_description import describe_review, say_what_is_missing
from rally.commands.review_records import create_record, record_file, rewrite_record
from rally.commands.review_request import REQUEST_OPTIONS, request_review
from rally.decisions.content_fields import record_id
from rally.decisions.contents import (
    REVIEW_AREAS,
    DecisionKind,
    ReviewImport,
    ReviewResult,
    ReviewSignature,
    Risk,
    Role,
)
from rally.errors import ConfigurationError
from rally.fields import Place, choice, https_address, note, raise_all
from rally.options import NAMESPACE, REVIEW, WHAT, Option
from rally.plain_yaml import read_yaml
from rally.printing import print_lines
from rally.registry.approvals import Approvals
from rally.registry.collected_fields import OPEN
from rally.registry.registry import Registry
from rally.registry.review_files import REVIEW_QUESTIONS
from rally.registry.review_form import MAX_BYTES, read_form
from rally.registry.review_parsing import answers as answers_to
from rally.registry.review_parsing import read_review
from rally.registry.reviews import (
    Announcement,
    Review,
    SignOff,
    StewardReview,
)
from rally.registry.study import Study

if TYPE_CHECKING:
    from rally.decisions.signers import Signer

_LATER = "later"

OWN = (
    NAMESPACE,
    REVIEW,
    Option(
        name="form",
        group=WHAT,
        is_word=True,
        metavar="FORM",
        help="the completed form, a file",
    ),
    *REQUEST_OPTIONS,
    Option(
        name="as",
        group=WHAT,
        metavar="AREA",
        dest="area",
        help=f"the area for which you sign: {', '.join(REVIEW_AREAS)}",
    ),
    Option(
        name="result",
        group=WHAT,
        metavar="RESULT",
        help="+ or -; asked for on a terminal",
    ),
    Option(
        name="risk",
        group=WHAT,
        metavar="RISK",
        help="the risk that is left to people: low, medium or high; asked for on a"
        " terminal",
    ),
    Option(
        name="answers",
        group=WHAT,
        metavar="FILE",
        help="a steward's answers, YAML, `1: …` to `8: …`; asked for on a terminal",
    ),
    Option(
        name="url",
        group=WHAT,
        metavar="URL",
        help="the page at which the completed review can be read, https",
    ),
)


def sign_review(args: argparse.Namespace) -> int:
    """Shows what a review is about, asks for an answer, and signs it."""
    from rally.decisions.verifying import read_chain
    from rally.withdrawal.newest_list import decide_by_list

    registry = Registry.load(args.studies)
    study = find_study(registry, args.namespace, args.studies)
    review = find_review(study, args.review)
    if not args.area:
        raise ConfigurationError(f"--as: is missing; one of: {', '.join(REVIEW_AREAS)}")
    area = _area(args.area)
    if review.incremental and area is not Role.STEWARD:
        raise ConfigurationError(
            f"--as: {review.id} is incremental to {review.incremental.of}; a steward"
            " alone signs it"
        )
    unanswered = [each for each in review.open if each.startswith("request")]
    if unanswered:
        raise ConfigurationError(
            f"{review.id}: {unanswered[0]} is not answered; answer what is open in"
            f" {record_file(args, study, review.id)} first"
        )
    platform = platform_of(args)
    approvals = Approvals.of_chain(registry, read_chain(platform))
    print_lines(*describe_review(study, review, approvals))
    signer = decider(args)
    risk = ask_for_text(args.risk, "Risk [low/medium/high]", "--risk")
    result = ask_for_text(args.result, "Decision [+/-/later]", "--result")
    if result == _LATER:
        print_lines("Nothing is signed.")
        return 0
    words = args.note or ask_for_text(None, "Mitigations, or the reason", "--note")
    answer = ReviewSignature(
        namespace=study.namespace,
        review=review.id,
        request=review.digest,
        area=area,
        result=choice(ReviewResult)(Place("--result"), result),
        covers=review.covers,
        risk=choice(Risk)(Place("--risk"), risk),
        note=note(Place("--note"), words),
    )
    answers = () if review.incremental else _steward_answers(args, area)
    now = datetime.now(UTC)
    decide_by_list(platform, signer, DecisionKind.SIGN_REVIEW, answer, now)
    rewrite_record(args, study, _answered(review, answer, signer, now.date(), answers))
    after = Approvals.of_chain(registry, read_chain(platform))
    print_lines(f"Signed. {say_what_is_missing(study, review, after)}")
    return 0


def import_review(args: argparse.Namespace) -> int:
    """Attests a review that was completed elsewhere, and writes its record."""
    from rally.withdrawal.newest_list import decide_by_list

    registry = Registry.load(args.studies)
    study = find_study(registry, args.namespace, args.studies)
    name = record_id(Place("REVIEW"), args.review)
    if not args.url:
        raise ConfigurationError("--url: is missing; say where the review can be read")
    url = https_address(Place("--url"), args.url)
    place = Place(args.form)
    content = read_form(place, read_bounded_text(args.form, MAX_BYTES))
    review = read_review(place, name, content)
    steward = _check_complete(place, study, review)
    review = replace(review, public=Announcement(url, steward.on))
    platform, signer = platform_of(args), decider(args)
    attested = ReviewImport(
        study.namespace, review.id, review.attested, review.covers, url, args.note
    )
    if signer.name in {review.request.requester, review.request.owner}:
        raise ConfigurationError(
            "--by: asked for it, or owns it; have another import it"
        )
    create_record(args, study, review)
    now = datetime.now(UTC)
    decide_by_list(platform, signer, DecisionKind.IMPORT_REVIEW, attested, now)
    print_lines(f"{study.namespace}/{review.id}: imported and signed by {signer.name}")
    return 0


def _check_complete(place: Place, study: Study, review: Review) -> StewardReview:
    """Gives the steward's answer; raises ConfigurationError unless all approved."""
    if review.open:
        raise place.at(review.open[0]).error("is not answered; complete the form")
    if review.steward is None:
        raise place.at("Review").error("has no result; a steward completes it")
    results = [
        review.steward.result,
        *(each.result for each in (review.sign_offs or {}).values()),
    ]
    if any(each is not ReviewResult.APPROVE for each in results):
        raise place.error("was refused, at least by one area; nothing is imported")
    known = {
        (document.name, schema.fingerprint)
        for document in study.documents.values()
        for schema in document.revisions
    }
    for each in review.covers:
        if (each.document, each.fingerprint) not in known:
            raise place.at("Covers").error(
                f"names a schema of {each.document} that is not here; import the form"
                " of the schema that was reviewed, beside that schema"
            )
    return review.steward


def _answered(
    review: Review,
    answer: ReviewSignature,
    signer: "Signer",
    on: date,
    answers: tuple[str, ...],
) -> Review:
    """Gives the record with an answer added to it."""
    words = answer.note or "-"
    if answer.area is Role.STEWARD:
        steward = StewardReview(signer.name, on, answer.result, words, answers)
        return replace(review, steward=steward)
    signed = SignOff(signer.name, on, answer.result, answer.risk, words)
    return replace(review, sign_offs={**(review.sign_offs or {}), answer.area: signed})


def _steward_answers(args: argparse.Namespace, area: Role) -> tuple[str, ...]:
    """Takes a steward's eight answers out of a file, or asks for them."""
    if area is not Role.STEWARD:
        return ()
    if args.answers:
        yaml = read_yaml(args.answers, read_bounded(args.answers, MAX_BYTES))
        place = Place(args.answers, lines=yaml.lines)
        raise_all([*yaml.faults, *yaml.unreadable])
        return answers_to(len(REVIEW_QUESTIONS))(place, yaml.value)
    return tuple(
        ask_for_text(None, f"{number}. {question}", "--answers") or OPEN
        for number, question in enumerate(REVIEW_QUESTIONS, 1)
    )


def _area(text: str) -> Role:
    if text not in REVIEW_AREAS:
        raise ConfigurationError(f"--as: must be one of: {', '.join(REVIEW_AREAS)}")
    return Role(text)


_SIGNING = "--studies --store --platform --keys --people_keys --by --note"
COMMANDS = CommandGroup(
    "review",
    "ask for data reviews, sign and import them",
    (
        Command(
            name="request",
            handler=request_review,
            options="namespace review --document --from --until --report_until --renews"
            " --incremental --requester --owner --studies",
            own=OWN,
            example="rally-birds r3 --requester=ada --studies=schemas",
            changes=True,
        ),
        Command(
            name="sign",
            handler=sign_review,
            options=f"namespace review --as --result --risk --answers {_SIGNING}",
            own=OWN,
            example="rally-birds r3 --as=privacy --by=cara --store=/srv/rally/store"
            " --people_keys=/home/cara/keys --studies=schemas",
            changes=True,
        ),
        Command(
            name="import",
            handler=import_review,
            options=f"namespace review form --url {_SIGNING}",
            own=OWN,
            example="rally-birds r3 form.md --url=https://bugzilla.mozilla.org/1#c2"
            " --by=rita --store=/srv/rally/store --people_keys=/home/rita/keys"
            " --studies=schemas",
            changes=True,
        ),
    ),
)
