"""Makes the files of the site, and writes them into a folder."""

import re
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path

from rally.errors import ConfigurationError, cause_of
from rally.file_replacement import FOR_EVERYBODY, replace_file
from rally.inventory.document_page import make_document_page
from rally.inventory.json import to_json
from rally.inventory.layout import DATA, REVIEWS, STYLE, Page, render
from rally.inventory.overview_pages import make_fields_page, make_index
from rally.inventory.records import Inventory
from rally.inventory.review_page import make_review_page
from rally.inventory.study_page import make_study_page
from rally.names import NAME, VERSION
from rally.pages.frame import read_style

_PAGE = re.compile(rf"{NAME}/(index|{NAME}\.{VERSION}|{REVIEWS}/{NAME})\.html")
_BEGINNING = b'{\n "as_of": "'
"""The first bytes of the file of data, by which a folder is known as an inventory."""


def make_site(inventory: Inventory) -> dict[str, str]:
    """Returns the text of each file by its path; equal inventories are equal text."""
    data = to_json(inventory)
    digest = sha256(data.encode()).hexdigest()
    pages = _pages(inventory, digest)
    files = {page.path: render(inventory, page) for page in pages}
    return {**files, STYLE: read_style(__package__), DATA: data}


def write_site(folder: Path, files: Mapping[str, str]) -> None:
    """Writes the site into a folder that is new, empty, or holds an older site.

    Each file is replaced as a whole. Pages of studies and documents that an older
    site had and this one has not are removed; nothing else in the folder is touched.

    Args:
        folder: Folder, which is made where it is missing.
        files: Text of each file by its path below the folder.

    Raises:
        ConfigurationError: it is no such folder, or cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()) and not _holds_site(folder):
            raise ConfigurationError(
                f"--out {folder}: holds something else than an inventory; name a new "
                "or an empty folder"
            )
        for path, text in files.items():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            replace_file(file, text, FOR_EVERYBODY)
        for old in sorted(folder.glob("*/**/*.html")):
            name = old.relative_to(folder).as_posix()
            if _PAGE.fullmatch(name) and name not in files:
                old.unlink()
    except OSError as error:
        raise ConfigurationError(
            f"--out {folder}: cannot be written ({cause_of(error)})"
        ) from None


def _pages(inventory: Inventory, digest: str) -> Iterator[Page]:
    yield make_index(inventory, digest)
    yield make_fields_page(inventory)
    for study in inventory.studies:
        yield make_study_page(study)
        for document in study.documents:
            yield make_document_page(study, document, inventory.day)
        for review in study.reviews:
            yield make_review_page(study, review)


def _holds_site(folder: Path) -> bool:
    """Tells whether a folder has an inventory of ours."""
    data = folder / DATA
    if not data.is_file():
        return False
    with data.open("rb") as file:
        return file.read(len(_BEGINNING)) == _BEGINNING
