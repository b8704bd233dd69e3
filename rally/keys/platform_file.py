"""Whose the platform's keys are: a file beside them that names the platform.

A store that is not mounted looks like a new one, and its keys are still there: then the
file says of which platform. `rally init` makes it; nothing replaces or deletes it.

    platform.json                {"platform": "3c…"}
"""

import json
from dataclasses import asdict, dataclass
from typing import Any

from rally.errors import ConfigurationError
from rally.keys.folder import KeyFolder
from rally.storing.marker import is_id

NAME = "platform.json"
"""The file's name; no key's ends so."""


@dataclass(frozen=True, slots=True)
class PlatformFile:
    """What a folder of platform keys says of itself.

    Attributes:
        platform: id of the platform whose keys are there.
    """

    platform: str

    @classmethod
    def parse(cls, text: bytes, where: str) -> "PlatformFile":
        """Reads the file; members that only a newer version knows are left alone.

        Args:
            text: its bytes.
            where: its URI, for the message.

        Raises:
            ConfigurationError: it names no platform.
        """
        platform = _members(text).get("platform")
        if not isinstance(platform, str) or not is_id(platform):
            raise ConfigurationError(
                f"{where}: is not as `rally init` made it; restore it from a backup"
            )
        return cls(platform)

    def serialise(self) -> bytes:
        """The file's bytes."""
        return json.dumps(asdict(self), sort_keys=True).encode() + b"\n"


def read_platform_file(folder: KeyFolder) -> PlatformFile | None:
    """What stands beside the keys; None where nothing does.

    Raises:
        ConfigurationError: it is not as it was made, or cannot be read.
        ConnectionError: the folder is away.
    """
    if not folder.exists(NAME):
        return None
    return PlatformFile.parse(folder.read(NAME), folder.where(NAME))


def write_platform_file(folder: KeyFolder, platform: str) -> bool:
    """Says whose the keys are; False where it is said already.

    Raises:
        ConfigurationError: they are another platform's, or it cannot be written.
        ConnectionError: the folder is away.
    """
    made = folder.create(NAME, PlatformFile(platform).serialise())
    found = read_platform_file(folder)
    if found and found.platform != platform:
        raise ConfigurationError(
            f"{folder.uri}: has the keys of platform {found.platform}, and not of"
            f" {platform}; correct --platform_keys"
        )
    return made


def _members(text: bytes) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
