"""Writes the facts of a person's copy as JSON: about, participation, receipts, schemas.

Each says in one document what index.html says for people.
"""

import json
from collections.abc import Iterable
from datetime import date
from typing import Any

from rally.consent.index import StudyConsent
from rally.inventory.json import describe_access, describe_field, describe_result
from rally.inventory.wording import (
    say_end,
    say_kept,
    say_leaving,
    say_means,
    say_participants,
)
from rally.person_copy.records import Deletion, DocumentCopy, PersonCopy, StudyCopy
from rally.person_copy.wording import (
    AUTOMATED,
    CLOSED,
    CONCLUDED,
    LETTERS,
    SOURCE,
)
from rally.receipts.receipt import Receipt
from rally.registry.about import About
from rally.registry.study import Document
from rally.times import from_micros, moment
from rally.withdrawal.withdrawal_list import Withdrawal


def to_about(copy: PersonCopy) -> dict[str, Any]:
    """Returns why the data is there, who gets it, how long, and what rights there are.

    Args:
        copy: The person's copy.
    """
    return {
        "case": copy.case,
        "as_of": moment(copy.at),
        "source": SOURCE,
        "automated_decisions": AUTOMATED,
        "not_in_this_copy": [
            LETTERS,
            *(CLOSED.format(study=each) for each in copy.closed),
        ],
        "studies": [_study(each) for each in copy.studies],
    }


def _study(copy: StudyCopy) -> dict[str, Any]:
    study, entry = copy.entry.study, copy.entry
    about = study.about
    return {
        "namespace": study.namespace,
        "name": study.name,
        "state": entry.state,
        "concluded": CONCLUDED if copy.is_concluded else None,
        "goal": about.goal if about else None,
        "category": entry.category,
        "participants": say_participants(entry),
        "rights": {
            "leaving": " ".join(say_leaving(entry)),
            "end": " ".join(say_end(entry)),
            "how_to_leave": about.leaving if about else None,
        },
        "contacts": _contacts(about) if about else None,
        "recipients": {
            "researchers": [describe_access(each) for each in study.access],
            "tables_of_researchers": len(study.derived),
            "releases": [describe_result(each) for each in entry.results],
        },
        "collected_through": _day(study.collect_through),
        "destroyed_by": _day(study.analysis_until),
        "documents": [_document(copy, each) for each in copy.documents],
    }


def _contacts(about: About) -> dict[str, str | None]:
    return {
        "institution": about.institution,
        "investigator": about.investigator,
        "contact": about.contact,
        "independent_contact": about.independent_contact,
    }


def _document(study: StudyCopy, copy: DocumentCopy) -> dict[str, Any]:
    document = copy.document
    return {
        "name": copy.name,
        "rows": len(copy.rows),
        "first": moment(copy.first),
        "last": moment(copy.last),
        "means": say_means(document) if document else None,
        "purpose": document.purpose if document else None,
        "retention": say_kept(study.entry, document) if document else None,
        "next_end": _day(copy.next_end),
        "to_be_deleted": {
            each.value: copy.count_deletions(each)
            for each in Deletion
            if copy.count_deletions(each)
        },
    }


def to_participation(copy: PersonCopy) -> dict[str, Any]:
    """Returns when the person joined and left, and how each request to leave stands."""
    return {
        "acts": [
            {
                "at": moment(each.at),
                "kind": each.kind,
                "scope": each.scope,
                "by": each.signal,
            }
            for each in copy.records.acts
        ],
        "requests": [_request(each) for each in copy.records.requests],
    }


def _request(request: Withdrawal) -> dict[str, Any]:
    return {
        "request": request.request,
        "scope": request.scope,
        "received": moment(from_micros(request.received)),
        "state": request.state,
        "waits_for": list(request.deferred),
        "stages": {
            stage.value: moment(from_micros(at))
            for stage, at in sorted(request.stages.items(), key=lambda each: each[1])
        },
        "receipts": list(request.receipts),
    }


def to_consents(consents: Iterable[StudyConsent]) -> dict[str, Any]:
    """Returns what the person agreed to, and how each consent stands.

    One is `explicit` where the person's client said it, and `inferred` where they
    joined while a notice was in force.
    """
    return {
        "consents": [
            {
                "study": each.study,
                "purpose": each.purpose,
                "field": each.field or None,
                "state": each.consent.state,
                "since": moment(from_micros(each.consent.since)),
                "evidence": each.consent.evidence,
                "notice": each.consent.notice._asdict()
                if each.consent.notice
                else None,
            }
            for each in consents
        ]
    }


def to_receipt(receipt: Receipt) -> dict[str, Any]:
    """Returns what a receipt says of this person, and nothing that it says of others.

    The whole receipt names files and counts all rows of them; its number and its
    signature say which one it is.
    """
    return {
        "number": receipt.number,
        "request": receipt.request,
        "scope": receipt.scope,
        "reason": receipt.reason,
        "received": moment(from_micros(receipt.received)),
        "written": moment(from_micros(receipt.written)),
        "old_copies_until": _day(receipt.old_copies_until),
        "sections": [
            {
                "namespace": each.namespace,
                "outcome": each.outcome,
                "until": _day(each.until),
                "rows_deleted": each.rows,
                "verified": moment(from_micros(each.verified.time))
                if each.verified
                else None,
            }
            for each in receipt.sections
        ],
        "signature": receipt.signature,
    }


def to_schema(document: Document, fingerprints: frozenset[str]) -> dict[str, Any]:
    """Returns each field of the person's rows in words.

    Args:
        document: The registry's record.
        fingerprints: Fingerprints of the rows; without one of the document's schemas
            the newest is described.
    """
    known = [each for each in document.revisions if each.fingerprint in fingerprints]
    return {
        "document": document.name,
        "purpose": document.purpose,
        "schemas": [
            {
                "fingerprint": each.fingerprint,
                "fields": [describe_field(field) for field in each.fields],
            }
            for each in known or [document.schema]
        ],
    }


def to_text(content: dict[str, Any]) -> str:
    """Returns facts as text of JSON; equal facts are equal text."""
    return json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
