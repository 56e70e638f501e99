"""Shared by the tests of readers: real data where it is, and small files where it is not."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

NLI = ("entailment", "neutral", "contradiction")
PARAPHRASE = ("different", "paraphrase")

ROOT = Path(__file__).parents[2]


def jsonl(table: list[dict[str, Any]]) -> str:
    """Return objects as lines of JSON."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in table)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Return the folder of real data sets, or skip the test, saying so."""
    folder = Path(os.environ.get("CROSSCAL_TEST_DATA", ROOT / ".." / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}; set CROSSCAL_TEST_DATA")
    return folder.resolve()


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a file of text (UTF-8, no newline translation) or bytes."""

    def write_file(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write_file
