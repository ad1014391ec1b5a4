# Two verbs are enough: `make run` and `make test`. Needs make and Python 3.11 or newer, nothing else.
.DEFAULT_GOAL := help
.PHONY: help run test format lock package clean

export BROADSHEET_HOME ?= $(CURDIR)/.broadsheet
unexport PYTHONDONTWRITEBYTECODE # each start would compile everything again: a second and more
ADDRESS ?= 127.0.0.1:8000
BIN := .venv/bin
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)

help: ## show this help
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

run: $(BIN)/.installed ## serve the sample on http://127.0.0.1:8000 (data in ./.broadsheet)
	@test -e '$(BROADSHEET_HOME)/index/current' || $(BIN)/broadsheet add --sample
	@$(BIN)/broadsheet serve --host $(firstword $(subst :, ,$(ADDRESS))) --port $(lastword $(subst :, ,$(ADDRESS)))

test: $(BIN)/.developed ## everything CI checks: lint, format, types, layers, tests
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest --numprocesses logical --dist worksteal $(TESTS)

format: $(BIN)/.developed ## format the code
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--custom-compile-command "make lock" pyproject.toml

lock: $(BIN)/.developed ## bring both lock files up to date
	$(COMPILE) --upgrade --group build --output-file requirements.lock
	$(COMPILE) --upgrade --group dev --constraints requirements.lock --output-file requirements-dev.lock
	@! grep -n '://' requirements.lock requirements-dev.lock || { echo "A lock names a host."; exit 1; }

package: $(BIN)/.developed ## build the wheel into dist/
	$(BIN)/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .

clean: ## remove the environment and caches; the data in ./.broadsheet stays
	rm -rf .venv build dist .*_cache .hypothesis

# Byte code is compiled at first use: compiling all of it now takes longer than everything else together.
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile
BROADSHEET = $(INSTALL) --no-deps --no-build-isolation --editable .

.venv/.created:
	@test -n "$(PYTHON)" || { echo "Broadsheet needs Python 3.11 or newer; 'make run PYTHON=/path/to/python3' names one."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "$(PYTHON) has no venv module; on Debian and Ubuntu 'apt-get install python3-venv' brings it."; exit 1; }
	@$(PYTHON) -m venv --clear .venv
	@touch $@

$(BIN)/.installed: requirements.lock pyproject.toml | .venv/.created
	@echo "Installing what requirements.lock names into .venv (about half a minute, the first time longer)"
	@$(INSTALL) --require-hashes -r requirements.lock
	@$(BROADSHEET)
	@touch $@

$(BIN)/.developed: requirements-dev.lock pyproject.toml | .venv/.created
	@echo "Installing what requirements-dev.lock names into .venv"
	@$(INSTALL) --require-hashes -r requirements-dev.lock
	@$(BROADSHEET)
	@touch $@
