"""Speed of training and prediction on processor cores, against Hugging Face's Trainer and pipeline.

    python benchmarks/cpu.py --data FOLDER [--rounds 5] [--threads 2]

FOLDER holds MNLI in Penn-Treebank tokens (``mnli_train.tsv``, format mnli-ptb); without it the
built-in pairs are used. Everything is in float32 with the packaged encoder. Every measurement has a
process of its own, so that its memory is its own; the rounds go through all of them in turn, and
medians are shown. The first steps of each are not counted.

    trainer, as its example    padded to 128 tokens, batches of 32, AdamW (its script for XNLI)
    trainer, at its best       padded to the longest of a batch, grouped by length, fused AdamW
    crosscal                   the command, 1,536 tokens a step, dropout as the Trainer's
    pipeline                   text classification at the best of two sizes of batch
    crosscal, prediction       as `crosscal bench` measures it
    matrix product             of the shapes of the feed-forward layers: what the cores can do

The loss curve is that of 20 steps, dropout off: crosscal's, and that of a loop with padded batches
of the same pairs, plain transformers, the whole vocabulary. Results go to ``benchmarks/cpu.json``.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

LENGTH = 128
STUDY = """name = "cpu"
seeds = [1]
[encoder]
name = "packaged"
[target]
task = "xnli"
train = {{ {train} }}
dev = {{ {dev} }}
test = {{ {dev} }}
languages = ["en"]
[recipes.direct]
[training]
epochs = {epochs}
batch_tokens = 1536
dropout = {dropout}
evaluations = 1
learning_rate = 5e-5
max_length = 128
[analysis]
replicates = 100
[execution]
executor = "in-process"
threads = {threads}
"""
WORKS = {
    "trainer_as_its_example": "trainer, as its example",
    "trainer_at_its_best": "trainer, at its best",
    "crosscal_training": "crosscal",
    "pipeline_prediction": "pipeline",
    "crosscal_prediction": "crosscal, prediction",
    "matrix_product": "matrix product",
}


def plan_of(options: argparse.Namespace, folder: Path, *, dropout: float, epochs: float) -> Any:
    """Write the study and plan it."""
    from crosscal.encoders.packaged import packaged_encoder
    from crosscal.study.config.load import read_study
    from crosscal.study.planning import make_plan

    path = f'format = "mnli-ptb", path = "{options.data}"'
    file = folder / "cpu.toml"
    file.write_text(
        STUDY.format(
            train=path if options.data else 'format = "mini-nli"',
            dev=f'{path}, split = "dev", clusters = 40'
            if options.data
            else 'format = "mini-nli", clusters = 20',
            epochs=epochs,
            dropout=dropout,
            threads=options.threads,
        )
    )
    return make_plan(read_study(file, ()), packaged_encoder())


def pairs_to_train_on(options: argparse.Namespace, folder: Path) -> Sequence[Any]:
    """Return the examples that the study trains on."""
    from crosscal.study.planning.datasets import read_all

    study = plan_of(options, folder, dropout=0.0, epochs=1.0).study
    return read_all(study)[0]["target.train"].examples


def tokenised(options: argparse.Namespace, folder: Path, *, padding: Any) -> Any:
    """Return pairs as the Trainer takes them, and the tokenizer."""
    from transformers import AutoTokenizer

    from crosscal.encoders.packaged import packaged_encoder

    tokenizer = AutoTokenizer.from_pretrained(packaged_encoder())
    examples = pairs_to_train_on(options, folder)
    names = sorted({each.label for each in examples})
    chosen = examples[:: max(1, len(examples) // 4000)]
    encoded = tokenizer(
        [each.text_a for each in chosen],
        [each.text_b for each in chosen],
        truncation=True,
        max_length=LENGTH,
        padding=padding,
    )["input_ids"]
    pad = tokenizer.pad_token_id
    rows = [
        {
            "input_ids": ids,
            "attention_mask": [int(i != pad) for i in ids],
            "labels": names.index(example.label),
        }
        for ids, example in zip(encoded, chosen, strict=True)
    ]
    return rows, tokenizer


def _trainer(options: argparse.Namespace, folder: Path, *, best: bool) -> dict[str, float]:
    import torch
    from transformers import (
        AutoModelForSequenceClassification,
        DataCollatorWithPadding,
        Trainer,
        TrainerCallback,
        TrainingArguments,
    )

    from crosscal.encoders.packaged import packaged_encoder

    torch.set_num_threads(options.threads)
    rows, tokenizer = tokenised(options, folder, padding=False if best else "max_length")
    times: list[float] = []

    class Clock(TrainerCallback):
        def on_step_end(self, *_: object, **__: object) -> None:
            times.append(time.monotonic())

    ways: dict[str, Any] = {"optim": "adamw_torch"}
    if best:
        ways = {"optim": "adamw_torch_fused", "train_sampling_strategy": "group_by_length"}
    arguments = TrainingArguments(
        str(folder / "trainer"),
        per_device_train_batch_size=32,
        max_steps=options.steps,
        learning_rate=5e-5,
        report_to=[],
        save_strategy="no",
        logging_strategy="no",
        disable_tqdm=True,
        use_cpu=True,
        **ways,
    )
    Trainer(
        AutoModelForSequenceClassification.from_pretrained(packaged_encoder(), num_labels=3),
        arguments,
        train_dataset=rows,
        data_collator=DataCollatorWithPadding(tokenizer),
        callbacks=[Clock()],
    ).train()
    warm = max(1, options.steps // 4)
    return {"examples_per_second": 32 * (len(times) - 1 - warm) / (times[-1] - times[warm])}


def trainer_as_its_example(options: argparse.Namespace, folder: Path) -> dict[str, float]:
    return _trainer(options, folder, best=False)


def trainer_at_its_best(options: argparse.Namespace, folder: Path) -> dict[str, float]:
    return _trainer(options, folder, best=True)


def crosscal_training(options: argparse.Namespace, folder: Path) -> dict[str, float]:
    """Train by the stages themselves; speeds are those of the step log."""
    from crosscal.study.execution.executors import InlineExecutor
    from crosscal.study.execution.scheduler import run_plan
    from crosscal.study.execution.stages import TrainStage
    from crosscal.study.execution.store import Store

    examples = len(pairs_to_train_on(options, folder))
    plan = plan_of(options, folder, dropout=0.1, epochs=options.steps * 32 / examples)
    store = Store(folder / "store")
    with InlineExecutor(store) as executor:
        trained = next(stage for stage in plan.stages if isinstance(stage, TrainStage))
        needed = [s for s in plan.stages if s.node in trained.inputs.values()]
        run_plan([*needed, trained], store, executor, _Silent())
    log = (store.open(*trained.node) / "log.jsonl").read_text().splitlines()
    steps = [line for line in map(json.loads, log) if "loss" in line]
    steps = steps[max(1, len(steps) // 4) :]
    seconds = sum(step["seconds"] for step in steps)
    tokens = sum(step["tokens"] for step in steps)
    return {
        "examples_per_second": sum(step["examples"] for step in steps) / seconds,
        "gflops": tokens / seconds * trained.operations_per_token() / 1e9,
    }


class _Silent:
    def started(self, stage: object) -> None: ...
    def finished(self, stage: object) -> None: ...
    def tick(self) -> None: ...


def pipeline_prediction(options: argparse.Namespace, folder: Path) -> dict[str, float]:
    """Classify with transformers' pipeline, at the best of two sizes of batch."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline

    from crosscal.encoders.packaged import packaged_encoder

    torch.set_num_threads(options.threads)
    encoder = packaged_encoder()
    classify = pipeline(
        "text-classification",
        model=AutoModelForSequenceClassification.from_pretrained(encoder, num_labels=3),
        tokenizer=AutoTokenizer.from_pretrained(encoder),
        device="cpu",
    )
    examples = pairs_to_train_on(options, folder)
    count = 12 * options.steps
    chosen = examples[:: max(1, len(examples) // count)][:count]
    texts = [{"text": each.text_a, "text_pair": each.text_b} for each in chosen]
    best = 0.0
    for batch in (8, 32):
        classify(texts[:batch], batch_size=batch)
        began = time.monotonic()
        classify(texts, batch_size=batch, truncation=True, max_length=LENGTH)
        best = max(best, len(texts) / (time.monotonic() - began))
    return {"examples_per_second": best}


def crosscal_prediction(options: argparse.Namespace, folder: Path) -> dict[str, float]:
    """Predict as `crosscal bench` does."""
    from crosscal.study.planning.probe import probe_study

    plan = plan_of(options, folder, dropout=0.1, epochs=1.0)
    probe = next(each for each in probe_study(plan, options.steps / 2) if each.kind == "predict")
    rows, _ = tokenised(options, folder, padding=False)
    tokens = statistics.mean(len(row["input_ids"]) for row in rows)
    return {
        "examples_per_second": probe.tokens_per_second / tokens,
        "gflops": probe.operations_per_second / 1e9,
    }


def matrix_product(options: argparse.Namespace, folder: Path) -> dict[str, float]:
    """Multiply matrices of the shapes of the feed-forward layers."""
    import torch

    torch.set_num_threads(options.threads)
    a, b, c = torch.randn(1536, 384), torch.randn(384, 1536), torch.randn(1536, 384)
    for _ in range(10):
        (a @ b) @ c
    began, count = time.monotonic(), 0
    while time.monotonic() - began < options.steps / 5:
        (a @ b) @ c
        count += 1
    return {"gflops": count * 4 * 1536 * 384 * 1536 / (time.monotonic() - began) / 1e9}


def loss_curves(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Train on the same batches packed and padded; return both curves."""
    import numpy as np
    import torch
    from transformers import AutoModel

    from crosscal.study.execution.stages import PrepareStage, TrainStage
    from crosscal.study.planning.probe import tokenised_sample
    from crosscal.training.loop import train
    from crosscal.training.mixing import TrainingTask, plan_steps
    from crosscal.training.settings import Mixture
    from crosscal.training.stage import build_model

    torch.set_num_threads(options.threads)
    plan = plan_of(options, folder, dropout=0.0, epochs=1.0)
    by_node = {stage.node: stage for stage in plan.stages}
    stage = next(s for s in plan.stages if isinstance(s, TrainStage))
    prepared = by_node[stage.inputs["train:target"]]
    assert isinstance(prepared, PrepareStage)
    examples = prepared.source.read().examples
    data, few = (tokenised_sample(prepared, examples, count) for count in (640, 16))
    settings = stage.training.model_copy(update={"epochs": 20 * 1536 / len(data.ids)})
    task = TrainingTask(name="target", examples=data, development=few, outputs=3)
    model, vocabulary = build_model(stage.model, None, [data.ids, few.ids], {"target": 3}, seed=1)
    plain = AutoModel.from_pretrained(stage.encoder_folder)
    head = torch.nn.Linear(plain.config.hidden_size, 3)
    head.load_state_dict(model.head("target").state_dict())
    train(
        model, vocabulary, [task], settings, mixture=Mixture(), seed=1, folder=folder,
        checkpoint_seconds=1e9,
    )  # fmt: skip
    log = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    packed = [line["loss"] for line in log if "loss" in line]
    rates = [line["learning_rate"] for line in log if "loss" in line]
    weights = [*plain.parameters(), *head.parameters()]
    decayed = [p for n, p in plain.named_parameters() if p.ndim >= 2 and "embeddings" not in n]
    decayed.append(head.weight)
    rest = [p for p in weights if not any(p is each for each in decayed)]
    optimizer = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": settings.weight_decay},
         {"params": rest, "weight_decay": 0.0}]
    )  # fmt: skip
    plain.eval()  # no dropout, as above
    padded = []
    for step, rate in zip(plan_steps([task], Mixture(), settings, 1), rates, strict=True):
        rows = [data.ids[data.offsets[i] : data.offsets[i + 1]] for i in step.groups]
        width = max(map(len, rows))
        ids = torch.tensor(np.array([[*row, *[1] * (width - len(row))] for row in rows]))
        mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows])
        states = plain(input_ids=ids, attention_mask=mask).last_hidden_state
        pooled = (states * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        gold = torch.tensor(np.asarray(data.gold[step.groups]), dtype=torch.int64)
        loss = torch.nn.functional.cross_entropy(head(pooled), gold)
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, settings.clip)
        optimizer.step()
        padded.append(loss.item())
    apart = [abs(a - b) for a, b in zip(packed, padded, strict=True)]
    return {"crosscal": packed, "padded": padded, "largest_difference": max(apart)}


def apart(name: str, arguments: list[str], threads: int) -> dict[str, Any]:
    """Do one measurement in a process of its own."""
    environment = os.environ | {"OMP_NUM_THREADS": str(threads), "TOKENIZERS_PARALLELISM": "false"}
    done = subprocess.run(
        [sys.executable, __file__, "--work", name, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr[-3000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def median(rounds: list[dict[str, float]], key: str) -> float:
    return statistics.median(each[key] for each in rounds)


def ratios(found: dict[str, list[dict[str, float]]]) -> dict[str, float]:
    """Return what is claimed: medians of ratios within a round, since the load changes."""

    def ratio(one: str, other: str, key: str = "examples_per_second") -> float:
        pairs = zip(found[one], found[other], strict=True)
        return statistics.median(a[key] / b[key] for a, b in pairs)

    return {
        "training, to the Trainer as its example": ratio(
            "crosscal_training", "trainer_as_its_example"
        ),
        "training, to the Trainer at its best": ratio("crosscal_training", "trainer_at_its_best"),
        "training, to the matrix product": ratio("crosscal_training", "matrix_product", "gflops"),
        "prediction, to the pipeline": ratio("crosscal_prediction", "pipeline_prediction"),
        "prediction, to the matrix product": ratio(
            "crosscal_prediction", "matrix_product", "gflops"
        ),
        "memory, to the Trainer at its best": ratio(
            "crosscal_training", "trainer_at_its_best", "peak_gb"
        ),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, help="folder of mnli_train.tsv; none: built-in pairs")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=12, help="of each training; the rest follows")
    parser.add_argument("--json", type=Path, default=Path(__file__).with_suffix(".json"))
    parser.add_argument("--work", choices=[*WORKS, "loss_curves"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        with tempfile.TemporaryDirectory() as name:
            done = globals()[options.work](options, Path(name))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        print(json.dumps({**done, "peak_gb": round(peak, 2)}))
        return
    arguments = ["--threads", str(options.threads), "--steps", str(options.steps)]
    arguments += ["--data", str(options.data)] if options.data else []
    found: dict[str, list[dict[str, float]]] = {name: [] for name in WORKS}
    for number in range(options.rounds):
        for name, words in WORKS.items():
            found[name].append(apart(name, arguments, options.threads))
            print(f"round {number + 1}, {words}: {found[name][-1]}", flush=True)
    curves = apart("loss_curves", arguments, options.threads)
    print(f"loss curves: largest difference {curves['largest_difference']:.1e}")
    for name, words in WORKS.items():
        shown = {key: round(median(found[name], key), 2) for key in found[name][0]}
        print(f"{words}: {shown}")
    claimed = ratios(found)
    for words, value in claimed.items():
        print(f"{words}: {value:.2f}")
    record = {"threads": options.threads, "rounds": found, "ratios": claimed, "loss": curves}
    options.json.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
