"""What a page of the documentation names in the repository, and what is not there."""

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
ANY_TEST = "*"
# All that begins like a path of ours: what is misspelt is missing, not passed over.
_SPAN = re.compile(r"`((?:rally|transforms|pipelines|tests)/[^`]*)`")


class Named(NamedTuple):
    """A name in a module: `rally/envelope.py::parse_address`, `…::Class.method`.

    Attributes:
        path: below the repository's root.
        name: a function, class, method or constant; `*` is any test of the module.
    """

    path: str
    name: str

    def __str__(self) -> str:
        return f"{self.path}::{self.name}"

    @property
    def is_test(self) -> bool:
        """Whether it is one, by the file that it lies in."""
        return re.fullmatch(r"tests/(?:\w+/)*test_\w+\.py", self.path) is not None

    @property
    def is_there(self) -> bool:
        """Whether the module has it, and has it itself: what it imports is not its."""
        names = _defined_in(ROOT / self.path)
        if self.is_test and self.name == ANY_TEST:
            return any(name.startswith(("test_", "Test")) for name in names)
        return self.name in names


def find_named(text: str) -> list[Named]:
    """Every name in a text, as it comes."""
    return [Named(*span.partition("::")[::2]) for span in _SPAN.findall(text)]


def find_missing(text: str) -> list[str]:
    """What a text names and what is not there."""
    return [str(named) for named in find_named(text) if not named.is_there]


@cache
def _defined_in(path: Path) -> frozenset[str]:
    if path.suffix != ".py" or not path.is_file():
        return frozenset()
    return frozenset(_names(ast.parse(path.read_text()).body))


def _names(statements: Iterable[ast.stmt]) -> Iterator[str]:
    for statement in statements:
        match statement:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.ClassDef(name=name, body=body):
                yield name
                yield from (f"{name}.{member}" for member in _names(body))
            case ast.Assign(targets=[ast.Name(id=name)]):
                yield name
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name
