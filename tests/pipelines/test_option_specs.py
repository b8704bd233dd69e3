"""Options as records: what is declared of one, and what its values may be."""

import math
import re

import pytest
from apache_beam.options.pipeline_options import PipelineOptions

from pipelines.option_specs import SUBSCRIPTION, Declared, Kind, declared, given, spelt
from pipelines.options import PlatformOptions, add_flag
from pipelines.purge_options import PurgeOptions
from pipelines.replay_options import ReplayOptions
from rally.errors import ConfigurationError
from rally.outcomes import FailureReason


class BoxOptions:
    """What is in the box.

    More is said below; the first line is what its options are about.
    """

    @classmethod
    def _add_argparse_args(cls, parser):
        parser.add_argument(
            "--weight",
            type=float,
            default=1.5,
            metavar="SHARE",
            help="how heavy (default: %(default)s)",
        )
        parser.add_argument("--colour", choices=("red", "blue"), help="which")
        add_flag(parser, "--sealed", "whether it is shut")


class StrangeOptions:
    """What nobody says the form of."""

    @classmethod
    def _add_argparse_args(cls, parser):
        parser.add_argument("--shape", metavar="SHAPE", help="which")


def test_options_are_records_in_their_order():
    weight, colour, sealed = declared([BoxOptions])

    assert weight._replace(kind=None) == Declared(
        "weight", None, 1.5, (), "how heavy (default: 1.5)", "What is in the box"
    )
    assert colour == Declared(
        "colour",
        Kind("red|blue", "one of red, blue", "ENUM"),
        None,
        ("red", "blue"),
        "which",
        "What is in the box",
    )
    assert (sealed.name, sealed.default, sealed.kind.parameter_type) == (
        "sealed",
        False,
        "BOOLEAN",
    )


def test_option_of_a_form_that_nobody_knows_is_an_error():
    with pytest.raises(KeyError, match="SHAPE"):
        declared([StrangeOptions])


def test_choices_are_what_the_code_has():
    (reason,) = declared([ReplayOptions])

    assert reason.choices == tuple(FailureReason)
    assert reason.kind.parameter_type == "ENUM"


def test_given_is_what_differs_from_the_default_as_one_writes_it():
    argv = ["--plan_only", "--max_share=0.250", "--store=gs://s", "--max_objects=7"]
    groups = (PlatformOptions, PurgeOptions)

    found = given(groups, PipelineOptions(argv))

    assert {option.name: value for option, value in found.items()} == {
        "store": "gs://s",
        "plan_only": "true",
        "max_objects": "7",
        "max_share": "0.25",
    }


def test_given_can_be_parsed_again():
    argv = ["--plan_only=true", "--max_share=0.25", "--as_of=2026-01-31"]
    groups = (PlatformOptions, PurgeOptions)
    first = given(groups, PipelineOptions(argv))

    again = [f"--{option.name}={value}" for option, value in first.items()]

    assert given(groups, PipelineOptions(again)) == first


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
    kind = declared([BoxOptions])[1].kind

    kind.check("colour", "red")
    with pytest.raises(ConfigurationError, match=re.escape("one of red, blue")):
        kind.check("colour", "red|blue")
