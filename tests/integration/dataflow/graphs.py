"""The job of each template, and what a launch writes for Dataflow, to look into."""

import base64
import bz2
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from apache_beam.internal import pickler
from apache_beam.portability.api import beam_runner_api_pb2

from rally.storage.objectstore.open_store import open_store
from tests.integration.dataflow.conftest import SUBSCRIPTION, Cloud

JOBS = {
    "ingest-streaming": ("ingest", f"--subscription={SUBSCRIPTION}"),
    "ingest-batch": ("ingest", "--input={bucket}/in/*.ndjson"),
    "replay": ("replay", "--reason=no_key"),
    "compact": ("compact",),
    "delete": ("delete", "--hold_above_people=7"),
    "purge": ("purge", "--plan_only=true"),
    "audit": ("audit", "--html={bucket}/reports/audit.html"),
}
"""By template: the command, and options beside those of every job."""
CONDUCTED = [name for name in JOBS if not name.startswith("ingest")]
_PICKLED = re.compile(rb"QlpoO[A-Za-z0-9+/]+=*")
"""What Beam pickles: bzip2 in base64."""


class Written(NamedTuple):
    """What a launch left.

    Attributes:
        text: of the job, as the service would get it.
        staged: every object below the staging folder, by its last name.
    """

    text: str
    staged: dict[str, bytes]

    @property
    def job(self) -> dict[str, Any]:
        """The job that the service would get."""
        job: dict[str, Any] = json.loads(self.text)
        return job

    @property
    def environment(self) -> dict[str, Any]:
        """Where and how it would run."""
        return dict(self.job["environment"])

    @property
    def pool(self) -> dict[str, Any]:
        """Its workers, which are all of one kind."""
        (pool,) = self.environment["workerPools"]
        return dict(pool)

    @property
    def options(self) -> dict[str, Any]:
        """Every option that workers get to see."""
        return dict(self.environment["sdkPipelineOptions"]["options"])

    @property
    def graph(self) -> beam_runner_api_pb2.Pipeline:
        """The graph that was staged."""
        return beam_runner_api_pb2.Pipeline.FromString(self.staged["pipeline.pb"])

    def steps(self, urn: str) -> list[bytes]:
        """The payloads of the steps of a kind."""
        found = self.graph.components.transforms.values()
        return [step.spec.payload for step in found if step.spec.urn == urn]

    def everything(self) -> Iterator[bytes]:
        """Each byte that leaves the launcher, and what is packed in it."""
        for told in (self.text.encode(), *self.staged.values()):
            yield told
            for packed in _PICKLED.findall(told):
                yield bz2.decompress(base64.b64decode(packed))

    def command(self) -> tuple[str, ...]:
        """The command of a job that is conducted."""
        steps = self.graph.components.transforms.values()
        (create,) = (
            each for each in steps if each.unique_name == "RunJobOnWorker/Command"
        )
        (command,) = pickler.loads(create.spec.payload).values
        return tuple(command)

    def labels(self) -> list[str]:
        """Of all steps, sorted; the whole graph has none."""
        graph = self.graph
        root = set(graph.root_transform_ids)
        steps = graph.components.transforms.items()
        return sorted(step.unique_name for name, step in steps if name not in root)


def words(template: str, cloud: Cloud) -> list[str]:
    """The command of a template's job."""
    return [word.format(bucket=cloud.bucket) for word in JOBS[template]]


def translate(cloud: Cloud, template: str, folder: Path) -> Written:
    """Has the job of a template written, as its launcher does."""
    file, staging = folder / "job.json", f"{cloud.bucket}/staging/{template}"
    places = {"template_location": str(file), "staging_location": staging}
    assert cloud.launch(*words(template, cloud), **places) == 0
    objects = open_store(staging)
    staged = {Path(each.name).name: objects.read(each.name) for each in objects.list()}
    return Written(file.read_text(), staged)
