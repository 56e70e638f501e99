"""Shared by the tests of scores: the benchmark's own test files, and small submissions."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


DATA = Path(os.environ.get("CROSSCAL_TEST_DATA", ROOT / ".." / "shared" / "data"))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Return the folder of real data sets, or skip."""
    if not DATA.is_dir():
        pytest.skip(f"no real data at {DATA}; set CROSSCAL_TEST_DATA")
    return DATA.resolve()


@pytest.fixture(scope="session")
def golden_xtreme() -> Path:
    """Return XTREME's own mock predictions and labels, beside the real data, or skip."""
    folder = DATA / ".." / "golden" / "xtreme" / "mock_test_data"
    if not folder.is_dir():
        pytest.skip(f"no golden data at {folder}; set CROSSCAL_TEST_DATA")
    return folder.resolve()


@pytest.fixture(scope="session")
def frozen() -> Callable[[str], dict[str, Any]]:
    """Return a function that reads figures frozen from other implementations."""

    def read(name: str) -> dict[str, Any]:
        path = Path(__file__).parent / "golden" / f"{name}.json"
        return json.loads(path.read_text(encoding="utf-8"))

    return read


def squad_file(golds: dict[str, list[str]]) -> str:
    questions = [
        {"id": name, "question": "?", "answers": [{"text": t, "answer_start": 0} for t in texts]}
        for name, texts in golds.items()
    ]
    article = {"title": "t", "paragraphs": [{"context": "c", "qas": questions}]}
    return json.dumps({"version": "1.1", "data": [article]}, indent=1)


_ANSWERS = json.dumps({"q1": "القاهرة", "q2": "東京"}, indent=1)
_GOLDS = squad_file({"q1": ["القاهرة", "مدينة القاهرة"], "q2": ["東京都"]})
_FILES = {
    "xnli": ("neutral\nentailment\n", "neutral\ncontradiction\n"),
    "pawsx": ("0\n1\n", "1\n1\n"),
    "udpos": ("NOUN\nNOUN\n\nSYM\nSYM\nX\n", "NOUN\nNOUN\n\nSYM\nX\nX\n"),
    "panx": ("B-PER\nI-PER\nO\n\nI-LOC\n\n", "B-PER\nI-PER\nO\n\nB-LOC\n\n"),
    "xquad": (_ANSWERS, _GOLDS),
    "mlqa": (_ANSWERS, _GOLDS),
    "tydiqa": (_ANSWERS, _GOLDS),
    "bucc2018": ("de-1\ten-1\nde-2\ten-9\n", "de-1\ten-1\nde-2\ten-2\n"),
    "tatoeba": ("0\n2\n", "0\n1\n"),
}


@pytest.fixture
def submission(tmp_path: Path) -> tuple[Path, Path]:
    """Return the folders of predictions and of labels of all nine tasks, two languages each."""
    folders = (tmp_path / "predictions", tmp_path / "labels")
    for task, contents in _FILES.items():
        suffix = "json" if contents[0] == _ANSWERS else "tsv"
        for folder, content in zip(folders, contents, strict=True):
            for language in ("en", "zh"):
                path = folder / task / f"test-{language}.{suffix}"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(content, encoding="utf-8")
    return folders
