"""The daemon's log: lines for people, for the journal, or for programs; on standard error.

`text` is one line an event. Under systemd a line begins with its priority, which the journal takes for
its own (sd-daemon(3)). `json` is one object a line. Whatever the form, a line that belongs to a request
says which: the process at the other end, and the number of its frame.
"""

import logging
import os
import sys
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from botbus_daemon.current import named
from botbus_protocol import timestamps

Form = Literal["auto", "text", "journal", "json"]

_OURS = ("botbus", "botbus_cli", "botbus_daemon", "botbus_storage")
_PRIORITIES = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3}


def configure(level: str, form: Form = "auto", env: Mapping[str, str] = os.environ) -> None:
    """Sends the log to standard error; `auto` is `journal` where systemd reads it, else `text`."""
    if form == "auto":
        form = "journal" if _is_journal(env) else "text"
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_FORMATTERS[form]())
    handler.addFilter(_name_request)
    logging.basicConfig(handlers=[handler], force=True)
    limit(level)


def limit(level: str) -> None:
    """From now on, lines below this level are left out.

    Libraries are not asked for `debug`: they tell each call with its arguments, which are not theirs
    to tell, and nothing of ours could be found among that.
    """
    wanted = logging.getLevelNamesMapping()[level.upper()]
    logging.getLogger().setLevel(max(wanted, logging.INFO))
    for name in _OURS:
        logging.getLogger(name).setLevel(wanted)


def _is_journal(env: Mapping[str, str]) -> bool:
    """Whether standard error is a stream of the journal, by its device and inode."""
    try:
        stat = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError, AttributeError):
        return False
    return env.get("JOURNAL_STREAM") == f"{stat.st_dev}:{stat.st_ino}"


def _name_request(record: logging.LogRecord) -> bool:
    record.request = named()
    return True


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        moment = timestamps.from_epoch(record.created)
        return f"{moment} {record.levelname.lower()} {_sentence(self, record)}"


class _Journal(logging.Formatter):
    """The journal knows the time, the process and the unit by itself."""

    def format(self, record: logging.LogRecord) -> str:
        lines = _sentence(self, record).splitlines()
        return "\n".join(f"<{_PRIORITIES.get(record.levelno, 5)}>{line}" for line in lines)


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, Any] = {
            "time": timestamps.from_epoch(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request := getattr(record, "request", ""):
            fields["request"] = request
        if record.exc_info:
            fields["error"] = self.formatException(record.exc_info)
        return msgspec.json.encode(fields).decode()


def _sentence(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    request = getattr(record, "request", "")
    text = f"{record.name}: {record.getMessage()}" + (f" [request {request}]" if request else "")
    return f"{text}\n{formatter.formatException(record.exc_info)}" if record.exc_info else text


_FORMATTERS: dict[Form, type[logging.Formatter]] = {
    "text": _Text,
    "journal": _Journal,
    "json": _Json,
}
