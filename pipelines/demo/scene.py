"""Lays the demo out in a folder: studies, keys, and messages as Pub/Sub has them."""

import base64
import json
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import yaml

from pipelines.demo.clients import NEWS, Message
from rally.errors import ConfigurationError
from rally.initialisation.development_reviews import write_reviews
from rally.keys import administration, jwk
from rally.keys.folder import KeyFolder
from rally.keys.kek_assignment import assign_kek
from rally.registry.registry import SHIPPED

COUNTRY_ATTRIBUTE = "country"

_DATA = Path(__file__).parent
_PIONEER = ("study-foo", "study-bar")


class Scene(NamedTuple):
    """Places of the demo's things.

    Attributes:
        studies: the registry.
        keys: the key folder.
        messages: newline-delimited JSON, in a folder for each day.
        store: nothing yet.
        releases: nothing yet; results leave there.
    """

    studies: Path
    keys: Path
    messages: Path
    store: Path
    releases: Path


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
    return scene


def deliver(scene: Scene, day: str, made_up: Iterable[Message]) -> Path:
    """Puts what made-up people send into the folder of a day, and returns that."""
    folder = scene.messages / day
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "made-up.ndjson").write_text("".join(map(_line, made_up)))
    return folder


def deliver_real(scene: Scene, day: str) -> Path:
    """Puts the real pings into the folder of a day, and returns that."""
    return shutil.copytree(_DATA / "pings", scene.messages / day)


def read_messages(folder: Path) -> Iterator[Message]:
    """All messages of a day, to be published."""
    for file in sorted(folder.iterdir()):
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
    write_reviews(folder)


def _lay_out_keys(uri: Path) -> None:
    """The published test keys of the real pings, and a Tink keyset for made-up ones."""
    folder = KeyFolder(str(uri))
    for file in sorted((_DATA / "keys").iterdir()):
        namespace = file.name.removesuffix(".jwk.json")
        pioneer = namespace if namespace in _PIONEER else None
        key = jwk.parse_private(file.read_bytes(), file.name, pioneer)
        assign_kek(folder, "namespaces", namespace)
        administration.import_jwk(folder, namespace, key)
    administration.create(folder, NEWS, "hpke")


def _line(message: Message) -> str:
    payload = base64.b64encode(message.body).decode()
    return json.dumps({"attributeMap": message.attributes, "payload": payload}) + "\n"
