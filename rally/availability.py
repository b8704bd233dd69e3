"""Tells whether a service is unavailable, and may answer later.

The libraries of cloud services raise errors that have no class in common, and not all
of these libraries are installed everywhere. So a kind is known by its name.
"""

_KINDS = frozenset(
    {
        # no answer came: Python's own, requests (hvac), botocore, google.auth
        *("ConnectionError", "Timeout", "TimeoutError"),
        *("HTTPClientError", "TransportError"),
        # google.api_core: it was asked again and again, a fault of its own, a rate
        *("RetryError", "ServerError", "TooManyRequests"),
        # hvac: the same
        *("InternalServerError", "BadGateway", "VaultDown", "RateLimitExceeded"),
    }
)
_FAULT = 500
"""Status of HTTP from which on the fault is the service's."""


def is_unavailable(error: BaseException) -> bool:
    """Tells whether a library's error says that its service is unavailable for now.

    A refusal is no such error: a right that is missing, a name that is not there, a
    ciphertext that does not open.
    """
    if not _KINDS.isdisjoint(kind.__name__ for kind in type(error).__mro__):
        return True
    cause = error.__cause__  # google.auth: no token was given, for want of an answer
    return _status(error) >= _FAULT or (cause is not None and is_unavailable(cause))


def _status(error: BaseException) -> int:
    """Gives the HTTP status of the answer, where botocore's ClientError has one."""
    response = getattr(error, "response", None)
    if not isinstance(response, dict):
        return 0
    return int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
