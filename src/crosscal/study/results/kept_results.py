"""Results that a study's folder holds already: analysed again only from other predictions."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from crosscal.analysis import Results
from crosscal.analysis.recalibration_transfer import RegimeResults
from crosscal.artifacts import read_checked, sha256_code, sha256_file, write_aside, write_checked

R = TypeVar("R", Results, RegimeResults)

_PACKAGES = ("numpy", "scipy", "pyarrow", "langcodes")


def analysis_key(tables: Iterable[Path], *settings: Any) -> str:
    """Hash of what results follow from: prediction tables, settings, and what computes them."""
    computed_by = sha256_code(*_PACKAGES)
    asked = [asdict(each) if hasattr(each, "__dataclass_fields__") else each for each in settings]
    content = json.dumps([computed_by, list(map(sha256_file, tables)), asked], default=str)
    return hashlib.sha256(content.encode()).hexdigest()


def kept_or_computed(path: Path, kind: type[R], key: str, compute: Callable[[], R]) -> R:
    """Return the results that a file holds if they have this key; else compute and write them.

    Parameters
    ----------
    path : Path
        JSON file of the results. Beside it a file whose name begins with a dot tells the key.
    kind : type
        `Results` or `RegimeResults`.
    key : str
        As `analysis_key` makes it.
    compute : callable
        Computes the results.
    """
    stamp = path.with_name(f".{path.stem}")
    kept = path.read_bytes() if path.is_file() else b""
    if read_checked(stamp) == _stamp(key, kept):
        return kind.from_json(kept.decode())
    results = compute()
    content = results.to_json().encode()
    write_aside(path, content)
    write_checked(stamp, _stamp(key, content))
    return results


def _stamp(key: str, content: bytes) -> bytes:
    return f"{key} {hashlib.sha256(content).hexdigest()}".encode()
