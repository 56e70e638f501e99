"""Formats ``mini-nli``, ``mini-paraphrase``, ``mini-answerability``, ``mini-sentiment``.

The built-in sets, written for this project and released as CC0; files in the folder ``mini`` beside
this one, in the form of ``tsv-pairs``, or ``tsv-texts`` for single texts. A path may name another
folder of the same layout.
"""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from importlib import resources
from pathlib import Path

from crosscal.data.files.layout import in_folder
from crosscal.data.files.per_language import read_languages
from crosscal.data.pairs.pairs import PAIRS
from crosscal.data.pairs.premises import by_threes
from crosscal.data.pairs.tsv_pairs import COLUMNS, TEXT_COLUMNS, tsv_rows
from crosscal.data.reader import Format, ParsedFiles, Request
from crosscal.exceptions import SettingsError

_SPLITS = ("train", "dev", "test")


def mini_folder() -> Path:
    """Return the folder of the built-in sets."""
    # The package is installed as files, never as a zip: the type information must be found too.
    with ExitStack() as stack:
        return stack.enter_context(resources.as_file(resources.files("crosscal.data") / "mini"))


def _read(request: Request, *, name: str, columns: tuple[str, ...]) -> ParsedFiles:
    if request.split is None:
        raise SettingsError(
            "no split is given", where=f"mini-{name}", remedy=f"Name one of {', '.join(_SPLITS)}"
        )
    parsed = read_languages(request, partial(_files, name=name), partial(tsv_rows, columns=columns))
    if name == "nli" and request.split == "test":
        # By position and not by equal premises, since translations of several may coincide.
        return by_threes(parsed, request.split)
    return parsed


def _files(request: Request, language: str, *, name: str) -> list[Path]:
    folder = request.path if request.path is not None else mini_folder()
    split = request.needed_split()
    if split == "test":
        pattern = name + "-{split}.{language}.tsv"
        return [in_folder(folder, pattern, split=split, language=language)]
    file = in_folder(folder, name + "-{split}.tsv", split=split)
    if language != "en":
        raise SettingsError(
            f"split '{split}' of the built-in sets is English only, not '{language}'",
            where="languages",
            remedy="Ask for 'en', or for the test split",
        )
    return [file]


def _format(name: str, description: str, columns: tuple[str, ...] = COLUMNS) -> Format:
    return Format(
        schema=PAIRS,
        name=f"mini-{name}",
        description=description,
        read=partial(_read, name=name, columns=columns),
        needs_path=False,
    )


FORMATS = (
    _format("nli", "built-in inference set: train and dev in English, test in 15 languages"),
    _format("paraphrase", "built-in paraphrase pairs: train and dev in English"),
    _format("answerability", "built-in question and sentence pairs: train and dev in English"),
    _format("sentiment", "built-in opinions: train and dev in English", TEXT_COLUMNS),
)
