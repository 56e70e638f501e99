"""Trained tiny encoders of every kind, exported in every family, against their own predictions.

    python benchmarks/encoder_kinds.py [--kinds NAME ...]

Each kind of `tests/tiny_encoders.py` is trained for a few steps in each family and exported; for
whole texts with two poolings. A process without crosscal loads the folder with transformers' Auto
class and tokenizer, and scores the texts one by one and padded together; `crosscal predict` gives
probabilities for them. Written to ``benchmarks/encoder_kinds.json`` for each kind, family and
pooling: the class, and the largest difference from what was predicted after training. For kinds
that cannot be trained: what `crosscal plan` says. Then prints the table of ``docs/export.md``.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
AUTO = {
    "classification": "SequenceClassification",
    "tagging": "TokenClassification",
    "span": "QuestionAnswering",
    "multiple choice": "MultipleChoice",
}
WHOLE_TEXTS = ("classification", "multiple choice")
OWN, LOADED = "of transformers", ("one by one", "padded")


def alone() -> None:
    """Score texts by exported folders under transformers alone: jobs in, scores out, as JSON."""
    import torch
    import transformers

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    torch.set_num_threads(1)
    found = []
    for job in json.load(sys.stdin):
        folder = Path(job["folder"])
        if (folder / "pooled_encoder.py").exists() and "pooled_encoder" not in sys.modules:
            sys.path.insert(0, str(folder))
            import pooled_encoder  # noqa: F401
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        auto = getattr(transformers, f"AutoModelFor{AUTO[job['family']]}")
        model = auto.from_pretrained(folder).eval()
        one = [tokenizer(*texts, return_tensors="pt", truncation=True) for texts in job["texts"]]
        together = tokenizer(
            *map(list, zip(*job["texts"], strict=True)),
            return_tensors="pt",
            padding=True,
            truncation=True,
        )
        ids = [each["input_ids"][0].tolist() for each in one]
        with torch.no_grad():
            single = [scores(model, each, job["family"])[0] for each in one]
            batch = scores(model, together, job["family"])
        if job["family"] not in WHOLE_TEXTS:
            batch = [rows[: len(each)] for rows, each in zip(batch, ids, strict=True)]
        found.append(
            {
                "ids": ids,
                "single": [each.tolist() for each in single],
                "batch": [each.tolist() for each in batch],
            }
        )
    assert not [name for name in sys.modules if name.startswith("crosscal")]
    print("\n" + json.dumps(found))


def scores(model: Any, inputs: Any, family: str) -> Any:
    """Scores of each text or, for tags and answers, of each of its tokens."""
    import torch

    if family == "multiple choice":
        return model(**{name: x[:, None] for name, x in inputs.items()}).logits
    found = model(**inputs)
    if family == "span":
        return torch.stack([found.start_logits, found.end_logits], dim=-1)
    return found.logits


def export(folder: Path, name: str, family: str, pooling: str, work: Path) -> dict[str, Any]:
    """Train, predict and export; return the job, the rows that are compared, and their scores."""
    from tests.training.test_encoder_kinds import MAKE, TRAINING, limits, quiet, settings

    from crosscal.encoders.loading import load_tokenizer
    from crosscal.export.folder import ExportFacts, export_model
    from crosscal.tasks import FAMILIES
    from crosscal.tasks.families.span_tokens import MAX_CHAR_SLOTS
    from crosscal.training.mixing import Mixture
    from crosscal.training.settings import HeadSettings
    from crosscal.training.stage import predict_stage, train_stage

    make, labels = MAKE[family]
    examples = [make(number) for number in range(10)]
    tokens = FAMILIES[family].tokenise(load_tokenizer(folder), examples, labels, limits(folder))
    paths = {role: work / role for role in ("train", "dev", "test", "model", "scores")}
    for role, path in paths.items():
        path.mkdir(parents=True)
        if role in ("train", "dev", "test"):
            tokens.save(path)
    head = HeadSettings(name="target", family=family, labels=labels)
    model = settings(name, folder).model_copy(update={"pooling": pooling})
    # Steps long enough for scores that differ from each other by tenths.
    training = TRAINING.model_copy(update={"learning_rate": 1e-2})
    train_stage(
        model,
        [head],
        {"train:target": paths["train"], "dev:target": paths["dev"]},
        paths["model"],
        quiet,
        training=training,
        mixture=Mixture(),
        seed=1,
        threads=1,
        checkpoint_seconds=1e9,
    )
    plain = {"threads": 1, "dropout_samples": 0, "dropout": 0.1}
    predict_stage(model, head, paths, paths["scores"], quiet, **plain)
    facts = ExportFacts(
        study="kinds",
        recipe="direct",
        seed=1,
        task="it",
        encoder=name,
        family=family,
        labels=labels,
        pooling=pooling,
        max_length=limits(folder).max_length,
        temperature=None,
        temperature_use="none",
        versions={},
    )
    exported = export_model(
        model, paths["model"], tokens, facts, work / "exported", card=lambda exported: ""
    )
    own = np.load(paths["scores"] / "test.npy")
    expected = own[:, [0, MAX_CHAR_SLOTS]] if family == "span" else own
    at = tokens.scored_positions
    rows = np.arange(len(own))
    sequence = np.searchsorted(tokens.row_offsets, rows, side="right") - 1
    return {
        "name": name,
        "folder": str(work / "exported"),
        "family": family,
        "pooling": pooling,
        "texts": texts_of(examples, family),
        "class": type(exported.model).__name__,
        "own class": exported.own_class,
        "at": [sequence] if family in WHOLE_TEXTS else [sequence, at - tokens.offsets[sequence]],
        "expected": expected,
        "ids": np.split(tokens.ids, tokens.offsets[1:-1]),
        "predict": predict_difference(work, tokens, own, examples, labels, family),
    }


def texts_of(examples: list[Any], family: str) -> list[list[str]]:
    """Return what the tokenizer is given for each sequence."""
    from crosscal.tasks.families.multiple_choice import option_pair

    if family == "classification":
        return [[each.text_a, each.text_b] for each in examples]
    if family == "tagging":
        return [[" ".join(each.words)] for each in examples]
    if family == "span":
        return [[each.question, each.context] for each in examples]
    return [list(option_pair(each, option)) for each in examples for option in each.options]


def predict_difference(
    work: Path, tokens: Any, own: Any, examples: list[Any], labels: list[str], family: str
) -> float:
    """Return how far `crosscal predict` is from the stored probabilities."""
    from crosscal.calibration import softmax
    from crosscal.export.new_texts import predict_texts
    from crosscal.tasks import FAMILIES

    names = {
        "classification": ("text_a", "text_b"),
        "tagging": ("words",),
        "span": ("question", "context"),
        "multiple choice": ("context", "question", "options"),
    }[family]
    rows = [{name: asdict(each)[name] for name in names} for each in examples]
    file = work / "texts.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    table = predict_texts(work / "exported", file, columns=names).table
    kept = FAMILIES[family].predictions(tokens, own, labels).scores
    expected = [softmax(np.asarray(row, dtype=np.float64)[None])[0] for row in kept]
    if "probabilities" in table.column_names:
        found = table["probabilities"].to_pylist()
    else:
        found = list(np.stack([table[f"prob_{label}"] for label in labels], axis=1))
    return max(float(np.abs(a - b).max()) for a, b in zip(found, expected, strict=True))


def compare(job: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    """Return what is written of a kind, family and pooling."""

    def largest(kind: str) -> float:
        values = [np.array(each) for each in found[kind]]
        at = [np.asarray(each) for each in job["at"]]
        rows = [values[index[0]][tuple(index[1:])] for index in zip(*at, strict=True)]
        return float(np.abs(np.array(rows) - job["expected"]).max())

    pairs = zip(found["ids"], job["ids"], strict=True)
    expected = job["expected"]
    return {
        "family": job["family"],
        "pooling": job["pooling"],
        "class": job["class"],
        OWN: job["own class"],
        **{name: largest(kind) for name, kind in zip(LOADED, ("single", "batch"), strict=True)},
        "crosscal predict": job["predict"],
        "other tokens": sum(list(a) != list(b) for a, b in pairs),
        "largest score": float(np.abs(expected).max()),
        "spread of scores": float(np.ptp(expected, axis=0).max()),
    }


def table() -> str:
    """Return the table of the documentation: kinds with the same outcome together."""
    kinds = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))["kinds"]
    rows: dict[tuple[str, ...], list[str]] = {}
    for name, entries in kinds.items():
        cells = []
        for family in AUTO:
            found = [e["pooling"] for e in entries if e["family"] == family and e[OWN]]
            whole = " or ".join(f'"{pooling}"' for pooling in found)
            cells.append((whole if family in WHOLE_TEXTS else "any") if found else "–")
        rows.setdefault(tuple(cells), []).append(f"`{name}`")
    lines = [("kind", *AUTO), ("---",) * 5]
    lines += [(", ".join(names), *cells) for cells, names in rows.items()]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def outcome() -> dict[str, Any]:
    """Return what the documentation says of all folders together."""
    kinds = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))["kinds"]
    entries = [entry for of_kind in kinds.values() for entry in of_kind]
    return {
        "kinds": len(kinds),
        "folders": len(entries),
        "own": sum(entry[OWN] for entry in entries),
        "largest": max(entry[by] for entry in entries for by in (*LOADED, "crosscal predict")),
        "other tokens": sum(entry["other tokens"] for entry in entries),
    }


def refused(folder: Path) -> str:
    """Return what `crosscal plan` says of a kind that cannot be trained."""
    from crosscal.encoders.structure import inspect_encoder
    from crosscal.exceptions import SettingsError

    try:
        inspect_encoder(folder)
    except SettingsError as error:
        return str(error)
    raise AssertionError(f"{folder.name} is not refused")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kinds", nargs="*", help="some of the kinds only; nothing is written")
    options = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    os.fsync = lambda descriptor: None  # thousands of small files
    from tests.tiny_encoders import KINDS, REFUSED, make_encoder

    results: dict[str, Any] = {name: [] for name in options.kinds or KINDS}
    with tempfile.TemporaryDirectory() as scratch:
        jobs = []
        for name in results:
            folder = make_encoder(name, Path(scratch) / name)
            for family in AUTO:
                poolings = ["last" if KINDS[name].pooling == "last" else "first"]
                for pooling in ["mean", *poolings][: 2 if family in WHOLE_TEXTS else 1]:
                    work = folder / f"{family} {pooling}"
                    jobs.append(export(folder, name, family, pooling, work))
            print(name, "exported", flush=True)
        asked = [{key: job[key] for key in ("folder", "family", "texts")} for job in jobs]
        done = subprocess.run(
            [sys.executable, "-I", __file__, "--alone"],
            input=json.dumps(asked),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        for job, found in zip(jobs, json.loads(done.stdout.splitlines()[-1]), strict=True):
            results[job["name"]].append(compare(job, found))
            print(job["name"], json.dumps(results[job["name"]][-1]), flush=True)
        said = {name: refused(make_encoder(name, Path(scratch) / name)) for name in REFUSED}
    if not options.kinds:
        text = json.dumps({"kinds": results, "refused": said}, indent=1)
        Path(__file__).with_suffix(".json").write_text(text + "\n", encoding="utf-8")
        print(table(), outcome(), sep="\n")


if __name__ == "__main__":
    if sys.argv[1:] == ["--alone"]:
        alone()
    else:
        main()
