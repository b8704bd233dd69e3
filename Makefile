# Two commands on a bare machine with Python 3.11, 3.12 or 3.13: `make demo` and `make test`.
# `make test` takes minutes; what is slow is left to `make test-slow`, and named at its end.
# Each first makes .venv as uv.lock says, once; `make help` lists the rest.
# ARGS goes to the command: make unit ARGS="tests/rally -k envelope"
# Another environment, of another Python: make demo VENV=.venv-3.13 PYTHON=python3.13

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:

UV_VERSION := 0.13.9
WORKERS ?= 2
FUZZ_CASES ?= 20000
CRASH_ROUNDS ?= 30
ARGS ?=

VENV ?= .venv
PYTHON ?=
BIN := $(VENV)/bin
UV := $(BIN)/uv
# What uv makes must be the same on every machine: our Python, and no other's.
UV_ENV := UV_PROJECT_ENVIRONMENT=$(VENV) UV_PYTHON_DOWNLOADS=never UV_HTTP_TIMEOUT=300
NO_PYTHON := Python 3.11, 3.12 or 3.13 is needed, with its venv module, and none was found; \
	on Debian and Ubuntu: apt install python3-venv
NOT_INSTALLED := Could not install what uv.lock names; the lines above say why. \
	Was it the network? Run the same command again: what was fetched is kept. \
	Did pyproject.toml change? Run `make lock` first.

# Hundreds of processes import the tree: none of them shall compile it anew.
unexport PYTHONDONTWRITEBYTECODE

PYTEST := $(BIN)/python -m pytest -rs --durations=10
# A worker that has done its own takes over half of what the other has still to do.
PARALLEL := $(PYTEST) -n $(WORKERS) --dist worksteal
# Branch coverage of both tiers is one figure: the first run begins it, the last holds it.
MEASURE ?=
COVERAGE_first := --cov --cov-report= --cov-fail-under=0
COVERAGE_last := --cov --cov-append --cov-report=term
COVERAGE := $(COVERAGE_$(MEASURE))
# Flink's tests fill the machine: they run by themselves.
FULL := $(PARALLEL) --ignore=tests/engines
SOURCES := pyproject.toml setup.py uv.lock

##@ Use
.PHONY: help
help:  ## Lists the targets.
	@awk 'BEGIN {FS = ":.*  ## "} \
	  /^##@/ {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z-]+:.*  ## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: $(VENV)/.runtime  ## Takes real pings all the way, and shows what became of them.
	$(BIN)/rally demo $(ARGS)

.PHONY: test
test: lint types contracts quick  ## Runs the quick checks, and says what they leave out.

.PHONY: test-slow
test-slow: slow test-flink  ## Runs the tests that `make test` leaves out.

.PHONY: test-all
test-all: test test-slow  ## Runs every check that a change must pass.

##@ Develop
.PHONY: venv
venv: $(VENV)/.dev  ## Makes .venv with all that development needs.

.PHONY: format
format: $(VENV)/.dev  ## Formats the code and mends what ruff can mend.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: lock
lock: $(VENV)/.uv  ## Brings uv.lock up to date with pyproject.toml; ARGS=--upgrade for newer ones.
	$(UV_ENV) $(UV) lock --python $(BIN)/python $(ARGS)

.PHONY: templates
templates: $(VENV)/.dev  ## Writes templates/: metadata from the jobs' options, requirements from the lock.
	$(BIN)/python -m pipelines.templates --out templates
	$(UV_ENV) $(UV) export --quiet --frozen --no-dev --no-emit-project --extra dataflow --extra releases \
	  --no-header --no-annotate --output-file templates/requirements.txt
	$(BIN)/rally studies infrastructure > templates/terraform/studies.example.tfvars.json

.PHONY: clean
clean:  ## Removes environments, caches and what builds leave behind.
	rm -rf .venv .venv-3.1? .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	rm -rf .coverage .coverage.* build dist ./*.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

##@ Check
.PHONY: lint
lint: $(VENV)/.dev  ## Checks style and format (ruff).
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

.PHONY: types
types: $(VENV)/.dev  ## Checks types (mypy, strict).
	$(BIN)/mypy

.PHONY: contracts
contracts: $(VENV)/.dev  ## Checks that imports run one way (import-linter).
	$(BIN)/lint-imports

.PHONY: quick
quick: $(VENV)/.dev  ## Runs the quick tests alone.
	$(PARALLEL) -m "not slow" $(COVERAGE) $(ARGS)

.PHONY: slow
slow: $(VENV)/.dev  ## Runs the slow tests but for Flink's.
	$(FULL) -m slow $(COVERAGE) $(ARGS)

.PHONY: unit
unit: $(VENV)/.dev  ## Runs tests quick or slow; ARGS says which.
	$(FULL) $(ARGS)

.PHONY: coverage
coverage: $(VENV)/.dev  ## Runs the tests and measures branch coverage.
	$(FULL) --cov --cov-report=term $(ARGS)

.PHONY: test-flink
test-flink: $(VENV)/.dev  ## Runs the jobs on a real Flink, and kills parts of it.
	$(PYTEST) tests/engines $(ARGS)

.PHONY: fuzz
fuzz: $(VENV)/.dev  ## Runs each property on FUZZ_CASES (20000) random cases.
	RALLY_FUZZ_CASES=$(FUZZ_CASES) $(FULL) -m hypothesis --hypothesis-profile=fuzz $(ARGS)

.PHONY: crash
crash: $(VENV)/.dev  ## Kills the jobs CRASH_ROUNDS (30) times and looks for loss.
	RALLY_CRASH_ROUNDS=$(CRASH_ROUNDS) $(PYTEST) -m crash $(ARGS)

.PHONY: bench-ingest
bench-ingest: $(VENV)/.dev  ## Measures ingest: docs/performance.md has the figures.
	$(BIN)/python -m benchmarks.ingest $(ARGS)

.PHONY: bench-definitions
bench-definitions: $(VENV)/.dev  ## Measures what schemas from Glean definitions cost.
	$(BIN)/python -m benchmarks.definitions $(ARGS)

.PHONY: bench-registry
bench-registry: $(VENV)/.dev  ## Measures how fast a registry of 100 studies loads.
	$(BIN)/python -m benchmarks.registry $(ARGS)

.PHONY: bench-reading
bench-reading: $(VENV)/.dev  ## Measures how fast rows are read as a table.
	$(BIN)/python -m benchmarks.reading $(ARGS)

.PHONY: bench-release
bench-release: $(VENV)/.dev  ## Measures how fast a release sums rows, beside pipeline-dp.
	$(BIN)/python -m benchmarks.release $(ARGS)

.PHONY: bench-audit
bench-audit: $(VENV)/.dev  ## Measures how fast an audit reads rows.
	$(BIN)/python -m benchmarks.audit $(ARGS)

.PHONY: picture
picture: $(VENV)/.dev  ## Takes the pictures of the pages, docs/*.png; needs Chromium.
	$(BIN)/python -m benchmarks.audit_picture
	$(BIN)/python -m benchmarks.inventory_picture

.PHONY: bench-engines
bench-engines: $(VENV)/.dev  ## Measures ingest on Flink beside the local runner.
	$(BIN)/python -m benchmarks.engines $(ARGS)

.PHONY: bench-person
bench-person: $(VENV)/.dev  ## Measures what a person's own copy costs.
	$(BIN)/python -m benchmarks.person $(ARGS)

.PHONY: bench-platform
bench-platform: $(VENV)/.dev  ## Measures a day's jobs on a platform of a million people.
	$(BIN)/python -m benchmarks.platform $(ARGS)

.PHONY: bench-plan
bench-plan: $(VENV)/.dev  ## Measures what the scale plan counts with.
	$(BIN)/python -m benchmarks.requests
	$(BIN)/python -m benchmarks.sizes
	$(BIN)/python -m benchmarks.dealing

.PHONY: bench-deletion
bench-deletion: $(VENV)/.bench  ## Measures deletion, beside other tools.
	$(BIN)/python -m benchmarks.deletion $(ARGS)

# One stamp a state of .venv, so that it is made once and again when the lock changes.
# An environment that is there stays what it is, if its Python serves.
$(VENV)/.uv: Makefile .ci/pythons
	@if ! $(BIN)/python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	  2>/dev/null; then \
	  python="$(PYTHON)"; \
	  [ -n "$$python" ] || read -r _ python < <(.ci/pythons) || { \
	    echo '$(NO_PYTHON)' >&2; exit 1; }; \
	  "$$python" -m venv --clear $(VENV) || { \
	    echo "$$python could not make $(VENV): does it have its venv module?" >&2; exit 1; }; \
	fi
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv==$(UV_VERSION)" || { \
	  echo '$(NOT_INSTALLED)' >&2; exit 1; }
	@touch $@

$(VENV)/.runtime: $(VENV)/.uv $(SOURCES)
	@$(UV_ENV) $(UV) sync --locked --no-dev --inexact --extra access --extra releases || { echo '$(NOT_INSTALLED)' >&2; exit 1; }
	@touch $@

# Compiled at once: tests start hundreds of processes, and where Python keeps no bytecode,
# as in many containers, each would compile Beam anew.
$(VENV)/.dev: $(VENV)/.uv $(SOURCES)
	@$(UV_ENV) $(UV) sync --locked --compile-bytecode || { echo '$(NOT_INSTALLED)' >&2; exit 1; }
	@touch $@ $(VENV)/.runtime

# What .dev's next sync removes again, so that it is made after it.
$(VENV)/.bench: $(VENV)/.dev
	@$(UV_ENV) $(UV) sync --locked --group bench || { echo '$(NOT_INSTALLED)' >&2; exit 1; }
	@touch $@
