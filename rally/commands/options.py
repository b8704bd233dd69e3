"""Options that several commands have, named and read in one way."""

import argparse
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from rally.bounded_files import read_bounded_text
from rally.errors import ConfigurationError
from rally.process import say
from rally.registry.registry import Registry
from rally.registry.reviews import Review
from rally.registry.study import Study, StudyKind
from rally.storage import marker
from rally.storage.layout import Stores
from rally.storage.marked_stores import MarkedStores
from rally.storage.objectstore.interface import ObjectStore
from rally.times import RANGE, InvalidTime, parse_day, parse_time

if TYPE_CHECKING:
    from rally.decisions.chain import Chain
    from rally.decisions.signers import Signer
    from rally.settings import Settings


def read_time(option: str, text: str | None, now: datetime | None = None) -> datetime:
    """A time in UTC; without a text it is `now`.

    Raises:
        ConfigurationError: it is no date and time.
    """
    if text is None:
        return now or datetime.now(UTC)
    try:
        return parse_time(text)
    except InvalidTime:
        raise ConfigurationError(
            f"{option}: must be a date and time such as 2022-03-10T12:00:00Z, {RANGE}"
        ) from None


def read_past_time(option: str, text: str | None) -> datetime:
    """A time in UTC that is not in the future; without a text it is now.

    Raises:
        ConfigurationError: it is no date and time, or has not come yet.
    """
    now = datetime.now(UTC)
    time = read_time(option, text, now)
    if time > now:
        raise ConfigurationError(f"{option}: is in the future; leave it out")
    return time


def read_day(option: str, text: str) -> date:
    """A date. Raises ConfigurationError where it is none of the range of times."""
    try:
        return parse_day(text)
    except InvalidTime:
        raise ConfigurationError(
            f"{option}: must be a date such as 2022-03-10, {RANGE}"
        ) from None


def find_study(registry: Registry, name: str, studies: str) -> Study:
    """The study of this namespace or alias.

    Raises:
        ConfigurationError: the registry, which is at `studies`, has none.
    """
    study = registry.resolve(name)
    if study is None:
        raise _no_study(registry, name, studies)
    return study


def find_review(study: Study, name: str) -> Review:
    """The review of this id. Raises ConfigurationError where the study has none."""
    for each in study.reviews:
        if each.id == name:
            return each
    known = ", ".join(each.id for each in study.reviews) or "none"
    raise ConfigurationError(
        f"{name}: is no review of {study.namespace}; it has {known}"
    )


def _no_study(registry: Registry, name: str, studies: str) -> ConfigurationError:
    """Why there is none: what does not load has its own fault."""
    if namespace := registry.resolve_unavailable(name):
        return ConfigurationError(registry.faults[namespace])
    return ConfigurationError(
        f"{name}: no study of {studies}; `rally studies list` shows them"
    )


def name_faults(registry: Registry) -> int:
    """Names on standard error what does not load; the exit status for it."""
    for fault in registry.faults.values():
        say(fault)
    return 1 if registry.faults else 0


def read_scope(args: argparse.Namespace, registry: Registry) -> str | None:
    """What --study or --all says that is left; None where neither is given.

    Raises:
        ConfigurationError: there are both, or it is no study.
    """
    from rally.events import RALLY  # imports fastavro, which is slow

    if args.study and args.all:
        raise ConfigurationError("--study, --all: are too many; give one of them")
    if args.all:
        return RALLY
    if not args.study:
        return None
    namespace, kind = _find_scope(registry, args.study, args.studies)
    if kind is StudyKind.PLATFORM:
        raise ConfigurationError(
            f"--study: {namespace} is the platform's own, and to leave it is to "
            "leave Rally; if that is meant, give --all"
        )
    return namespace


def _find_scope(registry: Registry, name: str, studies: str) -> tuple[str, StudyKind]:
    """A study can be left that does not load, where its kind is legible."""
    if study := registry.resolve(name):
        return study.namespace, study.kind
    namespace = registry.resolve_unavailable(name)
    kind = registry.unavailable[namespace].kind if namespace else None
    if namespace is None or kind is None:
        raise _no_study(registry, name, studies)
    return namespace, kind


def maybe_platform(args: argparse.Namespace) -> ObjectStore | None:
    """The platform's store, where --platform or --store names it.

    Raises:
        ConfigurationError: it is no platform, or does not belong to the store.
    """
    if args.store:
        return MarkedStores(args.store, args.platform or None).platform
    if not args.platform:
        return None
    platform = Stores("", args.platform).platform
    marker.require_marker(platform, marker.PlaceKind.PLATFORM)
    return platform


def maybe_chain(args: argparse.Namespace) -> "Chain | None":
    """What people decided; None where nothing says where that is.

    Raises as `maybe_platform` does.
    """
    platform = maybe_platform(args)
    if platform is None:
        return None
    from rally.decisions.verifying import read_chain  # imports Tink

    return read_chain(platform)


def open_platform(args: argparse.Namespace) -> ObjectStore:
    """The platform's store. Raises ConfigurationError where none is named."""
    platform = maybe_platform(args)
    if platform is None:
        raise ConfigurationError("--platform: is missing; give it, or --store")
    return platform


def open_places(args: argparse.Namespace) -> "Settings":
    """All places of a command. Raises ConfigurationError where one is not named."""
    from rally.settings import Settings  # imports Tink

    if not args.store:
        raise ConfigurationError("--store: is missing; say where the data is")
    return Settings(
        store=args.store,
        platform=args.platform or None,
        platform_keys=platform_keys_uri(args),
        studies=args.studies,
    )


def people_keys_uri(args: argparse.Namespace) -> str:
    """The folder of people's keys. Raises ConfigurationError without one."""
    from rally.decisions.signers import default_uri  # imports Tink

    if not (args.people_keys or args.keys):
        raise ConfigurationError(
            "--people_keys: is missing; say where your signing key is"
        )
    return args.people_keys or default_uri(args.keys)


def read_public_file(path: str) -> str:
    """The public half of a key from a file. Raises ConfigurationError."""
    from rally.decisions.content_parsing import MOST_CHARACTERS
    from rally.keys.signing import check_public

    return check_public(read_bounded_text(path, MOST_CHARACTERS), path)


def signer_of(args: argparse.Namespace) -> "Signer":
    """Who decides, by their key. Raises ConfigurationError where nobody is named."""
    from rally.decisions.signers import open_signer

    if not args.by:
        raise ConfigurationError("--by: is missing; say who decides")
    return open_signer(people_keys_uri(args), args.by)


def platform_keys_uri(args: argparse.Namespace) -> str:
    """The folder of the platform's keys. Raises ConfigurationError without one."""
    from rally.keys.platform_keys import default_uri  # imports Tink

    if not (args.platform_keys or args.keys):
        raise ConfigurationError("--platform_keys: is missing; give it, or --keys")
    return args.platform_keys or default_uri(args.keys)
