"""`rally withdrawals settle`: gives up withdrawals that nobody can ever read.

It opens the person's own key alone. What is given up is decided first, and then
deleted; killed in between, it is run again.
"""

import argparse

from rally.commands.asking import ask
from rally.commands.options import open_platform, read_day, read_time, signer_of
from rally.errors import ConfigurationError
from rally.printing import print_lines
from rally.registry.registry import Registry


def settle(args: argparse.Namespace) -> int:
    """Decides that dead letters are given up, and deletes them."""
    from rally.dead_letters import LetterPlace, place_of
    from rally.decisions.contents import DecisionKind
    from rally.registry.legal_holds import LegalHolds
    from rally.storage.objectstore.interface import ObjectInfo
    from rally.withdrawal.newest_list import decide_by_list
    from rally.withdrawal.unreadable import count_letters, settlement

    now, platform = read_time("--as_of", args.as_of), open_platform(args)
    signer = signer_of(args)
    holds = LegalHolds.read(platform, now)
    chosen: dict[LetterPlace, list[tuple[ObjectInfo, int]]] = {}
    for name in _chosen(args):
        place, info = place_of(name), platform.stat(name)
        if place is None or info is None:  # it was there a moment ago
            continue
        if hold := holds.over(place.study, place.day):
            raise ConfigurationError(f"{place.study} of {place.day}: {hold} keeps them")
        chosen.setdefault(place, []).append((info, count_letters(platform, info)))
    letters = sum(each for members in chosen.values() for _, each in members)
    ask(args, f"{letters:,} withdrawals are given up, and nobody hears of them. Go on?")
    for place, members in sorted(chosen.items()):
        objects = [(info.name, letters) for info, letters in members]
        decided = settlement(place, objects, args.note)
        decide_by_list(platform, signer, DecisionKind.SETTLE, decided, now)
        for info, _ in members:
            platform.delete(info.name, info.generation)
        number = sum(letters for _, letters in members)
        print_lines(f"{place.study}: settled: {number:,} unreadable of {place.day}")
    return 0


def _chosen(args: argparse.Namespace) -> list[str]:
    """Names of objects.

    Raises:
        ConfigurationError: none, or another way to choose, is given; or there is none.
    """
    from rally.withdrawal.unreadable import find_unreadable

    owed = [each for each in find_unreadable(open_platform(args), 0) if each.deadline]
    if bool(args.dead_letter) == bool(args.study):
        raise ConfigurationError("give --dead_letter, or --study and --day")
    if args.dead_letter:
        known = {name for each in owed for name in each.objects}
        if not known.issuperset(args.dead_letter):
            raise ConfigurationError(
                "--dead_letter: there is no unreadable withdrawal of that name; `rally"
                " withdrawals --requests` lists them"
            )
        return sorted(set(args.dead_letter))
    if not args.day:
        raise ConfigurationError("--day: is missing; a study is settled day by day")
    study = Registry.load(args.studies).resolve(args.study)
    place = study.namespace if study else args.study, str(read_day("--day", args.day))
    found = [each.objects for each in owed if (each.study, each.day) == place]
    if not found:
        raise ConfigurationError(
            "--study, --day: there is no unreadable withdrawal of them"
        )
    return [name for names in found for name in names]
