import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.errors import PingFailed
from rally.outcomes import FailureReason
from rally.validation.ids import canonical_id, hyphenated

ID = "c286f4ba-6713-4d3d-b955-8eaeede6846d"


@pytest.mark.parametrize(
    "value",
    [ID, ID.upper(), ID.title(), ID.replace("-", ""), ID.replace("-", "").upper()],
)
def test_id_has_one_canonical_form(value):
    assert canonical_id(value) == ID


def test_id_of_any_version_is_taken():
    """Pioneer ids of real Firefox are of no RFC version at all."""
    for value in ("f59c3d8c-8385-de40-be5d-c08fe0983d97", str(uuid.UUID(int=1))):
        assert canonical_id(value) == value


SENTINELS = [digit * 32 for digit in ("0", "1", "f", "F")]


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        5,
        0.5,
        True,
        [],
        [ID],
        {"id": ID},
        ID.encode(),
        *SENTINELS,
        *(hyphenated(sentinel) for sentinel in SENTINELS),
        ID[:-1],
        ID + "0",
        ID + "\n",
        " " + ID,
        ID[:-1] + "g",
        ID[:-1] + "\u0661",
        ID[:-1] + "\uff11",
        "{" + ID + "}",
        "urn:uuid:" + ID,
        ID.replace("-", "_"),
        ID.replace("-", "", 1),
        ID.replace("-", "\u2010"),
        ID[:9] + "-" + ID[9:],
        "-".join([ID[:4], ID[4:]]),
    ],
    ids=repr,
)
def test_id_that_is_missing_malformed_or_a_sentinel_fails(value):
    with pytest.raises(PingFailed) as caught:
        canonical_id(value)
    assert caught.value.reason is FailureReason.INVALID_ID
    assert caught.value.args == ("invalid_id",)


@given(st.uuids())
def test_id_is_canonical_once_and_for_all(value):
    assert canonical_id(str(value).upper()) == str(value)
    assert canonical_id(canonical_id(value.hex)) == str(value)


@given(
    st.text()
    | st.integers()
    | st.none()
    | st.text("0123456789abcdefABCDEF-", max_size=40)
)
def test_id_of_any_value_is_canonical_or_fails(value):
    try:
        found = canonical_id(value)
    except PingFailed as failed:
        found = failed.reason
    if found is not FailureReason.INVALID_ID:
        assert found == str(uuid.UUID(value))
