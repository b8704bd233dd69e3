"""Tink keysets: made, rotated and described. Importing it registers Tink's primitives.

Tink for Python has no KeysetManager, so a rotation edits the keyset's proto. This is
the only module that asks for Tink's secret_key_access: for rotations, and for the one
file that is kept in clear, a local KEK.
"""

from typing import NamedTuple

import tink
from google.protobuf.message import Message
from tink import (
    aead,
    hybrid,
    json_proto_keyset_format,
    prf,
    proto_keyset_format,
    secret_key_access,
    signature,
)
from tink.proto import (
    ecies_aead_hkdf_pb2,
    ed25519_pb2,
    hpke_pb2,
    tink_pb2,
)

from rally.errors import ConfigurationError

for _primitive in (aead, hybrid, prf, signature):
    _primitive.register()

_HYBRID = hybrid.hybrid_key_templates
_TEMPLATES = {
    "kek": aead.aead_key_templates.AES256_GCM,
    "hpke": _HYBRID.DHKEM_X25519_HKDF_SHA256_HKDF_SHA256_AES_256_GCM,
    "ecies": _HYBRID.ECIES_P256_HKDF_HMAC_SHA256_AES128_GCM,
    "prf": prf.prf_key_templates.HMAC_SHA256,
    "signature": signature.signature_key_templates.ED25519,
}
if hasattr(_HYBRID, "X_WING_HKDF_SHA256_HKDF_SHA256_AES_256_GCM"):  # since Tink 1.15
    _TEMPLATES["xwing"] = _HYBRID.X_WING_HKDF_SHA256_HKDF_SHA256_AES_256_GCM


class KeyInfo(NamedTuple):
    """One key of a keyset, as may be shown.

    Attributes:
        key_id: Tink's number of the key.
        type: The name of Tink's proto, such as HpkePrivateKey.
        primary: Whether new ciphertexts are made with it.
        enabled: Whether it opens anything.
    """

    key_id: int
    type: str
    primary: bool
    enabled: bool


def generate(template: str) -> tink.KeysetHandle:
    """A keyset of one fresh key.

    Args:
        template: Kek, hpke, ecies, xwing, prf or signature.

    Raises:
        ConfigurationError: the installed Tink lacks the template.
    """
    return tink.new_keyset_handle(_template(template))


def rotated(
    handle: tink.KeysetHandle, template: str | None = None
) -> tink.KeysetHandle:
    """The keyset with a fresh primary key; the old ones stay and still open.

    Args:
        handle: A keyset of hybrid private keys.
        template: Template of the new key; by default the present primary's.

    Raises:
        ConfigurationError: the keyset is of a kind that is not rotated.
    """
    keyset = _to_proto(handle)
    wanted = _template(template) if template else _template_of(_primary(keyset))
    fresh = _to_proto(tink.new_keyset_handle(wanted)).key[0]
    while any(key.key_id == fresh.key_id for key in keyset.key):
        fresh = _to_proto(tink.new_keyset_handle(wanted)).key[0]
    keyset.key.append(fresh)
    keyset.primary_key_id = fresh.key_id
    return _from_proto(keyset)


def describe(info: tink_pb2.KeysetInfo) -> list[KeyInfo]:
    """The keys of a keyset, in its order."""
    return [
        KeyInfo(
            key.key_id,
            key.type_url.rpartition(".")[2],
            key.key_id == info.primary_key_id,
            key.status == tink_pb2.ENABLED,
        )
        for key in info.key_info
    ]


def describe_encrypted(text: str) -> list[KeyInfo]:
    """The keys that an encrypted keyset says it holds, without its KEK.

    Nothing vouches for it: good for a listing and for nothing else.

    Raises:
        TinkError: it is no encrypted keyset.
    """
    return describe(tink.JsonKeysetReader(text).read_encrypted().keyset_info)


def parse_public(text: str) -> tink.KeysetHandle:
    """A public keyset's JSON. Raises TinkError, also where it holds a secret."""
    return json_proto_keyset_format.parse_without_secret(text)


def serialise_public(handle: tink.KeysetHandle) -> str:
    """The public half of a keyset of private keys, as Tink's JSON."""
    return serialise_verifying(handle.public_keyset_handle())


def serialise_verifying(handle: tink.KeysetHandle) -> str:
    """A keyset of public keys as Tink's JSON."""
    return json_proto_keyset_format.serialize_without_secret(handle)


def ed25519_public(key: bytes) -> tink.KeysetHandle:
    """A public keyset of a signing key that Tink does not hold, such as a KMS's.

    Args:
        key: 32 bytes (RFC 8032).
    """
    value = ed25519_pb2.Ed25519PublicKey(key_value=key).SerializeToString()
    data = tink_pb2.KeyData(
        type_url="type.googleapis.com/google.crypto.tink.Ed25519PublicKey",
        value=value,
        key_material_type=tink_pb2.KeyData.ASYMMETRIC_PUBLIC,
    )
    only = tink_pb2.Keyset.Key(
        key_data=data,
        status=tink_pb2.ENABLED,
        key_id=1,
        output_prefix_type=tink_pb2.RAW,
    )
    keyset = tink_pb2.Keyset(primary_key_id=1, key=[only])
    return proto_keyset_format.parse_without_secret(keyset.SerializeToString())


def parse_clear(text: str) -> tink.KeysetHandle:
    """A local KEK's file. Raises TinkError."""
    return json_proto_keyset_format.parse(text, secret_key_access.TOKEN)


def serialise_clear(handle: tink.KeysetHandle) -> str:
    """A local KEK's file: the keyset in clear, for a file of mode 0600."""
    return json_proto_keyset_format.serialize(handle, secret_key_access.TOKEN)


def _template(name: str) -> tink_pb2.KeyTemplate:
    if name not in _TEMPLATES:
        raise ConfigurationError(
            f"the installed Tink has no template {name}: give hpke or ecies"
        )
    return _TEMPLATES[name]


def _template_of(key: tink_pb2.Keyset.Key) -> tink_pb2.KeyTemplate:
    """What makes another key like this one, whoever made the keyset."""
    name = key.key_data.type_url.rpartition(".")[2]
    if name not in _FORMATS:
        raise ConfigurationError(f"a keyset of {name} is not rotated; make a new one")
    return tink_pb2.KeyTemplate(
        type_url=key.key_data.type_url,
        value=_FORMATS[name](key.key_data.value).SerializeToString(),
        output_prefix_type=key.output_prefix_type,
    )


def _hpke_format(value: bytes) -> Message:
    private = hpke_pb2.HpkePrivateKey.FromString(value)
    made: Message = hpke_pb2.HpkeKeyFormat(params=private.public_key.params)
    return made


def _ecies_format(value: bytes) -> Message:
    private = ecies_aead_hkdf_pb2.EciesAeadHkdfPrivateKey.FromString(value)
    params = private.public_key.params
    made: Message = ecies_aead_hkdf_pb2.EciesAeadHkdfKeyFormat(params=params)
    return made


_FORMATS = {
    "HpkePrivateKey": _hpke_format,
    "EciesAeadHkdfPrivateKey": _ecies_format,
}


def _primary(keyset: tink_pb2.Keyset) -> tink_pb2.Keyset.Key:
    for key in keyset.key:
        if key.key_id == keyset.primary_key_id:
            return key
    raise ConfigurationError("the keyset has no primary key; restore it")


def _to_proto(handle: tink.KeysetHandle) -> tink_pb2.Keyset:
    clear = proto_keyset_format.serialize(handle, secret_key_access.TOKEN)
    return tink_pb2.Keyset.FromString(clear)


def _from_proto(keyset: tink_pb2.Keyset) -> tink.KeysetHandle:
    clear = keyset.SerializeToString()
    return proto_keyset_format.parse(clear, secret_key_access.TOKEN)
