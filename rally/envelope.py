"""Reads what the edge sends: a body, its attributes, and the address in its URI."""

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple

from rally.countries import names_country
from rally.errors import PingFailed
from rally.names import NAME, VERSION
from rally.outcomes import FailureReason
from rally.times import InvalidTime, parse_time

ATTRIBUTES = {
    "uri": "uri",
    "submission_timestamp": "submission_timestamp",
    "dnt": "dnt",
    "x_telemetry_agent": "client_agent",
    "x_source_tags": "source_tags",
    "x_debug_id": "debug_id",
}
"""Attributes that may pass, and the envelope's field for each, in its order.

The allow-list is applied before anything can fail: network identifiers (addresses,
proxies, user agents) reach no store, dead letter or log (design: "Reading").
"""

LONGEST = 1000
"""Characters that are kept of a client's own words: they go into each of its rows.

Glean sends five tags of 20 characters at most, and agents of some dozens.
"""

_TIMESTAMP = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?Z"
)
_UUID = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_LEGACY_PATH = re.compile(f"/submit/telemetry/({_UUID})/pioneer-study(?:/[^/\n]*)*")
_PATH = re.compile(f"/submit/({NAME})/({NAME})/({VERSION})/({_UUID})")


class Envelope(NamedTuple):
    """One message as received, less what no one may keep.

    Attributes:
        payload: HTTP body, still encrypted, often gzip.
        uri: path of the submission, as received.
        submission_timestamp: the edge's clock, RFC 3339.
        dnt: Do Not Track: "1", "0" or absent.
        client_agent: first LONGEST characters of X-Telemetry-Agent.
        source_tags: first LONGEST characters of X-Source-Tags.
        debug_id: X-Debug-ID.
        country: two letters from the configured country attribute; None where they name
            no country.
    """

    payload: bytes
    uri: str | None = None
    submission_timestamp: str | None = None
    dnt: str | None = None
    client_agent: str | None = None
    source_tags: str | None = None
    debug_id: str | None = None
    country: str | None = None


class DocumentName(NamedTuple):
    """The document that a ping names; the registry may know no such document.

    Attributes:
        namespace: namespace, or an alias of one.
        type: document type.
        version: version of the schema.
    """

    namespace: str
    type: str
    version: int


class Address(NamedTuple):
    """The address to which a ping was submitted.

    Attributes:
        path: path of the URI as received; the context info of Tink pings.
        document_id: document id, canonical and in lower case.
        document: document in the path; None where the body names it (Pioneer v2).
    """

    path: str
    document_id: str
    document: DocumentName | None = None


def make_envelope(
    payload: bytes, attributes: Mapping[str, object], country_attribute: str | None
) -> Envelope:
    """Keeps the allow-listed attributes and forgets all others.

    An attribute is text. Tools turn texts that look like numbers into numbers, so a
    whole number becomes its digits; any other value counts as absent.

    Only a country's code counts, whatever attribute is configured for it: an address in
    its place is forgotten, and so is a code for "not known".

    Args:
        payload: HTTP body.
        attributes: attributes as received.
        country_attribute: name of the attribute with the sender's country, if any.
    """
    country = _text(attributes.get(country_attribute)) if country_attribute else None
    if country is not None and not names_country(country):
        country = None
    kept = map(_text, map(attributes.get, ATTRIBUTES))
    return _bounded(Envelope._make((payload, *kept, country)))


def _bounded(envelope: Envelope) -> Envelope:
    """Cuts off what a client says of itself where it is long."""
    agent, tags = envelope.client_agent, envelope.source_tags
    if max(len(agent or ""), len(tags or "")) <= LONGEST:
        return envelope
    return envelope._replace(
        client_agent=agent and agent[:LONGEST], source_tags=tags and tags[:LONGEST]
    )


def _text(value: object) -> str | None:
    if isinstance(value, str):
        return value
    return str(int(value)) if isinstance(value, int) else None


def parse_address(uri: str | None) -> Address:
    """Reads the submission path of the edge.

    It is `/submit/<namespace>/<type>/<version>/<document id>`, or the legacy
    `/submit/telemetry/<document id>/pioneer-study/…` (edge service specification of
    gcp-ingestion). The query is no part of the path.

    Raises:
        PingFailed: the URI is missing or is neither.
    """
    path = (uri or "").partition("?")[0]
    if match := _PATH.fullmatch(path):
        namespace, document_type, version, document_id = match.groups()
        document = DocumentName(namespace, document_type, int(version))
        return Address(path, document_id.lower(), document)
    if match := _LEGACY_PATH.fullmatch(path):
        return Address(path, match[1].lower())
    raise PingFailed(FailureReason.INVALID_URI)


def parse_timestamp(text: str | None) -> datetime:
    """Reads a submission timestamp, `YYYY-MM-DDTHH:MM:SS.ffffffZ`.

    Raises:
        PingFailed: it is missing, malformed, or outside of the range of times.
    """
    if text and _TIMESTAMP.fullmatch(text):
        with suppress(InvalidTime):
            return parse_time(text)
    raise PingFailed(FailureReason.INVALID_TIMESTAMP)
