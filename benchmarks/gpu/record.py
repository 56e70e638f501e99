"""How a measurement is taken, and kept so that nothing that comes later can lose it."""

from __future__ import annotations

import argparse
import gc
import json
import os
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import Any

import torch
from pairs import DEVICE, GPU, Figures, Measurements, synchronise


def read_record(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text())


def keep(path: Path, part: str, name: str, figures: Figures) -> None:
    """Put a measurement in the record at once, so that nothing that comes later can lose it."""
    record = read_record(path)
    record["found"].setdefault(part, {})[name] = figures
    write_record(path, record)


def write_record(path: Path, record: dict[str, Any]) -> None:
    aside = path.with_suffix(".partial")
    aside.write_text(json.dumps(record, indent=1) + "\n")
    os.replace(aside, path)


def free_memory() -> None:
    gc.collect()
    if GPU:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def check_device() -> None:
    """End this process if an error has left the device of no use to it: another one goes on."""
    try:
        torch.ones(1, device=DEVICE).sum().item()
        synchronise()
    except RuntimeError:
        sys.exit("the device is of no use to this process any more")


def take(options: argparse.Namespace, part: str, measurements: Measurements) -> None:
    """Do what the record lacks; of what fails it says why."""
    for name, measure in measurements:
        if name in read_record(options.json)["found"].get(part, {}):
            continue
        keep(options.json, part, name, {"error": "did not end: no time left, or a breakdown"})
        # It ends the process, even one that waits for a device.
        signal.alarm(options.limit)
        free_memory()
        began = time.monotonic()
        try:
            figures = measure()
        except Exception as error:
            signal.alarm(0)
            keep(options.json, part, name, {"error": f"{type(error).__name__}: {error}"[:500]})
            traceback.print_exc()
            check_device()
            continue
        signal.alarm(0)
        if GPU and (peak := torch.cuda.max_memory_allocated()):
            figures["peak_gb"] = peak / 1e9
        keep(options.json, part, name, figures)
        print(f"{part}: {name}: {words(figures)} ({time.monotonic() - began:.0f} s)", flush=True)


def words(figures: Figures) -> str:
    return ", ".join(
        f"{key} {number(value) if isinstance(value, float) else value}"
        for key, value in figures.items()
    )


def number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"
