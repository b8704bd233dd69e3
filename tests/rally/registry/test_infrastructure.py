"""What Terraform is told of the studies."""

from dataclasses import replace
from datetime import date

import pytest

from rally.errors import ConfigurationError
from rally.registry.infrastructure import infrastructure
from rally.registry.registry import Registry
from rally.registry.study import Access
from tests.rally.commands.test_studies import TEST_STUDIES

FIRST, LAST = date(2021, 1, 1), date(2021, 12, 31)
BIRDS = Access("birds@example.org", "2021-7", FIRST, LAST)
BEES = Access("bees@example.org", "2021-8", FIRST, date(2021, 6, 30))


def registry(**access):
    """Two studies, of which these groups read each."""
    studies = Registry.load(str(TEST_STUDIES)).studies
    named = {"foo": studies["study-foo"], "bar": studies["study-bar"]}
    return Registry(
        {f"study-{name}": replace(each, access=access.get(name, ()))
         for name, each in named.items()}
    )  # fmt: skip


def entry(study, group, start="2021-01-01T00:00:00Z", end="2022-01-01T00:00:00Z"):
    return {"study": study, "group": group, "from": start, "until": end}


def test_each_group_reads_its_study_and_through_its_last_day():
    found = infrastructure(registry(foo=(BIRDS,), bar=(BEES,)), concluded=())
    assert found == {
        "studies": {
            "study-foo": {"kind": "study", "concluded": False},
            "study-bar": {"kind": "study", "concluded": False},
        },
        "access": [
            entry("study-foo", "birds@example.org"),
            entry("study-bar", "bees@example.org", end="2021-07-01T00:00:00Z"),
        ],
    }


def test_a_concluded_study_has_no_researchers_and_stays():
    found = infrastructure(registry(foo=(BIRDS,), bar=(BEES,)), {"study-bar"})
    assert found["studies"] == {
        "study-foo": {"kind": "study", "concluded": False},
        "study-bar": {"kind": "study", "concluded": True},
    }
    assert found["access"] == [entry("study-foo", "birds@example.org")]


def test_nobody_is_let_in_where_nobody_knows_who_is_concluded():
    found = infrastructure(registry(foo=(BIRDS,), bar=(BEES,)), None)
    assert found["access"] == []
    assert found["studies"] == {
        "study-foo": {"kind": "study", "concluded": None},
        "study-bar": {"kind": "study", "concluded": None},
    }


def test_a_binding_comes_once_whatever_the_agreements_and_their_order():
    again = Access("birds@example.org", "another", FIRST, LAST)
    entries = [entry("study-foo", "bees@example.org", end="2021-07-01T00:00:00Z"),
               entry("study-foo", "birds@example.org")]  # fmt: skip
    for access in ((BIRDS, BEES, again), (again, BIRDS, BEES)):
        assert infrastructure(registry(foo=access), ())["access"] == entries


def test_access_without_an_end_reaches_the_end_of_the_calendar():
    forever = Access("birds@example.org", "a", FIRST, date.max)
    (found,) = infrastructure(registry(foo=(forever,)), ())["access"]
    assert found["until"] == "9999-12-31T00:00:00Z"


@pytest.mark.parametrize(
    "group", ["birds", "birds@", "group:birds@example.org", "a@b@example.org", "a@b"]
)
def test_a_group_must_be_an_address(group):
    access = (Access(group, "2021-7", FIRST, LAST),)
    with pytest.raises(ConfigurationError) as caught:
        infrastructure(registry(foo=access), ())
    assert str(caught.value) == (
        f"study-foo: access: {group}: is no address of a group; write one such as"
        " researchers@example.org into its study.yaml"
    )
