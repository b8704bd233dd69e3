"""Looks at a YAML file of Glean definitions before glean_parser does.

glean_parser builds and checks whatever a file holds: aliases of aliases cost it twice
as much a level, and of two entries of one name it takes the last. Both are found here,
from the events of YAML's parser, at a cost that follows from the file's length.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import yaml

from rally.errors import ConfigurationError
from rally.fields import Place, raise_all

if TYPE_CHECKING:
    from yaml import SafeLoader as _Loader
else:  # libyaml's parser, where it is there, is ten times as fast
    _Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

MAX_BYTES = 1024 * 1024
"""Largest size of a file of definitions; 200 metrics have a tenth of it."""

MAX_VALUES = 100_000
"""Most values of a file, each as often as aliases repeat it."""

MAX_DEPTH = 32
"""Greatest depth of mappings and lists."""

_MERGE = "<<"


@dataclass(slots=True)
class _Open:
    """A mapping or a list that has begun."""

    anchor: str | None
    keys: set[str] | None
    size: int = 1
    height: int = 1
    is_key_next: bool = field(default=True)


def check_yaml(place: Place, data: bytes) -> None:
    """Checks that a file of definitions is YAML, bounded, and names nothing twice.

    Args:
        place: the file, for messages.
        data: content of the file, of at most MAX_BYTES.

    Raises:
        ConfigurationError: it is none; or all names that stand twice.
    """
    try:
        events = yaml.parse(data.decode(), _Loader)
        raise_all(_find_twice(place, events))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = place.at(f"line {mark.line + 1}") if mark else place
        raise where.error(f"is no YAML: {error.problem}; correct it") from None
    except (UnicodeDecodeError, yaml.YAMLError):
        raise place.error("is not YAML in UTF-8; correct it") from None


def _find_twice(place: Place, events: Iterator[yaml.Event]) -> list[str]:
    """Finds entries of one name. Raises ConfigurationError where there is too much."""
    anchored: dict[str, tuple[int, int]] = {}
    path, faults, total = list[_Open](), list[str](), 0
    for event in events:
        match event:
            case yaml.ScalarEvent() | yaml.AliasEvent():
                size, height = 1, 0
                if isinstance(event, yaml.AliasEvent):
                    size, height = anchored.get(event.anchor or "", (1, 0))
                elif event.anchor:
                    anchored[event.anchor] = (1, 0)
                total += size
                faults += _add(path, place, event, size, height)
            case yaml.CollectionStartEvent():
                total += 1
                faults += _add(path, place, event, 0, 0)
                keys = set[str]() if isinstance(event, yaml.MappingStartEvent) else None
                path.append(_Open(event.anchor, keys))
            case yaml.CollectionEndEvent():
                ended = path.pop()
                if ended.anchor:
                    anchored[ended.anchor] = (ended.size, ended.height)
                if path:
                    path[-1].size += ended.size
                    path[-1].height = max(path[-1].height, ended.height + 1)
        _check_cost(place, event, total, len(path), path[-1].height if path else 0)
    return faults


def _add(
    path: list[_Open], place: Place, event: yaml.Event, size: int, height: int
) -> list[str]:
    """Adds a value to the mapping or list that is open; gives what stands twice."""
    if not path:
        return []
    around = path[-1]
    around.size += size
    around.height = max(around.height, height + 1)
    is_key, around.is_key_next = around.is_key_next, not around.is_key_next
    if around.keys is None or not is_key or not isinstance(event, yaml.ScalarEvent):
        return []
    if event.value in around.keys and event.value != _MERGE:
        where = place.at(f"line {_line(event)}")
        return [str(where.error(f"{event.value!r} stands twice; remove one"))]
    around.keys.add(event.value)
    return []


def _check_cost(
    place: Place, event: yaml.Event, values: int, depth: int, height: int
) -> None:
    if values > MAX_VALUES:
        what = f"has more than {MAX_VALUES:,} values; split the file"
    elif depth + height > MAX_DEPTH + 1:
        what = f"nests more than {MAX_DEPTH} deep; flatten it"
    else:
        return
    raise ConfigurationError(str(place.at(f"line {_line(event)}").error(what)))


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1
