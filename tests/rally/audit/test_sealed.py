"""A dead letter is known to be sealed by its first bytes and its length."""

from rally.audit.sealed import count_unsealed, sealing_prefixes
from rally.keys.folder import KeyFolder
from rally.keys.platform_administration import ensure_platform_keys, rotate_purpose
from rally.keys.platform_keys import PlatformKeys


def test_what_any_key_sealed_is_sealed(tmp_path):
    uri = str(tmp_path / "keys")
    ensure_platform_keys(uri, [])
    first = PlatformKeys.open(uri, seal=True).dead_letter_sealer()
    rotate_purpose(KeyFolder(uri), "dead-letter.private")
    second = PlatformKeys.open(uri, seal=True).dead_letter_sealer()
    prefixes = sealing_prefixes(KeyFolder(uri))
    letters = [first.encrypt(b"", b"c"), second.encrypt(b"text", b"c")]
    assert len(prefixes) == 2
    assert count_unsealed(letters, prefixes) == 0
    clear = [b"", b"text" * 50, letters[0][:40], b"\x01" + bytes(4) + letters[0][5:]]
    assert count_unsealed([*letters, *clear], prefixes) == len(clear)
