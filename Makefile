# One verb a line; `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PYTHONUTF8 := 1
# Compiled files are kept whatever the machine says: every process of a run compiles them anew else.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help run env test lint bench demo assets requirements

help: ## list the verbs
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

run: $(VENV)/.run ## the service with its demo waves on http://127.0.0.1:8000 (PORT, DATABASE_URL)
	@exec env DEMO=1 $(BIN)/python -m survey_app serve

env: $(VENV)/.installed ## the environment, in .venv, from the pinned and hashed requirements

test: env lint ## the whole suite: style, types, tests
	$(BIN)/python -m pytest --numprocesses=auto --maxprocesses=4 --dist=loadfile

lint: env ## style and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: env ## measurements, each as a ratio to a reference of the same run
	$(BIN)/python -m bench

demo: env ## rebuild the demo answers from the published tables
	$(BIN)/python -m survey_app.demo.reconstruct

assets: env ## rebuild fonts and the accessibility checker from package-lock.json (needs npm)
	npm ci --ignore-scripts --no-audit --no-fund
	$(BIN)/python static/fonts/build.py

requirements: env ## pin the dependencies of pyproject.toml anew (needs uv)
	uv pip compile -q pyproject.toml --universal --generate-hashes --python-version 3.11 --no-header -o requirements.txt
	uv pip compile -q pyproject.toml --group dev --universal --generate-hashes --python-version 3.11 --no-header -o requirements-dev.txt

# The service needs the packages of requirements.txt only; the tools of the tests come on top.
$(VENV)/.run: requirements.txt
$(VENV)/.installed: requirements-dev.txt
$(VENV)/.run $(VENV)/.installed:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	touch $@
