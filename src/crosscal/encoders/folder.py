"""The files of an encoder's folder, looked at before any is opened: nothing leads out of it.

A folder may come from anyone. A link could show a file that is none of the encoder's, a pipe would
be waited for, and a few bytes can say that they are a configuration of gigabytes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from crosscal.exceptions import ArtifactError

INDEX = ".safetensors.index.json"
_MEBIBYTE = 1 << 20
# Larger than any: configurations have kilobytes, and the largest vocabularies 30 MB.
_LARGEST_JSON, _LARGEST_INDEX, _LARGEST_TOKENIZER = 4, 64, 256
_OF_TOKENIZERS = ("token", "vocab.", "merges.txt", ".model")


def check_files(folder: Path) -> None:
    """Refuse files that are none, that lie elsewhere, or are larger than any of their name."""
    home = folder.resolve()
    # In the Hub's cache files of a snapshot are links to blobs beside it.
    homes = [home, *([home.parents[1] / "blobs"] if home.parent.name == "snapshots" else [])]
    for path in sorted(folder.iterdir()):
        limit = _limit(path.name)
        if limit is None and path.suffix != ".safetensors":
            continue
        why = _why_not(path, homes)
        if not why and limit is not None and path.stat().st_size > limit * _MEBIBYTE:
            why = f"it has more than {limit} MiB"
        if why:
            raise ArtifactError(
                f"the encoder's file cannot be used: {why}",
                where=str(path),
                remedy="Copy or download the encoder again, as files in one folder",
            )
        if path.name.endswith(INDEX):
            _check_index(path, folder)


def _limit(name: str) -> int | None:
    """Return how many mebibytes a file that is read may have; None for weights and the rest."""
    if name.endswith(INDEX):
        return _LARGEST_INDEX
    if name in ("config.json", "tokenizer_config.json"):
        return _LARGEST_JSON
    return _LARGEST_TOKENIZER if any(part in name for part in _OF_TOKENIZERS) else None


def _why_not(path: Path, homes: list[Path]) -> str:
    try:
        real = path.resolve(strict=True)
        real.stat()
    except (OSError, RuntimeError):  # RuntimeError: of links in a circle, before Python 3.13
        return "it is a link that leads nowhere"
    if not any(real.is_relative_to(home) for home in homes):
        return "it is a link to a file outside of the encoder's folder"
    return "" if real.is_file() else "this is no file"  # a pipe would be waited for


def _check_index(path: Path, folder: Path) -> None:
    """Refuse shards that are not there, or that are named by a path."""
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8"))
        shards = sorted({str(name) for name in content["weight_map"].values()})
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ArtifactError(
            "the index of the weights cannot be read",
            where=str(path),
            remedy="Copy or download the file again",
        ) from error
    for name in shards:
        if Path(name).name != name or not (folder / name).is_file():
            what = "is not in the folder" if Path(name).name == name else "is no name of a file"
            raise ArtifactError(
                f"the index of the weights names '{name[:200]}', which {what}",
                where=str(path),
                remedy="Copy or download the encoder again, with all files of its weights",
            )
