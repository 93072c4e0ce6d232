# Decides how a checkout is set up, shown, run and checked. Needs GNU make, a POSIX shell, Python 3.11 or newer.
#
# Standard output belongs to the command a target runs: whatever setting up has to say goes to standard error, so
# that `make demo ARGS="--no-serve --json"` prints one JSON object and nothing else. (From another directory:
# `make -C` itself announces the directory on standard output unless it is given --no-print-directory.)

SHELL := /bin/sh
.DEFAULT_GOAL := help

VENV := .venv
PY := $(VENV)/bin/python
INSTALLED := $(VENV)/.installed
INSTALLED_DEV := $(VENV)/.installed-dev
PIP := $(PY) -m pip --quiet --disable-pip-version-check --no-input install --require-hashes --no-deps
PYTHONS := $(PYTHON) python3.11 python3.12 python3.13 python3
UV_COMPILE := uv pip compile --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header --no-annotate
ARGS ?=

define USABLE
$(PY) -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	{ echo '$(VENV) is broken or older than Python 3.11; make it anew: make clean setup' >&2; exit 1; }
endef

.PHONY: draw faults help setup dev demo run test bench lint types house lock clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo '  ARGS is handed on: make demo ARGS="--no-serve --json", make test ARGS="tests/compliance -x"'

setup: $(INSTALLED)  ## the virtual environment and what the service needs; quick when up to date
	@:

dev: $(INSTALLED_DEV)  ## the same and the tools of a contributor
	@:

demo: setup  ## plays a whole campaign against a catcher of its own, in a database of its own
	@$(PY) manage.py demo $(ARGS)

run: setup  ## this installation: web and one loop
	@$(PY) manage.py setup >&2 && exec $(PY) manage.py run $(ARGS)

test: dev  ## the suite, on SQLite and on PostgreSQL
	@$(PY) -m tests.lanes $(ARGS)

faults: dev  ## the same faults at length: 100,000 meetings of stop and send, runs of 10,000 messages; an hour and more
	@HANDOFF_FAULT_ROUNDS=100000 HANDOFF_FAULT_EXAMPLES=400 $(PY) -m tests.lanes -o faulthandler_timeout=0 \
		tests/faults/test_interleavings.py tests/faults/test_any_order.py tests/faults/test_database_away.py \
		tests/faults/test_odd_clients.py tests/concurrency/test_halts.py $(ARGS)

bench: dev  ## what the promises of speed come to here; makes and drops databases of its own on PostgreSQL
	@$(PY) -m bench $(ARGS)

draw: dev  ## the ladder in docs/ladder.md, drawn anew from its arrows and roles
	@$(PY) manage.py shell -v 0 -c 'from tests.house import drawings; drawings.write()'

lint: dev  ## ruff, formatting, missing migrations
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) manage.py makemigrations --check --dry-run

types: dev  ## mypy, strict
	@$(PY) -m mypy .

house: dev  ## who may import whom, and where clock, mail and state are kept
	@$(PY) $(VENV)/bin/lint-imports --no-logo
	@$(PY) -m pytest tests/house $(ARGS)

lock:  ## the two lock files anew from pyproject.toml (needs uv; UPGRADE=--upgrade takes newer versions)
	@command -v uv >/dev/null || { echo 'make lock needs uv (pip install uv).' >&2; exit 1; }
	@$(UV_COMPILE) $(UPGRADE) pyproject.toml --output-file requirements.txt >/dev/null
	@$(UV_COMPILE) $(UPGRADE) pyproject.toml --group dev --output-file requirements-dev.txt >/dev/null

clean:  ## removes the virtual environment, caches and collected files; never a database or .env
	@rm -rf $(VENV) .mypy_cache .ruff_cache .import_linter_cache .hypothesis staticfiles
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The checks read settings, but nobody's keys and nobody's database.
lint types house: export SECRET_KEY := read-by-checks-only
lint types house: export HANDOFF_KEYS := 1:0000000000000000000000000000000000000000000000000000000000000000
lint types house: export DATABASE_URL := sqlite://:memory:

# The stamps are younger than the lock files they were made from. The second lock contains the first.
$(INSTALLED): requirements.txt | $(PY)
	@echo 'Installing what the service needs into $(VENV) …' >&2
	@$(USABLE)
	@$(PIP) -r requirements.txt >&2
	@touch $@

$(INSTALLED_DEV): requirements-dev.txt requirements.txt | $(PY)
	@echo 'Installing what the service and its contributors need into $(VENV) …' >&2
	@$(USABLE)
	@$(PIP) -r requirements-dev.txt >&2
	@touch $(INSTALLED) $@

$(PY):
	@old= bare=; \
	for python in $(PYTHONS); do \
		"$$python" -c '' 2>/dev/null || continue; \
		"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { old="$$old $$python"; continue; }; \
		"$$python" -c 'import ensurepip, venv' 2>/dev/null || { bare="$$python"; continue; }; \
		echo "Making $(VENV) with $$("$$python" --version) …" >&2; \
		"$$python" -m venv --clear $(VENV) >&2 && exit 0; \
		rm -rf $(VENV); exit 1; \
	done; \
	if [ -n "$$bare" ]; then \
		echo "$$bare cannot make virtual environments: venv or ensurepip is missing." >&2; \
		echo 'On Debian and Ubuntu: apt-get install python3-venv' >&2; \
	else \
		echo "Handoff needs Python 3.11 or newer.$${old:+ Too old:$$old.}" >&2; \
		echo 'Name another one with: make setup PYTHON=/path/to/python3.12' >&2; \
	fi; \
	exit 1
