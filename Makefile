# What can be done here: make help
# Needed: make, git, Python 3.11 or newer with pip or venv. Everything made lies in .venv and .cache.

VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/stamps
CACHE := .cache
JOBS ?= 2
PYTEST := $(BIN)/python -m pytest -n $(JOBS)

# Bounds every wait of pip; nothing is asked.
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1
export PIP_DEFAULT_TIMEOUT := 60
export PIP_RETRIES := 3

# A real wheel built for glibc: 17 extension modules, three of which cannot be loaded on Alpine.
DEMO_VERSION := 26.9.0
DEMO_SHA256 := c59d95daacf71dfb763824b85a89b06ca4faa74b2e7df926714d439d5a47ee26
DEMO_WHEEL := $(CACHE)/demo/gevent-$(DEMO_VERSION)-cp312-cp312-manylinux_2_28_x86_64.whl
DEMO_TARGET := alpine:3.23

.DEFAULT_GOAL := help
.PHONY: help demo test lint oracle oracle-held-out wheel bench compare labelled noise data docs screenshots clean distclean
.DELETE_ON_ERROR:

help: ## This list
	@sed -n 's/^\([a-z-]*\):.*## /\1@/p' Makefile | while IFS=@ read -r name text; do \
		printf '  make %-16s %s\n' "$$name" "$$text"; done

demo: $(STAMPS)/base $(DEMO_WHEEL) ## Check a real wheel built for glibc: some of its files fail on Alpine, some run
	@echo '$$ muslint check $(DEMO_WHEEL) --on $(DEMO_TARGET)'
	@$(BIN)/muslint check $(DEMO_WHEEL) --on $(DEMO_TARGET); code=$$?; echo; \
	if [ $$code = 1 ]; then \
		echo 'Exit code 1, as expected: part of this wheel cannot run on Alpine. The demo went well.'; \
		echo 'Next: $(BIN)/muslint check FILE'; \
	else \
		echo "Exit code $$code where 1 was expected: the demo did not go well." >&2; exit 1; \
	fi

test: $(STAMPS)/test $(STAMPS)/docs ## Run every test; downloads go to .cache
	$(PYTEST) $(PYTEST_ARGS)

lint: $(STAMPS)/lint ## ruff and strict mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict src

oracle: $(STAMPS)/test ## Hold the model against the real musl loader, on every file of every corpus
	MUSLINT_ORACLE=full $(PYTEST) $(wildcard tests/oracle tests/loader tests/differential) $(PYTEST_ARGS)

oracle-held-out: $(STAMPS)/test ## The same on corpora that were not looked at during development
	MUSLINT_ORACLE=held-out $(PYTEST) tests/oracle $(PYTEST_ARGS)

wheel: $(STAMPS)/base ## Build the wheel into dist, and one with a compiled reader where there is a C compiler
	$(BIN)/python tools/make_wheel.py

bench: $(STAMPS)/test ## Measure speed
	$(BIN)/python -m tests.bench

compare: $(STAMPS)/test ## Ask other tools about the same files, and write docs/compare.md
	$(BIN)/python -m tests.compare

labelled: $(STAMPS)/test ## Precision and recall of the behaviour rules on labelled programs, made in every way
	$(BIN)/python -m tests.labelled

noise: $(STAMPS)/test ## How often the behaviour rules fire on whole systems
	$(BIN)/python -m tests.noise

data: $(STAMPS)/test ## Check the tables of C libraries against their primary sources
	$(BIN)/python tools/make_tables.py --verify-zig --verify-debian

docs: $(STAMPS)/test $(STAMPS)/docs ## Write what the docs show anew, check them, and build the site in site/
	$(BIN)/python -c "from muslint.rules.behaviour.index import write; write()"
	$(BIN)/python -m tests.docs.blocks
	$(BIN)/python tools/make_man.py
	$(BIN)/python -m tests.docs.behaviours
	$(BIN)/python -m tests.docs.load_rules
	$(BIN)/python -m tests.docs.messages
	$(BIN)/python -m tests.docs.api
	$(BIN)/python -m tests.docs.screenshots --terminal
	$(BIN)/python tools/make_site.py
	$(BIN)/python -m pytest tests/docs

screenshots: $(STAMPS)/test ## Take the pictures of the README anew, from real runs (needs Chromium)
	$(BIN)/python -m tests.docs.screenshots

clean: ## Remove what was built; downloads stay
	rm -rf $(VENV) build dist site .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find src tests tools -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## Remove downloads too
	rm -rf $(CACHE)

# The first Python that is new enough and can make a virtual environment, by itself or through pip.
$(BIN)/python:
	@python=; \
	for name in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
		"$$name" -c 'import importlib.util as u, sys; sys.exit(sys.version_info < (3, 11) or not (u.find_spec("ensurepip") or u.find_spec("pip")))' 2>/dev/null \
		&& python=$$name && break; \
	done; \
	if [ -z "$$python" ]; then \
		echo 'muslint needs Python 3.11 or newer with pip or venv, and none was found.' >&2; \
		echo 'Debian, Ubuntu: apt-get install python3 python3-venv. Another place: make PYTHON=/path/to/python3 demo' >&2; \
		exit 1; \
	fi; \
	"$$python" -m venv $(VENV) >/dev/null 2>&1 || { \
		rm -rf $(VENV); \
		"$$python" -m pip install -q --target $(CACHE)/virtualenv 'virtualenv>=20.26,<22' && \
		PYTHONPATH=$(CACHE)/virtualenv "$$python" -m virtualenv -q $(VENV); \
	} || { rm -rf $(VENV); exit 1; }

$(STAMPS)/base: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install -q -e .
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/test: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install -q -e '.[test]'
	@mkdir -p $(STAMPS) && touch $@ $(STAMPS)/base

$(STAMPS)/docs: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install -q -e '.[docs]'
	@mkdir -p $(STAMPS) && touch $@ $(STAMPS)/base

$(STAMPS)/lint: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install -q -e '.[lint]'
	@mkdir -p $(STAMPS) && touch $@ $(STAMPS)/base

# The platform is named, so that the same file comes whatever Python and machine ask for it.
$(DEMO_WHEEL): | $(BIN)/python
	@mkdir -p $(@D)
	@echo 'gevent==$(DEMO_VERSION) --hash=sha256:$(DEMO_SHA256)' > $(@D)/requirements.txt
	$(BIN)/python -m pip download -q --require-hashes --no-deps --only-binary=:all: --python-version 3.12 \
		--implementation cp --abi cp312 --platform manylinux_2_28_x86_64 -d $(@D) -r $(@D)/requirements.txt
