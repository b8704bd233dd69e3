"""Writes the inventory as JSON, for machines: the facts that its pages have."""

import json
from datetime import date
from typing import TYPE_CHECKING, Any

from rally.disclosure import in_json
from rally.inventory.changes import Revision, revisions_of
from rally.inventory.forms import make_example
from rally.inventory.records import DocumentEntry, ExpungeEntry, Inventory, StudyEntry
from rally.inventory.wording import CATEGORIES
from rally.registry.about import About
from rally.registry.collected_fields import CollectedField
from rally.registry.intervals import BEGIN, END, Interval
from rally.registry.notices import ConsentNotice
from rally.registry.reviews import Review, SignOff, StewardReview
from rally.registry.study import Access, Policy
from rally.times import moment

if TYPE_CHECKING:
    from rally.releases.published import PublishedResult, StudyReleases

FORMAT = 1
"""Version of the document; a name that goes, or changes its meaning, raises it."""


def to_json(inventory: Inventory) -> str:
    """Returns one document of JSON; equal inventories are equal text.

    DAY is YYYY-MM-DD, in UTC. Keys are sorted, none is ever left out, and what is not
    stated is null:

        as_of            the DAY for which it is true
        categories       {"1" to "4": what it is called}
        decisions_known  whether signed decisions were read
        development      whether the platform is for development only
        format           1
        studies          a list of
          about          what the study says of itself, or null
          access         a list of {group, agreement, from: DAY, until: DAY}
          category       the highest of its fields, 1 to 4
          dates          {starts, ending_announced, collect_through, analysis_until}
          documents      a list of {name, means, purpose, sent, built_in, category,
                         raised_by, keep, delete_after_days, kept_by, fingerprint,
                         participant, fields, revisions, approved, is_approved,
                         reviews: ids}
                         raised_by is the rule that raised the category;
                         of each field {path, doc, type, optional, example, category,
                         purpose, benefit, expires, identifier, sdk}; of each revision,
                         the newest first, {number, fingerprint, changes: a list of
                         {kind, path, was, now}}; approved has for each revision
                         {fingerprint, windows: a list of {from, until}, times in UTC,
                         the second excluded, null for no bound}
          events         signed decisions, a list of {action, at}
          expunges       what was ordered to be taken out, a list of {on: DAY, document,
                         field: path, or null of whole messages, from: DAY,
                         until: DAY, note}
          kind, name, namespace, state
          notices        what people read before they join, a list of {version, from:
                         DAY, lang, lasts_days: null until the conclusion, where,
                         sha256}
          participants   people who joined and have not left: a number, 0 or the
                         greatest multiple of ten below; "<10"; or null where no
                         platform was named, and before and after the study
          policy         {enrolment_required, refuse_do_not_track, private_browsing,
                         countries, minimum_age, after_end, unmatched_withdrawals}
          reviews        a list of {id, renews, incremental_to, requester, owner,
                         asked: DAY, covers: a list of {document, fingerprint,
                         from: DAY, until: DAY, retention_days: null until the
                         conclusion, report_until: day through which more of a
                         ping is counted}, recipients: a list of {group,
                         agreement, until: DAY}, analysis_until: DAY or null,
                         steward: {by, on: DAY, result: + or -} or null, sign_offs:
                         {area: {by, on: DAY, result, risk}}, public: address}
          releases       what was published of it and may be, or null: {allotted, left:
                         zCDP's rho as decimal text, or null; results: a list of {name,
                         on: DAY, question, description: measures, groups and days,
                         or null, rho: or null of a file without differential privacy,
                         files: names in the place of releases}}
        unavailable      namespaces whose files have a fault
        version          of the software
    """
    content = {
        "format": FORMAT,
        "as_of": inventory.day.isoformat(),
        "categories": {str(number): name for number, name in CATEGORIES.items()},
        "decisions_known": inventory.decisions_known,
        "development": inventory.development,
        "version": inventory.version,
        "studies": [_study(each) for each in inventory.studies],
        "unavailable": list(inventory.unavailable),
    }
    return json.dumps(content, indent=1, sort_keys=True) + "\n"


def _study(entry: StudyEntry) -> dict[str, Any]:
    study = entry.study
    return {
        "namespace": study.namespace,
        "name": study.name,
        "kind": study.kind,
        "state": entry.state,
        "category": entry.category,
        "about": _about(study.about) if study.about else None,
        "dates": {
            "starts": _day(study.starts),
            "ending_announced": _day(study.ending_announced),
            "collect_through": _day(study.collect_through),
            "analysis_until": _day(study.analysis_until),
        },
        "participants": None
        if entry.participants is None
        else in_json(entry.participants),
        "policy": _policy(study.policy),
        "access": [describe_access(each) for each in study.access],
        "events": [
            {"action": each.action, "at": moment(each.at)} for each in entry.events
        ],
        "expunges": [_expunge(each) for each in entry.expunges],
        "notices": [_notice(each) for each in study.notices],
        "documents": [_document(each) for each in entry.documents],
        "releases": _releases(entry.releases) if entry.releases else None,
        "reviews": [_review(each) for each in entry.reviews],
    }


def _notice(notice: ConsentNotice) -> dict[str, str | int | None]:
    return {
        "version": notice.version,
        "from": notice.since.isoformat(),
        "lang": notice.language,
        "lasts_days": notice.lasts_days,
        "where": notice.where,
        "sha256": notice.sha256,
    }


def _expunge(entry: ExpungeEntry) -> dict[str, str | None]:
    return {
        "on": entry.on.isoformat(),
        "document": entry.document,
        "field": entry.field,
        "from": entry.first.isoformat(),
        "until": entry.last.isoformat(),
        "note": entry.note,
    }


def _releases(releases: "StudyReleases") -> dict[str, Any]:
    budget = releases.budget
    is_allotted = budget.allotted is not None
    return {
        "allotted": f"{budget.allotted:f}" if is_allotted else None,
        "left": f"{budget.left:f}" if is_allotted else None,
        "results": [describe_result(each) for each in releases.results],
    }


def describe_result(result: "PublishedResult") -> dict[str, Any]:
    """Returns what was published, as `to_json` names it."""
    return {
        "name": result.release,
        "on": result.at.date().isoformat(),
        "question": result.question,
        "description": result.description,
        "rho": result.rho,
        "files": list(result.files),
    }


def _about(about: About) -> dict[str, str | None]:
    return {name: getattr(about, name) for name in About.__slots__}


def _policy(policy: Policy) -> dict[str, Any]:
    return {
        "enrolment_required": policy.enrolment_required,
        "refuse_do_not_track": policy.refuse_do_not_track,
        "private_browsing": policy.private_browsing,
        "countries": sorted(policy.countries),
        "minimum_age": policy.minimum_age,
        "after_end": policy.after_end,
        "unmatched_withdrawals": policy.unmatched_withdrawals,
    }


def describe_access(access: Access) -> dict[str, Any]:
    """Returns who may read a study and until when, as `to_json` names it."""
    return {
        "group": access.group,
        "agreement": access.agreement,
        "from": _day(access.since),
        "until": _day(access.until),
    }


def _document(entry: DocumentEntry) -> dict[str, Any]:
    document = entry.document
    kept_by = document.kept_by
    return {
        "name": document.name,
        "means": document.means,
        "purpose": document.purpose,
        "sent": document.sent,
        "built_in": entry.is_built_in,
        "category": entry.category,
        "keep": document.keep,
        "delete_after_days": document.delete_after_days,
        "kept_by": {"person": kept_by.person, "reason": kept_by.reason}
        if kept_by
        else None,
        "fingerprint": document.schema.fingerprint,
        "participant": document.schema.participant,
        "revisions": [_revision(each) for each in revisions_of(document)],
        "fields": [describe_field(each) for each in entry.fields],
        "approved": [
            {
                "fingerprint": each.schema.fingerprint,
                "windows": [_window(window) for window in each.windows],
            }
            for each in entry.approvals
        ],
        "is_approved": entry.is_approved,
        "raised_by": entry.approval.category.rule or None,
        "reviews": list(entry.reviews),
    }


def _revision(revision: Revision) -> dict[str, Any]:
    return {
        "number": revision.number,
        "fingerprint": revision.schema.fingerprint,
        "changes": [
            {"kind": each.kind, "path": each.path, "was": each.was, "now": each.now}
            for each in revision.changes
        ],
    }


def describe_field(field: CollectedField) -> dict[str, Any]:
    """Returns what a field says of itself, as `to_json` names it."""
    return {
        "path": field.path,
        "doc": field.doc,
        "type": field.type,
        "optional": field.optional,
        "example": make_example(field),
        "category": field.category,
        "purpose": field.purpose,
        "benefit": field.benefit,
        "expires": _day(field.expires),
        "identifier": field.identifier,
        "sdk": field.sdk,
    }


def _review(review: Review) -> dict[str, Any]:
    steward, signed = review.steward, review.sign_offs or {}
    return {
        "id": review.id,
        "renews": review.request.renews,
        "incremental_to": review.incremental.of if review.incremental else None,
        "requester": review.request.requester,
        "owner": review.request.owner,
        "asked": _day(review.request.on),
        "covers": [
            {
                "document": each.document,
                "fingerprint": each.fingerprint,
                "from": _day(each.first),
                "until": _day(each.last),
                "retention_days": each.retention_days,
                "report_until": _day(each.report_until),
            }
            for each in review.covers
        ],
        "recipients": [
            {**each._asdict(), "until": _day(each.until)}
            for each in review.request.recipients
        ],
        "analysis_until": _day(review.request.analysis_until),
        "steward": _answer(steward) if steward else None,
        "sign_offs": {
            area.value: {**_answer(each), "risk": each.risk}
            for area, each in signed.items()
        },
        "public": review.public.where if review.public else None,
    }


def _answer(answer: StewardReview | SignOff) -> dict[str, Any]:
    return {"by": answer.by, "on": _day(answer.on), "result": answer.result}


def _window(window: Interval) -> dict[str, str | None]:
    return {
        "from": None if window.start == BEGIN else moment(window.start),
        "until": None if window.end == END else moment(window.end),
    }


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
