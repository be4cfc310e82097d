# Everything runs in .venv, which the first target that needs it sets up.
# make passes ARGS on: make evolve ARGS="--seed 3"

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/installed
ARGS ?=

# Tests run side by side: two processes with many threads each would only get in each other's way.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal

.DEFAULT_GOAL := help
.PHONY: help evolve test lint types quick soak bench setup clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "%-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

evolve: $(STAMP) ## run the quickstart campaign; options in ARGS, as ARGS="--seed 3"
	@$(BIN)/codesign evolve $(ARGS)

test: lint types ## all checks: style, types, import rules, every test
	$(PYTEST) $(ARGS)

lint: $(STAMP) ## style (ruff) and the direction of imports (import-linter)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(STAMP) ## types (pyright)
	$(BIN)/pyright

quick: $(STAMP) ## the tests that take no more than seconds each
	$(PYTEST) -m "not slow" $(ARGS)

soak: $(STAMP) ## the long forms: 50 kills over four algorithms, 100,000 candidates (half an hour)
	CODESIGN_KILLS=50 $(PYTEST) tests/integration/test_kills.py
	$(BIN)/python benchmarks/scale.py

bench: $(STAMP) ## control steps per second, closed loop against bare physics
	$(BIN)/python benchmarks/rollout.py $(ARGS)

setup: $(STAMP) ## make .venv and install everything in it

clean: ## remove .venv, builds and caches; runs stay
	rm -rf $(VENV) build *.egg-info .pytest_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(STAMP): requirements.txt setup.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo "error: $(PYTHON) is missing or older than Python 3.11;" \
	         "name another: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	    echo "error: $(PYTHON) cannot make virtual environments;" \
	         "on Debian: apt-get install python3-venv" >&2; exit 1; }
	@echo "installing into $(VENV); the first time this takes some minutes"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	    --no-deps --no-build-isolation --editable .
	@touch $@
