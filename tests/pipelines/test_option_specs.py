"""Options as records: what is declared of one, and what its values may be."""

import math
import re

import pytest
from apache_beam.options.pipeline_options import PipelineOptions

from pipelines.job import body_of
from pipelines.option_specs import SUBSCRIPTION, Kind, given, kind_of, spelt
from pipelines.purge import JOB
from pipelines.replay import REPLAY
from rally.errors import ConfigurationError
from rally.options import Option
from rally.outcomes import FailureReason

body_of(JOB)  # declares the options to Beam
COLOUR = Option(name="colour", choices=("red", "blue"), help="which")


def test_kind_is_what_the_metavar_says():
    kinds = [
        kind_of(Option(name="weight", metavar="SHARE", help="how heavy")),
        kind_of(Option(name="sealed", is_flag=True, help="whether it is shut")),
        kind_of(COLOUR),
    ]

    assert [each.parameter_type for each in kinds] == ["NUMBER", "BOOLEAN", "ENUM"]
    assert kinds[2] == Kind("red|blue", "one of red, blue", "ENUM")


def test_option_of_a_form_that_nobody_knows_is_an_error():
    with pytest.raises(KeyError, match="SHAPE"):
        kind_of(Option(name="shape", metavar="SHAPE", help="which"))


def test_choices_are_what_the_code_has():
    (reason,) = REPLAY

    assert reason.choices == tuple(FailureReason)
    assert kind_of(reason).parameter_type == "ENUM"


def test_given_is_what_differs_from_the_default_as_one_writes_it():
    argv = ["--plan_only", "--max_share=0.250", "--store=gs://s", "--max_objects=7"]

    found = given(JOB.options, PipelineOptions(argv))

    assert {option.name: value for option, value in found.items()} == {
        "store": "gs://s",
        "plan_only": "true",
        "max_objects": "7",
        "max_share": "0.25",
    }


def test_given_can_be_parsed_again():
    argv = ["--plan_only=true", "--max_share=0.25", "--as_of=2026-01-31"]
    first = given(JOB.options, PipelineOptions(argv))

    again = [f"--{option.name}={value}" for option, value in first.items()]

    assert given(JOB.options, PipelineOptions(again)) == first


@pytest.mark.parametrize(
    ("value", "written"),
    {
        1e-05: "0.00001",
        0.1: "0.1",
        30.0: "30.0",
        1e16: "10000000000000000",
        math.inf: "inf",
        7: "7",
        True: "true",
        "1e-05": "1e-05",
    }.items(),
)
def test_numbers_are_written_without_an_exponent(value, written):
    assert spelt(value) == written


def test_value_of_another_form_is_one_line_that_says_which():
    SUBSCRIPTION.check("subscription", "projects/p/subscriptions/s")

    for value in ("s", "projects/p/topics/s", "a projects/p/subscriptions/s"):
        with pytest.raises(ConfigurationError) as told:
            SUBSCRIPTION.check("subscription", value)
        assert str(told.value) == (
            f"--subscription {value}: must be projects/<project>/subscriptions/<name>"
        )


def test_choice_is_checked_as_a_whole():
    kind = kind_of(COLOUR)

    kind.check("colour", "red")
    with pytest.raises(ConfigurationError, match=re.escape("one of red, blue")):
        kind.check("colour", "red|blue")
