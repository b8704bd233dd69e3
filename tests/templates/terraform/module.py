"""The Terraform module as data: parsed, and unquoted; expressions stay `${text}`."""

import re
import textwrap
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import hcl2

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "templates" / "terraform"
EXAMPLE = "studies.example.tfvars.json"

_REFERENCE = re.compile(
    r"(?<![\w.\"/-])(var|local|data\.\w+|google_\w+)\.([a-zA-Z_]\w*)"
)
_HEREDOC = re.compile(r'"<<-EOT\n(.*\n)\s*EOT"', re.DOTALL)
_ITEM = re.compile(r'"([^"]*)"')


class Block(NamedTuple):
    """A resource, or what is read.

    Attributes:
        type: such as google_storage_bucket; of what is read, data.google_project.
        name: within the module.
        body: arguments, and nested blocks as lists.
    """

    type: str
    name: str
    body: Mapping[str, Any]

    @property
    def address(self) -> str:
        return f"{self.type}.{self.name}"


class Module(NamedTuple):
    """All files of a folder as one, as Terraform takes them."""

    resources: list[Block]
    read: list[Block]
    variables: dict[str, Any]
    locals: dict[str, Any]
    providers: list[Any]
    outputs: dict[str, Any]

    def of(self, *types: str) -> list[Block]:
        """The resources of these types."""
        return [each for each in self.resources if each.type in types]

    def one(self, type: str, name: str) -> Mapping[str, Any]:
        """The body of a resource, or of what is read."""
        (found,) = [
            each.body
            for each in (*self.resources, *self.read)
            if (each.type, each.name) == (type, name)
        ]
        return found


@cache
def load(folder: Path = FOLDER) -> Module:
    files = [plain(hcl2.load(path.open())) for path in sorted(folder.glob("*.tf"))]
    return Module(
        list(_labelled(files, "resource")),
        list(_labelled(files, "data", "data.")),
        _named(files, "variable"),
        _locals(files),
        [each for file in files for each in file.get("provider", ())],
        _named(files, "output"),
    )


def plain(value: Any) -> Any:
    """Without the parser's quotes and marks."""
    if isinstance(value, dict):
        return {
            _unquoted(key): plain(each)
            for key, each in value.items()
            if not key.startswith("__")
        }
    if isinstance(value, list):
        return [plain(each) for each in value]
    return _unquoted(value) if isinstance(value, str) else value


def texts(value: Any) -> Iterator[str]:
    """All strings in a value: keys, too, which may be expressions."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield key
            yield from texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from texts(each)
    elif isinstance(value, str):
        yield value


def references(value: Any) -> set[str]:
    """What a value's expressions refer to: `var.x`, `local.x`, `google_y.x` …"""
    return {
        f"{kind}.{name}"
        for text in texts(value)
        for code in _code(text)
        for kind, name in _REFERENCE.findall(code)
    }


def needed(module: Module, body: Any) -> set[str]:
    """Addresses of all that comes before a body: what it refers to, and so on."""
    blocks = (*module.resources, *module.read)
    uses = {each.address: references(each.body) for each in blocks}
    uses |= {f"local.{name}": references(each) for name, each in module.locals.items()}
    found, new = set[str](), references(body)
    while new:
        found |= new
        new = {name for each in new for name in uses.get(each, ())} - found
    return found


def resolved(module: Module, value: str) -> Any:
    """The value of `${local.x}`, where it is no more than that."""
    match = re.fullmatch(r"\$\{local\.(\w+)\}", value)
    return module.locals[match[1]] if match else value


def items(expression: str) -> list[str]:
    """The strings of `${toset(["a", "b"])}`."""
    return _ITEM.findall(expression)


def _code(text: str) -> Iterator[str]:
    """The parts of a text that are expressions."""
    start = text.find("${")
    while start >= 0:
        depth, end = 1, start + 2
        while depth and end < len(text):
            depth += {"{": 1, "}": -1}.get(text[end], 0)
            end += 1
        yield text[start + 2 : end - 1]
        start = text.find("${", end)


def _unquoted(text: str) -> str:
    if match := _HEREDOC.fullmatch(text):  # in which nothing is escaped
        return textwrap.dedent(match[1])
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return text[1:-1].replace('\\"', '"')
    return text


def _labelled(files: list[Any], kind: str, prefix: str = "") -> Iterator[Block]:
    for file in files:
        for each in file.get(kind, ()):
            ((type, named),) = each.items()
            ((name, body),) = named.items()
            yield Block(prefix + type, name, body)


def _locals(files: list[Any]) -> dict[str, Any]:
    found = [item for file in files for each in file.get("locals", ())
             for item in each.items()]  # fmt: skip
    assert len(found) == len(dict(found)), "a local is named twice"
    return dict(found)


def _named(files: list[Any], kind: str) -> dict[str, Any]:
    return {
        name: body
        for file in files
        for each in file.get(kind, ())
        for name, body in each.items()
    }
