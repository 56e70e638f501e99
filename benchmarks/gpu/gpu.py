"""Speed and accuracy on a GPU, against the Trainer and a plain packed loop.

    bash benchmarks/gpu.sh                              # built-in pairs, the packaged encoder
    bash benchmarks/gpu.sh --data FOLDER --large        # MNLI (mnli-ptb) and XLM-R Large's shape
    bash benchmarks/gpu.sh --rehearse                   # two layers, few steps: on a processor

Needs no network, one card, and less than ten minutes. What is measured, in this order:

    packaged        training of crosscal (its step log, by size of batch), its prediction, what of a
                    step the card is busy; then Hugging Face's Trainer at its best (bf16, grouped by
                    length, fused AdamW, workers that load), a loop of nothing but packed batches,
                    the attention that torch has, and AdamW; transformers' pipeline
    accuracy        after an epoch of ``--pairs`` pairs, evenly spaced in the training data: all
                    three with ``--seeds`` seeds, the same pairs, steps, rates and schedule, tested
                    on as many as ``--tested`` pairs of the development data
    large           as the first, with XLM-R Large's shape and random weights
    two processes   the same study on one device and on two, if there are two

No one has dropout. The first steps of each are not counted. Each part has a process of its own, of
which another goes on if something fails; a figure is in ``benchmarks/gpu/gpu.json`` as soon as it
is there. After ``--minutes`` nothing more is measured. At the end come tables, and a line for each
goal: met, missed or not measured.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import accuracy
import goals
import ours
import peers
import torch
import transformers
import two_processes
from pairs import DEVICE, GPU, Bench, Measurements, encoder_of
from record import keep, read_record, take, write_record
from transformers.utils import logging

from crosscal.study.execution.gpus import GPU_VARIABLE, visible_gpus
from crosscal.training.precision import attention_words

SECONDS_TO_START = 20.0  # of a process that is to measure something


def speeds(bench: Bench) -> Measurements:
    """Yield crosscal's measurements before those of its peers."""
    options = bench.options
    parts = ours.parts_to_train(bench)
    for tokens in options.tokens:
        yield f"crosscal, {tokens} tokens", partial(ours.training, bench, parts, tokens)
    yield goals.PREDICTION, partial(ours.prediction, bench)
    yield goals.LAUNCHES, partial(ours.launches, bench, parts, 1536)
    pairs = peers.Pairs(bench.tokenizer, bench.examples["train"])
    # The largest batches last: they take long, and no goal is about them.
    small, *larger = [
        (f"Trainer, batches of {batch}", partial(peers.trainer, bench, pairs, batch))
        for batch in options.batches
    ]
    yield small
    for batch in options.predicted_at_once:
        name = f"pipeline, batches of {batch}"
        yield name, partial(peers.pipeline_prediction, bench, batch)
    for tokens in options.tokens:
        yield f"plain packed loop, {tokens} tokens", partial(peers.plain_loop, bench, pairs, tokens)
    yield from larger


PARTS: dict[str, Callable[[Bench], Measurements]] = {
    goals.PACKAGED: speeds,
    goals.ACCURACY: accuracy.measurements,
    goals.LARGE: speeds,
    goals.SHARED: two_processes.measurements,
}


def sized(options: argparse.Namespace, part: str) -> argparse.Namespace:
    """Add how much of everything is done."""
    rehearse, large = options.rehearse, part == goals.LARGE
    options.warm = 4 if rehearse else 40
    options.measured = 6 if rehearse else 50 if large else 100
    options.tokens = [512] if rehearse else [1536, 16384]
    options.batches = [8] if rehearse else [32, 256]
    options.predicted_at_once = [8] if rehearse else [32, 128, 512]
    options.predicted = 64 if rehearse else 2000 if large else 4000
    options.limit = 300 if rehearse else 100
    if rehearse:
        options.pairs, options.tested = min(options.pairs, 120), min(options.tested, 60)
    return options


def work(options: argparse.Namespace) -> None:
    """Be the process of a part."""
    part, folder = options.part, options.folder
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    sized(options, part)
    describe(options)
    encoder = encoder_of(options, folder, large=part == goals.LARGE)
    bench = Bench(options, encoder, folder)
    take(options, part, PARTS[part](bench))


def seen_by(part: str) -> dict[str, str]:
    """Return the environment of a part: one card, but for the part that is about two."""
    environment = dict(os.environ)
    if (cards := visible_gpus()) and part != goals.SHARED:
        environment[GPU_VARIABLE] = cards[0]
    return environment


def run(command: list[str], environment: dict[str, str], seconds: float) -> int | None:
    """Run a process and those it starts; return its exit code, None if its time was over."""
    process = subprocess.Popen(command, env=environment, start_new_session=True)
    try:
        return process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        return None
    finally:  # also if this one is to end
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def measure(part: str, options: argparse.Namespace, folder: Path, end: float) -> None:
    """Have processes measure a part, one after the other, until all of it is in the record."""
    command = [sys.executable, __file__, *sys.argv[1:], "--json", str(options.json)]
    command += ["--part", part, "--folder", str(folder)]
    least = 0.0 if options.rehearse else SECONDS_TO_START
    while (left := end - time.monotonic()) > least:
        known = len(read_record(options.json)["found"].get(part, {}))
        code = run(command, seen_by(part), left)
        if code == 0:
            return
        if code is None:
            break
        if len(read_record(options.json)["found"].get(part, {})) == known:
            error = f"a process ended with {code} before it measured anything"
            keep(options.json, part, "all that is left", {"error": error})
            print(f"{part}: {error}", flush=True)
            return
        print(f"{part}: the process ended with {code}; the next one goes on", flush=True)
    print(f"{part}: no time is left", flush=True)


def describe(options: argparse.Namespace) -> None:
    """Say on what is measured: in the process of a part, since this takes memory of the device."""
    about = {
        "device": torch.cuda.get_device_name() if GPU else "no GPU",
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "attention": attention_words(DEVICE),
        "precision": options.precision,
        "learning_rate": options.rate,
        "accuracy_pairs": options.pairs,
    }
    write_record(options.json, read_record(options.json) | about)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--encoder",
        type=Path,
        help="a folder, if without weights for random ones; none: the packaged encoder",
    )
    parser.add_argument("--data", type=Path, help="folder of mnli_train.tsv; none: built-in pairs")
    parser.add_argument("--large", action="store_true", help="XLM-R Large's shape as well")
    parser.add_argument("--rehearse", action="store_true", help="two layers and few steps")
    parser.add_argument("--precision", default="bf16", choices=["bf16", "fp32"])
    parser.add_argument("--pairs", type=int, default=20_000, help="of the epoch of the accuracies")
    parser.add_argument("--tested", type=int, default=5_000, help="pairs of the accuracies")
    parser.add_argument("--seeds", type=int, default=3, help="of the accuracies")
    parser.add_argument("--rate", type=float, default=1e-4, help="learning rate of all")
    parser.add_argument("--minutes", type=float, help="for all of it (9; of a rehearsal 60)")
    parser.add_argument("--json", type=Path, help="where figures go; of a rehearsal nowhere")
    parser.add_argument("--part", choices=list(PARTS), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    began = time.monotonic()
    options = arguments()
    if options.part:
        work(options)
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    minutes = options.minutes or (60.0 if options.rehearse else 9.0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.json is None:
            options.json = (
                folder / "gpu.json" if options.rehearse else Path(__file__).with_suffix(".json")
            )
        empty = {"device": "not known", "rehearsal": options.rehearse, "found": {}}
        write_record(options.json, empty)
        for part in PARTS:
            if part != goals.LARGE or options.large or options.rehearse:
                measure(part, options, folder, began + 60 * minutes)
        record = read_record(options.json)
        report = goals.report(record)
        write_record(options.json, record | {"report": report.splitlines()})
    print(report)
    print(f"{(time.monotonic() - began) / 60:.1f} minutes")


if __name__ == "__main__":
    main()
