"""Data sets of the Hugging Face Hub: the files of a split, and the names of classes.

A folder in the Hub's layout is read as it lies, by its card (``README.md``) or by the names of its
files. That needs no other package: what is read does not depend on what is installed, errors name
rows of the published files, and these are what is hashed. An id is left to the package `datasets`
(`hub_cache`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from crosscal.data.files.hub_cache import cached_files
from crosscal.data.files.layout import find_split, folder_names, is_folder, names_of_split
from crosscal.data.files.lines import opening
from crosscal.data.files.parquet import is_table, read_table
from crosscal.data.files.records import read_records
from crosscal.data.reader import Request
from crosscal.exceptions import DataError, MissingExtra, SettingsError
from crosscal.spelling import did_you_mean

_CARD = "README.md"
_FRONT = re.compile(r"\A---\s*\n(.*?)\n---\s*(?:\n|\Z)", re.DOTALL)
_SUFFIXES = (".parquet", ".arrow", ".jsonl", ".json", ".csv", ".tsv")
_SHARD = re.compile(r"-(?P<number>\d{5})-of-(?P<count>\d{5})(?:-[0-9a-f]+)?\.\w+$")
# What stands between the words of a file's name; an underscore may be part of a split's.
_BETWEEN = (r"[-. /]+", r"[-._ /]+")


def split_files(request: Request, language: str) -> list[Path]:
    """Return the files of a split of one language."""
    folder, config = _place(request, language)
    split = request.needed_split()
    if not is_folder(folder):
        return cached_files(str(request.hub), config, split, network=request.network)
    chosen = _configuration(folder, config)
    patterns = _patterns(chosen, folder)
    if patterns:
        name = find_split(split, list(patterns), where=str(folder / _CARD))
        files = sorted({file for pattern in patterns[name] for file in _fitting(folder, pattern)})
    else:
        within = str(chosen.get("data_dir") or ".")
        _check_inside(within, folder)
        files = _named_after(folder / within, split)
    _check_whole(files, split)
    return files


def class_names(request: Request, language: str, column: str) -> tuple[str, ...] | None:
    """Return the names that a folder's card gives the numbers of a column."""
    if request.hub is None:
        return None
    folder, config = _place(request, language)
    if not is_folder(folder):
        return None
    infos = _card(folder).get("dataset_info") or []
    infos = infos if isinstance(infos, list) else [infos]
    name = _configuration(folder, config).get("config_name", "default")
    own = [info for info in infos if isinstance(info, dict)]
    info = next((each for each in own if each.get("config_name", "default") == name), {})
    features = [each for each in info.get("features") or [] if isinstance(each, dict)]
    feature = next((each for each in features if each.get("name") == column), None)
    names = _labels_in(feature)
    if names is not None and not all(isinstance(each, str) for each in names):
        raise DataError(
            f"the names of the classes of '{column}' are not all text: {names}",
            where=str(folder / _CARD),
            remedy="Put them into quotes: no, yes, on and off are truth values in YAML",
        )
    return None if names is None else tuple(names)


def hub_table(file: Path, required: Sequence[str], optional: Sequence[str] = ()) -> pa.Table:
    """Read columns of a file of any form as a table."""
    if is_table(file):
        return read_table(file, required, optional)
    records = [record.value for record in read_records(file, required, optional)]
    names = [*required, *(n for n in optional if records and all(n in each for each in records))]
    try:
        return pa.table({name: [record[name] for record in records] for name in names})
    except (pa.ArrowException, OverflowError) as error:
        raise DataError(
            f"the rows of a column differ in kind ({str(error).splitlines()[0]})",
            where=str(file),
            remedy="Check that the file is of this data set, and fetch it again",
        ) from error


def _place(request: Request, language: str) -> tuple[Path, str | None]:
    config = request.config and request.config.replace("{language}", language)
    return Path(str(request.hub)).expanduser(), config


def _card(folder: Path) -> dict[str, Any]:
    """Return what the head of a folder's card says; nothing if there is none."""
    file = folder / _CARD
    if _CARD not in folder_names(folder):
        return {}
    with opening(file):
        front = _FRONT.match(file.read_bytes().decode("utf-8", errors="replace").lstrip("\ufeff"))
    if front is None:
        return {}
    try:
        import yaml
    except ImportError:
        raise MissingExtra(
            "reading the card of a data set needs PyYAML",
            where=str(file),
            remedy="Run: pip install 'crosscal[hub]'",
        ) from None
    try:
        content = yaml.safe_load(front[1].replace("\r\n", "\n"))
    except yaml.YAMLError as error:
        raise DataError(
            f"the head of the card is no YAML ({' '.join(str(error).split())[:160]})",
            where=str(file),
            remedy="Correct it, or fetch the card again",
        ) from error
    return content if isinstance(content, dict) else {}


def _configuration(folder: Path, config: str | None) -> dict[str, Any]:
    """Return what a card says of the configuration that is meant; there it may be a folder."""
    listed = _card(folder).get("configs") or []
    known = {
        str(each.get("config_name", "default")): each for each in listed if isinstance(each, dict)
    }
    if not known and config is None:
        return {}
    if not known and is_folder(folder / str(config)):
        return {"config_name": config, "data_dir": config}
    if config is None:
        usual = [name for name, each in known.items() if each.get("default") is True]
        usual += [name for name in known if name == "default" or len(known) == 1]
        config = usual[0] if usual else None
    if config not in known:
        folders = [n for n in folder_names(folder) if n[0] not in "._" and is_folder(folder / n)]
        names = list(known) or folders
        raise SettingsError(
            f"the data set has no configuration '{config}'"
            if config
            else f"the data set has {len(known)} configurations, and none is named",
            where=f"config of {folder}",
            remedy=did_you_mean(config, names)
            if config
            else f'Name one, as config = "{names[0]}"; there are {", ".join(names[:20])}',
        )
    return dict(known[config])


def _patterns(chosen: Mapping[str, Any], folder: Path) -> dict[str, list[str]]:
    """Return the patterns of the files by split; nothing where the card leaves them to names."""
    given = chosen.get("data_files")
    if given is None:
        return {}
    if isinstance(given, list) and all(isinstance(each, dict) for each in given):
        given = {each.get("split"): each.get("path") for each in given}
    given = given if isinstance(given, dict) else {"train": given}
    patterns = {
        str(split): [paths] if isinstance(paths, str) else paths for split, paths in given.items()
    }
    for paths in patterns.values():
        if not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
            raise DataError(
                "'data_files' does not say which files a split has",
                where=str(folder / _CARD),
                remedy="Give each split a path, or a list of paths",
            )
    return patterns


def _fitting(folder: Path, pattern: str) -> list[Path]:
    _check_inside(pattern, folder)
    try:
        # A card's ``**`` at the end means all files below.
        found = folder.glob(f"{pattern}/*" if pattern.endswith("**") else pattern)
        files = [file for file in found if file.is_file()]
    except (ValueError, NotImplementedError) as error:
        raise DataError(
            f"'{pattern}' is no pattern of file names ({error})",
            where=str(folder / _CARD),
            remedy="Mend the card, or name files that lie in the folder",
        ) from error
    if not files:
        raise DataError(
            f"no file is named '{pattern}'",
            where=str(folder / _CARD),
            remedy="Fetch the data set again, whole",
        )
    other = next((file for file in files if file.suffix not in _SUFFIXES), None)
    if other is not None:
        raise DataError(
            f"files of this kind ('{other.suffix}') are not read",
            where=str(other),
            remedy=f"Convert it to one of {', '.join(_SUFFIXES)}",
        )
    return files


def _check_inside(name: str, folder: Path) -> None:
    path = Path(name)
    if path.is_absolute() or ".." in path.parts or "://" in name:
        raise DataError(
            f"'{name}' leads out of the folder",
            where=str(folder / _CARD),
            remedy="Fetch the files into the folder, and name them as they lie there",
        )


def _named_after(base: Path, split: str) -> list[Path]:
    """Return the files whose names, or whose folder's name, hold that of a split."""
    if not is_folder(base):
        raise DataError(
            "there is no such folder", where=str(base), remedy="Check the configuration"
        )
    files = [file for file in sorted(base.rglob("*")) if _is_data(file.relative_to(base), file)]
    names = set(names_of_split(split))
    for between in _BETWEEN:
        words = {file: set(re.split(between, file.relative_to(base).as_posix())) for file in files}
        fitting = [file for file in files if words[file] & names]
        if fitting:
            break
    else:
        listed = ", ".join(file.relative_to(base).as_posix() for file in files[:8])
        raise DataError(
            f"no file is named after split '{split}'",
            where=str(base),
            remedy=f"There are: {listed}" if files else f"No file ends in {', '.join(_SUFFIXES)}",
        )
    folders = list(dict.fromkeys(file.parent.relative_to(base).as_posix() for file in fitting))
    if len(folders) > 1:
        raise SettingsError(
            f"files of split '{split}' lie in several folders: {', '.join(folders[:20])}",
            where=f"config of {base}",
            remedy=f'Name one, as config = "{folders[0].split("/")[0]}"',
        )
    if len({_SHARD.sub("", file.name) for file in fitting}) > 1:
        listed = ", ".join(file.name for file in fitting[:8])
        raise DataError(
            f"more than one file is named after split '{split}': {listed}",
            where=str(base),
            remedy="Say in a card (README.md, configs) which belong to it, or move the others away",
        )
    return fitting


def _is_data(path: Path, file: Path) -> bool:
    hidden = any(part.startswith((".", "_")) for part in path.parts)
    return path.suffix in _SUFFIXES and not hidden and file.is_file()


def _check_whole(files: Sequence[Path], split: str) -> None:
    """Refuse a split of which some files are missing, by the numbers in their names."""
    matches = [match for file in files if (match := _SHARD.search(file.name))]
    counts = {int(match["count"]) for match in matches}
    numbers = sorted(int(match["number"]) for match in matches)
    whole = len(counts) == 1 and numbers == list(range(max(counts))) and len(matches) == len(files)
    if matches and not whole:
        raise DataError(
            f"split '{split}' has {len(matches)} files, but there should be {max(counts)}",
            where=str(files[0].parent),
            remedy="Fetch the missing shards, and remove those of another version",
        )


def _labels_in(feature: Any) -> list[Any] | None:
    """Return the names of classes in what a card says of a column, also of lists of them."""
    for inner in _nested(feature):
        names = inner.get("names")
        if isinstance(names, list):
            return names
        if isinstance(names, dict):
            numbered = {int(number): name for number, name in names.items()}
            return [numbered.get(number) for number in range(len(numbered))]
    return None


def _nested(feature: Any) -> Iterator[dict[str, Any]]:
    if isinstance(feature, dict):
        yield feature
        for value in feature.values():
            yield from _nested(value)
