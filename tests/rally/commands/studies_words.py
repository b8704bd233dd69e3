"""Words that operators type after `rally studies`, and what they are told."""

from pathlib import Path

import pytest

from rally.errors import ConfigurationError

TEST_STUDIES = Path(__file__).resolve().parents[2] / "studies"


def refused(rally, *words):
    with pytest.raises(ConfigurationError) as caught:
        rally(*words)
    return str(caught.value)


FOO = "--studies={studies}"
STORE = "--store={store}"
MAY = "--as_of=2021-05-01"
PEOPLE = "--people_keys={people}"
AT = ("rally-study-foo", FOO, STORE, PEOPLE)
PAUSE = ("pause", *AT, "--by=stop", "--note=a leak")
END = ("end", *AT, "--by=decide")
JUNE = "--as_of=2021-06-01"
INVENTORY = "--inventory=https://rally.example.org/inventory"
NOTICE = ("notice", *AT, "--kind=ending", "--last=2021-05-31", INVENTORY)
PUBLISHED = (
    *(*NOTICE, "--where=https://example.org/end", "--published=2021-05-18"),
    *("--by=decide", MAY.replace("05-01", "05-20")),
)
FOLLOWS = (
    "rally-study-foo: when it is ended, its data is refused that was sent from"
    " 2021-06-01T00:00:00Z on; it is locked for analysis until 2022-12-31; who leaves"
    " waits for its conclusion; nothing undoes this\n"
)
