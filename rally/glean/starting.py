"""Makes the folder of a study that joins: what a person completes, and what is known.

Glean clients join and leave by two pings that every study has, so that their documents
are made here; what the study collects comes from its definitions (rally.glean.adding).
"""

from pathlib import Path

from rally.errors import Faults
from rally.fields import Place
from rally.glean.adding import (
    VERSION,
    Write,
    check_schema,
)
from rally.glean.definitions import (
    PARTICIPANT,
    Definitions,
    Metric,
    MetricType,
    Ping,
)
from rally.glean.payload import payload_schema
from rally.glean.schema_text import schema_text
from rally.glean.sdk_pings import USABLE
from rally.registry.folder import FILE as STUDY_FILE
from rally.registry.folder import local_study_folder

_HERE = Place("rally studies new")
_JOINS = Ping(
    name="study-enrollment",
    description="Sent when somebody joins the study",
    place=_HERE,
    has_client_id=False,
)
_LEAVES = USABLE["deletion-request"]
_ID = Metric(
    id=PARTICIPANT,
    type=MetricType.UUID,
    description="Random id of the person in Rally; a pseudonym takes its place before"
    " anything is stored",
    pings=(_JOINS.name, _LEAVES.name),
    place=_HERE,
    identifier=True,
)

_TEMPLATE = """\
# A study. What says TODO is open; `rally studies check` says what is, all at once.
# docs/studies.md explains each entry.
namespace: {namespace}
kind: study
name: TODO the name by which participants know it

# What people read of the study in the inventory; docs/studies.md has more entries.
about:
  goal: TODO what the study wants to find out

# Other names that clients use, such as the id of the add-on.
aliases: []

# First and last day of collection, UTC, and the day until which it is analysed.
starts: TODO
collect_through: TODO
analysis_until: TODO

# Who may read the rows, each under an agreement that participants were told of:
# access:
#   - group: birds@example.org
#     agreement: 2026-7
#     from: 2026-08-01
#     until: 2027-03-24

policy:
  enrolment: required
  # consent: joining is the opt-in | refuse: a ping with DNT 1 is refused
  do_not_track: consent
  # client: the client collects nothing in private windows | a JSON pointer to a flag
  private_browsing: client
  # Where people may be who join; without the entry, everywhere.
  countries: [US]
  # What the client checks; nothing here acts on it.
  minimum_age: 19
  # Who leaves after the end: defer keeps rows until the study is concluded | delete
  after_end: defer

# `rally studies add {namespace} --metrics FILE --pings FILE` adds a document for each
# ping. delete_after_days: 180 deletes rows that old; without it they stay until the
# study is concluded. sent tells participants when it is sent.
documents:
  {joins}.{version}:
    means: joins
    # sent: once, as somebody joins
    purpose: who joined the study, and when
  {leaves}.{version}:
    means: leaves
    # sent: once, as somebody leaves
    purpose: who left the study, so that their data is deleted
"""


def plan_study(studies: str, namespace: str) -> tuple[Write, ...]:
    """Plans the files of a new study.

    Args:
        studies: the registry's folder, on this machine.
        namespace: the study's namespace.

    Raises:
        ConfigurationError: no study can have the name, or its folder is there.
    """
    folder = local_study_folder(studies, namespace)
    if folder.exists():
        raise Place(str(folder)).error(
            f"is there; add to it by `rally studies add {namespace}`"
        )
    definitions = Definitions((_ID,), (_JOINS, _LEAVES))
    faults, writes = Faults(), list[Write]()
    for ping in definitions.pings:
        with faults.collected():
            writes.append(_schema(folder, definitions, ping))
    faults.check()
    text = _TEMPLATE.format(
        namespace=namespace, joins=_JOINS.name, leaves=_LEAVES.name, version=VERSION
    )
    return (*writes, Write(folder / STUDY_FILE, text))


def _schema(folder: Path, definitions: Definitions, ping: Ping) -> Write:
    path = folder / f"{ping.name}.{VERSION}.avsc"
    schema = payload_schema(definitions, ping)
    text = schema_text(schema)
    check_schema(str(path), schema, text)
    return Write(path, text)
