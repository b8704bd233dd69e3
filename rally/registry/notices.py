"""What people read before they join or agree: `notices:` in study.yaml.

No client of Rally says in a ping which notice its user read. So the registry keeps a
dated history of each study's notices, by the hashes of their texts, and an enrolment's
time tells which one was in force. Notices are added, and never changed or removed.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from rally.errors import ConfigurationError
from rally.fields import (
    AllFields,
    Place,
    day,
    hexadecimal,
    https_address,
    many,
    raise_all,
    text,
    up_to,
)

VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._]{0,29}")
"""Version of a notice: too short for an id, which has 32 digits or more."""

_LANGUAGE = re.compile("[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")  # BCP 47, as far as needed
_MOST_NOTICES = 200
_MOST_DAYS = 36_500


class NoticeName(NamedTuple):
    """Name of a notice by a person's client.

    Attributes:
        version: Version of the notice.
        sha256: SHA-256 of the text that was shown, in hex; "" where nobody says it.
    """

    version: str
    sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentNotice:
    """One text, in one language, of what people read before they join or agree.

    Attributes:
        version: Version; it is the same in all languages.
        since: First day on which it was shown, UTC.
        where: Page with the text, https.
        sha256: SHA-256 of the text, in hex.
        language: Language of the text, `en` or `pt-BR`.
        lasts_days: Days for which a consent to it lasts; None is until the study's
            conclusion.
    """

    version: str
    since: date
    where: str
    sha256: str
    language: str
    lasts_days: int | None = None


def read_notices(place: Place, value: object) -> tuple[ConsentNotice, ...]:
    """Reads the entry, sorted by day. Raises ConfigurationError with all faults."""
    notices = many(_notice, _MOST_NOTICES)(place, value)
    _check_versions(place, notices)
    return tuple(sorted(notices, key=lambda each: each.since))


def notices_in_force(
    notices: Sequence[ConsentNotice], time: datetime
) -> tuple[ConsentNotice, ...]:
    """Gives the texts of the version that was shown at a time; none before the first.

    Args:
        notices: All notices of a study, sorted by day.
        time: Time, UTC.
    """
    begun = [each for each in notices if each.since <= time.date()]
    return tuple(each for each in begun if each.version == begun[-1].version)


def find_notice(
    notices: Sequence[ConsentNotice], named: NoticeName | None, time: datetime
) -> ConsentNotice | None:
    """Finds the notice that a client named; None where it was not shown by that time.

    Args:
        notices: All notices of a study.
        named: Version and hash; without a hash, or without a name, it names none.
        time: Time at which it was read, UTC.
    """
    if named is None:
        return None
    for each in notices:
        if (each.version, each.sha256) == named and each.since <= time.date():
            return each
    return None


def _notice(place: Place, value: object) -> ConsentNotice:
    fields = AllFields(place, value)
    notice = ConsentNotice(
        version=fields.need("version", read_version),
        since=fields.need("from", day),
        where=fields.need("where", https_address),
        sha256=fields.need("sha256", hexadecimal(64)),
        language=fields.need("lang", _language),
        lasts_days=fields.maybe("lasts_days", up_to(_MOST_DAYS)),
    )
    fields.close()
    return notice


def read_version(place: Place, value: object) -> str:
    """Reads the version of a notice."""
    version = text(place, value)
    if not VERSION.fullmatch(version):
        raise place.error(
            "must be up to 30 letters, digits, dots and underscores, in quotes where"
            " it is a number"
        )
    return version


def _language(place: Place, value: object) -> str:
    language = text(place, value)
    if not _LANGUAGE.fullmatch(language):
        raise place.error("must be a language such as en or pt-BR")
    return language


def _check_versions(place: Place, notices: Sequence[ConsentNotice]) -> None:
    """Holds the notices against each other: one version begins, and lasts, as one."""
    faults = list[ConfigurationError]()
    first = dict[str, ConsentNotice]()
    begun = dict[date, str]()
    languages = set[tuple[str, str]]()
    for index, each in enumerate(notices):
        at = place.at(index)
        known = first.setdefault(each.version, each)
        if (each.version, each.language) in languages:
            what = f"version {each.version} is there in {each.language} already"
            faults.append(at.error(f"{what}; give a changed text a new version"))
        languages.add((each.version, each.language))
        if (known.since, known.lasts_days) != (each.since, each.lasts_days):
            what = "must be the same in all languages of a version: from, lasts_days"
            faults.append(at.error(what))
        elif begun.setdefault(each.since, each.version) != each.version:
            what = "another version begins on that day; only one can be in force"
            faults.append(at.at("from").error(what))
    raise_all([str(each) for each in faults])
