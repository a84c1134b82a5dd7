# Each target is a line or two that a person could type. `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
STACK ?= local
BASE ?= main
ACCOUNT ?= main
PY := .venv/bin/python
AXON := .venv/bin/axon
# In two steps, since `eval "$(…)"` goes on when the command in it has failed.
MACHINE := env="$$($(AXON) env)" && eval "$$env" &&
# What each framework's image installs, pinned with hashes from the runtime's own pins.
FRAMEWORKS := python sklearn sklearn-onnx onnx onnx-gpu pytorch tensorflow tensorflow-gpu

.DEFAULT_GOAL := help
.PHONY: help up preview down predict test test-fast lint format bootstrap push-model patch smoke clean models schema pins frameworks test-frameworks .venv

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "  .venv/bin/axon --help lists the commands behind them"

up: .venv ## everything: tools, cluster, images, `pulumi up`, a prediction of each model
	@$(AXON) up --stack $(STACK) --base $(BASE)

preview: .venv ## what `make up` would change, in plain words
	@$(AXON) preview --stack $(STACK) --base $(BASE)

down: .venv ## remove the stack, with its cluster if the stack made that; some want CONFIRM=<stack>
	@$(AXON) down --stack $(STACK) --confirm "$(CONFIRM)"

predict: .venv ## send MODEL=iris-classifier its sample
	@$(AXON) predict --stack $(STACK) $(MODEL)

test: lint models ## lint, then every test
	@$(AXON) tools
	@$(MAKE) -s test-fast
	@$(MACHINE) $(PY) -m pytest -m "engine or cluster" $(ARGS)

test-fast: .venv models ## the tests that need no cluster, on all cores
	@$(PY) -m pytest -n auto --dist loadfile -m "not engine and not cluster" $(ARGS)

lint: .venv models ## format, lint, imports, words, spelling and types
	@.venv/bin/ruff format --check -q . && .venv/bin/ruff check -q . && $(PY) docs/words.py && .venv/bin/codespell
	@.venv/bin/lint-imports >.venv/imports.txt || { cat .venv/imports.txt; exit 1; }
	@.venv/bin/pyright

format: .venv ## put the code in form
	@.venv/bin/ruff format . && .venv/bin/ruff check --fix .

bootstrap: .venv ## on AWS, once an account: where state is kept, roles for workflows (ACCOUNT=main)
	@$(AXON) bootstrap $(ACCOUNT)

push-model: .venv ## upload MODEL=predictors/churn/model.joblib to the stack's bucket, or TO=s3://bucket/prefix
	@$(AXON) push-model --stack $(STACK) --to "$(TO)" "$(MODEL)"

patch: .venv ## on AWS, pin newer images of nodes and newer add-ons in the stack file, and show what they change
	@$(AXON) patch --stack $(STACK) && $(AXON) preview --stack $(STACK)

smoke: .venv models ## on AWS: a copy of a stack's whole life, STACK=dev; nothing of it is left
	@env="$$($(AXON) env --stack $(STACK))" && eval "$$env" && $(PY) -m tests.smoke --stack $(STACK)

clean: .venv ## remove the local cluster, the state of the local stack, and what each train.py made
	@$(AXON) cluster delete && $(AXON) clean

models: .venv ## train the predictors of the stack that have a train.py
	@$(AXON) train --stack $(STACK)

schema: .venv ## write stacks/settings.schema.json and docs/configuration.md anew
	@$(PY) -m stacks.settings.schema && $(PY) -m stacks.settings.reference

pins: .venv ## pin anew what the framework images install
	@cd predictor_images/runtime && for f in $(FRAMEWORKS); do ../../.venv/bin/uv pip compile -q pyproject.toml --extra $$f \
	  --python-version 3.11 --python-platform x86_64-manylinux_2_28 --generate-hashes --no-header -o ../$$f/requirements.txt; done
	@for d in checkov workflows; do (cd tests/$$d && ../../.venv/bin/uv pip compile -q requirements.in --universal \
	  --python-version 3.11 --generate-hashes --no-header -o requirements.txt); done
	@cd predictor_images/sbom && ../../.venv/bin/uv pip compile -q requirements.in --python-version 3.11 \
	  --python-platform x86_64-manylinux_2_28 --generate-hashes --no-header -o requirements.txt

frameworks: .venv ## install PyTorch and TensorFlow beside the rest
	@.venv/bin/uv sync --quiet --locked --inexact --group frameworks

test-frameworks: frameworks ## the examples of PyTorch and TensorFlow, on the stack `frameworks`
	@$(MAKE) -s models STACK=frameworks
	@$(MACHINE) $(PY) -m pytest predictor_images/tests_of_frameworks $(ARGS)

.venv: .venv/made

# Not the folder, which is there before all of it is.
.venv/made: pyproject.toml uv.lock axon/bootstrap.sh
	@axon/bootstrap.sh
