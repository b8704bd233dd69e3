"""Opens a store by its URI: a folder of this machine, or Google Cloud Storage."""

from rally.errors import ConfigurationError
from rally.storage.objectstore.interface import ObjectStore


def open_store(uri: str, *, follows: bool = False) -> ObjectStore:
    """Opens a local folder or a `gs://bucket/prefix`. Nothing is made or read yet.

    Args:
        uri: A local path, which may be a link and is resolved here, once; or gs://.
        follows: Whether links below it are read as what they lead to, and only three
            levels of folders: for what is configuration, such as Kubernetes mounts as
            links, and never for what rows are in.

    Raises:
        ConfigurationError: the URI is empty, of a scheme that is not served, or begins
            with `~`.
    """
    if not uri:
        raise ConfigurationError("a store's URI is empty; give a folder or gs://…")
    if uri.startswith("~"):
        raise ConfigurationError(
            f"{uri}: begins with ~, which only a shell expands, and not in quotes or"
            " after `=`; give the whole path"
        )
    if uri.startswith("gs://"):
        from rally.storage.objectstore.gcs import (
            GcsStore,  # slow to import, and seldom needed
        )

        return GcsStore(uri)
    if "://" in uri:
        raise ConfigurationError(
            f"{uri}: only local folders and gs:// are stores; give one of these"
        )
    from rally.storage.objectstore.local import LocalStore

    return LocalStore(uri, follows=follows)
