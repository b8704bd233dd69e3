"""Flex Templates: what each says of itself, made of the options of its job.

    python -m pipelines.templates --out templates
    python -m pipelines.templates --out specs --images images.txt

The first writes the metadata that is committed, the second what is staged: a container
spec names its image, for the launcher and for the workers, by digest. gcloud's own
`flex-template build` writes such a file too, but cannot name the workers' image in it.
"""

import argparse
import json
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines import audit, compact, delete, ingest, purge, release, replay
from pipelines.job import Job
from pipelines.option_specs import kind_of, spelt
from rally.errors import ConfigurationError
from rally.exit_status import NOT_BEGUN
from rally.options import CHECK_ONLY, Option
from rally.parser import Parser
from rally.process import say

_ALWAYS = ("platform", "platform_keys")
"""A cloud has each of these in a place of its own, and no default of a laptop's."""

_DEFAULT = re.compile(r" \(default: [^()]*\)$")
_IMAGE = re.compile("([a-z]+) ([a-z0-9._:/-]+@sha256:[0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Template:
    """One way to launch a job.

    Attributes:
        name: name of its file.
        job: which.
        requires: options that it cannot do without, beside those that the job needs.
        leaves_out: options that it does not have, beside those of other
            runners.
        streaming: whether what it launches never ends.
    """

    name: str
    job: Job
    requires: tuple[str, ...] = ()
    leaves_out: tuple[str, ...] = ()
    streaming: bool = False

    def parameters(self) -> list[Option]:
        """The options that it has."""
        without = (*self.leaves_out, *self.job.local_only, *self.job.not_on_dataflow)
        without += (CHECK_ONLY.name,)  # who checks has a command line
        return [each for each in self.job.options if each.name not in without]

    def required(self) -> set[str]:
        """The names of those that must have a value."""
        return {*self.job.needs, *_ALWAYS, *self.requires}


# Who deletes, compacts or releases has no keys that open pings; a purge destroys those
# of studies that are concluded, and an audit looks whether they are gone: neither opens
# one.
TEMPLATES = (
    Template(
        "ingest-streaming",
        ingest.JOB,
        requires=("subscription",),
        leaves_out=("input", "split_bytes"),
        streaming=True,
    ),
    Template(
        "ingest-batch",
        ingest.JOB,
        requires=("input",),
        leaves_out=("subscription", "flush_seconds"),
    ),
    Template("replay", replay.JOB),
    Template("compact", compact.JOB, leaves_out=("keys",)),
    Template("delete", delete.JOB, leaves_out=("keys",)),
    Template("purge", purge.JOB),
    Template("audit", audit.JOB),
    Template("release", release.JOB, leaves_out=("keys",)),
)


def metadata(template: Template) -> dict[str, Any]:
    """What a template says of itself: `TemplateMetadata` of Dataflow's API, as JSON."""
    modes = {"supportsExactlyOnce": True, "supportsAtLeastOnce": False}
    required = template.required()
    return {
        "name": f"Rally {template.name}",
        "description": template.job.description,
        "streaming": template.streaming,
        **(modes if template.streaming else {}),
        "parameters": [
            _parameter(option, option.name in required)
            for option in template.parameters()
        ],
    }


def container_spec(template: Template, image: str) -> dict[str, Any]:
    """What is launched: `ContainerSpec` of Dataflow's API, as JSON.

    Args:
        template: template to launch.
        image: image of its job; workers run the same one.
    """
    return {
        "image": image,
        "sdkInfo": {"language": "PYTHON"},
        "metadata": metadata(template),
        "defaultEnvironment": {"sdkContainerImage": image},
    }


def read_images(path: str) -> dict[str, str]:
    """Images by job, of a file with a line `<job> <image>@sha256:<digest>` for each.

    Raises:
        ConfigurationError: it cannot be read, a line is none, or a job has no image.
    """
    try:
        lines = Path(path).read_text("utf-8", errors="replace").splitlines()
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read ({error.strerror})") from None
    images = dict(_image(path, *each) for each in enumerate(lines, 1))
    for template in TEMPLATES:
        if template.job.name not in images:
            raise ConfigurationError(f"{path}: names no image for {template.job.name}")
    return images


def main(argv: Sequence[str] | None = None) -> int:
    """Writes a file a template; the exit status is 0, or 2 where that cannot be."""
    try:
        _write(_parser().parse_args(argv))
    except ConfigurationError as error:
        return say(str(error), NOT_BEGUN)
    return 0


def _write(given: argparse.Namespace) -> None:
    images = read_images(given.images) if given.images else None
    for template in TEMPLATES:
        path = Path(given.out) / f"{template.name}.json"
        content = (
            container_spec(template, images[template.job.name])
            if images
            else metadata(template)
        )
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(as_text(content), "utf-8")
        except OSError as error:
            why = error.strerror
            raise ConfigurationError(f"{path}: cannot be written ({why})") from None


def as_text(content: dict[str, Any]) -> str:
    """A template's file."""
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _parser() -> Parser:
    parser = Parser(prog="python -m pipelines.templates", allow_abbrev=False)
    parser.add_argument(
        "--out", required=True, metavar="DIR", help="folder that the files go to"
    )
    parser.add_argument(
        "--images",
        metavar="FILE",
        help="a line `<job> <image>@sha256:<digest>` for each job; then container specs"
        " are written in place of the metadata alone",
    )
    return parser


def _image(path: str, number: int, line: str) -> tuple[str, str]:
    match = _IMAGE.fullmatch(line)
    if match is None:
        raise ConfigurationError(
            f"{path}: line {number}: must be <job> <image>@sha256:<digest>"
        )
    return match[1], match[2]


def _parameter(option: Option, is_required: bool) -> dict[str, Any]:
    """`ParameterMetadata`."""
    kind, text = kind_of(option), option.text[0].upper() + option.text[1:]
    more: dict[str, Any] = {}
    if option.choices:
        more["enumOptions"] = [
            {"value": each, "label": each} for each in option.choices
        ]
    if is_required:
        text = _DEFAULT.sub("", text)
    elif option.default is not None:
        more["defaultValue"] = spelt(option.default)
    return {
        "name": option.name,
        "label": option.name.replace("_", " ").capitalize(),
        "helpText": f"{text}. Here it must be {kind.says}.",
        "groupName": option.group,
        "paramType": kind.parameter_type,
        "isOptional": not is_required,
        "regexes": [f"^({kind.pattern})$"],
        **more,
    }


if __name__ == "__main__":
    sys.exit(main())
