"""docs/metrics.md, read: its tables by their headings."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/metrics.md").read_text()
_SECTION = re.compile(r"^(?:##|###) (.+?)\n(.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)
SECTIONS = dict(_SECTION.findall(TEXT))


def rows(section, number=0):
    """A section's table, without its head: cells by the head's words."""
    tables = re.findall(r"(?:^\|.*\n)+", SECTIONS[section], re.MULTILINE)
    head, _, *lines = tables[number].splitlines()
    return [dict(zip(cells(head), cells(line), strict=True)) for line in lines]


def cells(line):
    return [cell.strip() for cell in line.strip("|").split("|")]


def names(text):
    """What stands between backticks."""
    return re.findall(r"`([^`]+)`", text)


def column(section, head, number=0):
    return [name for row in rows(section, number) for name in names(row[head])]
