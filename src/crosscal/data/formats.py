"""The registry of formats and the one function that reads any of them.

A new format is one file with a `FORMAT` and one line in `FORMATS`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from crosscal.data import (
    mini,
    mnli_glue,
    mnli_jsonl,
    mnli_ptb,
    mnli_tsv,
    mrpc,
    qqp,
    tsv_pairs,
    xnli_hub,
    xnli_original,
    xnli_xtreme,
)
from crosscal.data.assemble import assemble
from crosscal.data.reading import Format, Reading, Request
from crosscal.errors import SettingsError
from crosscal.spelling import did_you_mean

FORMATS: dict[str, Format] = {
    entry.name: entry
    for entry in (
        tsv_pairs.FORMAT,
        xnli_xtreme.FORMAT,
        xnli_original.FORMAT,
        xnli_hub.FORMAT,
        mnli_jsonl.FORMAT,
        mnli_tsv.FORMAT,
        mnli_glue.FORMAT,
        mnli_ptb.FORMAT,
        mrpc.FORMAT,
        qqp.FORMAT,
        *mini.FORMATS,
    )
}

# Splits and languages become parts of file names: nothing in them may climb out of a folder.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


def read_pairs(
    format: str,
    path: str | Path | None = None,
    *,
    split: str | None = None,
    languages: Sequence[str] = ("en",),
    labels: Sequence[str],
    require_labels: bool = True,
) -> Reading:
    """Read pairs of texts in one of the known formats.

    Texts come as they stand in the file (no Unicode normalisation, no trimming), apart from
    what a format says of itself.

    Parameters
    ----------
    format : str
        A key of `FORMATS`.
    path : str or pathlib.Path, optional
        File or folder; only the built-in sets do without.
    split : str, optional
        For example ``"train"``; needed where a folder holds several.
    languages : sequence of str, default ("en",)
        In the order wanted, each once.
    labels : sequence of str
        The labels of the task; any other label is an error.
    require_labels : bool, default True
        Whether a row without label is an error; else its label is None.

    Returns
    -------
    Reading
        Examples, files read, rows dropped by reason.

    Raises
    ------
    SettingsError
        For an unknown format, a language asked twice, or a path or split that is missing.
    DataError
        For anything wrong in a file, with file, line and remedy.
    """
    if format not in FORMATS:
        raise SettingsError(
            f"unknown format '{format}'", where="format", remedy=did_you_mean(format, FORMATS)
        )
    _check_names("languages", languages)
    _check_names("split", () if split is None else (split,))
    if not languages or not labels:
        raise SettingsError(
            "at least one language and two labels are needed", where="languages, labels"
        )
    chosen = FORMATS[format]
    if path is None and chosen.needs_path:
        raise SettingsError(
            f"format '{format}' needs a path", where="path", remedy=chosen.description
        )
    request = Request(
        path=None if path is None else Path(path),
        split=split,
        languages=tuple(languages),
        labels=tuple(labels),
        require_labels=require_labels,
    )
    return assemble(chosen.read(request), request)


def _check_names(field: str, names: Sequence[str]) -> None:
    if isinstance(names, str):
        raise SettingsError(
            f"'{names}' is one word, but a list is needed", where=field, remedy="Write a list"
        )
    for name in names:
        if not _NAME.fullmatch(name):
            raise SettingsError(
                f"'{name}' is not a name",
                where=field,
                remedy="Use letters, digits, hyphens and underscores",
            )
        if list(names).count(name) > 1:
            raise SettingsError(f"'{name}' is listed twice", where=field, remedy="Remove one")
