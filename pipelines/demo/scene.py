"""Lays the demo out in a folder: studies, keys, and messages as Pub/Sub has them."""

import base64
import json
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import yaml

from pipelines.demo.people import NAMESPACE, Message, People
from rally.errors import ConfigurationError
from rally.keys import administration, jwk
from rally.keys.folder import KeyFolder
from rally.keys.settling import settle_kek
from rally.studies.registry import SHIPPED

AS_OF = "2026-11-22T12:00:00+00:00"
"""The demo's clock: the day on which its real pings were sent."""

COUNTRY_ATTRIBUTE = "country"

_DATA = Path(__file__).parent
_PIONEER = ("study-foo", "study-bar")
_FIRST_JOINED = datetime.fromisoformat("2026-11-22T03:00:00Z")


class Scene(NamedTuple):
    """Where the demo's things are.

    Attributes:
        studies: the registry.
        keys: the key folder.
        messages: newline-delimited JSON, as a glob.
        store: nothing yet.
    """

    studies: Path
    keys: Path
    messages: Path
    store: Path


def lay_out(folder: Path) -> Scene:
    """Makes the scene in a new or empty folder.

    Raises:
        ConfigurationError: the folder holds something already, or is none.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        is_empty = not any(folder.iterdir())
    except OSError as error:
        raise ConfigurationError(
            f"--out {folder}: is no folder to write in ({error.strerror}); name a new"
            " folder"
        ) from None
    if not is_empty:
        raise ConfigurationError(f"--out {folder}: is not empty; name a new folder")
    scene = Scene(*(folder / name for name in Scene._fields))
    _lay_out_studies(scene.studies)
    _lay_out_keys(scene.keys)
    scene.messages.mkdir()
    for real in sorted((_DATA / "pings").iterdir()):
        shutil.copy(real, scene.messages)
    made = People(str(scene.keys), _FIRST_JOINED).messages()
    (scene.messages / "made-up.ndjson").write_text("".join(map(_line, made)))
    return scene


def read_messages(scene: Scene) -> Iterator[Message]:
    """All messages of the scene, to be published."""
    for file in sorted(scene.messages.iterdir()):
        for line in file.read_text().splitlines():
            message = json.loads(line)
            body = base64.b64decode(message["payload"])
            yield Message(body, message["attributeMap"])


def _lay_out_studies(folder: Path) -> None:
    """The demo's own study.yaml files, and the schemas that the package ships."""
    shutil.copytree(_DATA / "studies", folder)
    for file in folder.glob("*/study.yaml"):
        for name in yaml.safe_load(file.read_text())["documents"]:
            schema = Path(SHIPPED) / file.parent.name / f"{name}.avsc"
            if schema.is_file():
                shutil.copy(schema, file.parent)


def _lay_out_keys(uri: Path) -> None:
    """The published test keys of the real pings, and a Tink keyset for made-up ones."""
    folder = KeyFolder(str(uri))
    for file in sorted((_DATA / "keys").iterdir()):
        namespace = file.name.removesuffix(".jwk.json")
        pioneer = namespace if namespace in _PIONEER else None
        key = jwk.parse_private(file.read_bytes(), file.name, pioneer)
        settle_kek(folder, "namespaces", namespace)
        administration.import_jwk(folder, namespace, key)
    administration.create(folder, NAMESPACE, "hpke")


def _line(message: Message) -> str:
    payload = base64.b64encode(message.body).decode()
    return json.dumps({"attributeMap": message.attributes, "payload": payload}) + "\n"
