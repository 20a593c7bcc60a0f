# One door to every chore. Each target makes what it needs; `make` alone lists them.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input

.DEFAULT_GOAL := help
.PHONY: help .venv demo test test-faults test-live test-intranet fuzz check format bench lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[.a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.venv: .venv/.installed ## Install the locked dependencies, and diffuse itself, into .venv

.venv/.installed: requirements.lock pyproject.toml
	@echo "Installing into .venv …"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(PIP) install -qq --require-hashes --no-deps -r requirements.lock  # the lock is whole
	@$(PIP) install -qq --no-deps --no-build-isolation -e .
	@touch $@

demo: .venv/.installed ## Show a whole campaign on this machine (KEEP=1 leaves it running)
	@$(BIN)/diffuse demo $(if $(KEEP),--keep)

test: .venv/.installed ## Run every test, on real servers, with branch coverage
	@$(BIN)/pytest --numprocesses=auto --dist=worksteal --cov --cov-report=term

test-faults: .venv/.installed ## Break workers twenty ways; needs strace (FAULTS=full JOBS=3: an hour)
	@$(BIN)/pytest --quiet --numprocesses=$(or $(JOBS),0) --override-ini python_files='faults_*.py' tests/faults

test-live: .venv/.installed ## Try a real RabbitMQ, separate machines, a browser; needs root, rabbitmq-server, iproute2, chromium
	@$(BIN)/pytest --quiet --override-ini python_files='live_*.py' tests/live

test-intranet: .venv/.installed ## Publish on real WordPress, MediaWiki and Plone; needs root and Debian (see .ci/intranet)
	@.ci/intranet
	@$(BIN)/pytest --quiet --override-ini python_files='live_*.py' tests/intranet

fuzz: .venv/.installed ## Look for examples that break a property, with new random draws each time
	@$(BIN)/pytest --quiet --numprocesses=auto --hypothesis-profile=fuzz -m hypothesis tests/unit tests/suites

check: .venv/.installed ## Format, lint, types, floors and unit tests: before each commit
	@$(BIN)/ruff format --check --quiet
	@$(BIN)/ruff check --quiet
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-cache --no-logo
	@$(BIN)/pytest --quiet --numprocesses=auto --dist=worksteal tests/unit

format: .venv/.installed ## Format the code and mend what ruff can mend
	@$(BIN)/ruff check --fix-only --quiet
	@$(BIN)/ruff format --quiet

bench: .venv/.installed ## Measure speed and memory beside their limits (PEOPLE="10000 100000" for fewer)
	@$(BIN)/python benchmarks/memory.py
	@$(BIN)/python benchmarks/simulation.py
	@$(BIN)/python benchmarks/planning.py $(PEOPLE)
	@$(BIN)/python benchmarks/signing.py
	@$(BIN)/python benchmarks/delivery.py
	@$(BIN)/python benchmarks/tracking.py

lock: ## Pin pyproject.toml into requirements.lock (UPGRADE=1 takes the newest versions)
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && \
	$(PYTHON) -m venv "$$folder" && \
	"$$folder/bin/python" -m pip install -qq --disable-pip-version-check uv && \
	"$$folder/bin/uv" pip compile pyproject.toml --quiet --output-file requirements.lock \
	    --universal --python-version 3.11 --fork-strategy fewest --all-extras --generate-hashes \
	    --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
	    $(if $(UPGRADE),--upgrade)

clean: ## Remove what the other targets made, .venv included
	@rm -rf .venv build dist demo-output htmlcov .coverage .coverage.* \
	    .cache .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@find . -name __pycache__ -prune -exec rm -rf {} +
