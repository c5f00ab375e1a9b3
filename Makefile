# `make help` lists the targets.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PYTHONPATH := $(CURDIR):$(CURDIR)/protos/gen
GO_PACKAGES := golang-go golang-google-grpc-dev golang-github-golang-protobuf-1-5-dev protobuf-compiler protoc-gen-go protoc-gen-go-grpc
SERVICES := users payments events metrics telegram

.DEFAULT_GOAL := help
.PHONY: help run setup setup-dev browser examples test test-services test-grpcio test-gateway test-mesh check fuzz faults faults-mutations bench bench-gateway bench-compare bench-events format protos lock images compose-test

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

run: setup ## run the whole mesh on this machine until Ctrl-C
	@exec $(BIN)/python -m deploy.local up

setup: $(VENV)/.local ## install the packages of the mesh into .venv

setup-dev: $(VENV)/.dev ## install the packages of tests and checks too

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Libral Core needs Python 3.11 or newer.")'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.local: requirements/local.txt | $(BIN)/python
	@echo "Installing the packages of the mesh…"
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r $<
	@printf '#!/bin/sh\nPYTHONPATH="%s" exec "%s" -m deploy.local "$$@"\n' '$(PYTHONPATH)' '$(CURDIR)/$(BIN)/python' > $(BIN)/libral
	@chmod +x $(BIN)/libral
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.local
	@echo "Installing the packages of tests and checks…"
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r $<
	@touch $@

browser: ## find Chromium for the browser tests, or install it
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null \
	  || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium; }

examples: docs/examples/node/node_modules/.package-lock.json ## install the packages of the client examples in docs/
	@dpkg -s $(GO_PACKAGES) >/dev/null 2>&1 \
	  || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(GO_PACKAGES); }
	@docs/examples/go/generate.sh

docs/examples/node/node_modules/.package-lock.json: docs/examples/node/package-lock.json
	@command -v npm >/dev/null \
	  || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nodejs npm; }
	@npm ci --prefix docs/examples/node --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

# Two suites run at a time on two cores. Suites with a whole mesh measure time, so they run alone.
test: setup-dev browser examples ## run all tests (services on both gRPC engines)
	@$(MAKE) --no-print-directory -k -j2 --output-sync=target test-services test-gateway test-grpcio
	@$(MAKE) --no-print-directory test-mesh

test-services:
	$(BIN)/python -m pytest -q tests/services tests/dashboard tests/deploy tests/docs tests/protos tests/tidy

test-grpcio:
	LIBRAL_GRPC_ENGINE=grpcio $(BIN)/python -m pytest -q tests/services

test-gateway:
	$(BIN)/python -m pytest -q tests/gateway tests/differential tests/fuzz tests/benchmarks

test-mesh:
	$(BIN)/python -m pytest -q --ignore=tests/faults/test_mutations.py tests/faults tests/system

check: setup-dev ## check lint, types, layers and contracts
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/lint-imports
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python protos/generate.py --check
	$(BIN)/buf lint protos/gen/libral/descriptors.binpb --config protos/buf.yaml --path libral
	$(BIN)/python -m gateway --check > /dev/null

fuzz: setup-dev ## fuzz the parsers of untrusted text (FUZZ_N runs each, 1,000,000 if unset)
	@for target in template query json; do \
	  $(BIN)/python -m tests.fuzz $$target --runs $(or $(FUZZ_N),1000000) || exit 1; done

faults: setup-dev ## run the mesh under faults and check its promises (SEED, EVENTS, FAULTS, MINUTES)
	@$(BIN)/python -m tests.faults $(if $(SEED),--seed $(SEED)) $(if $(EVENTS),--events $(EVENTS)) \
	  $(if $(FAULTS),--faults $(FAULTS)) $(if $(MINUTES),--minutes $(MINUTES))

faults-mutations: setup-dev ## check that `make faults` fails without each safeguard
	$(BIN)/python -m pytest -q tests/faults/test_run.py tests/faults/test_mutations.py

bench: bench-gateway bench-events ## run all benchmarks

bench-gateway: setup-dev ## compare the gateway with its peers (on BENCH_PYTHON if set)
	$(or $(BENCH_PYTHON),$(BIN)/python) -m tests.benchmarks.codec
	$(BIN)/python -m tests.benchmarks.gateway --profile

bench-compare: setup-dev ## compare with the checkout BASE by pairs of bench-gateway (PAIRS, OPTIONS)
	@test -n "$(BASE)" || { echo "Give the other checkout: make bench-compare BASE=path"; exit 2; }
	$(BIN)/python -m tests.benchmarks.gateway.compare "$(BASE)" --pairs $(or $(PAIRS),5) $(OPTIONS)

bench-events: setup-dev browser ## compare the event log with its database: appends, lists, screens
	$(BIN)/python -m tests.benchmarks.events

format: setup-dev ## format the code
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

protos: setup-dev ## generate code from the contracts
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python protos/generate.py

lock: ## pin all dependencies with hashes (needs uv)
	@for extra in $(SERVICES) gateway dashboard local; do \
	  uv pip compile -q --generate-hashes --no-emit-index-url --no-header --python-version 3.11 \
	    --no-emit-package libral-core pyproject.toml --extra $$extra -o requirements/$$extra.txt || exit 1; done
	@uv pip compile -q --generate-hashes --no-emit-index-url --no-header --python-version 3.11 \
	  --no-emit-package libral-core pyproject.toml --extra local --group dev -o requirements/dev.txt

images: setup ## build all container images
	$(BIN)/python -m deploy.images build

compose-test: setup-dev browser images ## test the mesh in containers
	$(BIN)/python -m pytest -q tests/compose
