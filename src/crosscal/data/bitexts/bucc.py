"""Format ``bucc2018``: sentences of two Wikipedias, and the pairs that translate each other.

Zweigenbaum, Sharoff and Rapp (2018). ``{language}-en.{split}.{language}`` and ``.en``: id TAB
sentence; ``.gold``: id TAB id, the other language first; in the folder or in one named
``{language}-en``. As published the splits are sample, training and test, the last without gold.
XTREME renames sample to dev and training to test; ``dev`` finds either name, ``test`` only files
so called.
"""

from __future__ import annotations

from pathlib import Path

from crosscal.data.bitexts.bitext import Side, bitext_parts, check_not_english
from crosscal.data.bitexts.sentences import SENTENCES
from crosscal.data.files.columns import plain_columns
from crosscal.data.files.layout import is_folder
from crosscal.data.files.naming import file_of, under_any_split
from crosscal.data.reader import Format, LanguageRows, ParsedFiles, Request
from crosscal.data.text import shown
from crosscal.exceptions import DataError


def _read(request: Request) -> ParsedFiles:
    check_not_english(request)
    request.needed_split("Name one: 'dev' or 'test'")
    parts: list[LanguageRows] = []
    files: list[Path] = []
    for language in request.languages:
        other = _side(_file(request, language, language))
        english = _side(_file(request, language, "en"))
        gold = english.file.with_name(english.file.name.removesuffix("en") + "gold")
        pairs = None
        if _exists(gold):
            pairs = _gold(gold, other, english)
            files.append(gold)
        elif request.require_labels:
            raise DataError(
                "there is no file of gold pairs",
                where=str(gold),
                remedy="Choose a split that has them; tests were published without",
            )
        parts += bitext_parts(language, other, english, pairs, request)
    return ParsedFiles(parts=parts, files=(*(part.file for part in parts), *files))


def _file(request: Request, language: str, side: str) -> Path:
    path = request.source
    if not is_folder(path):
        raise DataError(
            "this is no folder" if path.exists() else "there is no such folder",
            where=str(path),
            remedy="Give the folder that holds sentences and gold pairs",
        )
    names = ("{language}-en.{split}." + side, "{language}-en/{language}-en.{split}." + side)
    return file_of(request, language, under_any_split(request, names))


def _exists(file: Path) -> bool:
    return is_folder(file.parent) and file.exists()


def _side(file: Path) -> Side:
    lines: list[int] = []
    ids: dict[str, int] = {}
    texts: list[str] = []
    for number, (row_id, text) in plain_columns(file, ("id", "sentence")):
        if not row_id.strip() or row_id in ids:
            again = f" (first at {ids[row_id]})" if row_id in ids else ""
            raise DataError(
                f"id '{shown(row_id)}' is blank or occurs twice{again}",
                where=f"{file}:{number}",
                remedy="Give each sentence its own id",
            )
        lines.append(number)
        ids[row_id] = number
        texts.append(text)
    return Side(file=file, lines=lines, ids=list(ids), texts=texts)


def _gold(file: Path, other: Side, english: Side) -> list[tuple[int, int]]:
    other_index = {row_id: index for index, row_id in enumerate(other.ids)}
    english_index = {row_id: index for index, row_id in enumerate(english.ids)}
    pairs: dict[tuple[int, int], int] = {}
    for number, (first, second) in plain_columns(file, ("id", "id")):
        for row_id, known, side in ((first, other_index, other), (second, english_index, english)):
            if row_id not in known:
                raise DataError(
                    f"no sentence in {side.file.name} has the id '{shown(row_id)}'",
                    where=f"{file}:{number}",
                    remedy="The other language stands first; fetch all three files again",
                )
        pair = (other_index[first], english_index[second])
        if pair in pairs:
            raise DataError(
                f"the pair occurs twice (first at {pairs[pair]})",
                where=f"{file}:{number}",
                remedy="Remove one of the lines",
            )
        pairs[pair] = number
    return list(pairs)


FORMAT = Format(
    schema=SENTENCES,
    name="bucc2018",
    description="BUCC 2018: {language}-en.{split}.{language} and .en, id TAB sentence; .gold, id "
    "TAB id",
    read=_read,
    parallel=False,
)
