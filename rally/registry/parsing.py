"""Makes a Study of study.yaml, holding each promise in it against the others."""

import posixpath
import re
from collections.abc import Callable, Iterator
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from rally.countries import names_country
from rally.fields import (
    AllFields,
    Place,
    Reader,
    T,
    choice,
    day,
    many,
    raise_all,
    text,
    up_to,
    word,
)
from rally.names import NAMESPACE_RULE, is_namespace
from rally.registry.about import read_about
from rally.registry.collected_fields import words
from rally.registry.documents import (
    SchemaSource,
    StudyPromises,
    read_documents,
)
from rally.registry.notices import read_notices
from rally.registry.reviews import Review
from rally.registry.schemas import pointer
from rally.registry.study import Access, AfterEnd, Policy, Study, StudyKind, Unmatched

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*)://([^/]+)(/.*)?")
_HOMES = ("/home", "/Users", "/root", "/var/home")
_SYSTEM = ("/bin", "/boot", "/dev", "/etc", "/lib", "/proc", "/sbin", "/sys", "/usr")


def read_tables(place: Place, value: object) -> str:
    """Reads the URI of researchers' own tables: a bucket, its folder, or one here."""
    uri = word(place, value)
    match = _SCHEME.fullmatch(uri)
    path = (match[3] or "/") if match else uri
    if not path.startswith("/"):
        raise place.error(
            "must be a URI such as gs://tables, or a folder from the root on; relative"
            " names and ~ mean another folder to each who reads them"
        )
    if posixpath.normpath(path) not in (path, path.rstrip("/") or "/"):
        raise place.error('must not have "..", "." or "//" in it; write it out')
    if match is None and _is_others(path.rstrip("/")):
        raise place.error(
            "is no folder of researchers' tables alone; name one that is made for them,"
            " since all in it goes with the study"
        )
    return uri


def _is_others(path: str) -> bool:
    """Tells whether a folder is the root, just below it, a home or the system's."""
    parts = Path(path).parts
    return (
        len(parts) < len(("/", "srv", "tables"))
        or str(Path(path).parent) in _HOMES
        or Path.home().is_relative_to(path)
        or f"/{parts[1]}" in _SYSTEM
    )


_MOST_NAMES = 500
"""Most aliases, countries, agreements or tables of one study."""

_MAX_AGE = 150
_COUNTRY = re.compile("[A-Z]{2}")


class _Dates(NamedTuple):
    starts: date
    ending_announced: date | None
    collect_through: date | None
    analysis_until: date | None


def read_study(
    fields: AllFields,
    folder: str,
    schemas: SchemaSource,
    reviews: Callable[[], tuple[Review, ...]],
) -> Study:
    """Reads what study.yaml holds.

    Args:
        fields: The file's entries.
        folder: The name of the folder that it lies in.
        schemas: Loads the schema of a document.
        reviews: Loads the study's reviews.

    Raises:
        ConfigurationError: something is missing, unknown, of the wrong type, or breaks
            a rule of the registry; all of it is told.
    """
    namespace = fields.need("namespace", _namespace_of(folder))
    kind = fields.need("kind", choice(StudyKind))
    name = fields.need("name", words)
    about = fields.maybe("about", read_about)
    notices = fields.maybe("notices", read_notices) or ()
    aliases = fields.maybe("aliases", many(word, _MOST_NAMES)) or ()
    dates = _read_dates(fields, kind)
    policy = fields.need("policy", lambda at, value: _read_policy(at, value, kind))
    access = _of_researchers(fields, "access", kind, _read_access)
    derived = _of_researchers(fields, "derived", kind, read_tables)
    promises = StudyPromises(
        namespace=namespace,
        kind=kind,
        policy=policy,
    )
    documents = fields.need(
        "documents", lambda at, value: read_documents(at, value, promises, schemas)
    )
    read_reviews = fields.attempt(reviews)
    fields.close()
    return Study(
        namespace=namespace,
        kind=kind,
        name=name,
        aliases=aliases,
        policy=policy,
        access=access,
        derived=derived,
        documents=documents,
        about=about,
        reviews=read_reviews,
        notices=notices,
        **dates._asdict(),
    )


def _namespace_of(folder: str) -> Reader[str]:
    def read(place: Place, value: object) -> str:
        namespace = text(place, value)
        if namespace != folder:
            raise place.error(f'must be the folder\'s name, "{folder}"')
        if not is_namespace(namespace):
            raise place.error(f"{NAMESPACE_RULE}; rename the folder")
        return namespace

    return read


def _read_dates(fields: AllFields, kind: StudyKind) -> _Dates:
    dates = _Dates(
        starts=fields.need("starts", day),
        ending_announced=fields.maybe("ending_announced", day),
        collect_through=fields.maybe("collect_through", day),
        analysis_until=fields.maybe("analysis_until", day),
    )
    fields.attempt(lambda: _check_order(fields.place, dates))
    fields.attempt(lambda: _check_ending(fields.place, dates, kind), kind, *dates)
    return dates


def _check_order(place: Place, dates: _Dates) -> None:
    raise_all(
        [
            str(place.at(later).error(f"must be after {earlier}"))
            for earlier, later in _in_order(dates)
        ]
    )


def _in_order(dates: _Dates) -> Iterator[tuple[str, str]]:
    """Pairs of dates that are not in their order."""
    for names in (
        ("starts", "collect_through", "analysis_until"),
        ("ending_announced", "collect_through"),
    ):
        known = [name for name in names if isinstance(getattr(dates, name), date)]
        for earlier, later in pairwise(known):
            if getattr(dates, earlier) >= getattr(dates, later):
                yield earlier, later


def _check_ending(place: Place, dates: _Dates, kind: StudyKind) -> None:
    wrong = list[tuple[str, str]]()
    if dates.ending_announced and not dates.collect_through:
        wrong.append(("collect_through", "is missing; an end was announced"))
    if kind is StudyKind.PLATFORM and dates.analysis_until:
        what = "a platform namespace is never locked for analysis; remove it"
        wrong.append(("analysis_until", what))
    if kind is StudyKind.STUDY and dates.collect_through and not dates.analysis_until:
        what = "is missing; say by when the ended study is concluded"
        wrong.append(("analysis_until", what))
    raise_all([str(place.at(name).error(what)) for name, what in wrong])


def _read_policy(place: Place, value: object, kind: StudyKind) -> Policy:
    fields = AllFields(place, value)
    countries = fields.maybe("countries", many(_country, _MOST_NAMES))
    policy = Policy(
        enrolment_required=fields.need("enrolment", _either("required", "none")),
        refuse_do_not_track=fields.need("do_not_track", _either("refuse", "consent")),
        private_browsing=fields.need("private_browsing", _private_browsing),
        countries=fields.attempt(lambda: frozenset(countries or ()), countries),
        minimum_age=fields.maybe("minimum_age", up_to(_MAX_AGE)),
        after_end=_read_after_end(fields, kind),
        unmatched_withdrawals=fields.maybe("unmatched_withdrawals", choice(Unmatched))
        or Unmatched.DELETE,
        refuse_automation=fields.maybe("automation", _either("refuse", "keep"))
        is not False,
    )
    required = policy.enrolment_required
    fields.attempt(lambda: _check_enrolment(place, kind, required), kind, required)
    fields.close()
    return policy


def _check_enrolment(place: Place, kind: StudyKind, required: bool) -> None:
    if kind is StudyKind.STUDY and not required:
        raise place.at("enrolment").error(
            'must be "required"; only a platform namespace may do without'
        )


def _read_after_end(fields: AllFields, kind: StudyKind) -> AfterEnd:
    if kind is StudyKind.STUDY:
        return fields.need("after_end", choice(AfterEnd))
    place, after_end = fields.place, fields.maybe("after_end", choice(AfterEnd))

    def check() -> AfterEnd:
        if after_end is AfterEnd.DEFER:
            raise place.at("after_end").error(
                "platform data is never deferred; remove it"
            )
        return AfterEnd.DELETE

    return fields.attempt(check, kind, after_end)


def _either(yes: str, no: str) -> Reader[bool]:
    def read(place: Place, value: object) -> bool:
        if value not in (yes, no):
            raise place.error(f"must be one of: {yes}, {no}")
        return value == yes

    return read


def _private_browsing(place: Place, value: object) -> str | None:
    return None if value == "client" else pointer(place, value)


def _country(place: Place, value: object) -> str:
    if not isinstance(value, str) or not _COUNTRY.fullmatch(value):
        raise place.error('must be a country code of two capitals, such as "US"')
    if not names_country(value):
        raise place.error(f"{value} stands for no country; remove it")
    return value


def _of_researchers(
    fields: AllFields, name: str, kind: StudyKind, read: Reader[T]
) -> tuple[T, ...]:
    entries = fields.maybe(name, many(read, _MOST_NAMES))

    def check() -> tuple[T, ...]:
        if entries and kind is StudyKind.PLATFORM:
            raise fields.place.at(name).error(
                "a platform namespace has no researchers; remove it"
            )
        return entries or ()

    return fields.attempt(check, kind, entries)


def _read_access(place: Place, value: object) -> Access:
    fields = AllFields(place, value)
    access = Access(
        group=fields.need("group", word),
        agreement=fields.need("agreement", text),
        since=fields.need("from", day),
        until=fields.need("until", day),
    )
    fields.close()
    if access.since >= access.until:
        raise place.at("until").error("must be after from")
    return access
