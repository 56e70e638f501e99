# Each target works from a fresh clone by itself; .venv is made once.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready

.PHONY: quickstart test check clean

quickstart: $(READY)
	$(BIN)/crosscal quickstart

test: $(READY)
	$(BIN)/python -m pytest -n 2 --dist worksteal

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --num-workers 2

$(READY): pyproject.toml constraints.txt plugins/crosscal-apertium/pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --constraint constraints.txt 'torch==2.13.0'
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --group dev \
		--editable '.[packaged,report]' --editable plugins/crosscal-apertium
	touch $@

clean:
	rm -rf $(VENV) results build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find src tests benchmarks plugins -name __pycache__ -type d -prune -exec rm -rf {} +
