"""No option of any command takes a number that is none."""

import argparse
import importlib

import pytest

from pipelines import cli
from pipelines.option_specs import kind_of
from pipelines.templates import TEMPLATES
from rally import numbers

MODULES = sorted({each.job.name for each in TEMPLATES})
ODD = ["nan", "inf", "-inf", "1e999", "9" * 5000, "1_0", "٣", "", "x", "\udcff"]


def commands(parser=None, words=()):
    """Every command of `rally` that is no job, and its options that take numbers."""
    parser = parser or cli._parser()
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, child in action.choices.items():
                yield from commands(child, (*words, name))
        elif action.option_strings and is_number(action.type):
            yield (*words, action.option_strings[0]), action


def is_number(kind):
    """Whether an option's texts are read as numbers, by our rules or by Python's."""
    return kind in (int, float) or getattr(kind, "__module__", "") == numbers.__name__


def job_options():
    for name in MODULES:
        job = importlib.import_module(f"pipelines.{name}").JOB
        for option in job.options:
            has_number = isinstance(option.default, int | float) and not isinstance(
                option.default, bool
            )
            if has_number or kind_of(option).parameter_type == "NUMBER":
                yield name, f"--{option.name}"


OF_JOBS, OF_COMMANDS = sorted(set(job_options())), [words for words, _ in commands()]


def test_there_are_such_options():
    assert ("audit", "--sample") in OF_JOBS
    assert ("purge", "--grace_days") in OF_JOBS
    assert ("estimate", "--people") in OF_COMMANDS
    assert len(OF_JOBS) > 20


def test_no_command_leaves_numbers_to_python():
    assert [words for words, each in commands() if each.type in (int, float)] == []


@pytest.mark.parametrize("odd", ODD, ids=lambda each: ascii(each[:10]))
@pytest.mark.parametrize("words", OF_JOBS + OF_COMMANDS, ids=" ".join)
def test_what_is_no_number_is_one_line_and_status_2(words, odd, capsys):
    """Whatever else is missing is told as well, each on a line of its own."""
    *command, option = words
    assert cli.main([*command, f"{option}={odd}"]) == 2
    out, errors = capsys.readouterr()
    lines = errors.splitlines()
    told = [line for line in lines if line.startswith(f"rally: {option}: ")]
    assert (out, len(told)) == ("", 1)
    assert [line for line in lines if not line.startswith("rally: ")] == []
