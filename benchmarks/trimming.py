"""Train the packaged encoder with the full vocabulary and with a trimmed one, side by side.

    python benchmarks/trimming.py --steps 20

Each variant runs in a process of its own: same seed, same batches, one thread. Written to
``benchmarks/trimming.json``: whether the scores of the trained models are equal to the bit,
tokens a second (median of the steps after the third), peak memory, and their ratios.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

PAIRS = 300


def one(variant: str, steps: int, folder: Path) -> dict[str, float]:
    import torch

    from crosscal.data import read_examples
    from crosscal.encoders.loading import load_encoder, load_tokenizer, locate_encoder
    from crosscal.encoders.trimming import trim
    from crosscal.encoders.vocabulary import Vocabulary
    from crosscal.tasks import FAMILIES, TASKS, InputLimits
    from crosscal.training.loop import train
    from crosscal.training.mixing import TrainingTask
    from crosscal.training.model import Model
    from crosscal.training.predicting import predict
    from crosscal.training.settings import Mixture, TrainingSettings

    torch.set_num_threads(1)
    encoder = locate_encoder("packaged")
    task = TASKS["mini-nli"]
    limits = InputLimits(max_length=128, token_types=1)
    sets = []
    for split, count in (("train", PAIRS), ("dev", 30)):
        examples = read_examples("mini-nli", split=split, labels=task.labels).examples[:count]
        tokenise = FAMILIES[task.family].tokenise
        sets.append(tokenise(load_tokenizer(encoder), examples, task.labels, limits))
    training, development = sets
    pretrained = load_encoder(encoder)
    vocabulary = Vocabulary.full(len(pretrained.get_input_embeddings().weight))
    if variant == "trimmed":
        vocabulary = Vocabulary.of([training.ids, development.ids], pad=1)
        trim(pretrained, vocabulary)
    outputs = len(task.labels)
    model = Model(pretrained, {"nli": outputs}, pooling="mean", dropout=0.1, seed=1)
    part = TrainingTask(name="nli", examples=training, development=development, outputs=outputs)
    tokens = len(training.ids)
    settings = TrainingSettings(
        epochs=steps * 512 / tokens, batch_tokens=512, evaluations=1, learning_rate=1e-4
    )
    train(model, vocabulary, [part], settings, mixture=Mixture(), seed=1, folder=folder)
    scores = predict(model, vocabulary, development, folder / "shards", head="nli", outputs=outputs)
    np.save(folder / "scores.npy", scores)
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    speeds = [line["tokens_per_second"] for line in lines if "loss" in line][3:]
    return {
        "rows": len(vocabulary),
        "tokens_per_second": statistics.median(speeds),
        "peak_memory_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--one", choices=["full", "trimmed"], help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(one(options.one, options.steps, options.folder)))
        return
    found: dict[str, object] = {"steps": options.steps}
    scores = {}
    with tempfile.TemporaryDirectory() as scratch:
        for variant in ("full", "trimmed"):
            folder = Path(scratch) / variant
            folder.mkdir()
            command = [sys.executable, __file__, "--one", variant, "--folder", str(folder)]
            command += ["--steps", str(options.steps)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            found[variant] = json.loads(done.stdout.splitlines()[-1])
            scores[variant] = np.load(folder / "scores.npy")
    full, trimmed = found["full"], found["trimmed"]
    found["scores_equal_to_the_bit"] = bool((scores["full"] == scores["trimmed"]).all())
    found["largest_difference"] = float(np.abs(scores["full"] - scores["trimmed"]).max())
    found["speed_ratio"] = trimmed["tokens_per_second"] / full["tokens_per_second"]
    found["memory_ratio"] = trimmed["peak_memory_gb"] / full["peak_memory_gb"]
    Path(__file__).with_suffix(".json").write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
