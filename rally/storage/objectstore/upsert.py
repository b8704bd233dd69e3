"""Puts an object where it may be or not: the last one to write it wins."""

from rally.storage.objectstore.interface import GenerationMismatch, ObjectStore


def put(store: ObjectStore, name: str, data: bytes) -> None:
    """Makes the object, or replaces the one that is there.

    Raises:
        OSError: the store cannot be reached, or refuses.
        ObjectHeld: a hold or a retention policy forbids to replace it.
    """
    while not store.create(name, data):
        info = store.stat(name)
        try:
            if info is not None:
                store.replace(name, data, info.generation)
                return
        except GenerationMismatch:
            continue
