"""What crosscal is measured against: the Trainer, a plain packed loop, the pipeline."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from inspect import signature
from typing import Any

import numpy as np
import torch
from pairs import DEVICE, GPU, LENGTH, TASK, Bench, Figures, spread, synchronise
from torch.optim.lr_scheduler import LambdaLR
from transformers import (
    AutoModel,
    AutoModelForSequenceClassification,
    DataCollatorWithPadding,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainingArguments,
    pipeline,
    set_seed,
)

from crosscal.encoders.packing import PACKED, PackedBatch, encode, pool
from crosscal.training.precision import Precision

WORKERS = 4
MULTIPLE = 8 if GPU else None  # the lengths that tensor cores like
# Earlier versions had another name for it.
BY_LENGTH = (
    {"train_sampling_strategy": "group_by_length"}
    if "train_sampling_strategy" in signature(TrainingArguments).parameters
    else {"group_by_length": True}
)
Schedule = Callable[[int], float]  # the share of the learning rate of a step counted from 0


def constant(step: int) -> float:
    return 1.0


class Pairs(torch.utils.data.Dataset):
    """Tokenised pairs as the Trainer takes them."""

    def __init__(self, tokenizer: Any, examples: Any) -> None:
        texts = ([e.text_a for e in examples], [e.text_b for e in examples])
        self.ids = tokenizer(*texts, truncation=True, max_length=LENGTH)["input_ids"]
        self.labels = [TASK.labels.index(e.label) for e in examples]

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, place):
        return {"input_ids": self.ids[place], "labels": self.labels[place]}


class Scheduled(Trainer):
    """The Trainer with a given schedule."""

    schedule: Schedule = staticmethod(constant)

    def create_scheduler(self, num_training_steps, optimizer=None):
        """Return the given schedule in place of that of the arguments."""
        self.lr_scheduler = LambdaLR(optimizer or self.optimizer, self.schedule)
        return self.lr_scheduler


def classifier(bench: Bench) -> Any:
    """Return the model that transformers has for such pairs, without dropout as crosscal's."""
    return AutoModelForSequenceClassification.from_pretrained(
        bench.encoder,
        num_labels=len(TASK.labels),
        dtype=torch.float32,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )


def train_with_trainer(
    bench: Bench,
    pairs: torch.utils.data.Dataset,
    batch: int,
    steps: int,
    *,
    seed: int = 1,
    schedule: Schedule = constant,
    callbacks: tuple[TrainerCallback, ...] = (),
) -> Any:
    """Train with Hugging Face's Trainer at its best; return the model."""
    set_seed(seed)
    model = classifier(bench)
    workers = WORKERS if GPU else 0
    with tempfile.TemporaryDirectory(dir=bench.folder) as name:
        arguments = TrainingArguments(
            name,
            per_device_train_batch_size=batch,
            max_steps=steps,
            learning_rate=bench.options.rate,
            weight_decay=0.01,
            bf16=bench.options.precision == "bf16",
            optim="adamw_torch_fused",
            dataloader_num_workers=workers,
            dataloader_persistent_workers=workers > 0,
            logging_nan_inf_filter=False,  # it would wait for the device in each step
            seed=seed,
            report_to=[],
            save_strategy="no",
            logging_strategy="no",
            disable_tqdm=True,
            use_cpu=not GPU,
            **BY_LENGTH,
        )
        trainer = Scheduled(
            model,
            arguments,
            train_dataset=pairs,
            data_collator=DataCollatorWithPadding(bench.tokenizer, pad_to_multiple_of=MULTIPLE),
            callbacks=list(callbacks),
        )
        trainer.schedule = schedule
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    return model


class Clock(TrainerCallback):
    """The time between the ends of two steps; the device is waited for at these alone."""

    def __init__(self, first: int, last: int) -> None:
        self._ends = (first, last)
        self.times: list[float] = []

    def on_step_end(self, arguments, state, control, **_):
        """Note the time at the ends."""
        if state.global_step in self._ends:
            synchronise()
            self.times.append(time.monotonic())


def trainer(bench: Bench, pairs: Pairs, batch: int) -> Figures:
    """Measure the Trainer over one epoch after another, of so many pairs as the steps take.

    It sorts lengths within fifty batches: a part of these would be longer or shorter than all.
    """
    steps = min(bench.options.measured, len(pairs) // batch)
    places = spread(range(len(pairs)), batch * steps)
    clock = Clock(steps + 1, 2 * steps)  # without the first, which waits for the loader to start
    chosen = torch.utils.data.Subset(pairs, places)
    train_with_trainer(bench, chosen, batch, 2 * steps, callbacks=(clock,))
    seconds = (clock.times[1] - clock.times[0]) / (steps - 1)
    return {
        "examples_per_second": batch / seconds,
        "milliseconds_a_step": 1e3 * seconds,
        "steps": steps - 1,
    }


def packed_batches(
    pairs: Pairs, tokens: int, seed: int
) -> Iterator[tuple[PackedBatch, torch.Tensor]]:
    """Yield random batches of about so many tokens, without end."""
    generator = np.random.default_rng(seed)
    lengths = np.array([len(ids) for ids in pairs.ids])
    while True:
        order = generator.permutation(len(pairs))
        numbers = np.cumsum(lengths[order]) // tokens
        for number in range(int(numbers[-1]) + 1):
            chosen = order[numbers == number]
            if len(chosen):  # a pair may be longer than a batch
                yield packed_batch(pairs, lengths, chosen)


def packed_batch(
    pairs: Pairs, lengths: np.ndarray, chosen: np.ndarray
) -> tuple[PackedBatch, torch.Tensor]:
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
    return batch.to(DEVICE), labels.to(DEVICE)


class PackedClassifier(torch.nn.Module):
    """An encoder on packed batches and a linear layer over the mean of its tokens."""

    def __init__(self, bench: Bench) -> None:
        super().__init__()
        self.encoder = AutoModel.from_pretrained(bench.encoder, dtype=torch.float32)
        self.encoder.config._attn_implementation = PACKED
        self.head = torch.nn.Linear(self.encoder.config.hidden_size, len(TASK.labels))
        for module in self.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.0

    def forward(self, batch: PackedBatch) -> torch.Tensor:
        """Score each pair of a batch, in float32."""
        return self.head(pool(encode(self.encoder, batch), batch, "mean")).float()


def train_plainly(
    bench: Bench,
    batches: list[tuple[PackedBatch, torch.Tensor]],
    *,
    seed: int = 1,
    schedule: Schedule = constant,
    before: Callable[[int], None] = lambda step: None,
) -> PackedClassifier:
    """Train with packed batches and nothing around them; `before` is called before each step."""
    torch.manual_seed(seed)
    model = PackedClassifier(bench).to(DEVICE).train()
    weights = list(model.parameters())
    optimizer = torch.optim.AdamW(weights, lr=bench.options.rate, fused=True)
    scheduler = LambdaLR(optimizer, schedule)
    precision = Precision(bench.options.precision, DEVICE)
    for step, (batch, gold) in enumerate(batches):
        before(step)
        with precision.autocast():
            logits = model(batch)
        torch.nn.functional.cross_entropy(logits, gold).backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0, foreach=True)
        optimizer.step()
        scheduler.step()
        optimizer.zero_grad()
    synchronise()
    return model


def plain_loop(bench: Bench, pairs: Pairs, tokens: int) -> Figures:
    """Measure the plain loop; its batches are on the device before it begins."""
    warm, steps = bench.options.warm, bench.options.warm + bench.options.measured
    stream = packed_batches(pairs, tokens, seed=1)
    batches = [next(stream) for _ in range(steps)]
    began = 0.0

    def before(step: int) -> None:
        nonlocal began
        if step == warm:
            synchronise()
            began = time.monotonic()

    train_plainly(bench, batches, before=before)
    seconds = time.monotonic() - began
    counted = [batch for batch, _ in batches[warm:]]
    return {
        "examples_per_second": sum(batch.size for batch in counted) / seconds,
        "tokens_per_second": sum(len(batch.ids) for batch in counted) / seconds,
        "milliseconds_a_step": 1e3 * seconds / len(counted),
        "steps": len(counted),
    }


def pipeline_prediction(bench: Bench, batch: int) -> Figures:
    """Classify with transformers' pipeline."""
    classify = pipeline(
        "text-classification", model=classifier(bench), tokenizer=bench.tokenizer, device=DEVICE
    )
    examples = spread(bench.examples["train"], bench.options.predicted)
    texts = [{"text": e.text_a, "text_pair": e.text_b} for e in examples]
    classify(texts[:batch], batch_size=batch, truncation=True, max_length=LENGTH)
    began = time.monotonic()
    classify(texts, batch_size=batch, truncation=True, max_length=LENGTH)
    synchronise()
    seconds = time.monotonic() - began
    return {"examples_per_second": len(texts) / seconds, "examples": len(texts)}
