"""Addresses on the web that a page may link to."""

import re
from urllib.parse import urlsplit

_SCHEME = "https://"
_CHARACTERS = re.compile(r"[!#$%&'()*+,\-./0-9:;=?@A-Z\[\]_a-z~]{1,2000}")
_HOST = re.compile(r"(?!-)[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


def https_host(text: str) -> str | None:
    """Returns the host of an https address, and None of any other text.

    A page that strangers' words are on links to nothing else: no script, no other
    scheme, no user name that looks like a host, no letters that look like others.

    Args:
        text: Text of a stranger, such as `https://example.org/page`.
    """
    if not text.startswith(_SCHEME) or not _CHARACTERS.fullmatch(text):
        return None
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return None
    if "@" in parts.netloc or not host:
        return None
    return host if _HOST.fullmatch(host) else None
