"""Names that the house gave up stay away, and what is named in the tree is there."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = {
    "auditing": "audit",
    "checking": "validation",
    "compacting": "compaction",
    "deleting": "deletion",
    "ingesting": "ingestion",
    "opening": "decryption",
    "purging": "retention",
    "reading": "sources",
    "scaling": "capacity",
    "storing": "storage",
    "studies": "registry",
    "telling": "observability",
    "withdrawing": "withdrawal",
}
"""Packages of rally/ by the names that they once had."""
MODULES = {
    "rally/away": "rally/unavailable",
    "rally/quiet": "pipelines/beam_warnings",
    "rally/tied": "rally/exit_with_parent",
    "pipelines/declared": "pipelines/option_specs",
    "pipelines/leaving": "pipelines/lifecycle",
    "pipelines/ending": "pipelines/lifecycle",
    "pipelines/quiet": "pipelines/beam_warnings",
    "pipelines/working": "pipelines/run_step",
    "transforms/conduct_job": "transforms/run_job_on_worker",
    "transforms/work_through": "transforms/parallel_map",
    "docs/launch.md": "docs/deploy-dataflow.md",
    "docs/scale.md": "docs/capacity.md",
}
"""Modules and pages by the paths that they once had."""
WORDS = {
    "Awaiting": "Blockers",
    "ConductJob": "RunJobOnWorker",
    "Doer": "BatchExecutor",
    "JoinedReader": "EnrolmentIndex",
    "Looker": "PartitionView",
    "Parted": "BlockSplit",
    "Sieve": "RowFilter",
    "Teller": "ReceiptWriter",
    "WorkThrough": "ParallelMap",
    "unit_bytes": "split_bytes",
}
"""Names in code by what they once were; those that are no words of prose."""
MISSPELT = ("tests/test_promises.py", "rally/envelopes.py")
"""Where a test names a file that is not there, to see it found out."""
_FORMS = {".py", ".md", ".toml", ".yaml", ".yml", ".tf", ".sh", ".cfg", ".in", ".json"}
_PLACES = ("rally", "transforms", "pipelines", "tests", "benchmarks", "docs")
_PATH = re.compile(
    r"(?<![\w./-])((?:rally|transforms|pipelines|tests|benchmarks)(?:/\w+)+\.py)\b"
)


def texts() -> Iterator[tuple[str, str]]:
    """Each file that people write here, but for this one: path and text."""
    folders = [ROOT / place for place in (*_PLACES, "templates", "schemas", ".ci")]
    found = [path for folder in folders for path in folder.rglob("*")]
    for path in sorted({*found, *ROOT.glob("*")} - {Path(__file__)}):
        is_ours = path.suffix in _FORMS or path.name in ("Makefile", "run")
        if is_ours and path.is_file() and "vectors" not in path.parts:
            yield path.relative_to(ROOT).as_posix(), path.read_text()


def found(names: Iterable[str], pattern: str) -> list[str]:
    """Where one of the names stands in such a form: path and line."""
    literals = tuple(names)
    return [
        f"{path}: {line.strip()}"
        for path, text in texts()
        if any(each in text for each in literals)  # quick, and most files have none
        for line in text.splitlines()
        if re.search(pattern, line)
    ]


def test_packages_that_were_renamed_stay_away():
    names = "|".join(PACKAGES)
    package = rf"rally[./](?:{names})(?:\b(?!\.(?:py|md))|$)"
    plain = rf"\bfrom rally import (?:\w+, )*(?:{names})\b"
    assert found(PACKAGES, f"{package}|{plain}") == []


def test_modules_and_pages_that_were_renamed_stay_away():
    names = {*MODULES, *(path.replace("/", ".") for path in MODULES)}
    assert found(names, "|".join(rf"\b{re.escape(each)}\b" for each in names)) == []


def test_names_in_code_that_were_given_up_stay_away():
    assert found(WORDS, rf"\b(?:{'|'.join(WORDS)})\b") == []


def test_files_that_the_tree_names_are_there():
    named = {(path, name) for path, text in texts() for name in _PATH.findall(text)}
    missing = {each for each in named if not (ROOT / each[1]).is_file()}
    assert missing == {MISSPELT}
