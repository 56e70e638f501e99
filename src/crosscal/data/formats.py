"""The registry of formats and the one function that reads any of them.

A new format is one file with a `FORMAT` and one line in `FORMATS`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from crosscal.data import mini
from crosscal.data.assemble import ParsedSource, assemble
from crosscal.data.bitexts import bucc, tatoeba
from crosscal.data.choices import commonsenseqa, copa, cosmosqa, hellaswag, siqa
from crosscal.data.files.lines import encoding_notes, reading_as
from crosscal.data.files.parquet import is_table
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
        *tsv_pairs.FORMATS,
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


@dataclass(frozen=True, kw_only=True)
class SourceFiles:
    """Where the examples of some languages are.

    Attributes
    ----------
    format : str
        A key of `FORMATS`.
    path : str or pathlib.Path, optional
        File or folder; only the built-in sets do without.
    split : str, optional
        For example ``"train"``; needed where a folder holds several.
    languages : sequence of str
        In the order wanted, each once.
    columns : mapping of str to str
        Names of the file's columns by role, for formats that leave them to the user.
    codes : mapping of str to str
        What the files call a language, where that is not its code.
    encoding : str, optional
        Of the text files, as Python names it; by default the one that they show.
    hub : str, optional
        In place of a path: the id of a data set on the Hugging Face Hub, or a folder in its layout.
    config : str, optional
        Its configuration; ``{language}`` stands for the language.
    network : bool, default False
        Whether the data set may be downloaded, or only be in the local cache of `datasets`.
    """

    format: str
    path: str | Path | None = None
    split: str | None = None
    languages: Sequence[str] = ("en",)
    columns: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, str] = field(default_factory=dict)
    encoding: str | None = None
    hub: str | None = None
    config: str | None = None
    network: bool = False


def read_examples(
    format: str,
    path: str | Path | None = None,
    *,
    split: str | None = None,
    languages: Sequence[str] = ("en",),
    labels: Sequence[str] = (),
    require_labels: bool = True,
    columns: Mapping[str, str] | None = None,
    encoding: str | None = None,
    hub: str | None = None,
    config: str | None = None,
    network: bool = False,
) -> Dataset:
    """Read examples in one of the known formats.

    Texts come as they stand in the file (no Unicode normalisation, no trimming), apart from
    what a format says of itself.

    Parameters
    ----------
    format, path, split, languages, columns, encoding, hub, config, network
        See `SourceFiles`.
    labels : sequence of str, default ()
        The labels or tags of the task; any other is an error. Pairs need them; tags may be
        any if none are given.
    require_labels : bool, default True
        Whether a row without label (answer, tags, gold pair) is an error; else it is None.

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
    source = SourceFiles(
        format=format,
        path=path,
        split=split,
        languages=languages,
        columns=columns or {},
        encoding=encoding,
        hub=hub,
        config=config,
        network=network,
    )
    return read_sources([source], split=split, labels=labels, require_labels=require_labels)


def read_sources(
    sources: Sequence[SourceFiles],
    *,
    split: str | None = None,
    labels: Sequence[str] = (),
    require_labels: bool = True,
    join: bool = False,
) -> Dataset:
    """Read the languages of one data set from a source each, or several from one.

    They are parallel if all formats say so. `split` names the units, whatever the sources call it.
    With `join` the rows that every language has, by their ids, are kept. For the rest see
    `read_examples`.
    """
    for source in sources:
        check_source(source, labels)
    languages = [code for source in sources for code in source.languages]
    _check_names("languages", languages)
    parsed = [_parse(source, tuple(labels), require_labels) for source in sources]
    return assemble(parsed, languages, prefix=split or "row", join=join)


def check_source(source: SourceFiles, labels: Sequence[str]) -> None:
    """Refuse what no file could make right: an unknown format, columns that it does not have."""
    if source.format not in FORMATS:
        raise SettingsError(
            f"unknown format '{source.format}'",
            where="format",
            remedy=did_you_mean(source.format, FORMATS),
        )
    entry = FORMATS[source.format]
    _check_names("languages", source.languages)
    _check_names("codes", _file_codes(source))
    _check_names("split", () if source.split is None else (source.split,))
    if not source.languages or (entry.schema is PAIRS and not labels):
        raise SettingsError(
            "at least one language and two labels are needed", where="languages, labels"
        )
    unknown = sorted(set(source.columns) - set(entry.columns))
    if unknown:
        raise SettingsError(
            f"format '{source.format}' has no column '{unknown[0]}' to be named",
            where="columns",
            remedy=did_you_mean(unknown[0], entry.columns)
            if entry.columns
            else "Remove it: the format knows its columns",
        )
    _check_place(source, entry)


def _check_place(source: SourceFiles, entry: Format) -> None:
    """Refuse a source that does not say where it lies, or says it twice."""
    if source.hub is None and (source.config is not None or source.network):
        raise SettingsError(
            "a configuration, or leave to download, is given, but no data set of the Hub",
            where="config" if source.config is not None else "network",
            remedy='Name it, as hub = "owner/name", or remove this',
        )
    if source.hub is not None and (source.path is not None or not entry.hub):
        others = ", ".join(name for name, each in FORMATS.items() if each.hub)
        raise SettingsError(
            "both a path and a data set of the Hub are given"
            if entry.hub
            else f"format '{source.format}' is not that of a data set of the Hub",
            where="hub",
            remedy="Give one of the two" if entry.hub else f"Those that are: {others}",
        )
    if source.path is None and source.hub is None and entry.needs_path:
        raise SettingsError(
            f"format '{source.format}' needs a path", where="path", remedy=entry.description
        )


def _file_codes(source: SourceFiles) -> tuple[str, ...]:
    """Return what the files call the languages."""
    return tuple(source.codes.get(code, code) for code in source.languages)


def _parse(source: SourceFiles, labels: tuple[str, ...], require_labels: bool) -> ParsedSource:
    request = Request(
        path=None if source.path is None else Path(source.path),
        split=source.split,
        languages=_file_codes(source),
        labels=labels,
        require_labels=require_labels,
        columns=dict(source.columns),
        hub=source.hub,
        config=source.config,
        network=source.network,
    )
    entry = FORMATS[source.format]
    with reading_as(source.encoding):
        parsed = entry.read(request)
        said = encoding_notes([file for file in parsed.files if not is_table(file)])
        notes = (*said, *parsed.notes)
    code_of = dict(zip(request.languages, source.languages, strict=True))
    parts = [replace(part, language=code_of[part.language]) for part in parsed.parts]
    parsed = replace(parsed, parts=parts, notes=notes)
    return ParsedSource(parsed=parsed, request=request, format=entry)


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
