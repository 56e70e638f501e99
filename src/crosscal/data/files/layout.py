"""Where the files of a data set lie: folders, splits and languages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from crosscal.data.files.lines import opening
from crosscal.exceptions import DataError
from crosscal.spelling import did_you_mean

# What data sets call their splits; the first is what studies say.
_SPLITS = (
    ("train", "trn", "training"),
    ("dev", "val", "valid", "validation", "trial", "sample"),
    ("test", "tst"),
)
# The Hub says 'validation' where the original files say 'dev'.
HUB_NAMES = {
    "dev": "validation",
    "dev_matched": "validation_matched",
    "dev_mismatched": "validation_mismatched",
}


def split_names(split: str | None) -> tuple[str, ...]:
    """Return what a split may be called in a file name, itself first; nothing for None."""
    if split is None:
        return ()
    synonyms = next((names for names in _SPLITS if split in names), ())
    return (split, *(name for name in synonyms if name != split))


def names_of_split(split: str) -> tuple[str, ...]:
    """Return what a split may be called, on the Hub too."""
    return tuple(dict.fromkeys((split, HUB_NAMES.get(split, split), *split_names(split))))


def find_split(split: str, known: Sequence[str], *, where: str) -> str:
    """Return the name under which a data set has a split."""
    found = next((name for name in names_of_split(split) if name in known), None)
    if found is None:
        raise DataError(
            f"there is no split '{split}'", where=where, remedy=did_you_mean(split, known)
        )
    return found


def in_folder(path: Path, pattern: str, **fields: str) -> Path:
    """Return the file that a pattern names in a folder, or say which values its fields take."""
    names = folder_names(path)
    file_name = pattern
    for field, value in fields.items():
        file_name = file_name.replace("{" + field + "}", value)
    if file_name in names:
        return path / file_name
    for field, value in fields.items():
        known = values_of(names, pattern, field, fields)
        if value not in known:
            remedy = did_you_mean(value, known) if known else "No file there fits the pattern"
            raise DataError(
                f"there is no {field} '{value}': no file is named {file_name}",
                where=str(path),
                remedy=f"{remedy} (files named {pattern})",
            )
    raise DataError(
        f"no file is named {file_name}", where=str(path), remedy=f"Files are named {pattern}"
    )


def folder_names(path: Path) -> list[str]:
    """Return the names in a folder, sorted by code point."""
    if path.exists() and not path.is_dir():
        raise DataError(
            "this is a file, but a folder is needed",
            where=str(path),
            remedy="Give the folder that holds the files of all splits",
        )
    if not path.exists():
        raise DataError("there is no such folder", where=str(path), remedy="Check the path")
    with opening(path):
        return sorted(entry.name for entry in path.iterdir())


def is_folder(path: Path) -> bool:
    """Tell whether a path is a folder; False also if nothing is there."""
    with opening(path):
        return path.is_dir()


def values_of(names: Sequence[str], pattern: str, field: str, fields: dict[str, str]) -> list[str]:
    """Return the values that one field of a pattern takes among file names.

    The fields before it, in the order given, keep their values; those after it are free.
    """
    order = list(fields)
    expression = re.escape(pattern)
    for name in order:
        fixed = order.index(name) < order.index(field)
        part = re.escape(fields[name]) if fixed else rf"(?P<{name}>[\w.-]+?)"
        expression = expression.replace(re.escape("{" + name + "}"), part, 1)
    matches = (re.fullmatch(expression, name) for name in names)
    return sorted({match[field] for match in matches if match})
