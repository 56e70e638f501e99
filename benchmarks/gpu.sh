#!/usr/bin/env bash
# Speed on a GPU, in one command and without network: see benchmarks/gpu/gpu.py. Of another Python:
#   PYTHON=python3 bash benchmarks/gpu.sh --data FOLDER --large
set -euo pipefail
cd "$(dirname "$0")/.."
PYTHON=${PYTHON:-.venv/bin/python}
PYTHONPATH="$PWD/src${PYTHONPATH:+:$PYTHONPATH}" "$PYTHON" benchmarks/gpu/gpu.py "$@"
