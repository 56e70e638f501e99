"""Tables of the documentation are those of the measured figures."""

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


def test_what_is_said_of_exported_kinds_was_measured():
    page = (ROOT / "docs/export.md").read_text(encoding="utf-8")
    measured = runpy.run_path(str(ROOT / "benchmarks/encoder_kinds.py"))
    assert measured["table"]() in page
    found = measured["outcome"]()
    text = " ".join(page.split())
    assert f"encoders of {found['kinds']} kinds" in text
    assert f"Of {found['folders']} folders transformers alone loads {found['own']} in" in text
    assert f"by at most {found['largest']:.1e}." in text
    assert found["largest"] < 1e-5
    assert found["other tokens"] == 0
