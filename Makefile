# Every command of the project. Each works on a fresh clone: it makes .venv when that is missing or out of date.
#   make demo                  the main job on a local AWS, start to finish
#   make local [PORT=]         the whole stack on this machine until Ctrl-C
#   make test                  all tests [ARGS="-k words"]
#   make check                 format, lint, types, template
#   make bench                 speed, memory and cost as ratios to named baselines [ARGS="text memory"]
#   make format                put into format what check complains of
#   make policies              write .chalice/policy-*.json from the code
#   make deploy STAGE=dev      deploy to the AWS account of your credentials [BILLING=PAY_PER_REQUEST]
#   make destroy STAGE=dev     take that stage away
PYTHON ?= python3
PORT ?=
STAGE ?=
BILLING ?=
CONFIRM ?=
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed
INFRA := $(BIN)/python -m infra
SOURCES := app.py benchmarks chalicelib infra tests

.DEFAULT_GOAL := help
.PHONY: help bench demo local test check format policies deploy destroy

help:
	@sed -n 's/^#   //p' Makefile

demo: $(INSTALLED)
	@$(INFRA) demo

local: $(INSTALLED)
	@$(INFRA) local $(if $(PORT),--port $(PORT))

test: $(INSTALLED)
	@$(BIN)/python -m pytest $(ARGS)

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

policies: $(INSTALLED)
	@$(INFRA) policies

deploy: $(INSTALLED)
	@$(INFRA) deploy --stage "$(STAGE)" $(if $(BILLING),--billing-mode $(BILLING))

destroy: $(INSTALLED)
	@$(INFRA) destroy --stage "$(STAGE)" --confirm "$(CONFIRM)"

$(INSTALLED): requirements.txt requirements-dev.txt Makefile
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "intake: $(PYTHON) is missing or older than 3.11; say which to use: make PYTHON=python3.13"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "intake: $(PYTHON) has no venv module; on Debian: apt-get install python3-venv"; exit 1; }
	@echo "Installing into $(VENV), about a minute ..."
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt -r requirements-dev.txt
	@touch $@
