"""Files of reviews, as people's commands read and write them."""

import argparse
from pathlib import Path

from rally.errors import ConfigurationError
from rally.file_replacement import FOR_EVERYBODY, replace_file
from rally.registry.folder import local_study_folder
from rally.registry.review_files import dump_review
from rally.registry.reviews import FOLDER, Review
from rally.registry.study import Study


def record_file(args: argparse.Namespace, study: Study, name: str) -> Path:
    """Gives the file of a review's record, in a registry on this machine."""
    folder = local_study_folder(args.studies, study.namespace)
    return folder / FOLDER / f"{name}.yaml"


def create_record(args: argparse.Namespace, study: Study, review: Review) -> None:
    """Writes a record that is not there yet. Raises ConfigurationError if one is."""
    path = record_file(args, study, review.id)
    try:
        path.parent.mkdir(exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(dump_review(review))
    except FileExistsError:
        raise ConfigurationError(
            f"{path}: is there already, and stays as it is; give another id"
        ) from None
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}") from None


def rewrite_record(args: argparse.Namespace, study: Study, review: Review) -> None:
    """Writes a record anew. Raises ConfigurationError where that fails."""
    path = record_file(args, study, review.id)
    try:
        replace_file(path, dump_review(review), FOR_EVERYBODY)
    except OSError as error:
        raise ConfigurationError(
            f"{path}: {error.strerror}; what is signed counts all the same"
        ) from None
