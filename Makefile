# Everything needs only Python 3.11 or later and make; the rest is installed into .venv.

PYTHON ?= python3
PORT ?= 8080
ENGINE ?= sqlite
NAME ?=
BIN := .venv/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
READY := .venv/.ready
DEV_READY := .venv/.dev-ready
DOCS_READY := .venv/.docs-ready
SITE := src/seatlatch/site/index.html
PAGES := $(wildcard *.md) $(shell find docs -type f ! -name '*.pyc')
GENERATOR := tests/openapi/generator/requirements
GENERATOR_READY := .venv-generator/.ready
PEERS := bench/peers/requirements
PEERS_READY := .venv-peers/.ready
LITESTREAM := tests/durability/litestream
LITESTREAM_READY := .venv-litestream/.ready
PATRONI := campaigns/patroni/requirements
PATRONI_READY := .venv-patroni/.ready
IMAGE_READY := .image/.ready
LINTING := tests/openapi/linting
LINTER_READY := $(LINTING)/node_modules/.ready
TYPESCRIPT := tests/openapi/clients/typescript
TYPESCRIPT_READY := $(TYPESCRIPT)/node_modules/.ready
BROWSER := tests/console/browser
AXE := tests/console/axe
AXE_READY := $(AXE)/node_modules/.ready

# Images of Python often set it. Then every process that a test starts would compile all modules.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup run test test-browser test-quick check bench campaign docs client tools lock

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## make .venv with the command seatlatch in it; nothing to do when nothing changed

run: $(READY) $(SITE) ## start the sandbox on PORT (8080)
	@exec $(BIN)/seatlatch sandbox --port $(PORT)

test: $(DEV_READY) $(SITE) ## run all tests but those in a browser
	$(BIN)/pytest --numprocesses 3 --dist worksteal --ignore tests/durability --ignore $(BROWSER)
	$(BIN)/pytest --numprocesses 2 --dist worksteal tests/durability  # where it matters how long something takes

test-browser: $(DEV_READY) $(AXE_READY) ## run the tests of the console in a browser (needs Chromium)
	$(BIN)/pytest --numprocesses 2 --dist worksteal $(BROWSER)

test-quick: $(DEV_READY) ## run in a minute the tests that start no processes, on SQLite
	$(BIN)/pytest --numprocesses 2 --dist worksteal --quick

check: $(DEV_READY) ## lint, types, imports, formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(DEV_READY) $(PEERS_READY) ## compare locks and unlocks with a small service and the bare database; ENGINE=sqlite or postgres
	$(BIN)/python -m bench.changes --engine $(ENGINE)
	$(BIN)/python -m docs.generate

campaign: $(DEV_READY) ## run the campaigns that are not complete, or NAME; goes on after a kill
	$(BIN)/python -m campaigns $(NAME)
	$(BIN)/python -m docs.generate

docs: $(DOCS_READY) ## write the parts of docs/ that are made from the code, and build the site
	$(BIN)/python -m docs.generate
	@$(MAKE) --no-print-directory $(SITE)

client: $(DEV_READY) ## make the SDK's sync client from the async one
	$(BIN)/python -m tools.sync_client

tools: $(GENERATOR_READY) $(PEERS_READY) $(LITESTREAM_READY) $(PATRONI_READY) $(IMAGE_READY) $(LINTER_READY) $(TYPESCRIPT_READY) $(AXE_READY) ## install what some tests need: client generators, the benchmark's small service, Litestream, Patroni, what the Dockerfile installs, and a linter, TypeScript and axe-core (by npm)

lock: ## resolve the dependencies into the lock files again (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--no-annotate --no-emit-index-url --no-emit-find-links \
		--extra build pyproject.toml -o requirements.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--no-annotate --no-emit-index-url --no-emit-find-links -c requirements.lock \
		--extra dev pyproject.toml -o requirements-dev.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--no-annotate --no-emit-index-url --no-emit-find-links -c requirements-dev.lock \
		--extra docs pyproject.toml -o requirements-docs.lock
	for one in $(GENERATOR) $(PEERS) $(LITESTREAM) $(PATRONI); do \
		uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
			--no-annotate --no-emit-index-url --no-emit-find-links $$one.in -o $$one.lock || exit 1; \
	done

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("seatlatch needs Python 3.11 or later; say which with make PYTHON=python3.11")'
	@echo "Installing seatlatch into .venv ..."
	@$(PYTHON) -m venv .venv
	@$(PIP) install --require-hashes -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(DEV_READY): $(READY) requirements-dev.lock
	@echo "Installing the tools for tests and checks ..."
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@

$(DOCS_READY): $(READY) requirements-docs.lock
	@echo "Installing what builds the site of the pages ..."
	@$(PIP) install --require-hashes -r requirements-docs.lock
	@touch $@

$(SITE): $(DOCS_READY) $(PAGES)
	@echo "Building the site of the pages ..."
	@$(BIN)/python -m docs.build

# Tools that must not share the environment of the tests: name, folder of the lock, what they are.
define ENVIRONMENT
.venv-$(1)/.ready: $(2).lock
	@echo "Installing $(3) into .venv-$(1) ..."
	@$$(PYTHON) -m venv .venv-$(1)
	@.venv-$(1)/bin/python -m pip --quiet --disable-pip-version-check install --require-hashes -r $(2).lock
	@touch $$@
endef
$(eval $(call ENVIRONMENT,generator,$(GENERATOR),the generators of clients))
$(eval $(call ENVIRONMENT,peers,$(PEERS),the small service of the benchmark))
$(eval $(call ENVIRONMENT,litestream,$(LITESTREAM),Litestream))
$(eval $(call ENVIRONMENT,patroni,$(PATRONI),Patroni))

$(IMAGE_READY): requirements.lock pyproject.toml deploy/Dockerfile deploy/install.sh $(DEV_READY)
	@echo "Installing seatlatch into .image by the steps of the Dockerfile ..."
	@$(BIN)/python -m tests.deploy.image
	@touch $@

$(LINTER_READY): $(LINTING)/package-lock.json
	@echo "Installing the linter of OpenAPI documents ..."
	@cd $(LINTING) && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

$(TYPESCRIPT_READY): $(TYPESCRIPT)/package-lock.json
	@echo "Installing the TypeScript compiler for generated clients ..."
	@cd $(TYPESCRIPT) && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

$(AXE_READY): $(AXE)/package-lock.json
	@echo "Installing axe-core for the tests of the console ..."
	@cd $(AXE) && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@
