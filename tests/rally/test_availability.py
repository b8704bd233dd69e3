"""A service that is away is told from one that refuses, by what libraries raise."""

import importlib

import pytest

from rally.availability import is_unavailable


def made(module, kind, *args, **named):
    library = importlib.import_module(module)
    return getattr(library, kind)(*args, **named)


def answered(status):
    metadata = {"HTTPStatusCode": status}
    response = {"Error": {"Code": "Some"}, "ResponseMetadata": metadata}
    return ("botocore.exceptions", "ClientError", response, "Decrypt")


AWAY = [
    ("builtins", "ConnectionRefusedError"),
    ("builtins", "TimeoutError"),
    ("google.api_core.exceptions", "RetryError", "words", None),
    ("google.api_core.exceptions", "ServiceUnavailable", "words"),
    ("google.api_core.exceptions", "InternalServerError", "words"),
    ("google.api_core.exceptions", "DeadlineExceeded", "words"),
    ("google.api_core.exceptions", "ResourceExhausted", "words"),
    ("google.auth.exceptions", "TransportError", "words"),
    ("requests.exceptions", "ConnectionError"),
    ("requests.exceptions", "ReadTimeout"),
    ("hvac.exceptions", "VaultDown"),
    ("hvac.exceptions", "InternalServerError"),
    answered(503),
]
REFUSES = [
    ("builtins", "PermissionError"),
    ("builtins", "FileNotFoundError"),
    ("google.api_core.exceptions", "Forbidden", "words"),
    ("google.api_core.exceptions", "NotFound", "words"),
    ("google.api_core.exceptions", "InvalidArgument", "words"),
    ("google.auth.exceptions", "RefreshError", "words"),
    ("google.auth.exceptions", "DefaultCredentialsError", "words"),
    ("requests.exceptions", "MissingSchema"),
    ("hvac.exceptions", "Forbidden"),
    ("hvac.exceptions", "InvalidRequest"),
    answered(400),
    ("botocore.exceptions", "NoCredentialsError"),
    ("tink", "TinkError", "decryption failed"),
]
LOST = [
    ("botocore.exceptions", "EndpointConnectionError"),
    ("botocore.exceptions", "ReadTimeoutError"),
    ("botocore.exceptions", "ConnectionClosedError"),
]


def name(case):
    return f"{case[0].partition('.')[0]}-{case[1]}"


@pytest.mark.parametrize("case", AWAY, ids=name)
def test_service_that_does_not_answer_or_has_a_fault_is_away(case):
    assert is_unavailable(made(*case))


@pytest.mark.parametrize("case", LOST, ids=name)
def test_connection_that_is_lost_is_of_a_service_that_is_away(case):
    assert is_unavailable(made(*case, endpoint_url="https://kms"))


@pytest.mark.parametrize("case", REFUSES, ids=name)
def test_service_that_refuses_is_not_away(case):
    assert not is_unavailable(made(*case))


def test_token_that_was_not_given_for_want_of_an_answer_is_away():
    error = made("google.auth.exceptions", "RefreshError", "words")
    error.__cause__ = made("google.auth.exceptions", "TransportError", "words")
    assert is_unavailable(error)
