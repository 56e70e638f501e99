"""Imports go downwards only, analysis does not need torch, and the tree keeps its form."""

import ast
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import crosscal

ROOT = Path(crosscal.__file__).parent

# Each room and those that it may import from (besides itself).
BOTTOM = {
    "exceptions",
    "artifacts",
    "memory",
    "spelling",
    "pretrained",
    "text_encoding",
    "label_order",
}
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
EXPORT = {"export": BOTTOM | set(LEFT) | set(RIGHT)}
STUDY = {"study": set(EXPORT) | EXPORT["export"]}
# What `import crosscal` offers stands on the half without torch.
API = {"demo": set(), "api": BOTTOM | set(RIGHT)}
TOP = {"cli": set(STUDY) | STUDY["study"] | set(API), "__main__": {"cli"}}
ALLOWED = {name: set() for name in BOTTOM} | LEFT | RIGHT | EXPORT | STUDY | API | TOP
ALLOWED["artifacts"] = ALLOWED["memory"] = ALLOWED["pretrained"] = {"exceptions"}
ALLOWED["text_encoding"] = {"exceptions", "spelling"}

# Within calibration: what stands on arrays alone, then each sub-package and those below it.
ARRAYS = {
    "rows": set(),
    "checks": {"rows"},
    "binning": {"checks", "rows", "sample_weights"},
    "proper": {"checks", "rows"},
    "notion": {"checks", "proper", "rows"},
    "entropy": {"checks", "proper", "rows"},
    "sample_weights": {"checks"},
}
CALIBRATION = ARRAYS | {
    "statistics": set(),
    "errors": {*ARRAYS, "statistics"},
    "recalibration": set(ARRAYS),
    "selective": set(ARRAYS),
    "streaming": set(ARRAYS),
    "human": set(ARRAYS),
    "decomposition": {*ARRAYS, "errors", "recalibration"},
    "estimation": {*ARRAYS, "statistics", "errors"},
    "comparison": {*ARRAYS, "statistics", "estimation"},
    "evaluation": {*ARRAYS, "statistics", "estimation", "recalibration", "selective", "human"},
}

MOST_MODULES = 20  # at one level: more is no longer taken in at a glance


def module_name(path: Path) -> str:
    parts = ("crosscal", *path.relative_to(ROOT).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted(ROOT.rglob("*.py"))}


def run_at_import(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements that run when a module is imported: not in functions, nor for types alone."""
    for statement in body:
        yield statement
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        only_types = isinstance(statement, ast.If) and "TYPE_CHECKING" in ast.unparse(
            statement.test
        )
        for name in ("orelse", "finalbody") if only_types else ("body", "orelse", "finalbody"):
            yield from run_at_import(getattr(statement, name, []))
        for handler in getattr(statement, "handlers", []):
            yield from run_at_import(handler.body)


def imported_modules(statements: Iterator[ast.AST]) -> set[str]:
    names = set()
    for node in statements:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            # What is imported from a package may be a module of it.
            inside = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= inside & MODULES.keys()
            if not inside <= MODULES.keys():
                names.add(node.module or "")
    return names & MODULES.keys()


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


def test_no_import_cycle():
    graph = {
        name: imported_modules(run_at_import(ast.parse(path.read_text(encoding="utf-8")).body))
        for name, path in MODULES.items()
    }
    assert sum(map(len, graph.values())) > len(graph)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"modules import each other: {' <- '.join(error.args[1])}")


@pytest.mark.parametrize("name", [m for m in MODULES if m.startswith("crosscal.calibration.")])
def test_calibration_imports_downwards_only(name):
    part = name.split(".")[2]
    tree = ast.walk(ast.parse(MODULES[name].read_text(encoding="utf-8")))
    inside = [m.split(".") for m in imported_modules(tree) if m.startswith("crosscal.calibration")]
    assert ["crosscal", "calibration"] not in inside, "the package's __init__ imports this"
    assert part in CALIBRATION, f"a part that the table does not know: {part}"
    assert {parts[2] for parts in inside} - {part} <= CALIBRATION[part]


def test_a_class_name_exists_once():
    names = Counter(
        node.name
        for path in MODULES.values()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    )
    assert [name for name, count in names.items() if count > 1] == []


def test_no_folder_has_too_many_modules():
    sizes = Counter(path.parent for path in MODULES.values())
    assert {folder: n for folder, n in sizes.items() if n > MOST_MODULES} == {}
