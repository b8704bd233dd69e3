"""Stores that are not as `rally init` made them, and what every job says of each."""

import json
import shutil
from pathlib import Path

from rally.storage.marker import NAME
from tests.support.world import GARDEN

PLATFORM = (
    "{store}/platform: is not a platform: it has no rally-store.json; is it mounted?"
)


def unmounted(store):
    shutil.rmtree(store)
    return PLATFORM


def mount_point(store):
    shutil.rmtree(store)
    Path(store).mkdir()
    return PLATFORM


def emptied_store(store):
    """The platform is another disk, and still there."""
    shutil.rmtree(f"{store}/data")
    Path(store, NAME).unlink()
    return "{store}: is not a store: it has no rally-store.json; is it mounted?"


def emptied_platform(store):
    shutil.rmtree(f"{store}/platform")
    return PLATFORM


def other_platform(store):
    """A backup of another one was put back."""
    shutil.rmtree(f"{store}/platform")
    from tests.support.stores import mark_stores

    mark_stores(f"{store}-2")
    shutil.copytree(f"{store}-2/platform", f"{store}/platform")
    return "{store}: belongs to platform "


def edit(change):
    def edited(store):
        path = Path(store, NAME)
        path.write_text(change(path.read_text()))

    return edited


def garbled(store):
    edit(lambda text: text[:-5])(store)
    return "{store}/rally-store.json: is not as `rally init` made it; restore it"


def of_newer_software(store):
    edit(lambda text: json.dumps({**json.loads(text), "layout": 2}))(store)
    return "{store}/rally-store.json: says layout 2, and this software knows 1"


def of_one_study(store):
    edit(lambda text: json.dumps({**json.loads(text), "study": GARDEN}))(store)
    return "{store}: is the place of rally-garden, and not of all studies;"


def swapped(store):
    shutil.copy(f"{store}/platform/{NAME}", store)
    return "{store}: is a platform, and not a store;"


SPOILT = (
    *(unmounted, mount_point, emptied_store, emptied_platform, other_platform),
    *(garbled, of_newer_software, of_one_study, swapped),
)


ALSO = {
    unmounted: ["{store}: is not a store: "],
    mount_point: ["{store}: is not a store: "],
    other_platform: ["{store}/platform/withdrawals/root.json: the withdrawal list is"],
}
"""What a job tells of other places beside the first."""
