# Two commands on a bare machine with Python 3.11: `make demo` and `make test`.
# Each first makes .venv as uv.lock says, once; `make help` lists the rest.
# ARGS goes to the command: make unit ARGS="tests/rally -k envelope"

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:

UV_VERSION := 0.13.9
WORKERS ?= 2
FUZZ_CASES ?= 20000
CRASH_ROUNDS ?= 30
ARGS ?=

BIN := .venv/bin
UV := $(BIN)/uv
# What uv makes must be the same on every machine: our Python, and no other's.
UV_ENV := UV_PROJECT_ENVIRONMENT=.venv UV_PYTHON_DOWNLOADS=never UV_HTTP_TIMEOUT=300
NOT_INSTALLED := Could not install what uv.lock names; the lines above say why. \
	Was it the network? Run the same command again: what was fetched is kept. \
	Did pyproject.toml change? Run `make lock` first.

PYTEST := $(BIN)/python -m pytest -rs
FULL := $(PYTEST) -n $(WORKERS) --dist loadfile --ignore=tests/engines
SOURCES := pyproject.toml setup.py uv.lock

##@ Use
.PHONY: help
help:  ## Lists the targets.
	@awk 'BEGIN {FS = ":.*  ## "} \
	  /^##@/ {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z-]+:.*  ## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: .venv/.runtime  ## Takes real pings all the way, and shows what became of them.
	$(BIN)/rally demo $(ARGS)

.PHONY: test
test: lint types contracts coverage test-flink  ## Runs every check that a change must pass.

##@ Develop
.PHONY: venv
venv: .venv/.dev  ## Makes .venv with all that development needs.

.PHONY: format
format: .venv/.dev  ## Formats the code and mends what ruff can mend.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: lock
lock: .venv/.uv  ## Brings uv.lock up to date with pyproject.toml; ARGS=--upgrade for newer ones.
	$(UV_ENV) $(UV) lock --python $(BIN)/python $(ARGS)

.PHONY: templates
templates: .venv/.dev  ## Writes templates/: metadata from the jobs' options, requirements from the lock.
	$(BIN)/python -m pipelines.templates --out templates
	$(UV_ENV) $(UV) export --quiet --frozen --no-dev --no-emit-project --extra dataflow \
	  --no-header --no-annotate --output-file templates/requirements.txt
	$(BIN)/rally studies infrastructure > templates/terraform/studies.example.tfvars.json

.PHONY: clean
clean:  ## Removes .venv, caches and what builds leave behind.
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	rm -rf .coverage .coverage.* build dist ./*.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

##@ Check
.PHONY: lint
lint: .venv/.dev  ## Checks style and format (ruff).
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

.PHONY: types
types: .venv/.dev  ## Checks types (mypy, strict).
	$(BIN)/mypy

.PHONY: contracts
contracts: .venv/.dev  ## Checks that imports run one way (import-linter).
	$(BIN)/lint-imports

.PHONY: unit
unit: .venv/.dev  ## Runs the tests alone.
	$(FULL) $(ARGS)

.PHONY: coverage
coverage: .venv/.dev  ## Runs the tests and measures branch coverage.
	$(FULL) --cov --cov-report=term $(ARGS)

.PHONY: test-flink
test-flink: .venv/.dev  ## Runs the jobs on a real Flink, and kills parts of it.
	$(PYTEST) tests/engines $(ARGS)

.PHONY: fuzz
fuzz: .venv/.dev  ## Runs each property on FUZZ_CASES (20000) random cases.
	RALLY_FUZZ_CASES=$(FUZZ_CASES) $(FULL) -m hypothesis --hypothesis-profile=fuzz $(ARGS)

.PHONY: crash
crash: .venv/.dev  ## Kills the jobs CRASH_ROUNDS (30) times and looks for loss.
	RALLY_CRASH_ROUNDS=$(CRASH_ROUNDS) $(PYTEST) -m crash $(ARGS)

.PHONY: bench-ingest
bench-ingest: .venv/.dev  ## Measures ingest: the README's figures come from here.
	$(BIN)/python -m benchmarks.ingest $(ARGS)

.PHONY: bench-audit
bench-audit: .venv/.dev  ## Measures how fast an audit reads rows.
	$(BIN)/python -m benchmarks.audit $(ARGS)

.PHONY: bench-engines
bench-engines: .venv/.dev  ## Measures ingest on Flink beside the local runner.
	$(BIN)/python -m benchmarks.engines $(ARGS)

.PHONY: bench-plan
bench-plan: .venv/.dev  ## Measures what the scale plan counts with.
	$(BIN)/python -m benchmarks.requests
	$(BIN)/python -m benchmarks.sizes
	$(BIN)/python -m benchmarks.dealing

.PHONY: bench-deletion
bench-deletion: .venv/.bench  ## Measures deletion, beside other tools.
	$(BIN)/python -m benchmarks.deletion $(ARGS)

# One stamp a state of .venv, so that it is made once and again when the lock changes.
.venv/.uv: Makefile
	@python=""; \
	for name in python3.11 python3 python; do \
	  if "$$name" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; \
	  then python=$$name; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
	  echo "Python 3.11 is needed, and neither python3.11 nor python3 is one." >&2; exit 1; \
	fi; \
	"$$python" -m venv .venv || { \
	  echo "$$python could not make .venv: does it have its venv module?" >&2; exit 1; }; \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv==$(UV_VERSION)" || { \
	  echo '$(NOT_INSTALLED)' >&2; exit 1; }
	@touch $@

.venv/.runtime: .venv/.uv $(SOURCES)
	@$(UV_ENV) $(UV) sync --locked --no-dev --inexact || { echo '$(NOT_INSTALLED)' >&2; exit 1; }
	@touch $@

# Compiled at once: tests start hundreds of processes, and where Python keeps no bytecode,
# as in many containers, each would compile Beam anew.
.venv/.dev: .venv/.uv $(SOURCES)
	@$(UV_ENV) $(UV) sync --locked --compile-bytecode || { echo '$(NOT_INSTALLED)' >&2; exit 1; }
	@touch $@ .venv/.runtime

# What .dev's next sync removes again, so that it is made after it.
.venv/.bench: .venv/.dev
	@$(UV_ENV) $(UV) sync --locked --group bench || { echo '$(NOT_INSTALLED)' >&2; exit 1; }
	@touch $@
