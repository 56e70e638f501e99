"""The device, the pairs and the encoders that all parts measure with."""

from __future__ import annotations

import argparse
import pickle
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModel, AutoTokenizer

from crosscal.encoders.architectures import token_types
from crosscal.encoders.loading import load_tokenizer
from crosscal.encoders.packaged import packaged_encoder
from crosscal.exceptions import CrosscalError
from crosscal.study.config.load import read_study
from crosscal.study.planning.datasets import read_all
from crosscal.tasks import FAMILIES, EncodedDataset, InputLimits, task
from crosscal.training.precision import default_device

DEVICE = default_device()
GPU = DEVICE.type == "cuda"
LENGTH = 128
MOST, FEW = 20_000, 200  # pairs that speeds are measured on, and that a training ends with
TASK = task("xnli")
WINDOW = 20  # steps whose losses crosscal reads at once on a GPU, over which it spreads their time
LARGE = {
    "hidden_size": 1024,
    "num_hidden_layers": 24,
    "num_attention_heads": 16,
    "intermediate_size": 4096,
}
STUDY = """name = "gpu"
seeds = [1]
[encoder]
name = "{encoder}"
[target]
task = "xnli"
train = {{ {train} }}
dev = {{ {dev} }}
test = {{ {test} }}
languages = ["en"]
[recipes.direct]
[training]
epochs = {epochs}
batch_tokens = 1536
precision = "fp32"
dropout = 0.0
evaluations = 1
max_length = 128
[analysis]
replicates = 100
[execution]
executor = "in-process"
"""

Figures = dict[str, Any]
Measurements = Iterator[tuple[str, Callable[[], Figures]]]


def study_text(encoder: Path, data: Path | None, epochs: float, dev: str = "dev") -> str:
    """Write a study of pairs of MNLI, or of the built-in ones."""
    train = test = 'format = "mini-nli"'
    if data is not None:
        train = f'format = "mnli-ptb", path = "{data.resolve()}"'
        test = f'{train}, split = "{dev}"'
    few = f"{test}, clusters = 100"
    return STUDY.format(encoder=encoder, train=train, dev=few, test=test, epochs=epochs)


@dataclass(frozen=True)
class Bench:
    """An encoder and the pairs it trains on and predicts."""

    options: argparse.Namespace
    encoder: Path
    folder: Path

    @cached_property
    def examples(self) -> dict[str, Any]:
        """Pairs to train on and to predict, a few that a training ends with, and those of tests."""
        kept = self.folder / "pairs.pickle"  # by an earlier part
        if not kept.exists():
            kept.write_bytes(pickle.dumps(self._read()))
        return pickle.loads(kept.read_bytes())

    def _read(self) -> dict[str, Any]:
        path = self.folder / "pairs.toml"
        for dev in ("dev", "dev_matched"):  # the whole of MNLI has two
            path.write_text(study_text(self.encoder, self.options.data, 1.0, dev))
            try:
                data = read_all(read_study(path))[0]
            except CrosscalError as error:
                unread = error
            else:
                most = {
                    "train": max(MOST, self.options.pairs),
                    "dev": FEW,
                    "test": self.options.tested,
                }
                return {
                    part: spread(data[f"target.{part}"].examples, count)
                    for part, count in most.items()
                }
        raise unread

    @cached_property
    def tokenizer(self) -> Any:
        """The tokenizer as transformers has it, for the peers."""
        return AutoTokenizer.from_pretrained(self.encoder)

    def tokens(self, examples: Any) -> EncodedDataset:
        """Tokenise as crosscal does."""
        limits = InputLimits(max_length=LENGTH, token_types=token_types(self.encoder))
        family = FAMILIES[TASK.family]
        return family.tokenise(self._own_tokenizer, examples, TASK.labels, limits)

    @cached_property
    def _own_tokenizer(self) -> Any:
        return load_tokenizer(self.encoder)


def spread(examples: Any, count: int) -> list[Any]:
    """Take so many examples from all over."""
    count = min(count, len(examples))
    return [examples[i * len(examples) // count] for i in range(count)]


def drawn_encoder(source: Path, path: Path, changes: dict[str, int]) -> Path:
    """Save an encoder of another's shape but for changes, with its tokenizer and random weights."""
    if not (path / "whole").exists():
        config = AutoConfig.from_pretrained(source)
        config.update(changes)
        torch.manual_seed(0)
        AutoModel.from_config(config).save_pretrained(path)
        AutoTokenizer.from_pretrained(source).save_pretrained(path)
        (path / "whole").touch()
    return path


def encoder_of(options: argparse.Namespace, folder: Path, *, large: bool) -> Path:
    """Return the encoder of a part: that of the options, or one of XLM-R Large's shape.

    That of the options may have no weights, as where they are too large to be brought.
    """
    source = options.encoder or packaged_encoder()
    if options.rehearse:
        return drawn_encoder(source, folder / "shallow", {"num_hidden_layers": 2})
    if large:
        return drawn_encoder(source, folder / "large", LARGE)
    if not any(source.glob("*.safetensors")):
        return drawn_encoder(source, folder / "drawn", {})
    return source


def synchronise() -> None:
    if GPU:
        torch.cuda.synchronize()
