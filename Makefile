# Two commands do everything: `make` trains the network and writes the report, `make test` proves it.
.DEFAULT_GOAL := claims
SHELL := /bin/sh
VENV := .venv
BENCH := .venv-bench
S3 := .venv-s3
UV := .uv/bin/uv
LOCK := requirements.lock
TEST_LOCK := requirements-dev.lock
PYTHONS := $(shell sed -n 's/^requires-python = "\(.*\)"/\1/p' pyproject.toml)
ANY := cpython$(PYTHONS)
# uv itself runs on any Python that has venv.
STARTER := $(shell command -v "$(PYTHON)" || command -v python3)
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
# Python keeps what it has compiled, inside this folder; or every command compiles DVC anew, a second each time.
unexport PYTHONDONTWRITEBYTECODE

# Environments can be moved with their folder; uv takes a Python that is there before it fetches one.
NEW_VENV = $(UV) venv --quiet --relocatable --clear --no-project --python-preference system
# What comes without a wheel is built by a setuptools of the lock, too.
INSTALL = $(UV) pip sync --quiet --require-hashes --build-constraints $(LOCK)

AXE := tests/browser/node_modules/.package-lock.json
SET_UP := .uv/installed $(VENV)/installed $(VENV)/tested $(AXE) $(BENCH)/installed $(S3)/installed
# One make at a time sets up, and one runs the pipeline; another waits.
LOCKS := stages/common/runtime/locks.py
PAGE := reports/index.html
BOOK := reports/chapters.html

.PHONY: claims report check open serve git test lint s3 bench audit torture lock check-locks clean help

claims: report ## set up, train, report, then measure the claims of the lectures (default)
	@python $(LOCKS) make dvc repro stages/claims/dvc.yaml
	@echo
	@echo "chapters:      $(CURDIR)/$(BOOK)"

report: $(VENV)/installed git ## set up, train, and say where the report is: the pipeline alone
	@python -m stages.tools.check
	@python -m stages.tools.repair
	@python $(LOCKS) make dvc repro
	@python -c "import json; print('\ntest accuracy: {accuracy:.2%}'.format(**json.load(open('reports/metrics.json'))))"
	@echo "report:        $(CURDIR)/$(PAGE)"

check: $(VENV)/installed ## look at all parameters before anything runs, in a second
	@python -m stages.tools.check

open: claims ## ... and show the report in a browser
	@python -m webbrowser -t "file://$(CURDIR)/$(PAGE)"

serve: claims ## ... and offer it at http://127.0.0.1:8000/, to this machine alone
	@python -m http.server 8000 --bind 127.0.0.1 --directory reports

# TESTS=tests/nn runs some of them.
test: $(VENV)/tested $(AXE) ## set up and run the tests
	@python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder $(TESTS)

lint: $(VENV)/tested ## style, formatting and types
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

audit: $(VENV)/tested ## licences, the lock, and known vulnerabilities of all that is installed
	@python -m tests.audit

# Every part is run, whatever the ones before it found.
torture: $(VENV)/tested claims ## what the tests do in small, in full: kills, damaged inputs, parameters, bytes, versions; hours
	@failed=; for part in "tests.torture --kills 50" "tests.fuzz --runs 102000" \
		"pytest -q tests/tools/test_check.py -k variations" "tests.identity --full" "tests.matrix"; do \
		echo; echo "python -m $$part"; VARIATIONS=5000 python -m $$part || failed="$$failed $${part%% *}"; \
	done; if test -n "$$failed"; then echo "failed or incomplete:$$failed"; exit 1; fi

lock: .uv/installed ## choose the newest versions of everything, and write them down with their hashes
	@$(UV) pip compile $(AS_LOCK) pyproject.toml --group pip --output-file $(LOCK)
	@$(UV) pip compile $(AS_LOCK) pyproject.toml --group pip --group dev --constraints $(LOCK) --output-file $(TEST_LOCK)

# One version for all Pythons, so that all give the same bytes.
AS_LOCK = --quiet --upgrade --universal --python-version 3.11 --fork-strategy fewest \
	--generate-hashes --no-annotate --no-header

# One package is plain Python without a wheel; onnxruntime is for macOS 14 and newer.
check-locks: .uv/installed ## do both locks need no compiler, on every Python and system? Installs nothing
	@for python in 3.11 3.12 3.13 3.14; do \
		for system in x86_64-manylinux_2_28 aarch64-manylinux_2_28 aarch64-apple-darwin; do \
			MACOSX_DEPLOYMENT_TARGET=14.0 $(UV) pip install --quiet --dry-run --target .uv/none --require-hashes \
				--only-binary :all: --no-binary antlr4-python3-runtime \
				--python-version $$python --python-platform $$system --requirement $(TEST_LOCK) \
			&& echo "$$python $$system: wheels alone" || exit 1; \
		done; \
	done

clean: ## remove the environments; data, models, reports and DVC's cache stay
	rm -rf .uv $(VENV) $(BENCH) $(S3)

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "make %-11s %s\n", $$1, $$2}' Makefile

.uv/installed: $(TEST_LOCK)
$(VENV)/installed: $(LOCK)
$(VENV)/tested: $(TEST_LOCK) $(VENV)/installed
$(AXE): tests/browser/package-lock.json
$(BENCH)/installed $(S3)/installed: pyproject.toml $(VENV)/tested

ifndef LOCKED
# Who has waited looks again whether there is anything left to do.
$(SET_UP):
	@$(if $(STARTER),"$(STARTER)" $(LOCKS) set-up) $(MAKE) --silent --no-print-directory LOCKED=1 $@
else

# pip brings uv, at the version and hash of the lock; uv does the rest, about eight times faster.
.uv/installed:
	@test -n "$(STARTER)" || { echo "error: Python $(PYTHONS) is needed, and there is no python3; try make PYTHON=/path/to/python"; exit 1; }
	@"$(STARTER)" -m venv --clear .uv
	@sed -n '/^uv==/,/[^\\]$$/p' $< > .uv/uv.txt
	@.uv/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r .uv/uv.txt
	@touch $@

# The first Python inside the range; a whole environment, or the next make begins it again. Who had
# what the tests need keeps it.
$(VENV)/installed: | .uv/installed
	@test -n "$(PYTHON)" || $(UV) python find --system --no-project --no-python-downloads '$(ANY)' >/dev/null 2>&1 \
		|| echo "no Python $(PYTHONS) here: uv fetches one"
	@problem=$$($(NEW_VENV) --python '$(or $(PYTHON),$(ANY))' $(VENV) 2>&1) || { \
		why=$$(echo "$$problem" | sed -n 's/^error: //p; s/^ *cause: //p' | tail -n 1); \
		echo "error: Python $(PYTHONS) is needed: $$why; try make PYTHON=/path/to/python" >&2; exit 1; }
	@python -c 'import re, sys; low, high = map(int, re.findall(r"3[.](\d+)", "$(PYTHONS)")); \
		sys.exit(not low <= sys.version_info[1] < high and "error: Python $(PYTHONS) is needed, $(PYTHON) is " \
			+ sys.version.split()[0] + "; without PYTHON=, uv finds or fetches one")'
	@echo "setting up $(VENV) with Python $$(sed -n 's/^version_info = //p' $(VENV)/pyvenv.cfg)"
	@$(INSTALL) --python $(VENV)/bin/python $(if $(wildcard $(VENV)/bin/pytest),$(TEST_LOCK),$(LOCK))
	@touch $@

# The tests need all of that, and more.
$(VENV)/tested:
	@echo "adding to $(VENV) what the tests need"
	@rm $(VENV)/installed
	@$(INSTALL) --python $(VENV)/bin/python $(TEST_LOCK)
	@touch $(VENV)/installed $@

# The page's accessibility is checked by axe-core; without npm that test says so and is left out.
$(AXE):
	@if command -v npm >/dev/null; then npm ci --silent --no-audit --no-fund --prefix tests/browser; fi

# The peers are large, and needed by nothing else; pip finds the builds without a GPU by itself.
$(BENCH)/installed:
	@echo "setting up $(BENCH)"
	@$(NEW_VENV) --python $(VENV)/bin/python $(BENCH)
	@$(INSTALL) --python $(BENCH)/bin/python $(TEST_LOCK)
	@$(BENCH)/bin/python -m pip install --quiet --group bench
	@touch $@

# A server that nothing else needs, beside the versions of the lock.
$(S3)/installed:
	@echo "setting up $(S3)"
	@$(NEW_VENV) --python $(VENV)/bin/python $(S3)
	@$(INSTALL) --python $(S3)/bin/python $(TEST_LOCK)
	@$(UV) pip install --quiet --python $(S3)/bin/python --group s3-test
	@touch $@

endif

# Experiments need git, of this folder or of one above that has committed it; the pipeline does not.
git: $(VENV)/installed
	@if test -e .git || git ls-files --error-unmatch dvc.yaml >/dev/null 2>&1; then \
		if grep -qs no_scm .dvc/config.local; then dvc config --local --unset core.no_scm; fi; \
	elif ! grep -qs no_scm .dvc/config.local; then dvc config --local core.no_scm true; \
		echo "no git repository has this folder: the pipeline runs, experiments (dvc exp) need one"; fi
