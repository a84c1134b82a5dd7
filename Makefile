# Each target is a line or two that a person could type. `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
STACK ?= local
PY := .venv/bin/python
LOCAL := PATH="$(CURDIR)/.venv/bin:$$PATH" $(PY) -m local
ENV := eval "$$($(LOCAL) env)" &&
MODELS := $(patsubst %/train.py,%/model.joblib,$(wildcard predictors/*/train.py))

.DEFAULT_GOAL := help
.PHONY: help up preview predict test lint format down clean env models images tools cluster status schema

help: ## list the targets
	@awk -F':.*## ' '/^[a-z]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: cluster images ## everything: tools, cluster, images, `pulumi up`, a prediction of each model
	@$(ENV) pulumi stack select --create $(STACK) >/dev/null && pulumi up --stack $(STACK) --yes --skip-preview --suppress-permalink=true
	@$(ENV) $(LOCAL) predict --stack $(STACK)

preview: cluster images ## what `make up` would change
	@$(ENV) pulumi stack select --create $(STACK) >/dev/null && pulumi preview --stack $(STACK) --diff

predict: .venv ## send MODEL=iris-classifier its sample
	@$(ENV) $(LOCAL) predict --stack $(STACK) $(MODEL)

test: lint tools models ## lint, then every test
	@$(ENV) $(PY) -m pytest $(ARGS)

lint: .venv models ## format, lint and types
	@.venv/bin/ruff format --check -q . && .venv/bin/ruff check -q . && .venv/bin/pyright

format: .venv ## put the code in form
	@.venv/bin/ruff format . && .venv/bin/ruff check --fix .

down: .venv ## remove the stack; the cluster stays
	@$(ENV) pulumi destroy --stack $(STACK) --yes --skip-preview --suppress-permalink=true

clean: .venv ## remove the local cluster, and the state of the local stack with it
	@$(LOCAL) delete
	@$(ENV) pulumi stack rm --stack local --yes --force --preserve-config >/dev/null 2>&1 || true
	@rm -rf local/charts $(MODELS)

env: .venv ## for your shell: eval "$(make -s env)"
	@$(LOCAL) env

models: $(MODELS) ## train the example predictors

images: cluster models ## build and push what the stack's registry lacks
	@$(LOCAL) check --stack $(STACK)
	@$(ENV) $(LOCAL) images --stack $(STACK)

cluster: tools ## start the local cluster, unless KUBECONFIG has one
	@$(LOCAL) start

tools: .venv ## find or make the engine and the rest
	@$(LOCAL) tools

status: .venv ## the local cluster's processes
	@$(LOCAL) status

schema: .venv ## write stacks/settings.schema.json and docs/configuration.md anew
	@$(PY) -m stacks.settings.schema && $(PY) -m stacks.settings.reference

predictors/%/model.joblib: predictors/%/train.py uv.lock | .venv
	@echo "… train $*" && $(PY) $<

.venv: pyproject.toml uv.lock local/bootstrap.sh
	@local/bootstrap.sh
