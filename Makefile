.DEFAULT_GOAL := help
PYTHON ?= python3
PACKAGES := libs/reference libs/proofs libs/credentials libs/contracts libs/eventkit libs/webkit services/registration services/exam services/certificate cli
TOOLS := libs/contracts/tools libs/reference/tools
SOURCES := $(PACKAGES) tests $(if $(wildcard bench/*.py),bench)
TYPED := $(PACKAGES:%=%/src) $(TOOLS) tests $(if $(wildcard bench/*.py),bench)
BIN := .venv/bin
READY := .venv/.ready
BUF := tools/buf/node_modules/.bin/buf
VERIFIERS := tools/credentials/node_modules/.ready
PYTEST := $(BIN)/pytest --durations=10
WORKERS ?= 2
TESTS ?= tests/unit tests/contract tests/conformance tests/integration
# BROKER=embedded|apache: the broker of every stack and test. SERVERS=docker|embedded: where the integration tests' servers run.
ifdef BROKER
export LUBAN_UP_BROKER := $(BROKER)
endif
ifdef SERVERS
export LUBAN_TEST_SERVERS := $(SERVERS)
endif

.PHONY: help setup lint format test test-unit test-browser test-e2e test-cluster fault fault-part proto docs golden buf baseline verifiers conformance node demo compose-up compose-down compose-demo bench fsck clean
help: ## explain every target
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

setup: $(READY) ## create .venv with everything, from the hash-pinned requirements
$(READY): requirements/bootstrap.txt requirements/dev.txt $(PACKAGES:%=%/pyproject.toml)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Luban needs Python 3.11 or newer")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode --require-hashes -r requirements/dev.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation $(PACKAGES:%=-e %)
	$(BIN)/python -m compileall -q $(PACKAGES:%=%/src) # else each of a stack's nine starts compiles all of it anew
	@touch $@

lint: $(READY) ## check style, format, types and the arrows between packages
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy $(TYPED)
	$(BIN)/lint-imports

format: $(READY) ## format the source and mend what ruff can mend
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

test: $(READY) ## run the unit, contract, conformance and integration tests (WORKERS=2 BROKER=apache SERVERS=docker)
	$(PYTEST) -n $(WORKERS) --dist loadfile $(TESTS)

test-unit: $(READY) ## run the tests that need no server, in seconds
	$(PYTEST) tests/unit

test-browser: $(READY) ## run the page that a certificate's code leads to, in a real browser (needs Chromium)
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null || { \
	  echo "Chromium is missing here: NOTHING tries the page of a certificate's code (apt-get install chromium)" >&2; exit 1; }
	$(PYTEST) -n $(WORKERS) --dist loadfile tests/browser

test-e2e: $(READY) ## run the tests that drive a whole stack from outside (BROKER=apache)
	$(PYTEST) tests/e2e

fault: export LUBAN_FAULT_SEED := $(or $(LUBAN_FAULT_SEED),$(shell od -An -N3 -tu4 /dev/urandom | tr -d ' '))
fault: $(READY) ## break whole stacks in every way under load, and write the tables of docs/guarantees.md (root; LUBAN_FAULT_SEED=n BROKER=apache)
	@echo "LUBAN_FAULT_SEED=$(LUBAN_FAULT_SEED)"
	rm -f build/fault-outcomes.jsonl
	$(PYTEST) -n $(WORKERS) --dist worksteal tests/fault
	$(BIN)/python -m tests.fault.tables

fault-part: $(READY) ## break stacks in some ways, in five minutes: what CI runs of the faults (root; LUBAN_FAULT_SEED=n)
	$(PYTEST) -n $(WORKERS) --dist worksteal tests/fault --deselect tests/fault/test_matrix.py -k "not consumer-kill and not consumer-error and not test_cluster"

test-cluster: $(READY) ## run three Apache Kafka brokers through kills and restarts under load (needs Java 17 and Maven)
	LUBAN_UP_BROKER=apache $(PYTEST) tests/fault/test_cluster.py

proto: $(READY) ## generate the events' code from proto/, and docs/events.md
	$(BIN)/python libs/contracts/tools/generate.py
	$(BIN)/python libs/contracts/tools/events_page.py

docs: $(READY) ## write docs/events.md from the contracts and the catalogue
	$(BIN)/python libs/contracts/tools/events_page.py

golden: $(READY) ## add golden bytes of new events and fields to proto/golden; never changes what is there
	$(BIN)/python libs/contracts/tools/golden.py

buf: node $(BUF) ## lint the contracts, and compare them with proto/baseline.binpb (needs Node.js)
	cd proto && ../$(BUF) lint
	cd proto && ../$(BUF) breaking --against baseline.binpb

baseline: buf ## take the contracts as they are, if nothing is broken, as the new baseline (needs Node.js)
	cd proto && ../$(BUF) build --exclude-source-info --output baseline.binpb

verifiers: node $(VERIFIERS) ## install verifiers of credentials that others wrote, for tests/conformance (needs Node.js)
$(VERIFIERS): tools/credentials/package.json tools/credentials/package-lock.json | node
	npm install --prefix tools/credentials --no-save --ignore-scripts --no-audit --no-fund
	@touch $@

conformance: $(READY) verifiers ## run others' vectors and verifiers, and write docs/conformance.md (needs Node.js)
	$(BIN)/python -m tests.conformance.page

node:
	@command -v node >/dev/null && command -v npm >/dev/null || { \
	  echo "Node.js and npm are missing here: buf and others' verifiers of credentials check NOTHING without them" >&2; exit 1; }
# not `npm ci`, which refuses a lock that lacks the binaries of other platforms; integrity is checked all the same
$(BUF): tools/buf/package.json tools/buf/package-lock.json | node
	npm install --prefix tools/buf --no-save --ignore-scripts --no-audit --no-fund
	@touch $@

demo: $(READY) ## run a province's cycle on three tracks (BROKER=apache DEMO_ARGS="--candidates 300 --seed 1 --keep")
	$(BIN)/luban demo $(DEMO_ARGS)

compose-up: $(READY) ## start the containers of docker-compose.yml, and wait until they are healthy
	deploy/compose/stack up .luban-compose

compose-down: ## stop them; their data stay
	deploy/compose/stack down .luban-compose

compose-demo: $(READY) ## run the demo against containers of its own, and remove them (DEMO_ARGS="--candidates 60")
	deploy/compose/stack demo .luban-compose-demo $(or $(DEMO_ARGS),--candidates 60)

bench: $(READY) ## measure (BENCH_ARGS names the benchmark and its size)
	$(BIN)/python -m bench $(BENCH_ARGS)

fsck: $(READY) ## prove the invariants over the running stack's databases and topics
	$(BIN)/luban fsck $(FSCK_ARGS)

clean: ## remove what was built or cached; .venv and data stay
	rm -rf build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis tools/*/node_modules
	find $(PACKAGES) tests bench -name __pycache__ -prune -exec rm -rf {} +
