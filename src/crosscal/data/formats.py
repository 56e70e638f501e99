"""The registry of formats and the one function that reads any of them.

A new format is one file with a `FORMAT` and one line in `FORMATS`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from crosscal.data import mini
from crosscal.data.assemble import assemble
from crosscal.data.bitexts import bucc, tatoeba
from crosscal.data.choices import commonsenseqa, copa, cosmosqa, hellaswag, siqa
from crosscal.data.pairs import columns_by_role, tsv_pairs
from crosscal.data.pairs.nli import (
    americasnli,
    anli,
    jampatoisnli,
    klue_nli,
    kornli,
    mnli,
    ocnli,
    rte,
    sick,
    snli,
    xnli_hub,
    xnli_original,
    xnli_xtreme,
)
from crosscal.data.pairs.pairs import PAIRS
from crosscal.data.pairs.paraphrase import mrpc, paws, pawsx, qqp
from crosscal.data.reader import Dataset, Format, Request
from crosscal.data.spans import mlqa, spans_hub, squad, tydiqa, xquad
from crosscal.data.tags import (
    ccg_words,
    ccgbank,
    conll,
    conllu,
    masakhaner,
    tags_hub,
    tags_xtreme,
    wikiann,
)
from crosscal.data.texts import plain_text, wikipedia
from crosscal.exceptions import SettingsError
from crosscal.spelling import did_you_mean

FORMATS: dict[str, Format] = {
    entry.name: entry
    for entry in (
        tsv_pairs.FORMAT,
        xnli_xtreme.FORMAT,
        xnli_original.FORMAT,
        xnli_hub.FORMAT,
        *mnli.FORMATS,
        mrpc.FORMAT,
        qqp.GLUE,
        conll.FORMAT,
        masakhaner.FORMAT,
        *tags_xtreme.FORMATS,
        wikiann.FORMAT,
        *conllu.FORMATS,
        *tags_hub.FORMATS,
        *ccg_words.FORMATS,
        ccgbank.FORMAT,
        squad.FORMAT,
        xquad.FORMAT,
        mlqa.FORMAT,
        tydiqa.FORMAT,
        *spans_hub.FORMATS,
        snli.FORMAT,
        anli.FORMAT,
        *sick.FORMATS,
        rte.FORMAT,
        paws.FORMAT,
        *pawsx.FORMATS,
        americasnli.FORMAT,
        kornli.FORMAT,
        klue_nli.FORMAT,
        ocnli.FORMAT,
        jampatoisnli.FORMAT,
        qqp.QUORA,
        *columns_by_role.FORMATS,
        hellaswag.FORMAT,
        commonsenseqa.FORMAT,
        cosmosqa.FORMAT,
        siqa.FORMAT,
        copa.FORMAT,
        *tatoeba.FORMATS,
        bucc.FORMAT,
        plain_text.FORMAT,
        wikipedia.FORMAT,
        *mini.FORMATS,
    )
}

# Splits and languages become parts of file names: nothing in them may climb out of a folder.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


def read_examples(
    format: str,
    path: str | Path | None = None,
    *,
    split: str | None = None,
    languages: Sequence[str] = ("en",),
    labels: Sequence[str] = (),
    require_labels: bool = True,
    columns: Mapping[str, str] | None = None,
) -> Dataset:
    """Read examples in one of the known formats.

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
    labels : sequence of str, default ()
        The labels or tags of the task; any other is an error. Pairs need them; tags may be
        any if none are given.
    require_labels : bool, default True
        Whether a row without label (answer, tags, gold pair) is an error; else it is None.
    columns : mapping of str to str, optional
        Names of the file's columns by role, for formats that leave them to the user.

    Returns
    -------
    Dataset
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
    entry = FORMATS[format]
    if not languages or (entry.schema is PAIRS and not labels):
        raise SettingsError(
            "at least one language and two labels are needed", where="languages, labels"
        )
    unknown = sorted(set(columns or ()) - set(entry.columns))
    if unknown:
        raise SettingsError(
            f"format '{format}' has no column '{unknown[0]}' to be named",
            where="columns",
            remedy=did_you_mean(unknown[0], entry.columns)
            if entry.columns
            else "Remove it: the format knows its columns",
        )
    if path is None and entry.needs_path:
        raise SettingsError(
            f"format '{format}' needs a path", where="path", remedy=entry.description
        )
    request = Request(
        path=None if path is None else Path(path),
        split=split,
        languages=tuple(languages),
        labels=tuple(labels),
        require_labels=require_labels,
        columns=dict(columns or {}),
    )
    return assemble(entry.read(request), request, entry)


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
