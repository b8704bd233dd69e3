"""A small deployment in memory, in which the purge job runs as a whole."""

import json
import pickle
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from rally.keys import names
from rally.keys.folder import JWK, KEYSET, KeyFolder
from rally.keys.kek_file import NAME as KEK_FILE
from rally.keys.names import Job
from rally.registry.transitions import StudyAction
from rally.retention.purge import Purge
from rally.retention.settings import PurgeSettings
from tests.fakes.memory_store import MemoryStore
from tests.support.memory_deployment import DeploymentSettings, MemoryDeployment
from tests.support.people import job_key
from tests.support.platform_conclusion import conclude_platform
from tests.support.study_decisions import decide_study, hold_rows
from tests.support.world import GARDEN, HOUSE

ENDED = datetime(2026, 5, 25, tzinfo=UTC)
CONCLUDED = datetime(2026, 5, 28, tzinfo=UTC)
PLATFORM_KEYS = (
    *("dead-letter.private.keyset.json", "dead-letter.public.json"),
    "pseudonym.platform.keyset.json",
    *(f"signing.{each}.keyset.json" for each in Job),
    *(f"signing.{each}.public.json" for each in Job),
)
"""The key files of a platform, but for the pseudonyms of its namespaces."""


@dataclass(frozen=True)
class MemoryPurgeSettings(DeploymentSettings, PurgeSettings):
    """Settings of a purge on a deployment in memory."""

    def keys(self, registry):
        return self.deployment.open_keys()

    def key_folders(self):
        platform = KeyFolder(str(self.deployment.folder / "platform"))
        if self.ping_keys is None:
            return None, platform
        return KeyFolder(str(self.deployment.folder / "keys")), platform

    def signer(self):
        return job_key(Job.PURGE)

    def open_derived(self, uri):
        return self.deployment.derived.get(uri) or PurgeSettings.open_derived(self, uri)

    def key_service(self):
        return self.deployment.key_service


class PurgeDeployment(MemoryDeployment):
    """A deployment with key files, researchers' folders, holds and conclusions."""

    def __init__(self, registry, folder: Path, platform=None, **bucket) -> None:
        super().__init__(registry, platform, **bucket)
        self.folder = folder
        self.derived: dict[str, MemoryStore] = {}
        self.key_service: Any = None
        for kind in ("keys", "platform"):
            (folder / kind).mkdir(parents=True)
            (folder / kind / KEK_FILE).write_text('{"kek_uri": "local-kek://kek"}')
        for study in registry.studies:
            (folder / "keys" / (study + KEYSET)).write_text("{}")
            (folder / "keys" / (study + JWK)).write_text("{}")
            (folder / "platform" / (names.pseudonym(study) + KEYSET)).write_text("{}")

    def open_keys(self):
        """Without the pseudonyms whose files are gone."""
        return self.keys

    def purge(self, **settings):
        """A run of the job; its report."""
        return self.purging(**settings).run()

    def purge_twice(self):
        """Runs with deletion in between, which forgets merged events; the last report.

        It is as much as the conclusion of a study takes.
        """
        assert [*self.purge().problems] == []
        self.delete()
        return self.purge()

    def purging(self, **settings):
        given = {"run": "1" * 32, "ping_keys": "k", **settings}
        made = MemoryPurgeSettings(
            store="memory", platform_keys="memory", deployment=self, **given
        )
        return Purge(made, lambda *step: self._run_step(made, *step))

    def _run_step(self, settings, step, works, make_step):
        self.steps.append(step)
        worker = make_step(settings)
        return [
            json.loads(json.dumps(worker(pickle.loads(pickle.dumps(work)))))
            for work in works
        ]

    def conclude(self, study=GARDEN, at=CONCLUDED):
        for action, time in ((StudyAction.END, ENDED), (StudyAction.CONCLUDE, at)):
            decide_study(self.platform, study, action, time)

    def conclude_all(self, at=CONCLUDED):
        """Concludes all studies, purges them, and concludes the platform."""
        for namespace in self.registry.studies:
            if namespace != HOUSE:
                self.conclude(namespace, at)
        assert [*self.purge().problems] == []
        decide_study(self.platform, HOUSE, StudyAction.END, at)
        conclude_platform(self.platform, at)

    def add_platform_keys(self):
        """Puts a file of each of the platform's own keys into its folder."""
        for name in PLATFORM_KEYS:
            (self.folder / "platform" / name).write_text("{}")

    def legal_hold(self, study, first, last, at=ENDED):
        days = date.fromisoformat(first), date.fromisoformat(last)
        return hold_rows(self.platform, study, days, at, "a case")

    def names(self, prefix="data/"):
        """Names of all live objects of the data store below a prefix."""
        return [info.name for info in self.data.list(prefix)]

    def records(self, prefix=""):
        """Names of all live objects of the platform, without leases."""
        return [
            info.name
            for info in self.platform.list(prefix)
            if not info.name.startswith("leases/")
        ]

    def key_files(self):
        """Names of the key files that are there."""
        return sorted(
            f"{kind}/{path.name}"
            for kind in ("keys", "platform")
            for path in (self.folder / kind).iterdir()
            if not path.name.startswith(".") and path.name != KEK_FILE
        )


def deleted_counts(report) -> dict[tuple[str, str, str], tuple[int, int]]:
    """Numbers of deleted objects and rows, by study, document and reason."""
    return {key: (each.objects, each.rows) for key, each in report.done.items()}


def planned_counts(report) -> dict[tuple[str, str, str], tuple[int, int]]:
    """Numbers of planned objects and rows, by study, document and reason."""
    return {key: (each.objects, each.rows) for key, each in report.planned.items()}
