"""Tables of known truth in random layouts and formats, with columns that distract."""

import gzip
import json

import numpy as np
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq

WORDS = (
    ("entailment", "neutral", "contradiction", "unrelated", "both"),
    ("no", "yes", "maybe", "never", "often"),
    ("B-PER", "I-PER", "O", "B-LOC", "I-LOC"),
    ("négatif", "positif", "neutre", "mixte", "aucun"),
    ("a", "b", "c", "d", "e"),
)
LABEL_NAMES = ("label", "gold", "y_true", "labels", "target", "Label", "gold_label", "label_ids")
UNKNOWN_LABELS = ("sentiment", "annotation", "which")
LAYOUTS = (
    *("list", "prefix", "bare", "list", "prefix", "bare", "suffix", "positive", "logit"),
    *("correct", "predicted", "mapping", "pipeline", "zero-shot"),
)
# Columns whose names say that they are labels, or scores, and which are neither.
MISLEADING = ("target", "y", "class", "reference", "logit", "p", "logits_teacher", "doc", "conf")
LIST_NAMES = ("scores", "logits", "probs", "probabilities", "predictions")
PREFIXES = ("prob_", "p_", "probs_", "proba_", "probability_", "score_", "logit_", "logits.")


class Table:
    """What is written, and what is to be read from it."""

    def __init__(self, rng):
        self.rng = rng
        self.n = int(rng.integers(25, 120))
        self.k = int(rng.integers(2, 6))
        self.layout = str(rng.choice(LAYOUTS))
        if self.layout in ("positive", "logit"):
            self.k = 2
        self.names = self._class_names()
        skill = rng.uniform(0.3, 3.0)
        self.gold = rng.integers(0, self.k, self.n)
        if rng.random() < 0.15 and self.k > 2:
            self.gold[self.gold == self.k - 1] = 0  # a class without gold
        logits = rng.normal(size=(self.n, self.k)) * rng.uniform(0.5, 2)
        logits[np.arange(self.n), self.gold] += skill
        logits = logits.round(4)
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        self.probabilities = powers / powers.sum(axis=1, keepdims=True)
        self.logits = logits
        self.are_logits = bool(rng.random() < 0.45)
        self.friendly = bool(rng.random() < 0.5)  # names say what columns are, and no other's do
        self.columns = {}
        self._write_scores()
        self._write_labels()
        self._distract()
        names = list(self.columns)
        rng.shuffle(names)
        self.columns = {name: self.columns[name] for name in names}

    def _class_names(self):
        style = self.rng.choice(["words", "words", "zero", "one", "LABEL"])
        if style == "words":
            return list(WORDS[int(self.rng.integers(len(WORDS)))][: self.k])
        start = 1 if style == "one" else 0
        return [("LABEL_" if style == "LABEL" else "") + str(i + start) for i in range(self.k)]

    def _values(self):
        if self.are_logits:
            return self.logits
        return self.probabilities.round(int(self.rng.integers(4, 9)))

    def _write_scores(self):
        values, rng = self._values(), self.rng
        best = self.probabilities.argmax(axis=1)
        self.best = best
        highest = self.probabilities.max(axis=1).round(6)
        if self.layout == "list":
            names = LIST_NAMES[:2] if self.are_logits else LIST_NAMES[2:4]
            name = str(rng.choice(names if self.friendly else (*LIST_NAMES, "vec")))
            self.columns[name] = values.tolist()
        elif self.layout == "prefix":
            fitting = ("score_", "logit_", "logits.") if self.are_logits else PREFIXES[:6]
            prefix = str(rng.choice(fitting if self.friendly else PREFIXES))
            for i, name in enumerate(self.names):
                self.columns[prefix + name] = values[:, i].tolist()
        elif self.layout == "suffix":
            suffix = "_logit" if self.are_logits else "_prob"
            for i, name in enumerate(self.names):
                self.columns[name + suffix] = values[:, i].tolist()
        elif self.layout == "bare":
            for i, name in enumerate(self.names):
                self.columns[name] = values[:, i].tolist()
        elif self.layout == "positive":
            self.columns[str(rng.choice(["prob", "p", "probability", "y_prob"]))] = (
                self.probabilities[:, 1].round(6).tolist()
            )
        elif self.layout == "logit":
            self.columns["logit"] = (self.logits[:, 1] - self.logits[:, 0]).round(4).tolist()
        elif self.layout == "correct":
            self.columns[str(rng.choice(["confidence", "conf", "max_prob"]))] = highest.tolist()
            self.columns[str(rng.choice(["correct", "is_correct", "right"]))] = (
                (best == self.gold).astype(int).tolist()
            )
        elif self.layout == "predicted":
            self.columns[str(rng.choice(["confidence", "conf", "score"]))] = highest.tolist()
            self.columns[str(rng.choice(["predicted", "pred", "prediction"]))] = [
                self.names[b] for b in best
            ]
        elif self.layout == "mapping":
            self.columns["probs"] = [
                dict(zip(self.names, row, strict=True)) for row in self.probabilities.tolist()
            ]
        else:
            self._write_pipeline()

    def _write_pipeline(self):
        rows = self.probabilities.tolist()
        orders = [list(self.rng.permutation(self.k)) for _ in rows]
        if self.layout == "pipeline":
            self.columns["output"] = [
                [{"label": self.names[i], "score": row[i]} for i in order]
                for row, order in zip(rows, orders, strict=True)
            ]
        else:
            self.columns["labels"] = [[self.names[i] for i in order] for order in orders]
            self.columns["scores"] = [
                [row[i] for i in order] for row, order in zip(rows, orders, strict=True)
            ]

    def _write_labels(self):
        if self.layout == "correct":
            return
        how = self.rng.choice(["name", "name", "index", "index", "one", "LABEL"])
        if self.layout == "predicted":
            how = "name"
        if how == "name":
            labels = [self.names[g] for g in self.gold]
        elif how == "LABEL":
            labels = [f"LABEL_{g}" for g in self.gold]
        else:
            labels = (self.gold + (how == "one")).tolist()
        known = self.friendly or self.rng.random() < 0.9
        names = LABEL_NAMES if known else UNKNOWN_LABELS
        free = [n for n in names if n.lower() not in {c.lower() for c in self.columns}]
        self.label_name = str(self.rng.choice(free))
        self.columns[self.label_name] = labels

    def _distract(self):
        rng, n = self.rng, self.n
        other = rng.integers(0, self.k, n)
        pool = {
            "id": list(range(n)),
            "text": [f"some words {i}" for i in range(n)],
            "input_ids": rng.integers(0, 100, (n, 3)).tolist(),
            "embedding": rng.normal(size=(n, 4)).round(3).tolist(),
            "attention": rng.dirichlet(np.ones(self.k), n).round(5).tolist(),
            "p_value": rng.random(n).round(4).tolist(),
            "prob_max": self.probabilities.max(axis=1).round(6).tolist(),
            "logit_margin": rng.normal(size=n).round(3).tolist(),
            "score_bleu": rng.random(n).round(4).tolist(),
            "score_rouge": rng.random(n).round(4).tolist(),
            "entropy": rng.random(n).round(4).tolist(),
            "length": rng.integers(3, 50, n).tolist(),
            "seconds": rng.random(n).round(3).tolist(),
            "confidence": self.probabilities.max(axis=1).round(6).tolist(),
            "conf": rng.random(n).round(3).tolist(),
            "predicted": [self.names[b] for b in self.best],
            "prediction": self.best.tolist(),
            "correct": (self.best == self.gold).astype(int).tolist(),
            "annotator1": [self.names[o] for o in other],
            "target": [f"a sentence {i}" for i in range(n)],
            "y": other.tolist(),
            "class": [f"grade {i % 4}" for i in range(n)],
            "reference": [self.names[o] for o in other],
            "quality": rng.integers(1, 6, n).tolist(),
            "flag": [0] * n,
            "half": [0.5] * n,
            "lang": [("en", "sw")[i % 2] for i in range(n)],
            "logit": rng.normal(size=n).round(3).tolist(),
            "p": rng.random(n).round(3).tolist(),
            "prob_other_model": rng.random(n).round(3).tolist(),
            "logits_teacher": rng.normal(size=(n, self.k)).round(3).tolist(),
            "doc": [{"label": f"s{i}", "source": "web"} for i in range(n)],
        }
        taken = {name.lower() for name in self.columns}
        for name in rng.choice(list(pool), int(rng.integers(0, 6)), replace=False):
            if self.friendly and name in MISLEADING:
                continue
            if str(name).lower() not in taken:
                self.columns[str(name)] = pool[str(name)]

    def write(self, folder):
        nested = any(isinstance(c[0], dict) for c in self.columns.values()) or any(
            isinstance(c[0], list) and not isinstance(c[0][0], int | float)
            for c in self.columns.values()
        )
        kinds = ["jsonl", "json", "parquet", "feather"]
        kinds += [] if nested else ["csv", "csv", "tsv", "csv;", "csv|", "csv.gz", "utf-16", "npz"]
        if self.layout in ("pipeline", "zero-shot", "mapping"):
            kinds = ["jsonl", "json"]
        self.kind = str(self.rng.choice(kinds))
        return WRITERS[self.kind](folder, self.columns)

    def agrees(self, found):
        """Whether what was read is the truth: each row's highest probability, and the gold's."""
        highest = self.probabilities.max(axis=1)
        right = self.best == self.gold
        if len(found) != self.n:
            return False
        if found.value_kind == "confidence":
            return bool(
                np.allclose(found.values, highest, atol=2e-3) and (found.gold == right).all()
            )
        values = np.asarray(found.values, dtype=np.float64)
        if found.value_kind == "scores":
            powers = np.exp(values - values.max(axis=1, keepdims=True))
            values = powers / powers.sum(axis=1, keepdims=True)
        if values.shape != self.probabilities.shape:
            return False
        rows = np.arange(self.n)
        return bool(
            np.allclose(np.sort(values), np.sort(self.probabilities), atol=2e-3)
            and np.allclose(
                values[rows, found.gold], self.probabilities[rows, self.gold], atol=2e-3
            )
        )


def _delimited(folder, columns, sign, name, encoding="utf-8"):
    def cell(value):
        text = json.dumps(value) if isinstance(value, list) else str(value)
        if sign == ";" and isinstance(value, float):
            text = text.replace(".", ",")
        return '"' + text.replace('"', '""') + '"' if sign in text else text

    rows = zip(*columns.values(), strict=True)
    lines = [sign.join(map(cell, row)) for row in [list(columns), *rows]]
    path = folder / name
    content = ("\n".join(lines) + "\n").encode(encoding)
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return path


def _records(columns):
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _jsonl(folder, columns):
    path = folder / "t.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in _records(columns)))
    return path


def _json(folder, columns):
    path = folder / "t.json"
    path.write_text(json.dumps(_records(columns)))
    return path


def _parquet(folder, columns):
    pq.write_table(pa.table(columns), folder / "t.parquet")
    return folder / "t.parquet"


def _feather(folder, columns):
    feather.write_feather(pa.table(columns), str(folder / "t.feather"))
    return folder / "t.feather"


def _npz(folder, columns):
    np.savez(folder / "t.npz", **{name: np.array(column) for name, column in columns.items()})
    return folder / "t.npz"


WRITERS = {
    "csv": lambda f, c: _delimited(f, c, ",", "t.csv"),
    "tsv": lambda f, c: _delimited(f, c, "\t", "t.tsv"),
    "csv;": lambda f, c: _delimited(f, c, ";", "t.csv"),
    "csv|": lambda f, c: _delimited(f, c, "|", "t.csv"),
    "csv.gz": lambda f, c: _delimited(f, c, ",", "t.csv.gz"),
    "utf-16": lambda f, c: _delimited(f, c, ",", "t.csv", "utf-16"),
    "jsonl": _jsonl,
    "json": _json,
    "parquet": _parquet,
    "feather": _feather,
    "npz": _npz,
}
