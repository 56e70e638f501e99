"""The rooms of a study import downwards only."""

import ast
from pathlib import Path

import pytest

import crosscal.study

ROOT = Path(crosscal.study.__file__).parent
ORDER = ("config", "execution", "planning", "results")


@pytest.mark.parametrize("room", ORDER)
def test_rooms_of_a_study_import_downwards_only(room):
    above = ORDER[ORDER.index(room) + 1 :]
    for path in (ROOT / room).rglob("*.py"):
        modules = [
            node.module.split(".")
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.ImportFrom) and node.module
        ]
        imported = {parts[2] for parts in modules if parts[:2] == ["crosscal", "study"]}
        assert not imported & {*above, "running"}, path
