"""Seals a clear payload as a client does, for tests and for trying things out."""

import base64
import gzip
import json
import uuid
from collections.abc import Mapping
from pathlib import Path

import tink
from tink import hybrid

from rally.errors import ConfigurationError
from rally.keys import keysets
from rally.keys.folder import KeyFolder
from rally.names import DOCUMENT_RULE, check_namespace, parse_document


def submission_path(
    namespace: str, document_type: str, version: int, document_id: uuid.UUID
) -> str:
    """The path that a client submits to, which the ciphertext is bound to.

    Raises:
        ConfigurationError: no such ping could arrive; what would be refused is named.
    """
    check_namespace(namespace)
    if parse_document(f"{document_type}.{version}") is None:
        raise ConfigurationError(DOCUMENT_RULE)
    return f"/submit/{namespace}/{document_type}/{version}/{document_id}"


def public_from_folder(uri: str, namespace: str) -> tink.KeysetHandle:
    """The public half of a namespace's keyset; needs its KEK."""
    return KeyFolder(uri).read_keyset(namespace).public_keyset_handle()


def public_from_file(path: str) -> tink.KeysetHandle:
    """A public keyset as `rally keys public` prints it."""
    try:
        return keysets.parse_public(Path(path).read_text())
    except (OSError, ValueError, tink.TinkError):
        raise ConfigurationError(
            f"{path}: is no public Tink keyset; see `rally keys public`"
        ) from None


def pubsub_line(
    public: tink.KeysetHandle,
    path: str,
    clear: bytes,
    attributes: Mapping[str, object],
    *,
    zipped: bool,
) -> str:
    """One message, as newline-delimited JSON that `rally ingest --input` reads.

    Args:
        public: The namespace's public keyset.
        path: The context info, and the message's `uri`.
        clear: The payload.
        attributes: The message's other attributes, `submission_timestamp` among them.
        zipped: Whether the clear text is gzipped before it is sealed.
    """
    body = gzip.compress(clear, mtime=0) if zipped else clear
    try:
        sealed = public.primitive(hybrid.HybridEncrypt).encrypt(body, path.encode())
    except tink.TinkError:
        raise ConfigurationError("the public keyset is not of hybrid keys") from None
    return json.dumps(
        {
            "attributeMap": {**attributes, "uri": path},
            "payload": base64.b64encode(sealed).decode(),
        }
    )
