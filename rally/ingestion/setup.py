"""Sets up a worker that ingests, from the options of a job.

Settings are strings and numbers: they travel to workers. Each worker makes keys,
schemas and clients for itself; these travel nowhere.
"""

from collections.abc import Callable

from rally.dead_letters import Unsealer
from rally.ingestion.decisions import LiveDecisions
from rally.ingestion.intake import Intake
from rally.ingestion.live_judge import LiveJudge
from rally.ingestion.live_studies import LiveStudies
from rally.ingestion.routes import Routes
from rally.ingestion.settings import IngestSettings
from rally.keys.ping_keys import PingKeys
from rally.keys.platform_keys import PlatformKeys
from rally.observability.measures import Measures
from rally.registry.registry import Registry
from rally.registry.rows import row_schema
from rally.storage.writer import RowWriter, Table
from rally.validation.pseudonyms import PLATFORM
from rally.version import pipeline_version
from rally.withdrawal.bootstrap import open_list
from rally.withdrawal.live_list import LiveList


def make_intake(settings: IngestSettings) -> Intake:
    """Builds a worker's intake, and loads the keys, schemas, stores and list for it.

    Raises:
        ConfigurationError: one of them is not as it must be.
    """
    measures = Measures()
    studies, stores = LiveStudies(settings, measures), settings.stores()
    keys = PlatformKeys.open(
        settings.platform_keys_uri, pseudonyms=[PLATFORM], seal=True
    )
    clock, reload_seconds = settings.clock(), settings.reload_seconds
    withdrawals = LiveList(stores.platform, reload_seconds)
    decisions = LiveDecisions(stores.platform, lambda: withdrawals.steps)
    judge = LiveJudge(studies, decisions, withdrawals, clock, reload_seconds)
    return Intake(
        judge,
        stores.platform,
        keys.dead_letter_sealer(),
        keys.prf(PLATFORM),
        clock,
        pipeline_version(),
        lambda: withdrawals.age,
        measures,
    )


def make_writer(
    settings: IngestSettings,
    withdrawal_list: Callable[[], int],
    before: Callable[[], None] = lambda: None,
) -> RowWriter:
    """Builds a worker's writer of rows, which needs no key.

    Args:
        settings: settings of the job.
        withdrawal_list: source of the number of the list under which the row was judged
            that the writer is given; the intake beside it knows.
        before: function that writes the events of those rows: an intake's `flush`.

    Raises:
        ConfigurationError: the registry or the stores are not as they must be.
    """
    return RowWriter(
        settings.stores(),
        _Tables(settings.load_registry),
        pipeline_version(),
        withdrawal_list,
        before,
    )


class _Tables:
    """Finds the table of (study, document, fingerprint).

    A row may come from a worker that started later and knows a newer registry: for a
    revision that is not known the registry is read again.
    """

    def __init__(self, load: Callable[[], Registry]) -> None:
        """Reads the registry. Raises ConfigurationError."""
        self._load = load
        self._known = _tables(load())

    def __call__(self, study: str, document: str, fingerprint: str) -> Table:
        """Finds a table. Raises KeyError: the registry has no such revision."""
        key = study, document, fingerprint
        if key not in self._known:
            self._known |= _tables(self._load())
        return self._known[key]


def _tables(registry: Registry) -> dict[tuple[str, str, str], Table]:
    """Makes each table by (study, document, fingerprint), of built-in documents too."""
    return {
        (study.namespace, name, schema.fingerprint): Table(
            row_schema(schema), schema.fingerprint
        )
        for study in registry.studies.values()
        for name, document in registry.documents(study).items()
        for schema in document.revisions
    }


def make_unsealer(settings: IngestSettings) -> Unsealer:
    """Makes what opens dead letters; replay alone asks for it.

    Raises:
        ConfigurationError: the key is missing, or not for this account.
    """
    keys = PlatformKeys.open(settings.platform_keys_uri, open_dead_letters=True)
    return keys.dead_letter_opener()


def check_before_start(settings: IngestSettings) -> None:
    """Loads what every worker will load, so that a fault stops the job at the start.

    Raises:
        ConfigurationError: the registry, a schema, a key folder, a store or the
            withdrawal list is not as it must be; the message is one line.
        ConnectionError: a store or a key service is unavailable; likewise.
    """
    registry = settings.registry()
    Routes(registry)
    PingKeys.load(settings.ping_keys)
    stores, namespaces = settings.stores(), list(registry.studies)
    stores.check_writable(namespaces, settings.concluded(registry))
    settings.keys(registry)
    open_list(stores.platform)
