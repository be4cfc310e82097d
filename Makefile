# Everything runs in .venv, which the first target that needs it creates.
# ARGS passes options on: make evolve ARGS="--seed 3"

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/installed
ARGS ?=

# A test process for each core, at most four, one thread each: more threads only compete for the same cores.
PYTEST := OMP_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m pytest -n logical --maxprocesses 4 --dist worksteal

.DEFAULT_GOAL := help
.PHONY: help evolve test quick lint types coverage docs bench soak setup browser clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "%-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

evolve: $(STAMP) ## run the quickstart campaign; options in ARGS, such as ARGS="--seed 3"
	@$(BIN)/codesign evolve $(ARGS)

test: lint types ## run every check: style, types, import rules, words, all tests
	$(PYTEST) $(ARGS)

quick: $(STAMP) ## run the tests that take at most a few seconds each
	$(PYTEST) -m "not slow" $(ARGS)

lint: $(STAMP) ## check style (ruff) and the direction of imports (import-linter)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(STAMP) ## check types (pyright, strict for the three packages)
	$(BIN)/pyright

coverage: $(STAMP) ## run all tests and print the share of lines that they reach
	$(PYTEST) --cov --cov-report=term:skip-covered $(ARGS)

docs: $(STAMP) ## build the documentation into site/; a warning is an error
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict $(ARGS)

bench: $(STAMP) ## measure control steps per second, closed loop against bare physics
	$(BIN)/python benchmarks/rollout.py $(ARGS)

soak: $(STAMP) ## run the long tests: 50 kills, 10,000 broken files of each kind, 100,000 candidates (an hour)
	CODESIGN_FUZZ=10000 $(PYTEST) tests/fuzz
	CODESIGN_KILLS=50 $(PYTEST) tests/integration/test_kills.py
	$(BIN)/python benchmarks/scale.py

setup: $(STAMP) ## create .venv and install everything in it

browser: ## install Chromium, in which the tests open pages (Debian, as root)
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium

clean: ## remove .venv, builds and caches; runs stay
	rm -rf $(VENV) build dist site .coverage *.egg-info .pytest_cache .hypothesis .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Python compiles what it imports: to compile all packages would take as long as to install them.
$(STAMP): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo "error: $(PYTHON) is missing or older than Python 3.11;" \
	         "name another: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	    echo "error: $(PYTHON) cannot create virtual environments;" \
	         "on Debian: apt-get install python3-venv" >&2; exit 1; }
	@echo "installing into $(VENV); the first time takes a few minutes"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile \
	    -r requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	    --no-deps --no-build-isolation --editable .
	@touch $@
