# Every target works on a fresh machine: .venv is made when it is not there or out of date.
VENV := .venv
PYTHON := $(VENV)/bin/python
# Pinned: an unpinned torch pulls gigabytes of CUDA libraries.
CONSTRAINTS := constraints.txt

.PHONY: tag test test-all train lint

tag: $(VENV)/base  ## tag the example articles with the model that ships
	$(PYTHON) predict.py data/examples --output tagged.jsonl --force
	@head -n 3 tagged.jsonl

test: $(VENV)/dev  ## the fast tests
	$(PYTHON) -m pytest

test-all: test  ## the fast and the slow tests
	$(PYTHON) -m pytest -m slow

train: $(VENV)/dev  ## train the baseline anew; CONFIG=configs/compact.yaml for another
	$(PYTHON) train.py --config $(or $(CONFIG),configs/tfidf.yaml)

lint: $(VENV)/dev  ## style and types
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

$(VENV)/base: pyproject.toml $(CONSTRAINTS)
	python3 -m venv $(VENV)
	$(PYTHON) -m pip install --quiet --constraint $(CONSTRAINTS) --editable .
	touch $@

$(VENV)/dev: $(VENV)/base
	$(PYTHON) -m pip install --quiet --constraint $(CONSTRAINTS) torch
	$(PYTHON) -m pip install --quiet --constraint $(CONSTRAINTS) --editable ".[train,dev]"
	touch $@
