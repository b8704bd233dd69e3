"""No approval, no collection: the gate, rule by rule."""

from datetime import date

import pytest

PLACE = "schemas/rally-x/study.yaml: documents.visit.1.review"
REVIEW = "documents visit.1 review"


def test_document_without_review_does_not_load(folder):
    folder.drop(REVIEW)
    assert folder.error() == f"{PLACE}: is missing; add it"


def test_steward_reviews_for_others(folder):
    folder.set(f"{REVIEW} requester", "ann")
    assert folder.error() == (
        f"{PLACE}.steward: is the requester; have another steward review it"
    )
    folder.set(f"{REVIEW} steward", "bob")
    assert folder.load().study("rally-x").documents["visit.1"].review.steward == "bob"


@pytest.mark.parametrize("category", [3, 4])
def test_sensitive_data_needs_sign_offs(folder, category):
    folder.set(f"{REVIEW} category", category)
    folder.drop(f"{REVIEW} sign_offs")
    assert folder.error() == (
        f"{PLACE}.sign_offs: is missing; data of category 3 and 4 needs privacy, data, "
        "legal and security"
    )


@pytest.mark.parametrize("category", [1, 2])
def test_other_data_needs_none(folder, category):
    folder.set(f"{REVIEW} category", category)
    folder.drop(f"{REVIEW} sign_offs")
    review = folder.load().study("rally-x").documents["visit.1"].review
    assert (review.category, review.sign_offs) == (category, None)


@pytest.mark.parametrize("category", [1, 2, 3, 4])
@pytest.mark.parametrize("office", ["privacy", "data", "legal", "security"])
def test_sign_offs_come_before_the_start(folder, category, office):
    folder.set(f"{REVIEW} category", category)
    for each in ("privacy", "data", "legal", "security"):
        folder.set(f"{REVIEW} sign_offs {each}", date(2022, 3, 9))
    assert folder.load()
    folder.set(f"{REVIEW} sign_offs {office}", date(2022, 3, 10))
    assert folder.error() == (
        f"{PLACE}.sign_offs.{office}: must be before the study starts"
    )


@pytest.mark.parametrize("earlier", ["privacy", "data"])
@pytest.mark.parametrize("later", ["legal", "security"])
def test_privacy_and_data_sign_first(folder, earlier, later):
    for each in ("privacy", "data", "legal", "security"):
        folder.set(f"{REVIEW} sign_offs {each}", date(2022, 2, 10))
    assert folder.load()
    folder.set(f"{REVIEW} sign_offs {later}", date(2022, 2, 9))
    folder.set(f"{REVIEW} sign_offs {earlier}", date(2022, 2, 9))
    other = "data" if earlier == "privacy" else "privacy"
    assert folder.error() == (
        f"{PLACE}.sign_offs.{other}: must not be after legal and security"
    )


def test_document_may_be_approved_while_the_study_runs(folder):
    folder.set(f"{REVIEW} approved", date(2023, 3, 26))
    review = folder.load().study("rally-x").documents["visit.1"].review
    assert review.approved == date(2023, 3, 26)
