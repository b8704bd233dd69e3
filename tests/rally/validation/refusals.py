"""Values that an encoder refuses."""

import pytest

from rally.errors import PingFailed
from rally.outcomes import FailureReason


def is_refused(encode, value):
    with pytest.raises(PingFailed) as failed:
        encode(value)
    return failed.value.reason is FailureReason.SCHEMA_MISMATCH
