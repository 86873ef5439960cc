# Everything a newcomer types. Each target sets up .venv first; a second run is quick.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

# Hundreds of processes are started here: each would compile all of the source anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test test-long coverage mutation check serve bench setup format schema clean

setup: $(READY)

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("botbus needs Python 3.11 or newer, set PYTHON=" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,bench]'
	touch $(READY)

demo: setup
	$(BIN)/python examples/demo.py

# Most tests wait for a daemon of their own, so several run at once; all collect in one order.
test: setup
	PYTHONHASHSEED=0 $(BIN)/python -m pytest -m 'not long' -n 6 --dist worksteal

# The guided fuzzer needs atheris, which is not built for every Python; without it that one test is skipped.
test-long: setup
	-$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[fuzz]'
	$(BIN)/python -m pytest -m long --timeout 3600
	$(MAKE) mutation

# The branches that `make test` takes in protocol, storage and daemon; the daemons it starts are measured, too.
# Measured code is slow, so a test of how quick something is may fail, and does not stop this.
coverage: setup
	rm -f .coverage .coverage.*
	-PYTHONHASHSEED=0 $(BIN)/python -m coverage run -m pytest -m 'not long' -n 6 --dist worksteal --timeout 300
	$(BIN)/python -m coverage combine -q
	$(BIN)/python -m tests.covered

# Puts small wrongs into pure code, in a copy: a test has to notice each. `make mutation SUBJECTS=mailbox` for one.
mutation: setup
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[mutation]'
	$(BIN)/python -m tests.mutation $(SUBJECTS)

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/botbus migrate lint

serve: setup
	$(BIN)/botbus serve

bench: setup
	$(BIN)/python -m benchmarks

schema: setup # the golden schema and docs/data.md, after a migration was added
	$(BIN)/botbus migrate schema --write
	$(BIN)/python -m tests.migrations.data_page

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
