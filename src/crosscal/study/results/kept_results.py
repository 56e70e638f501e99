"""Results that a study's folder holds already: analysed again only from other predictions."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from crosscal.analysis import Results
from crosscal.analysis.recalibration_transfer import RegimeResults
from crosscal.artifacts import read_checked, sha256_code, sha256_file, write_aside, write_checked

R = TypeVar("R", Results, RegimeResults)

_PACKAGES = ("numpy", "scipy", "pyarrow", "langcodes")


class AnalysisKey(NamedTuple):
    """Hashes of what results follow from."""

    tables: str
    asked: str  # and of what computes them


def analysis_key(tables: Iterable[Path], *settings: Any) -> AnalysisKey:
    """Hash what results follow from: prediction tables, settings, and what computes them."""
    computed_by = sha256_code(*_PACKAGES)
    asked = [asdict(each) if hasattr(each, "__dataclass_fields__") else each for each in settings]
    return AnalysisKey(_hash(list(map(sha256_file, tables))), _hash([computed_by, asked]))


def same_predictions(first: Path, second: Path) -> bool:
    """Whether two files of results are of the same tables; so they are where nothing tells."""
    stamps = [read_checked(_stamp_of(path)) for path in (first, second)]
    told = {stamp.split()[0] for stamp in stamps if stamp is not None}
    return len(told) < 2


def kept_or_computed(path: Path, kind: type[R], key: AnalysisKey, compute: Callable[[], R]) -> R:
    """Return the results that a file holds if they have this key; else compute and write them.

    Parameters
    ----------
    path : Path
        JSON file of the results. Beside it a file whose name begins with a dot tells the key.
    kind : type
        `Results` or `RegimeResults`.
    key : AnalysisKey
        As `analysis_key` makes it.
    compute : callable
        Computes the results.
    """
    stamp = _stamp_of(path)
    kept = path.read_bytes() if path.is_file() else b""
    if read_checked(stamp) == _stamp(key, kept):
        return kind.from_json(kept.decode())
    results = compute()
    content = results.to_json().encode()
    write_aside(path, content)
    write_checked(stamp, _stamp(key, content))
    return results


def _stamp_of(path: Path) -> Path:
    return path.with_name(f".{path.stem}")


def _stamp(key: AnalysisKey, content: bytes) -> bytes:
    return " ".join([*key, hashlib.sha256(content).hexdigest()]).encode()


def _hash(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, default=str).encode()).hexdigest()
