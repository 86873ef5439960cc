"""What can be found wrong with settings before anything is served, beyond what reading them tells."""

from botbus_daemon.claiming import CannotServe, socket_path
from botbus_daemon.settings import Settings


def check(settings: Settings) -> None:
    """Raises CannotServe with a sentence. Looks, and changes nothing."""
    socket_path(settings.url)
    if settings.key_file is None:
        return
    from botbus_storage.cipher import KeyRefused, read_key

    try:
        read_key(settings.key_file)
    except KeyRefused as error:
        raise CannotServe(str(error)) from error
