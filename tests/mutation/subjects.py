"""What is mutated, and the tests that are to notice."""

from typing import NamedTuple


class Subject(NamedTuple):
    module: str
    tests: list[str]
    """The quickest first: the first test that fails ends the look at a mutant."""


MIGRATOR = "storage/botbus_storage/migrator"

SUBJECTS = {
    "states": Subject("protocol/botbus_protocol/states.py", ["tests/pure/test_states.py"]),
    "record_states": Subject(
        "protocol/botbus_protocol/record_states.py", ["tests/pure/test_states.py"]
    ),
    "backoff": Subject(
        "daemon/botbus_daemon/backoff.py", ["tests/pure/test_backoff.py", "tests/test_settings.py"]
    ),
    "mailbox": Subject(
        "daemon/botbus_daemon/mailbox.py",
        [
            "tests/pure/test_mailbox.py",
            "tests/pure/test_kept_back.py",
            "tests/daemon/test_mailbox.py",
        ],
    ),
    "statements": Subject(
        f"{MIGRATOR}/statements.py",
        ["tests/migrations/test_statements.py", "tests/migrations/test_sections.py"],
    ),
    "sections": Subject(f"{MIGRATOR}/sections.py", ["tests/migrations/test_sections.py"]),
    "folder": Subject(
        f"{MIGRATOR}/folder.py",
        ["tests/migrations/test_folder.py", "tests/migrations/test_sets.py"],
    ),
    "plan": Subject(
        f"{MIGRATOR}/plan.py", ["tests/migrations/test_plan.py", "tests/migrations/test_status.py"]
    ),
    "target": Subject(
        f"{MIGRATOR}/target.py",
        ["tests/migrations/test_target.py", "tests/migrations/test_dry_run.py"],
    ),
}
