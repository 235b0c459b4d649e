# One entry for people and for CI. `make help` lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
OUT ?= out/process
STACK ?= staging
MERMAID_SCRIPT := .build/docs/mermaid.min.js
PORT ?= 8787

export PULUMI_ERROR_OUTPUT_STRING := true
export PYTHONPATH := .:lambda_src

$(STAMP): requirements/dev.txt requirements/uv.txt
	@echo "==> making the virtual environment $(VENV) (once; about a minute)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed; name one with PYTHON=..." >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV) \
	  || { echo "venv is missing: apt-get install python3-venv" >&2; exit 2; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements/dev.txt
	@touch $@

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-15s %s\n", $$1, $$2}'

.PHONY: demo
demo: $(STAMP) ## the main job: deploy the local stack, put a sample listing through it
	@$(BIN)/python -m local demo --out out/demo

.PHONY: process
process: $(STAMP) ## the same with your own files: make process MEDIA=folder OUT=folder
	@$(BIN)/python -m local process --media "$(MEDIA)" --out "$(OUT)"

.PHONY: emulator
emulator: $(STAMP) ## an empty emulator at the local stack's endpoint, for `pulumi up -s local`
	@$(BIN)/python -m local emulator

.PHONY: preview
preview: $(STAMP) ## offline: what STACK would have; BASE=ref what changes; FORMAT=json|markdown
	@$(BIN)/python -m local preview --stack "$(STACK)" --base "$(BASE)" --format "$(if $(JSON),json,$(or $(FORMAT),text))"

.PHONY: up
up: $(STAMP) ## keep the local cloud, the backend and its page running (PORT=8787)
	@$(BIN)/python -m local up --port "$(PORT)"

.PHONY: down
down: $(STAMP) ## stop what `make up` runs
	@$(BIN)/python -m local down

.PHONY: bundle
bundle: $(STAMP) ## build the functions' archives and layers; print what is in them
	@$(BIN)/python -m local bundle

.PHONY: lint
lint: $(STAMP) ## format, lint, types and import rules
	@echo "==> ruff"; $(BIN)/ruff format --check . && $(BIN)/ruff check .
	@echo "==> mypy"; $(BIN)/mypy
	@echo "==> import rules"; $(BIN)/lint-imports --no-cache

.PHONY: test
test: lint ## everything that CI runs
	@echo "==> tests"; $(BIN)/pytest

.PHONY: policy
policy: $(STAMP) ## the policy pack over a stack's resources, offline: make policy STACK=staging [SARIF=file] [JSON=1]
	@$(BIN)/python -W ignore -m local.policy_run --stack $(STACK) $(if $(JSON),--json) $(if $(SARIF),--sarif $(SARIF))

.PHONY: ops
ops: $(STAMP) ## look into an environment and mend it: make ops ARGS="job show 77 --stack staging"
	@$(BIN)/python -m ops $(ARGS)

.PHONY: controls
controls: $(STAMP) ## rewrite docs/security.md from the rules
	@$(BIN)/python -m local.controls

CHECKOV := .venv-checkov
$(CHECKOV)/.installed: requirements/checkov.txt | $(STAMP)
	@echo "==> making checkov's own environment $(CHECKOV) (once; about 300 MB)"
	@$(PYTHON) -m venv $(CHECKOV)
	@$(BIN)/uv pip sync --quiet --python $(CHECKOV)/bin/python --require-hashes requirements/checkov.txt
	@touch $@

.PHONY: checkov
checkov: $(CHECKOV)/.installed ## checkov over a stack's resources: make checkov STACK=staging
	@$(BIN)/python -W ignore -m local.checkov_run --stack $(STACK) --checkov $(CHECKOV)/bin/checkov

.PHONY: faults
faults: $(STAMP) ## every fault of the list against the local cloud; a table, out/faults/faults.json
	@$(BIN)/pytest tests/faults -m local -p no:randomly --fault-report out/faults

.PHONY: soak
soak: $(STAMP) ## many small jobs with random faults, none lost and none done twice: make soak JOBS=200
	@$(BIN)/python -W ignore -m local.chaos --jobs $(or $(JOBS),200) $(if $(SEED),--seed $(SEED))

.PHONY: inventory
inventory: $(STAMP) ## rewrite the reviewed inventories of the stacks (then review the diff)
	@$(BIN)/python -W ignore -m tests.infra.update_inventory

# By npm, whose answer is held to the checksum.
$(MERMAID_SCRIPT):
	@mkdir -p $(@D)
	@cd $(@D) && npm pack --silent mermaid@11.17.2 >/dev/null \
	  && echo "6ad2f42c3fc26bbf9e45cbb6d11898972573ea52b33a5f4ff51952899f950ffd  mermaid-11.17.2.tgz" | sha256sum --check --quiet \
	  && tar -xzOf mermaid-11.17.2.tgz package/dist/mermaid.min.js > mermaid.part \
	  && mv mermaid.part $(@F) && rm mermaid-11.17.2.tgz

.PHONY: docs-generated
docs-generated: $(STAMP) ## rewrite the pages that are drawn from the program
	@$(BIN)/python -m local.configuration_manual
	@$(BIN)/python -W ignore -m local.pages

.PHONY: docs
docs: docs-generated ## the documentation as a site in out/site; fails on dead links
	@$(MAKE) $(MERMAID_SCRIPT) || echo "==> npm cannot have Mermaid here: diagrams will need the network"
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict && echo "==> out/site/index.html"

.PHONY: openapi
openapi: $(STAMP) ## rewrite docs/openapi.json, the backend's API
	@$(BIN)/python -m tests.backend.write_openapi

.PHONY: format
format: $(STAMP) ## rewrite the code in the project's format
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

.PHONY: bench
bench: $(STAMP) ## side by side with peers; fails below a floor: make bench [BENCH="zip jobs"] [QUICK=1]
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes \
	  --requirements requirements/bench.txt --target .build/bench/python \
	  || echo "==> pyvips or simpy cannot be had here"
	@PYTHONPATH=$(PYTHONPATH):.build/bench/python $(BIN)/python -m bench $(if $(QUICK),--quick) $(BENCH)

.PHONY: bench-docs
bench-docs: $(STAMP) ## write docs/{performance,cost,scale}.md from the benchmarks' results
	@$(BIN)/python -m bench.pages

.PHONY: lock
lock: $(STAMP) ## resolve requirements/*.in into hashed locks without URLs
	@cd requirements && for name in uv lambda imaging runtime dev bench checkov; do \
	  ../$(BIN)/uv pip compile --quiet $$name.in --output-file $$name.txt --universal --python-version 3.11 \
	    --generate-hashes --no-emit-index-url --no-header --no-annotate; done

.PHONY: clean
clean: ## remove what was built (not the virtual environment)
	@rm -rf .build out .mypy_cache .pytest_cache .ruff_cache
