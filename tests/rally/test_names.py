"""The one grammar of names: what the edge takes, and nothing that Rally uses itself."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.envelope import DocumentName, parse_address
from rally.errors import ConfigurationError, PingFailed
from rally.events import RALLY
from rally.keys import kek_file, local_kek, names
from rally.keys.folder import KEYSET
from rally.keys.sealing import submission_path
from rally.names import RESERVED, check_namespace, is_namespace, parse_document
from rally.storage.layout import UNKNOWN
from rally.validation import pseudonyms

NAMESPACE = (
    "a namespace is of lower-case letters, digits and hyphens, at most 100, no hyphen "
    "first, and none of kek, platform, rally, unknown"
)
DOCUMENT = (
    "a document type is of lower-case letters, digits and hyphens, at most 100, no "
    "hyphen first, and a version is a number from 1 to 999999999"
)
ID = uuid.UUID("6ed7c6a4-9c4f-4c2e-8a8b-0f6f6f3c2a10")
GOOD = ["rally-x", "x", "9rally", "rally-", "a--b", "platform-x", "x" * 100]
BAD = ["", "Rally", "rally_x", "-x", "x.y", "x/y", "x\n", "é", "x" * 101]


def test_reserved_names_are_those_that_mean_something_else():
    kek = local_kek.FILE.removesuffix(KEYSET)
    assert kek_file.NAME.startswith(kek)
    assert {RALLY, UNKNOWN, names.PLATFORM, pseudonyms.PLATFORM, kek} == RESERVED


@pytest.mark.parametrize("namespace", GOOD)
def test_namespace_may_have_keys_and_its_pings_arrive(namespace):
    assert check_namespace(namespace) == namespace
    assert names.pseudonym(namespace) == f"pseudonym.{namespace}"
    path = submission_path(namespace, namespace, 1, ID)
    assert parse_address(path).document == DocumentName(namespace, namespace, 1)


@pytest.mark.parametrize("namespace", [*BAD, *sorted(RESERVED)])
def test_wrong_namespace_has_neither_keys_nor_pings(namespace):
    for check in (
        names.check_namespace,
        lambda name: submission_path(name, "visit", 1, ID),
    ):
        with pytest.raises(ConfigurationError) as caught:
            check(namespace)
        assert str(caught.value) == NAMESPACE
    assert not is_namespace(namespace)


@pytest.mark.parametrize(
    ("document_type", "version"),
    [*((name, 1) for name in BAD), ("x", 0), ("x", -1), ("x", 10**9)],
)
def test_ping_that_cannot_arrive_is_not_sealed(document_type, version):
    with pytest.raises(ConfigurationError) as caught:
        submission_path("rally-x", document_type, version, ID)
    assert str(caught.value) == DOCUMENT
    with pytest.raises(PingFailed):
        parse_address(f"/submit/rally-x/{document_type}/{version}/{ID}")


@given(st.text("aZ0-_./\n", max_size=4), st.text("01a", max_size=4))
def test_documents_are_those_that_the_edge_takes(document_type, version):
    try:
        document = parse_address(f"/submit/x/{document_type}/{version}/{ID}").document
    except PingFailed:
        document = None
    expected = document and (document.type, document.version)
    assert parse_document(f"{document_type}.{version}") == expected
