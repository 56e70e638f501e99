"""Format ``xnli-xtreme``: XNLI as the XTREME benchmark lays it out, one file per language.

Hu et al. (2020), "XTREME". ``{split}-{language}.tsv`` holds premise TAB hypothesis TAB label
without header. Premise ids come from ``{split}.meta.tsv`` (columns promptID, pairID) where it
lies beside them, else three consecutive rows share a premise; either is checked against the
premises that repeat in English. Split ``train`` is MultiNLI, whose rows are in no such order.
"""

from __future__ import annotations

from pathlib import Path

from crosscal.data.files.columns import named_columns
from crosscal.data.files.layout import folder_names, in_folder
from crosscal.data.pairs.pairs import PAIRS
from crosscal.data.pairs.premises import named_premises, three_rows_each, with_premises
from crosscal.data.pairs.tsv_pairs import read_part
from crosscal.data.reader import Format, LanguageRows, ParsedFiles, Request
from crosscal.exceptions import DataError, SettingsError

LABEL_MAP = {"contradictory": "contradiction"}


def _read(request: Request) -> ParsedFiles:
    folder, split = request.path, request.split
    assert folder is not None
    if split is None:
        raise SettingsError(
            "no split is given", where=str(folder), remedy="Name one: 'dev' or 'test'"
        )
    wanted = [
        in_folder(folder, "{split}-{language}.tsv", split=split, language=language)
        for language in request.languages
    ]
    parts = [
        read_part(file, language, require_labels=request.require_labels)
        for file, language in zip(wanted, request.languages, strict=True)
    ]
    if split == "train":
        return ParsedFiles(parts=parts, files=tuple(wanted), label_map=LABEL_MAP)
    names = folder_names(folder)
    reference = next((part for part in parts if part.language == "en"), parts[0])
    if reference.language != "en" and f"{split}-en.tsv" in names:
        reference = read_part(folder / f"{split}-en.tsv", "en", require_labels=False)
    files = dict.fromkeys([*wanted, reference.file])
    row_ids: list[str | None] | None = None
    if f"{split}.meta.tsv" in names:
        meta = folder / f"{split}.meta.tsv"
        files[meta] = None
        numbers, row_ids = _listed(meta, reference)
        clusters = named_premises(reference, numbers, split)
    else:
        clusters = three_rows_each(reference, split)
    parts = [with_premises(part, clusters, row_ids) for part in parts]
    return ParsedFiles(parts=parts, files=tuple(files), label_map=LABEL_MAP)


def _listed(meta: Path, reference: LanguageRows) -> tuple[list[str], list[str | None]]:
    """Return premise id and pair id of each row as the list beside the texts gives them."""
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
