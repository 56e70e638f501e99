"""Tatoeba accuracy by layer of an untrained encoder; time and memory of margin scoring.

    python benchmarks/retrieval.py --data FOLDER
    python benchmarks/retrieval.py --margins --full

The first embeds the 14 non-English XNLI languages of LASER's Tatoeba sets (files
``tatoeba.{iso3}-eng.{iso3}``, aligned by line) and their English sides, from every layer at once,
with and without the prefix that multilingual-e5 was trained with, and searches both ways. The
second scores random vectors, 40,000 against 2,000 or in full 400,000 against 20,000, in a process
of its own. Both write what they find into ``benchmarks/retrieval.json``. One thread.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

PREFIXES = ("", "query: ")
DIMENSIONS, NEIGHBOURS = 384, 4
RESULTS = Path(__file__).with_suffix(".json")


def tatoeba(options):
    import torch

    from crosscal.data import read_examples
    from crosscal.encoders.architectures import longest_input, token_types
    from crosscal.encoders.loading import load_encoder, load_tokenizer, locate_encoder
    from crosscal.encoders.trimming import trim
    from crosscal.encoders.vocabulary import Vocabulary
    from crosscal.languages import XNLI
    from crosscal.report.layers import layer_means
    from crosscal.tasks.families.family import InputLimits
    from crosscal.tasks.families.sentence_tokens import sentence_tokens
    from crosscal.tasks.retrieval.retrieval import Sides, layer_sweep
    from crosscal.training.embedding import embed

    torch.set_num_threads(1)
    encoder = locate_encoder(options.encoder)
    limits = InputLimits(max_length=longest_input(encoder) or 512, token_types=token_types(encoder))
    others = tuple(code for code in XNLI if code != "en")
    read = read_examples("tatoeba-laser", options.data, split="test", languages=others).examples
    sides = {
        code: [
            [e for e in read if (e.language, e.english) == (code, english)]
            for english in (False, True)
        ]
        for code in others
    }
    examples = [example for pair in sides.values() for side in pair for example in side]
    found = {"encoder": options.encoder, "pooling": options.pooling, "sentences": len(examples)}
    for prefix in PREFIXES:
        tokens = sentence_tokens(load_tokenizer(encoder), examples, limits, prefix=prefix)
        model = load_encoder(encoder)
        vocabulary = Vocabulary.of([tokens.ids], pad=int(model.config.pad_token_id or 0))
        trim(model, vocabulary)
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as scratch:
            print(f"prefix {prefix!r}: {len(tokens.ids)} tokens", flush=True)
            rows = embed(
                model,
                vocabulary,
                tokens,
                Path(scratch) / "rows.npy",
                pooling=options.pooling,
                report=lambda done: print(f"  {done} of {len(examples)}", flush=True),
            )
            seconds = time.monotonic() - began
            languages, start = {}, 0
            for code, (other, english) in sides.items():
                middle, end = start + len(other), start + len(other) + len(english)
                languages[code] = Sides(
                    other=other,
                    english=english,
                    other_rows=rows[:, start:middle],
                    english_rows=rows[:, middle:end],
                )
                start = end
            sweep = layer_sweep(languages, layers=range(len(rows)))
        table = {code: {"n": len(other)} for code, (other, _) in sides.items()}
        for row in sweep:
            percent = round(100 * row["accuracy"], 2)
            table[row["language"]].setdefault(row["direction"], []).append(percent)
        means = [
            {direction: 100 * share[layer] for direction, share in layer_means(sweep).items()}
            for layer in range(len(rows))
        ]
        for layer, both in enumerate(means):
            both["mean"] = sum(both.values()) / 2
            print(f"  layer {layer:2d}: " + ", ".join(f"{k} {v:.2f}" for k, v in both.items()))
        found[f"prefix {prefix!r}"] = {
            "seconds_to_embed": seconds,
            "tokens": len(tokens.ids),
            "truncated": tokens.truncated,
            "mean_percent_by_layer": means,
            "percent_by_language_and_layer": table,
        }
    return found


def memory(name):
    """Return a figure of this process in megabytes, from the kernel."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1e3 for line in lines if line.startswith(name + ":"))


def score(folder):
    """Score the vectors of a folder; return seconds and peak memory."""
    from crosscal.tasks.retrieval.mining import mine, score_margins

    rows = [np.load(folder / f"{side}.npy", mmap_mode="r") for side in ("source", "target")]
    texts = [[str(number) for number in range(len(side))] for side in rows]
    before = memory("RssAnon")
    peak = before
    done = threading.Event()

    def watch():
        nonlocal peak
        while not done.wait(0.05):
            peak = max(peak, memory("RssAnon"))

    watcher = threading.Thread(target=watch)
    watcher.start()
    began, work = time.monotonic(), time.process_time()
    margins = score_margins(*rows, *texts, neighbours=NEIGHBOURS)
    scored = time.monotonic()
    mined = mine(margins)
    ended = time.monotonic()
    done.set()
    watcher.join()
    return {
        "seconds_scoring": scored - began,
        "seconds_mining": ended - scored,
        "processor_seconds": time.process_time() - work,
        "mined": len(mined.scores),
        "private_mb_before": before,
        "private_mb_peak": peak,
        "resident_mb_peak_with_mapped_files": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        / 1e3,
    }


def margins(options):
    sizes = (400_000, 20_000) if options.full else (40_000, 2_000)
    with tempfile.TemporaryDirectory() as scratch:
        generator = np.random.default_rng(1)
        for side, size in zip(("source", "target"), sizes, strict=True):
            rows = np.lib.format.open_memmap(
                Path(scratch) / f"{side}.npy", "w+", np.float32, (size, DIMENSIONS)
            )
            for start in range(0, size, 10_000):
                part = rows[start : start + 10_000]
                part[:] = generator.standard_normal(part.shape, dtype=np.float32)
            del rows, part
        command = [sys.executable, __file__, "--score", scratch]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    shape = {"sources": sizes[0], "targets": sizes[1], "dimensions": DIMENSIONS}
    return shape | {"neighbours": NEIGHBOURS} | json.loads(done.stdout.splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder of LASER's Tatoeba files")
    parser.add_argument("--encoder", default="packaged")
    parser.add_argument("--pooling", choices=["mean", "first"], default="mean")
    parser.add_argument("--margins", action="store_true", help="time margin scoring")
    parser.add_argument("--full", action="store_true", help="400,000 x 20,000 vectors")
    parser.add_argument("--score", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.score:
        print(json.dumps(score(options.score)))
        return
    if not (options.data or options.margins):
        parser.error("give --data, --margins or both")
    found = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    if options.data:
        found[f"tatoeba, {options.encoder}, {options.pooling}"] = tatoeba(options)
    if options.margins:
        found["margins, full" if options.full else "margins"] = margins(options)
    RESULTS.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
