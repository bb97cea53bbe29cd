# Every target sets up what it needs in .venv by itself; nothing but Python 3.11+ and make is needed.
PYTHON ?= python3
BIN := .venv/bin
BENCHMARKS := ledger_commit list_reading list_checking transports rendering startup resume pace whole_run
FUZZED := bytes cells checks books
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.PHONY: help demo test lint docs bench lock clean torture fuzz

help: ## show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

demo: .venv/run-ready ## the whole product on this machine, with no account: 500 growers, an inbox to look at
	@$(BIN)/leafcast demo

test: .venv/dev-ready ## every test; needs no account and no network beyond loopback
	@$(BIN)/python -m pytest -n 2

torture: .venv/dev-ready ## the proof in full, hours of it: make torture [LAYER=kill] [SEED=1] [SIZE=100] [SECONDS=600]
	@$(BIN)/python -m tests.torture $(LAYER) --seed $(or $(SEED),1) --size $(or $(SIZE),0) --seconds $(or $(if $(filter file command environment,$(origin SECONDS)),$(SECONDS)),86400)

fuzz: .venv/fuzz-ready ## lists that nobody thought of, led by coverage: make fuzz [TARGET=bytes] [SEED=1] [SIZE=1000000] [SECONDS=600]
	@for target in $(or $(TARGET),$(FUZZED)); do \
		$(BIN)/python -m tests.fuzz.guided $$target --seed $(or $(SEED),1) --runs $(or $(SIZE),100000000) \
		--seconds $(or $(if $(filter file command environment,$(origin SECONDS)),$(SECONDS)),60) $(if $(RECORD),--record $(RECORD)) || exit 1; done

lint: .venv/dev-ready ## formatting, style, types and the arrows between the rooms
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

docs: .venv/run-ready ## write the README's tables of commands, options and campaign keys anew from the program
	@$(BIN)/python docs/refresh.py

bench: .venv/dev-ready ## measure: each benchmark prints a ratio of two things measured in the same run
	@for name in $(BENCHMARKS); do echo "== $$name"; $(BIN)/python benchmarks/$$name.py || exit 1; done

lock: .venv/dev-ready ## resolve the pinned requirements again
	@$(PIP) install uv
	@UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --group build pyproject.toml --output-file requirements/run.txt
	@UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --all-extras --group build --group dev \
		--constraint requirements/run.txt pyproject.toml --output-file requirements/dev.txt
	@UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --group fuzz --output-file requirements/fuzz.txt

clean: ## remove what the other targets made
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .fuzz

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "leafcast needs Python 3.11 or later; $(PYTHON) is $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 2; }
	@echo "Setting up .venv (once, about a minute) …"
	@$(PYTHON) -m venv .venv || { echo "This Python cannot make virtual environments; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 2; }

.venv/run-ready: requirements/run.txt pyproject.toml | .venv/bin/python
	@$(PIP) install --require-hashes --requirement requirements/run.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

.venv/dev-ready: requirements/dev.txt pyproject.toml | .venv/bin/python
	@$(PIP) install --require-hashes --requirement requirements/dev.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@ .venv/run-ready

.venv/fuzz-ready: requirements/fuzz.txt | .venv/dev-ready
	@$(PIP) install --require-hashes --only-binary :all: --requirement requirements/fuzz.txt || { echo "Atheris has no wheel for this Python; without it, changes made by chance alone: $(BIN)/python -m tests.fuzz" >&2; exit 2; }
	@touch $@
