# Two commands do everything: `make` trains the network and writes the report, `make test` proves it.
.DEFAULT_GOAL := claims
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BENCH := .venv-bench
S3 := .venv-s3
LOCK := requirements.lock
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

AXE := tests/browser/node_modules/.package-lock.json
PAGE := reports/index.html
BOOK := reports/chapters.html

.PHONY: claims report check open serve test lint s3 bench audit torture lock clean help

claims: report ## set up, train, report, then measure the claims of the lectures (default)
	@dvc repro stages/claims/dvc.yaml
	@echo
	@echo "chapters:      $(CURDIR)/$(BOOK)"

report: $(VENV)/installed .dvc/config.local ## set up, train, and say where the report is: the pipeline alone
	@python -m stages.tools.check
	@python -m stages.tools.repair
	@dvc repro
	@python -c "import json; print('\ntest accuracy: {accuracy:.2%}'.format(**json.load(open('reports/metrics.json'))))"
	@echo "report:        $(CURDIR)/$(PAGE)"

check: $(VENV)/installed ## look at all parameters before anything runs, in a second
	@python -m stages.tools.check

open: claims ## ... and show the report in a browser
	@python -m webbrowser -t "file://$(CURDIR)/$(PAGE)"

serve: claims ## ... and offer it at http://127.0.0.1:8000/, to this machine alone
	@python -m http.server 8000 --bind 127.0.0.1 --directory reports

test: $(VENV)/installed $(AXE) ## set up and run the tests
	@python -m pytest --numprocesses auto --dist loadfile

lint: $(VENV)/installed ## style, formatting and types
	@ruff check
	@ruff format --check
	@mypy

s3: $(S3)/installed claims ## share the results through an S3 server on this machine, and pull them in another clone
	@$(S3)/bin/python -m pytest tests/s3.py

# SPEED=--avx2 keeps PyTorch and JAX, too, from what the pinned kernels do without.
bench: $(BENCH)/installed ## time the network against PyTorch, JAX and scikit-learn, about a quarter of an hour
	@$(BENCH)/bin/python -X determinism=portable -m benchmarks.speed $(SPEED)
	@$(BENCH)/bin/python -X determinism=portable -m benchmarks.scale
	@python -m benchmarks.pipeline

audit: $(VENV)/installed ## licences, the lock, and known vulnerabilities of all that is installed
	@python -m tests.audit

# Every part is run, whatever the ones before it found.
torture: claims ## what the tests do in small, in full: kills, damaged inputs, parameters, bytes, versions; hours
	@failed=; for part in "tests.torture --kills 50" "tests.fuzz --runs 102000" \
		"pytest -q tests/tools/test_check.py -k variations" "tests.identity --full" "tests.matrix"; do \
		echo; echo "python -m $$part"; VARIATIONS=5000 python -m $$part || failed="$$failed $${part%% *}"; \
	done; if test -n "$$failed"; then echo "failed or incomplete:$$failed"; exit 1; fi

lock: $(VENV)/installed ## choose the newest versions of everything, and write them down with their hashes
	@uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
		pyproject.toml --group dev --output-file $(LOCK)

clean: ## remove the environments; data, models, reports and DVC's cache stay
	rm -rf $(VENV) $(BENCH) $(S3)

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' Makefile

# pip brings uv, at the version and hash of the lock; uv installs the rest about eight times faster.
$(VENV)/installed: $(LOCK)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "error: Python 3.11 or newer is needed, this is " + sys.version.split()[0] + "; try make PYTHON=python3.12")'
	@echo "setting up $(VENV)"
	@$(PYTHON) -m venv --clear $(VENV)
	@sed -n '/^uv==/,/[^\\]$$/p' $(LOCK) > $(VENV)/uv.txt
	@python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(VENV)/uv.txt
	@uv pip sync --quiet --require-hashes --compile-bytecode $(LOCK)
	@touch $@

# The page's accessibility is checked by axe-core; without npm that test says so and is left out.
$(AXE): tests/browser/package-lock.json
	@if command -v npm >/dev/null; then npm ci --silent --no-audit --no-fund --prefix tests/browser; fi

# The peers are large, and needed by nothing else; pip finds the builds without a GPU by itself.
$(BENCH)/installed: $(LOCK) pyproject.toml | $(VENV)/installed
	@echo "setting up $(BENCH)"
	@$(PYTHON) -m venv --clear $(BENCH)
	@uv pip sync --quiet --require-hashes --python $(BENCH)/bin/python $(LOCK)
	@$(BENCH)/bin/python -m pip install --quiet --upgrade pip
	@$(BENCH)/bin/python -m pip install --quiet --group bench
	@touch $@

# A server that nothing else needs, beside the versions of the lock.
$(S3)/installed: $(LOCK) pyproject.toml | $(VENV)/installed
	@echo "setting up $(S3)"
	@$(PYTHON) -m venv --clear $(S3)
	@uv pip sync --quiet --require-hashes --python $(S3)/bin/python $(LOCK)
	@uv pip install --quiet --python $(S3)/bin/python --group s3-test
	@touch $@

# Without git, DVC can run the pipeline but no experiments.
.dvc/config.local:
	@if test -e .git; then touch $@; else dvc config --local core.no_scm true; \
		echo "no git repository here: the pipeline runs, experiments (dvc exp) need git"; fi
