"""The mutants of one module: made, tried and judged by cosmic-ray, in a copy of the sources."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.mutation.equivalents import Mutant
from tests.mutation.subjects import Subject

ROOMS = ("protocol", "storage", "migrations", "daemon", "client", "cli")
SECONDS = 60.0
"""For the tests of one mutant; one that takes longer hangs, which is noticed too."""
CONFIG = """
[cosmic-ray]
module-path = {module}
timeout = {seconds}
excluded-modules = []
test-command = {command}
[cosmic-ray.distributor]
name = "local"
[cosmic-ray.filters.operators-filter]
exclude-operators = ["core/ReplaceBinaryOperator_BitOr_.*"]
"""
"""`|` stands in types almost everywhere, where another operator is refused at the import."""


def survivors_of(name: str, subject: Subject, copy: Path) -> tuple[int, list[Mutant]]:
    """How many mutants were tried, and those that survived. Raises if the tests fail without any."""
    pytest = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
    command = [*pytest, "--hypothesis-profile=mutation", *subject.tests]
    subprocess.run(command, cwd=copy, env=_environment(copy), check=True, stdout=subprocess.DEVNULL)
    quoted = json.dumps(" ".join(command))
    config = CONFIG.format(module=json.dumps(subject.module), command=quoted, seconds=SECONDS)
    (copy / "mutation.toml").write_text(config)
    session = f"{name}.sqlite"
    _cosmic_ray(copy, "cosmic_ray.cli", "init", "mutation.toml", session)
    filters = "cosmic_ray.tools.filters.operators_filter"
    _cosmic_ray(copy, filters, session, "mutation.toml")
    _cosmic_ray(copy, "cosmic_ray.cli", "exec", "mutation.toml", session)
    told = _cosmic_ray(copy, "cosmic_ray.cli", "dump", session)
    tried = [json.loads(line)[1] for line in told.splitlines()]
    tried = [result for result in tried if result["worker_outcome"] == "normal"]
    survived = [result for result in tried if result["test_outcome"] == "survived"]
    return len(tried), [Mutant(name, *_changed(result["diff"])) for result in survived]


def _cosmic_ray(copy: Path, module: str, *words: str) -> str:
    command = [sys.executable, "-m", module, *words]
    done = subprocess.run(
        command, cwd=copy, env=_environment(copy), check=True, stdout=subprocess.PIPE, text=True
    )
    return done.stdout


def _environment(copy: Path) -> dict[str, str]:
    """Where the copy's packages come first, and nothing compiled outlives the source it was made of."""
    places = [str(copy), *(str(copy / room) for room in ROOMS)]
    path = os.pathsep.join(places)
    return {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}


def _changed(diff: str) -> Iterator[str]:
    """What was taken out and what was put in, each on one line."""
    for sign in "-+":
        lines = [line[1:] for line in diff.splitlines() if line.startswith(sign)]
        yield " ".join(" ".join(line for line in lines if not line.startswith(2 * sign)).split())
