"""One study on one device, and on two that share each step: how far the results are apart.

In float32 and without dropout, by the command itself; on a processor two processes of it (gloo).
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch
from pairs import GPU, Bench, Figures, Measurements, study_text

STEPS = 30
PAIRS = 6030  # of the built-in set, which has about 33 tokens a pair
NAME = "same study, one process and two"


def run(bench: Bench, study: Path, devices: int) -> tuple[list[float], dict[str, np.ndarray]]:
    """Run the study; return the loss of each step, and the scores of each split."""
    output = bench.folder / f"shared-{devices}"
    command = [sys.executable, "-m", "crosscal", "run", str(study), "--output", str(output)]
    command += ["--set", f"execution.devices_per_stage={devices}"]
    if not GPU:
        command += ["--set", "execution.threads=1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError((done.stdout + done.stderr)[-400:])
    (log,) = output.glob("store/train-*/log.jsonl")
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    (predicted,) = {path.parent for path in output.glob("store/predict-*/test.npy")}
    scores = {path.stem: np.load(path) for path in sorted(predicted.glob("*.npy"))}
    return [line["loss"] for line in lines if "loss" in line], scores


def compare(bench: Bench) -> Figures:
    if GPU and torch.cuda.device_count() < 2:
        return {"left out": "one GPU is visible, and two are needed"}
    study = bench.folder / "shared.toml"
    steps = 6 if bench.options.rehearse else STEPS
    study.write_text(study_text(bench.encoder, None, round(steps * 1536 / 33 / PAIRS, 4)))
    (loss, scores), (shared_loss, shared) = (run(bench, study, n) for n in (1, 2))
    return {
        "devices": "two GPUs (NCCL)" if GPU else "two processes of the processor (gloo)",
        "largest_difference_of_losses": max(
            abs(a - b) for a, b in zip(loss, shared_loss, strict=True)
        ),
        "largest_difference_of_scores": max(
            float(np.abs(scores[split] - shared[split]).max()) for split in scores
        ),
        "steps": len(loss),
        "rows": sum(len(rows) for rows in scores.values()),
    }


def measurements(bench: Bench) -> Measurements:
    yield NAME, lambda: compare(bench)
