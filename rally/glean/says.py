"""What a generated field says of itself, and how fields and records are written."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from rally.glean.avro_names import avro_name
from rally.glean.definitions import PARTICIPANT, Metric
from rally.glean.sdk_fields import SdkField
from rally.registry.collected_fields import OPEN, Sdk
from rally.validation.avro_schema import COMPLEX
from rally.validation.leaves import PRIMITIVES

TECHNICAL = 1
"""Category of what says nothing of a person: of Glean's own fields, and of ids."""

_PARTICIPANT_PURPOSE = (
    "To bring one person's rows together, and to find them when that person leaves"
)
_KEYS = {"max_entries": 100, "max_key_bytes": 100}  # of experiments, as Glean cuts ids


@dataclass(frozen=True, slots=True)
class Says:
    """Words of a leaf on itself.

    Attributes:
        doc: description of the field.
        category: category of the data; None where that is open.
        purpose: purpose of the field; None where that is open.
        benefit: benefit to people.
        expires: last day on which it is collected.
        identifier: True of an id.
        is_sdk: True of a field that Glean adds by itself.
    """

    doc: str
    category: int | None
    purpose: str | None
    benefit: str | None = None
    expires: date | None = None
    identifier: bool = False
    is_sdk: bool = False

    @classmethod
    def of_metric(cls, metric: Metric, doc: str = "") -> "Says":
        """Makes what a metric's field says, or a part of it with words of its own."""
        is_ours = metric.id == PARTICIPANT
        return cls(
            doc or metric.description,
            metric.category or (TECHNICAL if is_ours else None),
            metric.purpose or (_PARTICIPANT_PURPOSE if is_ours else None),
            metric.benefit,
            None if is_ours else metric.expires,
            metric.identifier,
        )

    @classmethod
    def of_sdk(cls, field: SdkField) -> "Says":
        """Makes what a field of Glean's says."""
        return cls(
            field.doc,
            TECHNICAL,
            field.purpose,
            identifier=field.identifier,
            is_sdk=True,
        )

    def properties(self) -> dict[str, Any]:
        """Gives the properties of an Avro field; what is open says so."""
        all_of_them = {
            "doc": self.doc or OPEN,
            "category": self.category or OPEN,
            "purpose": self.purpose or OPEN,
            "benefit": self.benefit,
            "expires": self.expires and self.expires.isoformat(),
            "identifier": self.identifier or None,
            "sdk": Sdk.GLEAN.value if self.is_sdk else None,
        }
        return {name: each for name, each in all_of_them.items() if each is not None}


def required(json: str, type_: Any, says: Says | None = None) -> dict[str, Any]:
    """Makes a field that each record has."""
    name = avro_name(json)
    names = {"name": name} if name == json else {"name": name, "json": json}
    return {**names, **(says.properties() if says else {}), "type": type_}


def optional(json: str, type_: Any, says: Says | None = None) -> dict[str, Any]:
    """Makes a field that may be absent; one of several types where it is a list."""
    branches = type_ if isinstance(type_, list) else [type_]
    return {**required(json, ["null", *branches], says), "default": None}


def record(name: str, fields: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Makes a record, whose full name is its path from the top of the ping.

    A name that is a type of Avro's own, such as `string`, has an underscore behind it.
    """
    is_taken = name.rpartition(".")[2] in (*PRIMITIVES, *COMPLEX)
    full = f"{name}_" if is_taken else name
    return {"type": "record", "name": full, "fields": list(fields)}


def sdk_field(around: str, field: SdkField) -> dict[str, Any]:
    """Makes a field that Glean adds.

    Args:
        around: full name of the record that has the field.
        field: row of the field in the list.
    """
    make = required if field.required else optional
    if not field.fields:
        return make(field.name, field.type, Says.of_sdk(field))
    at = f"{around}.{avro_name(field.name)}"
    type_: Any = record(at, (sdk_field(at, each) for each in field.fields))
    if field.is_map:
        type_ = {"type": "map", "values": type_, **_KEYS}
    return make(field.name, type_)
