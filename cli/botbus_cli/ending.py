"""How the command ends: what went wrong is one line on stderr, and the exit code tells its kind.

0 done, 1 refused, 2 wrong usage, 3 no daemon, 4 timed out, 130 Ctrl-C. A reader of our output who
went away is no error of ours, and gets no words.
"""

import os
import signal
import sys
from collections.abc import Callable
from typing import NoReturn

import click
from click.exceptions import NoArgsIsHelpError

REFUSED = 1
USAGE = 2
NO_DAEMON = 3
TIMED_OUT = 4
INTERRUPTED = 128 + signal.SIGINT
READER_GONE = 128 + signal.SIGPIPE

_EXIT_OF = {"unavailable": NO_DAEMON, "timeout": TIMED_OUT}


class Failed(click.ClickException):
    """The command could not do what it was told: the code of the error, and a sentence."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


def end(run: Callable[[], object]) -> NoReturn:
    """Runs the command and ends the process with its exit code."""
    try:
        code = _exit_code(run)
        sys.stdout.flush()
    except BrokenPipeError:
        # The interpreter flushes once more as it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = READER_GONE
    sys.exit(code)


def _exit_code(run: Callable[[], object]) -> int:
    try:
        run()
    except click.exceptions.Exit as error:
        return error.exit_code
    except NoArgsIsHelpError as error:
        error.show()
        return USAGE
    except click.UsageError as error:
        return told("usage", _with_hint(error), USAGE)
    except Failed as error:
        return told(error.code, error.message, _EXIT_OF.get(error.code, REFUSED))
    except click.ClickException as error:
        return told("failed", error.format_message(), REFUSED)
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    return 0


def told(code: str, sentence: str, exit_code: int) -> int:
    """Says on stderr what went wrong; the exit code that belongs to it."""
    line = " ".join(sentence.split())
    click.echo(f"botbus: {code}: {line}", err=True)
    return exit_code


def _with_hint(error: click.UsageError) -> str:
    sentence = error.format_message().rstrip(".")
    path = error.ctx.command_path if error.ctx else "botbus"
    return f"{sentence} (see {path} --help)"
