"""Formats ``mini-nli``, ``mini-paraphrase`` and ``mini-answerability``: the built-in sets.

Written for this project and released as CC0; files in the folder ``mini`` beside this one, in
the form of ``tsv-pairs``. A path may name another folder of the same layout.
"""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from importlib import resources
from pathlib import Path

from crosscal.data.files.layout import in_folder
from crosscal.data.pairs.pairs import PAIRS
from crosscal.data.pairs.premises import three_rows_each, with_premises
from crosscal.data.pairs.tsv_pairs import read_part
from crosscal.data.reader import Format, ParsedFiles, Request
from crosscal.exceptions import SettingsError

_SPLITS = ("train", "dev", "test")


def mini_folder() -> Path:
    """Return the folder of the built-in sets.

    Returns
    -------
    pathlib.Path
        A folder on disk, also if it holds nothing.
    """
    # The package is installed as files, never as a zip: the type information must be found too.
    with ExitStack() as stack:
        return stack.enter_context(resources.as_file(resources.files("crosscal.data") / "mini"))


def _read(request: Request, *, name: str) -> ParsedFiles:
    folder = request.path if request.path is not None else mini_folder()
    if request.split is None:
        raise SettingsError(
            "no split is given", where=f"mini-{name}", remedy=f"Name one of {', '.join(_SPLITS)}"
        )
    parts = []
    for language in request.languages:
        if request.split == "test":
            file = in_folder(
                folder, name + "-{split}.{language}.tsv", split="test", language=language
            )
        else:
            file = in_folder(folder, name + "-{split}.tsv", split=request.split)
            _check_english(language, request)
        parts.append(read_part(file, language, require_labels=request.require_labels))
    if name == "nli" and request.split == "test":
        # Parallel: the premise is told by its place, since translations may coincide.
        reference = next((part for part in parts if part.language == "en"), parts[0])
        clusters = three_rows_each(reference, request.split)
        parts = [with_premises(part, clusters) for part in parts]
    return ParsedFiles(parts=parts, files=tuple(part.file for part in parts))


def _check_english(language: str, request: Request) -> None:
    if language != "en":
        raise SettingsError(
            f"split '{request.split}' of the built-in sets is English only, not '{language}'",
            where="languages",
            remedy="Ask for 'en', or for the test split",
        )


def _format(name: str, description: str) -> Format:
    return Format(
        schema=PAIRS,
        name=f"mini-{name}",
        description=description,
        read=partial(_read, name=name),
        needs_path=False,
    )


FORMATS = (
    _format("nli", "built-in inference set: train and dev in English, test in 15 languages"),
    _format("paraphrase", "built-in paraphrase pairs: train and dev in English"),
    _format("answerability", "built-in question and sentence pairs: train and dev in English"),
)
