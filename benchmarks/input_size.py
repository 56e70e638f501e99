"""Time and memory of a training step, over the length of inputs and the size of a vocabulary.

    python benchmarks/input_size.py

An encoder of four layers of 256 with random weights is trained on random tokens by the training
stage itself, 1,536 tokens a step, each point in a process of its own: inputs of 16 to 512 tokens;
vocabularies of 8,000 to 512,000 rows, as a whole and trimmed, of which the inputs use 4,000. The
median time of a step and the peak of memory are taken, a constant and a power of the size are
fitted, and it is said whether that is what the method should cost. Results go to
``benchmarks/input_size.json``.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from load import exponent

RESULTS = Path(__file__).with_suffix(".json")
STEPS, TOKENS, USED = 24, 1536, 4_000
CURVES = {
    "length": (16, 32, 64, 128, 256, 512),
    "vocabulary": (8_000, 32_000, 128_000, 512_000),
    "vocabulary, trimmed": (8_000, 32_000, 128_000, 512_000),
}
# What a curve should be: the largest power of its size beside a constant; 0: no growth.
THEORY = {
    "length": {"seconds": 1, "peak_gb": 1},
    "vocabulary": {"seconds": 1, "peak_gb": 1},
    "vocabulary, trimmed": {"seconds": 0, "peak_gb": 1},
}
WORDS = {
    "length": "attention takes time and, with dropout, memory by the square of an input's length, "
    "and a step of so many tokens holds the fewer inputs the longer they are",
    "vocabulary": "every row is held and trained, with its gradient and moments",
    "vocabulary, trimmed": "the table is loaded whole; rows that are not used go before training",
}


def data_set(folder: Path, length: int) -> Path:
    """Write random inputs of one length, as many tokens as all steps need."""
    import pyarrow as pa

    from crosscal.tasks import EncodedDataset

    rng = np.random.default_rng(0)
    count = max(4, STEPS * TOKENS // length)
    names = [f"u{i}" for i in range(count)]
    made = EncodedDataset(
        ids=rng.integers(5, USED, count * length).astype(np.int32),
        token_type_ids=np.zeros(count * length, dtype=np.uint8),
        offsets=length * np.arange(count + 1, dtype=np.int64),
        gold=rng.integers(0, 3, count).astype(np.int32),
        units=pa.table({"unit_id": names, "cluster_id": names, "language": ["en"] * count}),
    )
    folder.mkdir()
    made.save(folder)
    return folder


def make_encoder(kind: str, size: int, folder: Path) -> None:
    """Save an encoder with random weights."""
    import torch
    from transformers import BertConfig, BertModel

    config = BertConfig(
        hidden_size=256,
        num_hidden_layers=4,
        num_attention_heads=4,
        intermediate_size=1024,
        vocab_size=USED if kind == "length" else size,
        max_position_embeddings=512,
    )
    torch.manual_seed(0)
    BertModel(config).save_pretrained(folder)


def point(kind: str, size: int, folder: Path) -> dict[str, Any]:
    """Train so many steps, and say what one took."""
    from crosscal.training.settings import HeadSettings, Mixture, ModelSettings, TrainingSettings
    from crosscal.training.stage import train_stage

    length = size if kind == "length" else 64
    # In a process of its own: what it holds must not count.
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        pool.apply(make_encoder, (kind, size, folder / "encoder"))
    data = data_set(folder / "data", length)
    settings = ModelSettings(
        encoder=folder / "encoder", layers=None, pooling="mean", trim=kind.endswith("trimmed")
    )
    (folder / "scratch").mkdir()
    train_stage(
        settings,
        [HeadSettings(name="target", family="classification", labels=("a", "b", "c"))],
        {"train:target": data, "dev:target": data},
        folder / "scratch",
        lambda *_: None,
        training=TrainingSettings(batch_tokens=TOKENS, max_length=512, epochs=1, evaluations=1),
        mixture=Mixture(),
        seed=1,
        threads=min(2, os.cpu_count() or 1),
        checkpoint_seconds=1e9,
    )
    lines = map(json.loads, (folder / "scratch" / "log.jsonl").read_text().splitlines())
    seconds = [line["seconds"] / line["tokens"] * TOKENS for line in lines if "loss" in line]
    return {
        "size": size,
        "seconds": round(statistics.median(seconds[4:]), 4),
        "peak_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9, 3),
    }


def described(kind: str, points: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a curve with the powers of its size, and whether they are what they should be."""
    sizes = [each["size"] for each in points]
    found: dict[str, Any] = {"points": points, "theory": WORDS[kind]}
    for name, most in THEORY[kind].items():
        costs = [each[name] for each in points]
        grows = costs[-1] > 1.25 * costs[0]
        power = exponent(sizes, costs) if grows else 0.0
        found[name] = {"exponent": power, "as_theory": power <= (1.25 if most else 0)}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--point", nargs=2, metavar=("CURVE", "SIZE"), help=argparse.SUPPRESS)
    parser.add_argument("--json", type=Path, default=RESULTS)
    options = parser.parse_args()
    if options.point:
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(point(options.point[0], int(options.point[1]), Path(folder))))
        return
    result: dict[str, Any] = {
        "machine": {"system": platform.platform(), "processors": os.cpu_count()},
        "tokens_a_step": TOKENS,
        "curves": {},
    }
    for kind, sizes in CURVES.items():
        points = []
        for size in sizes:
            command = [sys.executable, __file__, "--point", kind, str(size)]
            said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            points.append(json.loads(said.strip().splitlines()[-1]))
            print(kind, points[-1], flush=True)
        result["curves"][kind] = described(kind, points)
        options.json.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
