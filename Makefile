.DEFAULT_GOAL := help
PYTHON ?= python3
PACKAGES := libs/reference libs/contracts libs/eventkit libs/webkit services/registration services/exam services/certificate cli
SOURCES := $(PACKAGES) tests bench
BIN := .venv/bin
READY := .venv/.ready

.PHONY: help setup
help: ## explain every target
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

setup: $(READY) ## create .venv with everything, from the hash-pinned requirements
$(READY): requirements/bootstrap.txt requirements/dev.txt $(PACKAGES:%=%/pyproject.toml)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Luban needs Python 3.11 or newer")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/dev.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation $(PACKAGES:%=-e %)
	@touch $@
