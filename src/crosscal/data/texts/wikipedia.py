"""Format ``wikipedia``: articles as WikiExtractor writes them.

``{language}/AA/wiki_00`` and so on, or the folders ``AA``, ``AB``, ... themselves, or one file;
``.bz2`` allowed. Either text, ``<doc id= url= title=>`` and ``</doc>`` around each article, whose
first line repeats the title and is left out; or an object a line with id, title, text. A line with
letters is a paragraph and one example, an article is a cluster. Articles without text are counted.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from crosscal.data.files.json_lines import json_lines
from crosscal.data.files.layout import folder_names, is_folder
from crosscal.data.files.lines import read_lines
from crosscal.data.files.naming import file_of
from crosscal.data.files.records import text, word
from crosscal.data.reader import Format, LanguageRows, ParsedFiles, Request
from crosscal.data.text import shown
from crosscal.data.texts.running_text import RUNNING_TEXT, TextRow
from crosscal.exceptions import DataError

EMPTY = "an article without text"
_FILE = re.compile(r"wiki_\d+(?:\.bz2)?")
_OPENING = re.compile(r'<doc id="(?P<id>[^"]*)"(?: [a-z]+="[^"]*")*? title="(?P<title>.*)">')
_CLOSING = "</doc>"


@dataclass(slots=True)
class Article:
    """One article: its id and title, and its numbered lines."""

    row_id: str
    title: str
    line: int
    lines: list[tuple[int, str]] = field(default_factory=list)


def _read(request: Request) -> ParsedFiles:
    parts: list[LanguageRows] = []
    empty = 0
    for language in request.languages:
        count = 0
        first_with: dict[str, str] = {}
        own_files = _files(request, language)
        for file in own_files:
            rows: list[TextRow] = []
            for article in _articles(file):
                _check_new(article, file, first_with)
                before = len(rows)
                rows += _rows(article, count + before, request.prefix)
                empty += len(rows) == before
            count += len(rows)
            if rows or len(own_files) == 1:
                parts.append(LanguageRows(language=language, file=file, rows=rows))
        if count == 0 and len(own_files) > 1:
            parts.append(LanguageRows(language=language, file=own_files[0], rows=[]))
    files = tuple(dict.fromkeys(f for code in request.languages for f in _files(request, code)))
    return ParsedFiles(parts=parts, files=files, dropped={EMPTY: empty} if empty else {})


def _files(request: Request, language: str) -> list[Path]:
    path = request.source
    if not is_folder(path):
        return [file_of(request, language)]
    folder = path / language
    if not is_folder(folder):
        # Without a folder a language the folder itself holds one language.
        folder = path if len(request.languages) == 1 else folder
    files = [folder / name for name in folder_names(folder) if _FILE.fullmatch(name)]
    for name in folder_names(folder):
        if len(name) == 2 and name.isascii() and name.isupper() and is_folder(folder / name):
            inside = folder_names(folder / name)
            files += [folder / name / file for file in inside if _FILE.fullmatch(file)]
    if not files:
        raise DataError(
            f"there are no articles in language '{language}': no file is named AA/wiki_00",
            where=str(folder),
            remedy="Give the folder that WikiExtractor wrote, or one with such a folder a language",
        )
    return files


def _articles(file: Path) -> Iterator[Article]:
    _, first = next(read_lines(file))
    return _from_json(file) if first.startswith("{") else _from_text(file)


def _from_json(file: Path) -> Iterator[Article]:
    for record in json_lines(file):
        number = int(record.location)
        article = Article(word(record, "id") or "", text(record, "title"), number)
        article.lines = [(number, line) for line in text(record, "text").split("\n")]
        yield article


def _from_text(file: Path) -> Iterator[Article]:
    article: Article | None = None
    for number, line in read_lines(file):
        opening = _OPENING.fullmatch(line)
        if (opening is not None) == (article is not None) and (opening or line.strip()):
            what = "begins before the last one ended" if opening else "has not begun"
            raise DataError(
                f"an article {what}",
                where=f"{file}:{number}",
                remedy='Articles begin with <doc id="..." url="..." title="..."> and end with '
                "</doc>; the file was cut or altered",
            )
        if opening:
            article = Article(opening["id"], opening["title"], number)
        elif article is not None and line == _CLOSING:
            yield article
            article = None
        elif article is not None:
            article.lines.append((number, line))
    if article is not None:
        raise DataError(
            "the last article does not end",
            where=f"{file}:{article.line}",
            remedy="The file was cut; fetch or extract it again",
        )


def _check_new(article: Article, file: Path, first_with: dict[str, str]) -> None:
    where = f"{file}:{article.line}"
    if not article.row_id.strip() or article.row_id in first_with:
        again = f" (first at {first_with[article.row_id]})" if article.row_id in first_with else ""
        raise DataError(
            f"article id '{shown(article.row_id)}' is blank or occurs twice{again}",
            where=where,
            remedy="Extract the articles again into an empty folder",
        )
    first_with[article.row_id] = where


def _rows(article: Article, first: int, prefix: str) -> list[TextRow]:
    lines = [(number, line) for number, line in article.lines if line.strip()]
    if lines and lines[0][1].strip() in (article.title, html.unescape(article.title)):
        lines = lines[1:]
    cluster = f"{prefix}-article-{article.row_id}"
    return [
        TextRow(index, number, line, cluster=cluster)
        for index, (number, line) in enumerate(lines, first)
    ]


FORMAT = Format(
    schema=RUNNING_TEXT,
    name="wikipedia",
    description="Wikipedia as WikiExtractor writes it: {language}/AA/wiki_00, .bz2 allowed, text "
    "with <doc ...> or JSON lines",
    read=_read,
    parallel=False,
)
