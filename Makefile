# Each target is a line or two that a person could type. `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
STACK ?= local
BASE ?= main
ACCOUNT ?= main
PY := .venv/bin/python
LOCAL := PATH="$(CURDIR)/.venv/bin:$$PATH" $(PY) -m local
# The environment of the machine, and that of a stack: one on AWS has none without a login to where its state is.
# In two steps, since `eval "$(…)"` goes on when the command in it has failed.
MACHINE := env="$$($(LOCAL) env)" && eval "$$env" &&
ENV := env="$$($(LOCAL) env --stack $(STACK))" && eval "$$env" &&
# What each framework's image installs, pinned with hashes from the runtime's own pins.
FRAMEWORKS := python sklearn sklearn-onnx onnx onnx-gpu pytorch tensorflow tensorflow-gpu

.DEFAULT_GOAL := help
.SECONDEXPANSION:
.PHONY: help up checked push-model bootstrap explain preview preview-report drift patch cost predict test lint format down clean env models images policies tools cluster stack status schema pins frameworks test-frameworks smoke .venv

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: checked cluster images ## everything: tools, cluster, images, `pulumi up`, a prediction of each model
	@$(ENV) $(LOCAL) fit --stack $(STACK)
	@$(ENV) $(PY) -m gitops prepare --stack $(STACK)
	@$(ENV) { pulumi up --stack $(STACK) $$AXON_UP --yes --skip-preview --suppress-permalink=true || \
	  { $(LOCAL) explain --stack $(STACK); exit 1; }; }
	@$(ENV) $(LOCAL) predict --stack $(STACK)

# First of all: what is missing, a login too, is known before anything is built.
checked: .venv models
	@$(ENV) true
	@$(LOCAL) models --stack $(STACK)

preview: checked cluster stack ## what `make up` would change
	@$(ENV) $(LOCAL) fit --stack $(STACK)
	@$(ENV) PULUMI_SKIP_CHECKPOINTS=true pulumi preview --stack $(STACK) $$AXON_REFRESH --diff

preview-report: cluster models stack ## what a branch would change, as Markdown: STACK=dev BASE=main
	@$(ENV) $(PY) -m gitops report --stack $(STACK) --base $(BASE) $(ARGS)

drift: cluster models stack ## what has changed in the world since the last `make up`, as Markdown
	@$(ENV) $(PY) -m gitops drift --stack $(STACK) $(ARGS)

patch: .venv ## on AWS, pin newer images of nodes and newer add-ons in the stack file, and show what they change
	@$(PY) -m gitops patch --stack $(STACK)
	@$(MAKE) -s preview STACK=$(STACK)

cost: .venv ## what a stack costs a month
	@$(PY) -m gitops cost --stack $(STACK)

explain: .venv ## why replicas are not ready
	@$(ENV) $(LOCAL) explain --stack $(STACK)

predict: .venv ## send MODEL=iris-classifier its sample
	@$(ENV) $(LOCAL) predict --stack $(STACK) $(MODEL)

test: lint tools models ## lint, then every test
	@$(MACHINE) $(PY) -m pytest $(ARGS)

smoke: .venv models ## on AWS: a copy of a stack's whole life, STACK=dev; nothing of it is left
	@$(ENV) $(PY) -m tests.smoke --stack $(STACK)

lint: .venv models ## format, lint, words, spelling and types
	@.venv/bin/ruff format --check -q . && .venv/bin/ruff check -q . && $(PY) docs/words.py && .venv/bin/codespell
	@.venv/bin/pyright

format: .venv ## put the code in form
	@.venv/bin/ruff format . && .venv/bin/ruff check --fix .

bootstrap: tools ## on AWS, once an account: where state is kept, roles for workflows (ACCOUNT=main STACK=dev)
	@$(MACHINE) $(PY) -m gitops bootstrap --stack $(ACCOUNT)

push-model: .venv ## upload MODEL=predictors/churn/model.joblib to the stack's bucket, or TO=s3://bucket/prefix
	@$(ENV) $(LOCAL) push-model --stack $(STACK) "$(MODEL)" --to "$(TO)"

down: .venv ## remove the stack, with its cluster if the stack made that; some want CONFIRM=<stack>
	@$(ENV) $(LOCAL) removable --stack $(STACK) --confirm "$(CONFIRM)"
	@$(ENV) $(PY) -m gitops back-up --stack $(STACK)
	@$(ENV) pulumi destroy --stack $(STACK) --yes --skip-preview --suppress-permalink=true

clean: .venv ## remove the local cluster, the state of the local stack, and what each train.py made
	@$(LOCAL) delete
	@$(MACHINE) pulumi stack rm --stack local --yes --force --preserve-config >/dev/null 2>&1 || true
	@$(LOCAL) forget
	@rm -rf local/charts

env: .venv ## for your shell: eval "$(make -s env)"
	@$(LOCAL) env --stack $(STACK)

models: .venv ## train the predictors of the stack that have a train.py
	@made="$$($(LOCAL) trained --stack $(STACK))" && if [ -n "$$made" ]; then $(MAKE) -s $$made; fi

stack: .venv ## check the stack file, and make the engine's stack if there is none
	@$(LOCAL) check --stack $(STACK)
	@$(ENV) pulumi stack select --create $(STACK) >/dev/null

policies: cluster models stack ## what `make up` would change, judged by the policies of BASE=main
	@$(ENV) $(PY) -m gitops policies --stack $(STACK) --base $(BASE)

images: policies ## build and push what the stack's registry lacks
	@$(ENV) $(LOCAL) images --stack $(STACK)

cluster: tools ## start the local cluster, unless the stack has another
	@$(LOCAL) start --stack $(STACK)

tools: .venv ## find or make the engine and the rest
	@$(LOCAL) tools --stack $(STACK)

status: .venv ## the local cluster's processes
	@$(LOCAL) status

schema: .venv ## write stacks/settings.schema.json and docs/configuration.md anew
	@$(PY) -m stacks.settings.schema && $(PY) -m stacks.settings.reference

pins: .venv ## pin anew what the framework images install
	@cd predictor_images/runtime && for f in $(FRAMEWORKS); do ../../.venv/bin/uv pip compile -q pyproject.toml --extra $$f \
	  --python-version 3.11 --python-platform x86_64-manylinux_2_28 --generate-hashes --no-header -o ../$$f/requirements.txt; done
	@for d in checkov workflows; do (cd tests/$$d && ../../.venv/bin/uv pip compile -q requirements.in --universal \
	  --python-version 3.11 --generate-hashes --no-header -o requirements.txt); done
	@cd predictor_images/sbom && ../../.venv/bin/uv pip compile -q requirements.in --python-version 3.11 \
	  --python-platform x86_64-manylinux_2_28 --generate-hashes --no-header -o requirements.txt

%/.trained: %/train.py uv.lock $$(wildcard $$*/requirements.txt) | .venv
	@$(LOCAL) train $*

# PyTorch and TensorFlow are gigabytes: installed where an example of theirs is trained or tested.
$(patsubst %,predictors/%/.trained,wine strokes embeddings): | frameworks

frameworks: .venv ## install PyTorch and TensorFlow beside the rest
	@.venv/bin/uv sync --quiet --locked --inexact --group frameworks

test-frameworks: frameworks ## the examples of PyTorch and TensorFlow, on the stack `frameworks`
	@$(MAKE) -s models STACK=frameworks
	@$(MACHINE) $(PY) -m pytest predictor_images/tests_of_frameworks $(ARGS)

.venv: .venv/made

# Not the folder, which is there before all of it is.
.venv/made: pyproject.toml uv.lock local/bootstrap.sh
	@local/bootstrap.sh
