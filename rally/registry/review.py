"""The gate: without an approval nothing is collected.

Mozilla's data collection review, as a file can show it: who asked, which steward gave
the `+`, when, and that four offices signed before the start where the data is of
category 3 or 4.
"""

from collections.abc import Collection
from dataclasses import astuple
from datetime import date
from functools import partial
from typing import NamedTuple

from rally.fields import AllFields, Place, day, many, positive, raise_all, text
from rally.plain_yaml import read_yaml
from rally.registry.study import Review, SignOffs

_APPROVED = "+"
_MOST_STEWARDS = 500
_SIGNED_CATEGORIES = (3, 4)
_CATEGORIES = (1, 2, *_SIGNED_CATEGORIES)


class Gate(NamedTuple):
    """What a review is held against.

    Attributes:
        stewards: People who may review.
        starts: The study's first day.
        collect_through: Its last day, if any.
    """

    stewards: Collection[str]
    starts: date
    collect_through: date | None


def read_stewards(file: str, data: bytes) -> frozenset[str]:
    """Reads stewards.yaml.

    Raises:
        ConfigurationError: it is not `stewards: [name, …]` with at least one.
    """
    yaml = read_yaml(file, data)
    place = Place(file, lines=yaml.lines)
    fields = AllFields(place, yaml.value)
    fields.add(yaml.faults)
    stewards = fields.need("stewards", many(text, _MOST_STEWARDS))
    fields.close()
    if not stewards:
        raise place.at("stewards").error("is empty; name who may review")
    return frozenset(stewards)


def read_review(place: Place, value: object, gate: Gate) -> Review:
    """Reads a document's review and passes it through the gate.

    Raises:
        ConfigurationError: it is no approval, or not one that counts.
    """
    fields = AllFields(place, value)
    review = Review(
        category=fields.need("category", _category),
        requester=fields.need("requester", text),
        steward=fields.need("steward", text),
        result=fields.need("result", _result),
        approved=fields.need("approved", day),
        where=fields.need("where", text),
        expires=fields.maybe("expires", day),
        sign_offs=fields.maybe("sign_offs", _sign_offs),
    )
    for check, *values in (
        (_check_steward, gate.stewards, review.steward),
        (_check_other_person, review.requester, review.steward),
        (_check_approved, review.approved, gate.collect_through),
        (_check_expires, review.approved, review.expires),
        (_check_sign_offs, review.category, review.sign_offs, gate.starts),
    ):
        fields.attempt(partial(check, place, review, gate), *values)
    fields.close()
    return review


def _category(place: Place, value: object) -> int:
    category = positive(place, value)
    if category not in _CATEGORIES:
        raise place.error("must be 1, 2, 3 or 4")
    return category


def _result(place: Place, value: object) -> str:
    if value != _APPROVED:
        raise place.error('must be "+"; collection needs a review that approved it')
    return _APPROVED


def _sign_offs(place: Place, value: object) -> SignOffs:
    fields = AllFields(place, value)
    signed = SignOffs(*(fields.need(name, day) for name in SignOffs.__slots__))
    fields.close()
    return signed


def _check_steward(place: Place, review: Review, gate: Gate) -> None:
    if review.steward not in gate.stewards:
        raise place.at("steward").error(
            "is not in stewards.yaml; have a data steward review it"
        )


def _check_other_person(place: Place, review: Review, _: Gate) -> None:
    if review.steward == review.requester:
        raise place.at("steward").error(
            "is the requester; have another steward review it"
        )


def _check_approved(place: Place, review: Review, gate: Gate) -> None:
    if gate.collect_through and review.approved > gate.collect_through:
        raise place.at("approved").error(
            "is after collect_through; nothing could be collected under it"
        )


def _check_expires(place: Place, review: Review, _: Gate) -> None:
    if review.expires and review.expires <= review.approved:
        raise place.at("expires").error("must be after approved")


def _check_sign_offs(place: Place, review: Review, gate: Gate) -> None:
    signed = review.sign_offs
    place = place.at("sign_offs")
    if signed is None:
        if review.category in _SIGNED_CATEGORIES:
            raise place.error(
                "is missing; data of category 3 and 4 needs privacy, data, legal and "
                "security"
            )
        return
    days = dict(zip(SignOffs.__slots__, astuple(signed), strict=True))
    late = [name for name, signed_on in days.items() if signed_on >= gate.starts]
    faults = [place.at(name).error("must be before the study starts") for name in late]
    faults += [
        place.at(name).error("must not be after legal and security")
        for name in ("privacy", "data")
        if name not in late and days[name] > min(signed.legal, signed.security)
    ]
    raise_all([str(fault) for fault in faults])
