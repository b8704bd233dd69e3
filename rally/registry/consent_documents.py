"""Reads where a document of consents says what: `consent:` of its entry."""

from collections.abc import Iterator

from rally.fields import AllFields, Place, raise_all
from rally.registry.schemas import pointer, type_at
from rally.registry.study import ConsentPlaces, Document, Means, StudyKind
from rally.validation.avro_types import Type


def read_consent_places(place: Place, value: object) -> ConsentPlaces:
    """Reads the entry. Raises ConfigurationError with all faults."""
    fields = AllFields(place, value)
    places = ConsentPlaces(
        purpose=fields.need("purpose", pointer),
        choice=fields.need("choice", pointer),
        notice_version=fields.need("notice_version", pointer),
        notice_sha256=fields.need("notice_sha256", pointer),
        time=fields.need("time", pointer),
        fields=fields.maybe("fields", pointer),
    )
    fields.close()
    return places


def check_consent(
    place: Place, document: Document, kind: StudyKind, payload: Type
) -> None:
    """Checks that a document of consents says where each part is, and no other does.

    Args:
        place: Document's entry, or the file of an older schema, for messages.
        document: Document.
        kind: Kind of its namespace. People agree to what a study does, so one of the
            platform has to say which study that is.
        payload: Type of one of its schemas.

    Raises:
        ConfigurationError: something is missing, or of another type; all is told.
    """
    if document.means is not Means.CONSENTS:
        if document.consent is not None:
            raise place.at("consent").error("is for consents only; remove it")
        return
    if document.consent is None:
        raise place.at("consent").error("is missing; say where each part of it is")
    if kind is StudyKind.PLATFORM and not document.scope:
        raise place.at("scope").error(
            "is missing; say where the ping names the study that it is about"
        )
    raise_all([*_find_faults(place.at("consent"), document.consent, payload)])


def _find_faults(place: Place, places: ConsentPlaces, payload: Type) -> Iterator[str]:
    texts = {
        "purpose": places.purpose,
        "choice": places.choice,
        "notice_version": places.notice_version,
        "notice_sha256": places.notice_sha256,
        "time": places.time,
    }
    for name, at in texts.items():
        if type_at(payload, at) != "string":
            what = f"{at} is no string of the document's schema; correct either"
            yield str(place.at(name).error(what))
    if places.fields is not None and not _is_map_of_booleans(payload, places.fields):
        what = f"{places.fields} is no map of booleans of the document's schema"
        yield str(place.at("fields").error(f"{what}; correct either"))


def _is_map_of_booleans(payload: Type, at: str) -> bool:
    return type_at(payload, at) == "map" and type_at(payload, f"{at}/any") == "boolean"
