"""Data sets by their id on the Hugging Face Hub, through the package `datasets`.

What lies in its local cache is read from there, also where a download is allowed: a study does not
change because a data set on the Hub does.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from crosscal.data.files.layout import find_split
from crosscal.exceptions import MissingExtra, SettingsError


def cached_files(name: str, config: str | None, split: str, *, network: bool) -> list[Path]:
    """Return the Arrow files of a split, downloaded first if need be and if that is allowed."""
    try:
        import datasets
    except ImportError:
        raise MissingExtra(
            f"there is no folder {name!r}, and the package datasets is not installed",
            where="hub",
            remedy="Give the path of an existing folder or run: pip install 'crosscal[hub]'",
        ) from None
    builder = _cached(name, config)
    if builder is None and not network:
        raise SettingsError(
            f"no data set {_shown(name, config)}: neither a folder nor in the Hub's local cache",
            where="hub",
            remedy="Write network = true beside it to download it, or give the path of a folder",
        )
    if builder is None:
        builder = _downloaded(datasets, name, config)
    used = builder.config.name
    if config is None and used != "default":
        raise SettingsError(
            f"the data set {name!r} has configurations, and none is named",
            where="hub",
            remedy=f'Name one beside it, as config = "{used}"',
        )
    part = find_split(split, list(builder.info.splits), where=f"{_shown(name, config)} on the Hub")
    files = builder.as_dataset(split=part).cache_files
    return [Path(file["filename"]) for file in files]


def _cached(name: str, config: str | None) -> Any:
    """Return what the local cache holds; this never asks the Hub."""
    from datasets.packaged_modules.cache.cache import Cache

    try:
        return Cache(
            repo_id=name,
            dataset_name=name.rsplit("/", maxsplit=1)[-1],
            config_name=config,
            version="auto",
            hash="auto",
        )
    except ValueError as error:
        if "multiple" not in str(error):
            return None
        raise SettingsError(
            " ".join(str(error).split("\n")[0].split()),
            where="hub",
            remedy='Name one beside it, as config = "en"',
        ) from error


def _downloaded(datasets: Any, name: str, config: str | None) -> Any:
    try:
        builder = datasets.load_dataset_builder(name, config)
        builder.download_and_prepare()
    except (OSError, ValueError, RuntimeError, datasets.exceptions.DatasetsError) as error:
        said = " ".join(str(error.__cause__ or error).split())[:400]
        raise SettingsError(
            f"the Hub did not give the data set {_shown(name, config)} ({said})",
            where="hub",
            remedy="Check the id, the configuration and the connection, or give a folder",
        ) from error
    return builder


def _shown(name: str, config: str | None) -> str:
    return repr(name) if config is None else f"{name!r}, configuration {config!r}"
