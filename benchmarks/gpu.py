"""Speed of training and prediction on a GPU, against the Trainer and a plain packed loop.

    bash benchmarks/gpu.sh                              # built-in pairs, the packaged encoder
    bash benchmarks/gpu.sh --data FOLDER --large        # MNLI (mnli-ptb) and XLM-R Large's shape
    bash benchmarks/gpu.sh --rehearse                   # two layers, few steps: on a processor

Needs no network. crosscal is measured through its own command: a study of one recipe, its step log
and the seconds of its stages. The peers run in the same process on the same pairs: Hugging Face's
Trainer at its best (bf16, grouped by length, fused AdamW), and a loop with nothing but packed
batches, the attention that torch has, and AdamW. The first steps of each are not counted. A line is
printed for each; all figures go to ``benchmarks/gpu.json`` with the name of the card.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch
from transformers import AutoConfig, AutoModel, AutoModelForSequenceClassification, AutoTokenizer

from crosscal.cli.app import main as crosscal
from crosscal.encoders.packaged import packaged_encoder
from crosscal.encoders.packing import PACKED, PackedBatch, encode, pool
from crosscal.study.config.load import read_study
from crosscal.study.planning.datasets import read_all
from crosscal.training.precision import Precision, attention_words, default_device

RESULTS = Path(__file__).with_suffix(".json")
DEVICE = default_device()
GPU = DEVICE.type == "cuda"
WARM_UP = 0.3  # of the steps of each measurement
LENGTH = 128
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
batch_tokens = {tokens}
precision = "{precision}"
dropout = 0.0
evaluations = 1
max_length = {length}
"""


def synchronise() -> None:
    if GPU:
        torch.cuda.synchronize()


def peak_gb() -> float:
    """Return the largest memory of the card since it was last asked."""
    if not GPU:
        return 0.0
    found = torch.cuda.max_memory_allocated() / 1e9
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    return found


def write_study(folder: Path, options: argparse.Namespace, tokens: int) -> Path:
    """Write a study of about so many steps; the test set is what prediction is measured on."""
    if options.data is None:
        train = dev = test = 'format = "mini-nli"'
    else:
        path = f'format = "mnli-ptb", path = "{options.data}"'
        train, dev = path, f'{path}, split = "dev_matched", clusters = 200'
        test = f'{path}, split = "dev_mismatched"'
    path = folder / f"study-{tokens}.toml"
    path.write_text(
        STUDY.format(
            encoder=options.encoder,
            train=train,
            dev=dev,
            test=test,
            tokens=tokens,
            length=LENGTH,
            epochs=options.epochs,
            precision=options.precision,
        )
    )
    return path


def measure_crosscal(options: argparse.Namespace, folder: Path, tokens: int) -> dict[str, float]:
    """Train and predict by the command; speeds are those of its log and of its stages."""
    study, output = write_study(folder, options, tokens), folder / f"results-{tokens}"
    with patch.object(sys, "argv", ["crosscal", "run", str(study), "--output", str(output)]):
        try:
            crosscal()
        except SystemExit as end:
            if end.code:
                raise
    (log,) = output.glob("store/train-*/log.jsonl")
    steps = [json.loads(line) for line in log.read_text().splitlines()]
    steps = [step for step in steps if "loss" in step][int(WARM_UP * len(steps)) :]
    seconds = sum(step["seconds"] for step in steps)
    (predicted,) = (
        json.loads(path.read_text())["details"]
        for path in output.glob("store/predict-*/manifest.json")
    )
    return {
        "examples_per_second": sum(step["examples"] for step in steps) / seconds,
        "tokens_per_second": sum(step["tokens"] for step in steps) / seconds,
        "milliseconds_a_step": 1e3 * seconds / len(steps),
        "last_loss": float(np.mean([step["loss"] for step in steps[-20:]])),
        "prediction_examples_per_second": predicted["examples"] / predicted["seconds"],
        "peak_gb": peak_gb(),
    }


class Pairs(torch.utils.data.Dataset):
    """Tokenised pairs as the Trainer takes them."""

    def __init__(self, tokenizer, examples) -> None:
        texts = ([e.text_a for e in examples], [e.text_b for e in examples])
        self.ids = tokenizer(*texts, truncation=True, max_length=LENGTH)["input_ids"]
        names = sorted({e.label for e in examples})
        self.labels = [names.index(e.label) for e in examples]

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, place):
        return {"input_ids": self.ids[place], "labels": self.labels[place]}


def measure_trainer(options, folder: Path, pairs: Pairs, tokenizer, batch: int) -> dict[str, float]:
    """Train with Hugging Face's Trainer, at its best."""
    from transformers import DataCollatorWithPadding, Trainer, TrainerCallback, TrainingArguments

    class Clock(TrainerCallback):
        def __init__(self) -> None:
            self.times: list[float] = []

        def on_step_end(self, *_: object, **__: object) -> None:
            synchronise()
            self.times.append(time.monotonic())

    clock, steps = Clock(), options.steps
    model = AutoModelForSequenceClassification.from_pretrained(options.encoder, num_labels=3)
    arguments = TrainingArguments(
        str(folder / "trainer"),
        per_device_train_batch_size=batch,
        max_steps=steps,
        bf16=options.precision == "bf16",
        optim="adamw_torch_fused",
        train_sampling_strategy="group_by_length",
        report_to=[],
        save_strategy="no",
        logging_strategy="no",
        disable_tqdm=True,
        use_cpu=not GPU,
    )
    trainer = Trainer(
        model,
        arguments,
        train_dataset=pairs,
        data_collator=DataCollatorWithPadding(tokenizer),
        callbacks=[clock],
    )
    trainer.train()
    first = int(WARM_UP * steps)
    seconds = (clock.times[-1] - clock.times[first]) / (len(clock.times) - 1 - first)
    return {
        "examples_per_second": batch / seconds,
        "milliseconds_a_step": 1e3 * seconds,
        "peak_gb": peak_gb(),
    }


def packed_batches(pairs: Pairs, tokens: int) -> Iterator[tuple[PackedBatch, torch.Tensor]]:
    """Yield random batches of at most so many tokens, without end."""
    generator = np.random.default_rng(0)
    lengths = np.array([len(ids) for ids in pairs.ids])
    while True:
        order = generator.permutation(len(pairs))
        cuts = np.cumsum(lengths[order]) // tokens
        for number in range(int(cuts[-1])):
            chosen = order[cuts == number]
            chosen = chosen[np.argsort(lengths[chosen], kind="stable")]
            sizes, counts = np.unique(lengths[chosen], return_counts=True)
            ids = torch.tensor(np.concatenate([pairs.ids[i] for i in chosen]))
            batch = PackedBatch(
                ids=ids,
                token_type_ids=torch.zeros_like(ids),
                position_ids=torch.tensor(np.concatenate([np.arange(lengths[i]) for i in chosen])),
                length_groups=tuple(zip(sizes.tolist(), counts.tolist(), strict=True)),
            )
            labels = torch.tensor([pairs.labels[i] for i in chosen])
            yield batch.to(DEVICE), labels.to(DEVICE)


def measure_plain(options: argparse.Namespace, pairs: Pairs, tokens: int) -> dict[str, float]:
    """Train with packed batches and nothing around them."""
    model = AutoModel.from_pretrained(options.encoder).to(DEVICE).train()
    model.config._attn_implementation = PACKED
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    head = torch.nn.Linear(model.config.hidden_size, 3).to(DEVICE)
    weights = [*model.parameters(), *head.parameters()]
    optimizer = torch.optim.AdamW(weights, lr=2e-5, fused=True)
    precision = Precision(options.precision, DEVICE)
    batches = list(islice(packed_batches(pairs, tokens), options.steps))
    examples = seen = 0
    for step, (batch, gold) in enumerate(batches):
        if step == int(WARM_UP * options.steps):
            synchronise()
            began, examples, seen = time.monotonic(), 0, 0
        with precision.autocast():
            scores = head(pool(encode(model, batch), batch, "mean"))
        torch.nn.functional.cross_entropy(scores.float(), gold).backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0, foreach=True)
        optimizer.step()
        optimizer.zero_grad()
        examples, seen = examples + batch.size, seen + len(batch.ids)
    synchronise()
    seconds = time.monotonic() - began
    return {
        "examples_per_second": examples / seconds,
        "tokens_per_second": seen / seconds,
        "milliseconds_a_step": 1e3 * seconds / (len(batches) - int(WARM_UP * options.steps)),
        "peak_gb": peak_gb(),
    }


def measure_pipeline(options, examples, tokenizer) -> dict[str, float]:
    """Classify with transformers' pipeline, at the best of three sizes of batch."""
    from transformers import pipeline

    model = AutoModelForSequenceClassification.from_pretrained(options.encoder, num_labels=3)
    classify = pipeline("text-classification", model=model, tokenizer=tokenizer, device=DEVICE)
    texts = [{"text": e.text_a, "text_pair": e.text_b} for e in examples[: options.predicted]]
    best: dict[str, float] = {}
    for batch in (32, 128, 512):
        classify(texts[:batch], batch_size=batch)
        began = time.monotonic()
        classify(texts, batch_size=batch, truncation=True, max_length=LENGTH)
        synchronise()
        speed = len(texts) / (time.monotonic() - began)
        if speed > best.get("examples_per_second", 0.0):
            best = {"examples_per_second": speed, "batch": batch}
    return {**best, "peak_gb": peak_gb()}


def large_encoder(options: argparse.Namespace, folder: Path) -> Path:
    """Save an encoder of XLM-R Large's shape with random weights, and the packaged tokenizer."""
    config = AutoConfig.from_pretrained(packaged_encoder())
    config.update(LARGE if not options.rehearse else {"num_hidden_layers": 2})
    path = folder / "large"
    AutoModel.from_config(config).save_pretrained(path)
    AutoTokenizer.from_pretrained(packaged_encoder()).save_pretrained(path)
    return path


def measure(options: argparse.Namespace, folder: Path) -> dict[str, dict[str, float]]:
    """Measure everything with one encoder."""
    tokenizer = AutoTokenizer.from_pretrained(options.encoder)
    data = read_all(read_study(write_study(folder, options, 512)))[0]
    pairs = Pairs(tokenizer, data["target.train"].examples)
    works = {
        **{f"crosscal, {n} tokens": partial(measure_crosscal, options, folder, n)
           for n in options.tokens},
        **{f"plain packed loop, {n} tokens": partial(measure_plain, options, pairs, n)
           for n in options.tokens},
        **{f"Trainer, batches of {n}": partial(measure_trainer, options, folder, pairs,
                                               tokenizer, n)
           for n in options.batches},
        "pipeline": partial(measure_pipeline, options, data["target.test"].examples, tokenizer),
    }  # fmt: skip
    found = {}
    for name, work in works.items():
        began = time.monotonic()
        found[name] = work()
        figures = ", ".join(f"{key} {value:,.4g}" for key, value in found[name].items())
        print(f"{name}: {figures} ({time.monotonic() - began:.0f} s)", flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--encoder", type=Path, help="a folder; none: the packaged encoder")
    parser.add_argument("--data", type=Path, help="folder of mnli_train.tsv; none: built-in pairs")
    parser.add_argument("--large", action="store_true", help="XLM-R Large's shape as well")
    parser.add_argument("--rehearse", action="store_true", help="two layers and few steps")
    parser.add_argument("--precision", default="bf16", choices=["bf16", "fp32"])
    options = parser.parse_args()
    options.steps = 10 if options.rehearse else 200
    options.tokens = [512] if options.rehearse else [1536, 16384]
    options.batches = [8] if options.rehearse else [32, 256]
    options.predicted = 64 if options.rehearse else 4000
    options.epochs = 0.02 if options.rehearse else 1.0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        chosen = options.encoder or packaged_encoder()
        if options.rehearse:
            options.large, chosen = True, None
        found = {}
        for title, encoder in (("encoder", chosen), ("large", options.large)):
            if encoder:
                options.encoder = large_encoder(options, folder) if encoder is True else encoder
                print(f"== {title}: {options.encoder.name}")
                found[title] = measure(options, folder)
    card = torch.cuda.get_device_name() if GPU else "no GPU"
    record = {
        "device": card,
        "torch": torch.__version__,
        "precision": options.precision,
        "attention": attention_words(DEVICE),
        "found": found,
    }
    if not options.rehearse:
        RESULTS.write_text(json.dumps(record, indent=1) + "\n")
    print(json.dumps(record))


if __name__ == "__main__":
    main()
