"""Format ``tsv-pairs``: text_a TAB text_b TAB label, without header or quoting."""

from __future__ import annotations

from pathlib import Path

from crosscal.data.files.columns import plain_columns
from crosscal.data.files.layout import in_folder
from crosscal.data.files.naming import check_one_language
from crosscal.data.pairs.pairs import PAIRS, PairRow
from crosscal.data.reader import Format, LanguageRows, ParsedFiles, Request
from crosscal.exceptions import SettingsError

COLUMNS = ("text_a", "text_b", "label")


def read_part(file: Path, language: str, *, require_labels: bool = True) -> LanguageRows:
    """Read one file of pairs.

    Parameters
    ----------
    file : pathlib.Path
        The file.
    language : str
        Its language.
    require_labels : bool, default True
        Whether the third column must be there.

    Returns
    -------
    LanguageRows
        Its rows.

    Raises
    ------
    DataError
        For a file that cannot be read or a row with another number of columns.
    """
    optional = 0 if require_labels else 1
    rows = [
        PairRow(number - 1, number, cells[0], cells[1], cells[2] if len(cells) == 3 else None)
        for number, cells in plain_columns(file, COLUMNS, optional=optional)
    ]
    return LanguageRows(language=language, file=file, rows=rows)


def _read(request: Request) -> ParsedFiles:
    assert request.path is not None
    parts = [
        read_part(
            _file(request.path, request, language),
            language,
            require_labels=request.require_labels,
        )
        for language in request.languages
    ]
    return ParsedFiles(parts=parts, files=tuple(dict.fromkeys(part.file for part in parts)))


def _file(path: Path, request: Request, language: str) -> Path:
    if "{language}" not in path.name:
        check_one_language(request)
    fields = {"language": language}
    if "{split}" in path.name:
        if request.split is None:
            raise SettingsError(
                "the file name holds {split}, but no split is given",
                where=str(path),
                remedy="Name the split, for example 'test'",
            )
        fields = {"split": request.split, "language": language}
    if "{language}" in path.name or "{split}" in path.name:
        return in_folder(path.parent, path.name, **fields)
    return path


FORMAT = Format(
    schema=PAIRS,
    name="tsv-pairs",
    description="text_a TAB text_b TAB label without header; {split} and {language} may stand "
    "in the file name; rows that repeat text_a form a cluster",
    read=_read,
)
