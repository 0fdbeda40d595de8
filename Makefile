# Conso et moi. `make run` opens the app, `make test` checks it; both set up what they need.

VENV := .venv
PYTHON := $(VENV)/bin/python
INSTALL := $(PYTHON) -m pip install -qq --disable-pip-version-check --require-hashes --requirement
UV := 0.13.9

.DEFAULT_GOAL := help
.PHONY: help setup run test test-all test-nightly coverage check bench client demo audit sbom lock clean

help: ## list these commands
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/'

setup: $(VENV)/.run ## prepare .venv with the locked dependencies
	@:

run: setup ## open the app; options: make run ARGS='--port 9000'
	@exec $(PYTHON) main.py $(ARGS)

# Tests wait for a browser or a server half of the time: three processes share two cores. The one that is done
# first takes over some of the others' tests.
# Without bytecode files, each of the many processes would compile the app again.
PYTEST := env -u PYTHONDONTWRITEBYTECODE $(PYTHON) -m pytest --numprocesses=3 --dist=worksteal --durations=15

test: $(VENV)/.dev ## set up, then check and run all that a change can break, in a real browser too
	@bash tests/setup.sh
	@$(MAKE) --no-print-directory check
	$(PYTEST) -m "not nightly" --ignore=tests/nightly

test-all: test ## the same, then the nightly tests
	@$(MAKE) --no-print-directory test-nightly

test-nightly: $(VENV)/.dev ## the nightly tests alone: every fault, window size and database, kills, cuts, deployment
	@bash tests/setup.sh
	$(PYTEST) -m nightly

coverage: $(VENV)/.dev ## run the tests of `make test` and report the lines that none of them executes
	@bash tests/setup.sh
	$(PYTHON) -m coverage erase
	$(PYTHON) -m coverage run -m pytest --numprocesses=3 --dist=worksteal -m "not nightly" --ignore=tests/nightly
	$(PYTHON) -m coverage combine --quiet
	$(PYTHON) -m coverage report

check: $(VENV)/.dev ## style, types and the layers' contracts
	$(PYTHON) -m ruff check
	$(PYTHON) -m ruff format --check
	$(PYTHON) -m mypy
	$(VENV)/bin/lint-imports --no-cache

bench: $(VENV)/.dev ## measure the app beside its baselines; options: make bench ARGS='month_switch'
	@bash tests/setup.sh
	@$(PYTHON) -m tests.bench $(ARGS)

client: setup ## compress the web client as small as it gets, before it is served to many (two minutes)
	@$(PYTHON) -m views.web.static

demo: $(VENV)/.dev ## write the app with its sandbox as files for any web server; options: make demo ARGS='--base /conso/'
	@$(PYTHON) -m views.web.demo $(ARGS)

audit: $(VENV)/.dev ## look for vulnerabilities and missing wheels of the locked dependencies, if a service answers
	@$(PYTHON) -m tests.audit
	@$(PYTHON) -m tests.platforms 'Mac, Intel' 'Windows on ARM'

sbom: $(VENV)/.dev ## list what the app is made of (CycloneDX) in build/sbom.json
	@mkdir -p build
	$(VENV)/bin/cyclonedx-py requirements --pyproject pyproject.toml --output-reproducible --of JSON \
		--output-file build/sbom.json requirements.lock

# Universal locks (uv reads every platform's requirements), from the public registry alone whatever this machine's
# configuration says, and without its address.
lock: $(VENV)/.dev ## resolve the dependencies anew into the two locks
	@$(PYTHON) -m pip install -qq --disable-pip-version-check uv==$(UV)
	@compile() { $(VENV)/bin/uv pip compile --quiet --no-config --universal --python-version 3.11 --upgrade \
		--generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links "$$@"; }; \
	compile pyproject.toml --output-file requirements.lock && \
	compile pyproject.toml --group dev --constraints requirements.lock --output-file requirements-dev.lock

clean: ## remove .venv and every cache
	rm -rf $(VENV) .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache .schemathesis build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A Python that only pretends (a version manager's stub) or cannot make environments is passed over.
$(PYTHON):
	@for python in python3.13 python3.12 python3.11 python3.14 python3 python; do \
		if $$python -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
		then exec $$python -m venv --clear $(VENV); fi; \
	done; \
	echo 'Conso et moi needs Python 3.11 or later, with its venv module: install it, then try again.' >&2; exit 1

$(VENV)/.run: requirements.lock | $(PYTHON)
	@echo 'Setting up $(VENV): the first time takes a minute.' >&2
	@$(INSTALL) $<
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.run
	@$(INSTALL) $<
	@touch $@
