# Every command of the project. Each works on a fresh clone: it makes .venv when that is missing or out of date.
#   make demo                  the main job on a local AWS, start to finish
#   make local [PORT=]         the whole stack on this machine until Ctrl-C, with its page
#   make test                  all tests, on three local stacks at once [ARGS="-k words" WORKERS=]
#   make corpus                every file of ../shared/corpora, or of CORPUS=folder, through a local AWS
#   make check                 format, lint, types, template
#   make bench                 speed, memory and cost as ratios to named baselines [ARGS="text memory"]
#   make format                put into format what check complains of
#   make picture               take docs/page.png anew (needs Chromium)
#   make policies              write .chalice/policy-*.json from the code
#   make deploy STAGE=dev      deploy to the AWS account of your credentials [BILLING=PAY_PER_REQUEST] [ALARM_EMAIL=]
#   make status STAGE=dev      documents, failures, queues, alarms and this month's use of that stage
#   make destroy STAGE=dev     take that stage away
#   make user STAGE=dev EMAIL= make or find a user, print an ID token [GROUP=operators]; password: INTAKE_PASSWORD
#   make retry STAGE=dev       process again whatever failed for trouble on our side [PARALLEL=]
#   make backfill STAGE=dev    process the objects that no record tells of [PREFIX= PARALLEL=]
#   make soak [N=2000]         that many uploads with faults, repeats and reordering, all checked
PYTHON ?= python3
PORT ?=
STAGE ?=
BILLING ?=
ALARM_EMAIL ?=
CONFIRM ?=
EMAIL ?=
GROUP ?=
PARALLEL ?=
# Not taken from the environment, where they are common names of other things.
PREFIX =
N =
ARGS ?=
# The tests wait more than they work: three stacks keep two cores busy.
WORKERS ?= 3
CORPUS ?=

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed
INFRA := $(BIN)/python -m infra
SOURCES := app.py chalicelib infra tests benchmarks

.DEFAULT_GOAL := help
.PHONY: help demo local test check format picture policies deploy status destroy user retry backfill soak corpus bench

help:
	@sed -n 's/^#   //p' Makefile

demo: $(INSTALLED)
	@$(INFRA) demo

local: $(INSTALLED)
	@$(INFRA) local $(if $(PORT),--port $(PORT))

test: $(INSTALLED)
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile $(ARGS)

corpus: $(INSTALLED)
	@$(BIN)/python -m benchmarks.corpus --deployed $(CORPUS)

bench: $(INSTALLED)
	@$(BIN)/python -m benchmarks $(ARGS)

check: $(INSTALLED)
	@$(BIN)/ruff format --check $(SOURCES)
	@$(BIN)/ruff check $(SOURCES)
	@$(BIN)/mypy $(SOURCES)
	@$(BIN)/cfn-lint infra/resources.yaml

format: $(INSTALLED)
	@$(BIN)/ruff check --fix --show-fixes $(SOURCES)
	@$(BIN)/ruff format $(SOURCES)

picture: $(INSTALLED)
	@$(INFRA) picture

policies: $(INSTALLED)
	@$(INFRA) policies

deploy: $(INSTALLED)
	@$(INFRA) deploy --stage "$(STAGE)" $(if $(BILLING),--billing-mode $(BILLING)) $(if $(ALARM_EMAIL),--alarm-email "$(ALARM_EMAIL)")

status: $(INSTALLED)
	@$(INFRA) status --stage "$(STAGE)"

destroy: $(INSTALLED)
	@$(INFRA) destroy --stage "$(STAGE)" --confirm "$(CONFIRM)"

user: $(INSTALLED)
	@$(INFRA) user --stage "$(STAGE)" --email "$(EMAIL)" $(if $(GROUP),--group "$(GROUP)")

retry: $(INSTALLED)
	@$(INFRA) retry --stage "$(STAGE)" $(if $(PARALLEL),--parallel $(PARALLEL))

# In the environment, make hands a prefix on as it is, whatever characters it has.
backfill: export INTAKE_PREFIX = $(value PREFIX)
backfill: $(INSTALLED)
	@$(INFRA) backfill --stage "$(STAGE)" --prefix "$$INTAKE_PREFIX" $(if $(PARALLEL),--parallel $(PARALLEL))

soak: $(INSTALLED)
	@$(BIN)/python -m benchmarks.soak $(if $(N),--uploads $(N))

$(INSTALLED): requirements.txt requirements-dev.txt Makefile
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "intake: $(PYTHON) is missing or older than 3.11; say which to use: make PYTHON=python3.13"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "intake: $(PYTHON) has no venv module; on Debian: apt-get install python3-venv"; exit 1; }
	@echo "Installing into $(VENV), about a minute ..."
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt -r requirements-dev.txt
	@touch $@
