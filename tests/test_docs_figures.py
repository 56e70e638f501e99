"""The tables of docs/what-to-trust.md are those of the measured figures."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("number", range(7))
def test_tables_are_the_measured_ones(number):
    page = (ROOT / "docs/what-to-trust.md").read_text(encoding="utf-8")
    tables = runpy.run_path(str(ROOT / "benchmarks/error_tables.py"))["tables"]()
    assert len(tables) == 7
    assert tables[number] in page
