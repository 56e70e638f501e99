"""Format ``xnli-xtreme``: XNLI as the XTREME benchmark lays it out, one file per language.

Hu et al. (2020), "XTREME". ``{split}-{language}.tsv`` holds premise TAB hypothesis TAB label
without header. Premise ids come from ``{split}.meta.tsv`` (columns promptID, pairID) where it
lies beside them, else three consecutive rows share a premise; either is checked against the
premises that repeat in English. Split ``train`` is MultiNLI, whose rows are in no such order.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from crosscal.data.files.columns import named_columns
from crosscal.data.files.layout import folder_names, in_folder
from crosscal.data.files.per_language import read_languages
from crosscal.data.pairs.pairs import PAIRS
from crosscal.data.pairs.premises import named_premises, three_rows_each, with_premises
from crosscal.data.pairs.tsv_pairs import tsv_rows
from crosscal.data.reader import Format, LanguageRows, ParsedFiles, Request
from crosscal.exceptions import DataError

LABEL_MAP = {"contradictory": "contradiction"}


def _read(request: Request) -> ParsedFiles:
    folder = request.source
    split = request.needed_split("Name one: 'dev' or 'test'")

    def find(request: Request, language: str) -> list[Path]:
        return [in_folder(folder, "{split}-{language}.tsv", split=split, language=language)]

    parsed = replace(read_languages(request, find, tsv_rows), label_map=LABEL_MAP)
    if split == "train":
        return parsed
    names = folder_names(folder)
    reference = parsed.reference
    if reference.language != "en" and f"{split}-en.tsv" in names:
        file = folder / f"{split}-en.tsv"
        rows = tsv_rows(file, replace(request, require_labels=False))
        reference = LanguageRows(language="en", file=file, rows=rows)
    files = dict.fromkeys([*parsed.files, reference.file])
    row_ids: list[str | None] | None = None
    if f"{split}.meta.tsv" in names:
        meta = folder / f"{split}.meta.tsv"
        files[meta] = None
        numbers, row_ids = _premise_and_row_ids(meta, reference)
        clusters = named_premises(reference, numbers, split)
    else:
        clusters = three_rows_each(reference, split)
    parts = [with_premises(part, clusters, row_ids) for part in parsed.parts]
    return replace(parsed, parts=parts, files=tuple(files))


def _premise_and_row_ids(meta: Path, reference: LanguageRows) -> tuple[list[str], list[str | None]]:
    rows = [cells for _, cells in named_columns(meta, ["promptID", "pairID"])]
    if len(rows) != len(reference.rows):
        raise DataError(
            f"{len(rows)} rows, but {len(reference.rows)} in {reference.file.name}",
            where=str(meta),
            remedy="Fetch both again; row i of one belongs to row i of the other",
        )
    return [prompt for prompt, _ in rows], [pair for _, pair in rows]


FORMAT = Format(
    schema=PAIRS,
    name="xnli-xtreme",
    description="XNLI in XTREME form: folder of {split}-{language}.tsv, premise TAB hypothesis "
    "TAB label without header; premise ids from {split}.meta.tsv if there",
    read=_read,
)
