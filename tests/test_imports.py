"""The rooms import downwards only, and analysis does not need torch."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import crosscal

ROOT = Path(crosscal.__file__).parent

# Each room and those that it may import from (besides itself).
BOTTOM = {"exceptions", "artifacts", "spelling", "pretrained"}
LEFT = {
    "languages": BOTTOM,
    "data": BOTTOM | {"languages"},
    "translation": BOTTOM | {"languages", "data"},
    "tasks": BOTTOM | {"languages", "data"},
    "encoders": BOTTOM | {"languages", "data", "tasks"},
    "training": BOTTOM | {"languages", "data", "tasks", "encoders"},
}
RIGHT = {
    "predictions": BOTTOM | {"languages"},
    "metrics": BOTTOM | {"languages", "predictions"},
    "calibration": BOTTOM | {"languages", "predictions"},
    "analysis": BOTTOM | {"languages", "predictions", "metrics", "calibration"},
    "report": BOTTOM | {"languages", "predictions", "metrics", "calibration", "analysis"},
}
STUDY = {"study": BOTTOM | set(LEFT) | set(RIGHT)}
TOP = {"cli": set(STUDY) | STUDY["study"]}
ALLOWED = {name: set() for name in BOTTOM} | LEFT | RIGHT | STUDY | TOP
ALLOWED["artifacts"] = ALLOWED["pretrained"] = {"exceptions"}


def imported_rooms(path: Path) -> set[str]:
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names = [node.module or ""]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        rooms |= {name.split(".")[1] for name in names if name.startswith("crosscal.")}
    return rooms


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda p: str(p.relative_to(ROOT)))
def test_rooms_import_downwards_only(path):
    room = path.relative_to(ROOT).parts[0].removesuffix(".py")
    if room == "__init__":
        return
    assert room in ALLOWED, f"a room that DESIGN does not know: {room}"
    assert imported_rooms(path) - {room} <= ALLOWED[room]


@pytest.mark.parametrize(
    "module", ["predictions", "calibration", "analysis", "report", "data", "tasks", "cli"]
)
def test_no_torch_is_imported(module):
    heavy = "[m for m in ('torch', 'transformers') if m in sys.modules]"
    code = f"import sys, crosscal.{module}; print({heavy})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_no_room_without_a_subject():
    odd = {"utils", "util", "common", "helpers", "helper", "core", "misc"}
    assert not [p for p in ROOT.rglob("*") if p.stem in odd]
