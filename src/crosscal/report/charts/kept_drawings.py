"""Drawings that a report's folder holds already: drawn again only if they would differ."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from markupsafe import Markup

from crosscal.artifacts import read_checked, sha256_code, write_checked
from crosscal.report.charts.canvas import can_draw, chart_fonts
from crosscal.report.charts.render import Drawing

FILE = ".drawn"
"""Name of the file beside the figures that says what they were drawn from."""

_PACKAGES = ("matplotlib", "fonttools", "numpy", "langcodes")


def drawings_of(
    content: Iterable[str], folder: Path, draw: Callable[[], dict[str, Drawing]]
) -> dict[str, Drawing]:
    """Return drawings, those of a folder if they show the same.

    Parameters
    ----------
    content : iterable of str
        Everything that the charts show.
    folder : Path
        Of the figures; gets a file that tells what they show. The figures themselves are left to
        the caller to write.
    draw : callable
        Draws them.
    """
    if not can_draw():
        return {}
    key = _key(content)
    kept = _read(folder, key)
    if kept is not None:
        return kept
    drawings = draw()
    entry = {
        name: {"inline": str(drawing.inline), "files": _hashes(drawing)}
        for name, drawing in drawings.items()
    }
    write_checked(folder / FILE, json.dumps({"key": key, "drawings": entry}).encode())
    return drawings


def _read(folder: Path, key: str) -> dict[str, Drawing] | None:
    """Return the drawings of a folder that has all of them as they were drawn."""
    stored = read_checked(folder / FILE)
    if stored is None:
        return None
    entry: dict[str, Any] = json.loads(stored)
    if entry["key"] != key:
        return None
    drawings = {}
    for name, drawing in entry["drawings"].items():
        try:
            files = {file: (folder / file).read_bytes() for file in drawing["files"]}
        except OSError:
            return None
        drawings[name] = Drawing(inline=Markup(drawing["inline"]), files=files)
        if _hashes(drawings[name]) != drawing["files"]:
            return None
    return drawings


def _hashes(drawing: Drawing) -> dict[str, str]:
    return {name: hashlib.sha256(content).hexdigest() for name, content in drawing.files.items()}


def _key(content: Iterable[str]) -> str:
    drawn_by = [sha256_code(*_PACKAGES), *chart_fonts()]
    digest = hashlib.sha256(json.dumps(drawn_by).encode())
    for part in content:
        digest.update(hashlib.sha256(part.encode("utf-8", "surrogatepass")).digest())
    return digest.hexdigest()
