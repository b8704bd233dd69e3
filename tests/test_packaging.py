"""What Dataflow workers install: all that they need, and nothing else.

Beam's `--setup_file ./setup.py` builds an sdist and installs it on each worker.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# Folder and the kind of file in it: what pyproject.toml promises to ship.
SHIPPED = [
    *((package, ".py") for package in ("rally", "transforms", "pipelines", "schemas")),
    ("rally", ".css"),
    *(("schemas", suffix) for suffix in (".yaml", ".avsc")),
    *(("pipelines/demo", kind) for kind in (".json", ".ndjson", ".yaml", ".avsc")),
]
METADATA = {"MANIFEST.in", "PKG-INFO", "README.md", "pyproject.toml"}
METADATA |= {"setup.cfg", "setup.py"}


def shipped(root: Path) -> set[str]:
    """The files below `root` that a worker needs, as paths relative to it."""
    return {
        path.relative_to(root).as_posix()
        for folder, suffix in SHIPPED
        for path in root.glob(f"{folder}/**/*{suffix}")
    }


def setup_py(folder: Path, *arguments: str) -> None:
    command = [sys.executable, "setup.py", "--quiet", *arguments]
    subprocess.run(command, cwd=folder, check=True)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tree, as building one leaves files behind."""
    copy = tmp_path_factory.mktemp("source") / "tree"
    ignored = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "dist")
    shutil.copytree(ROOT, copy, ignore=ignored)
    return copy


@pytest.fixture(scope="module")
def sdist(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked sdist, built as Beam's stager builds it."""
    folder = tmp_path_factory.mktemp("sdist")
    setup_py(source, "sdist", "--dist-dir", str(folder))
    (archive,) = folder.glob("*.tar.gz")
    shutil.unpack_archive(archive, folder)
    return next(path for path in folder.iterdir() if path.is_dir())


def members(folder: Path) -> set[str]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix() for path in paths}


def test_sdist_holds_what_workers_need_and_nothing_else(source: Path, sdist: Path):
    found = {name for name in members(sdist) if ".egg-info/" not in name}

    assert found - METADATA == shipped(source)
    assert "rally/errors.py" in found


def test_install_from_sdist_holds_code_and_schemas(
    source: Path, sdist: Path, tmp_path: Path
):
    setup_py(sdist, "build", "--build-lib", str(tmp_path))

    assert members(tmp_path) == shipped(source)
