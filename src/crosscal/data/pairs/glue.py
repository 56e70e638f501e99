"""What the tasks of GLUE share: a folder with ``{split}.tsv``, or ``{split}-*.parquet``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from crosscal.data.files.layout import folder_names
from crosscal.data.files.parquet import label_names, names_in_order, read_table, shards, texts
from crosscal.data.pairs.pairs import PairRow
from crosscal.data.reader import LanguageRows, ParsedFiles, Request
from crosscal.exceptions import SettingsError


def tsv_file(request: Request) -> Path | None:
    """Return the tab-separated file that a request means.

    Parameters
    ----------
    request : Request
        Its path is a file, or a folder for which it names a split.

    Returns
    -------
    pathlib.Path or None
        The file, or None if the request means Parquet.

    Raises
    ------
    SettingsError
        If the path is a folder and no split is named.
    """
    path = request.path
    assert path is not None
    if not path.is_dir():
        return None if path.suffix == ".parquet" else path
    if request.split is None:
        raise SettingsError(
            "no split is given", where=str(path), remedy="Name one, for example 'train'"
        )
    name = f"{request.split}.tsv"
    return path / name if name in folder_names(path) else None


def glue_files(request: Request, columns: Sequence[str], labels: Sequence[str]) -> ParsedFiles:
    """Read the rows of a GLUE task from Parquet.

    Parameters
    ----------
    request : Request
        Its path is a Parquet file, or a folder for which it names a split.
    columns : sequence of str
        Names of the two columns of text.
    labels : sequence of str
        Name of label 0, 1, ...

    Returns
    -------
    ParsedFiles
        One part.

    Raises
    ------
    DataError
        If a file is missing, damaged, or of another kind.
    """
    path = request.path
    assert path is not None
    files = [path]
    if path.is_dir():
        assert request.split is not None
        files = shards(path, request.split)
    rows: list[PairRow] = []
    for file in files:
        table = read_table(file, [*columns, "label"])
        first, second = (texts(table[name], name, file) for name in columns)
        names = names_in_order(table.schema, "label", labels)
        golds = label_names(table["label"], "label", file, names)
        for number, (text_a, text_b, gold) in enumerate(zip(first, second, golds, strict=True)):
            rows.append(PairRow(len(rows), f"row {number}", text_a, text_b, gold))
    part = LanguageRows(language=request.languages[0], file=files[0], rows=rows)
    return ParsedFiles(parts=[part], files=tuple(files))
