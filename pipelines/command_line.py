"""Command lines of jobs, read before Beam is imported: help, and what is wrong."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace

from pipelines import beam_names
from pipelines.job import Job
from rally.options import PROFILE, add_options, require
from rally.parser import Parser

_BEAMS = (
    "Beam's own options (--runner, --direct_num_workers, --project, ...) are taken too."
)
NO_PLATFORM_KEYS = "--platform_keys is required, or --keys; see --help"
_ENGINE = "--job_endpoint"


def read_words(job: Job, argv: Sequence[str] | None) -> list[str]:
    """Reads a job's command line, and refuses what neither we nor Beam know.

    Args:
        job: The job whose options these are.
        argv: Arguments without the program's name; None is the process's.

    Returns:
        The same words, each option spelled as it was declared.

    Raises:
        ConfigurationError: an option is unknown or missing, or a value of one of ours
            does not fit; all of these are told at once.
        SystemExit: help was asked for, and is printed.
    """
    given = name_words(job, sys.argv[1:] if argv is None else argv)
    parser = parser_of(job)
    # An engine has options of its own, which only its job server can name.
    parser.takes_others = any(each.partition("=")[0] == _ENGINE for each in given)
    parsed = parser.parse_all(given)
    faults, found = parsed.faults, parsed.found
    if found is not None:
        with faults.collected():
            require(found, job.needs)
        if "keys" not in job.needs and not (found.platform_keys or found.keys):
            faults.lines.append(NO_PLATFORM_KEYS)
    faults.check()
    return parsed.words


def name_words(job: Job, argv: Sequence[str]) -> list[str]:
    """Puts the names of options before the words that a job takes by their place."""
    named = list[str]()
    for name, word in zip(job.words, argv, strict=False):
        if word.startswith("-"):
            break
        named.append(f"--{name}={word}")
    return [*named, *argv[len(named) :]]


def parser_of(job: Job) -> Parser:
    """Makes the parser of a job's options; Beam's are known to it, and not shown."""
    parser = Parser(
        prog=f"rally {job.name}",
        usage=" ".join(("rally", job.name, *map(str.upper, job.words), "[OPTIONS]")),
        description=job.description,
        epilog=_BEAMS,
        example=f"rally {job.name} {job.example}",
    )
    profile = replace(PROFILE, group=job.options[0].group)
    add_options(parser, (*job.options, profile), flags_take_values=True)
    hidden = argparse.SUPPRESS
    for name in beam_names.VALUES:
        parser.add_argument(f"--{name}", help=hidden)
    for name in beam_names.OPTIONAL:
        parser.add_argument(f"--{name}", help=hidden, nargs="?")
    for name in beam_names.FLAGS:
        parser.add_argument(f"--{name}", help=hidden, action="store_true")
    return parser
