"""Tables as people keep them, whose truth is known: other names, units, shapes and columns beside.

Written without a look at `random_tables`: that one varies formats and layouts which are read, this
one what values mean. Where no reading is the only one, the truth is that it must be asked about.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

CLASSES = (
    ("ja", "nein"),
    ("sí", "no", "quizás"),
    ("да", "нет"),
    ("肯定", "否定", "中立"),
    ("إيجابي", "سلبي", "محايد"),
    ("hoch", "mittel", "niedrig", "keine"),
    ("B-PER", "I-PER", "O"),
    ("very bad", "bad", "good", "very good"),
    ("False", "True"),
    ("en", "de", "fr", "sw", "tr"),
    ("1", "2", "3", "4", "5"),
    ("0", "1"),
    ("0", "1", "2"),
    ("10", "20", "30"),
    ("-1", "0", "1"),
    ("1.0", "2.0", "3.0"),
    ("2019", "2020", "2021", "2022"),
    ("other", "sum", "max"),
    ("neutral", "mean", "true"),
    ("LABEL_0", "LABEL_1", "LABEL_2"),
    ("length", "rank"),
    tuple(map(str, range(11))),
)
GOLD = ("label", "gold", "y_true", "target", "ground_truth", "Label", "GOLD", "truth", "label_id")
OWN_GOLD = ("annotation", "richtig", "étiquette", "Klasse", "метка", "correct_answer", "human")
LIST = ("scores", "logits", "probs", "out", "vektor", "model_output", "log_probs", "predictions")


@dataclass
class Odd:
    """A table, and what is to be read from it."""

    kind: str
    columns: dict[str, Any]
    p: np.ndarray
    gold: np.ndarray
    must_ask: bool = False  # no reading is the only one
    notes: list[str] = field(default_factory=list)

    @property
    def frame(self) -> pd.DataFrame:
        """The columns as a data frame."""
        columns = {n: list(c) if np.ndim(c) > 1 else c for n, c in self.columns.items()}
        return pd.DataFrame(columns)

    def agrees(self, found: Any) -> bool:
        """Whether every row's likeliest class, its confidence and the outcome are the truth's."""
        if self.must_ask or len(found) != len(self.p):
            return False
        rows = np.arange(len(self.p))
        best = self.p.argmax(axis=1)
        confidence, right = self.p[rows, best], best == self.gold
        if found.value_kind == "confidence":
            return bool(
                np.allclose(found.values, confidence, atol=6e-3)
                and (found.gold == right).mean() > 0.99
            )
        values = np.asarray(found.values, dtype=np.float64)
        if values.shape != self.p.shape:
            return False
        if found.value_kind == "scores":
            values = softmax(values)
        return bool(
            np.allclose(np.sort(values), np.sort(self.p), atol=6e-3)
            and np.allclose(values[rows, found.gold], self.p[rows, self.gold], atol=6e-3)
        )


def softmax(z: np.ndarray) -> np.ndarray:
    """Return probabilities of logits."""
    powers = np.exp(z - z.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def odd_table(rng: np.random.Generator) -> Odd:
    """Make one table: what its scores are, then its labels, then what stands beside."""
    classes = CLASSES[int(rng.integers(len(CLASSES)))]
    k, n = len(classes), int(rng.integers(12, 150))
    gold = rng.choice(k, n, p=rng.dirichlet(np.full(k, 2.0)))
    z = rng.normal(size=(n, k)) * rng.uniform(0.4, 2)
    z[np.arange(n), gold] += rng.uniform(0, 3.5)
    if rng.random() < 0.1 and k > 2:
        gold = np.where(gold == k - 1, 0, gold)
    p = softmax(z)
    made = _KINDS[int(rng.integers(len(_KINDS)))](rng, z, p, gold, classes)
    if "gold" not in made.notes:
        _write_gold(made, rng, gold, classes)
    if not made.must_ask:
        _beside(made, rng)
    names = list(made.columns)
    if rng.random() < 0.7:
        rng.shuffle(names)
    made.columns = {name: made.columns[name] for name in names}
    if rng.random() < 0.3 and "id" not in made.columns:  # in no order, and numbered from somewhere
        made.columns["id"] = rng.permutation(len(made.p) if not made.must_ask else _rows(made))
    return made


def _rows(made: Odd) -> int:
    return len(next(iter(made.columns.values())))


# How people call the column of a class, whatever it holds; or only where it is a probability.
CUSTOMS = ("score_{}", "logit_{}", "{}", "{}.score", "logits-{}", "out_{}", "model.score_{}")
OF_PROBABILITIES = (
    *("prob_{}", "p_{}", "P({})", "{}_prob", "{} prob", "softmax_{}", "Prob {}", "y_prob_{}"),
    *("wahrscheinlichkeit_{}", "вероятность {}", "model.prob_{}", "class_{}_prob", "prob.{}"),
)


def _named(rng, classes, customs=(*CUSTOMS, *OF_PROBABILITIES)):
    custom = str(rng.choice(customs))
    return [custom.format(name) for name in classes]


def _wide(rng, values, names):
    order = np.arange(len(names)) if rng.random() < 0.6 else rng.permutation(len(names))
    return {names[i]: values[:, i] for i in order}


def _digits(rng, p):
    return p.round(int(rng.integers(4, 10)))


# What the scores are.


def probabilities(rng, z, p, gold, classes):
    """A column a class."""
    return Odd("probabilities", _wide(rng, _digits(rng, p), _named(rng, classes)), p, gold)


def logits(rng, z, p, gold, classes):
    """A column a class."""
    return Odd("logits", _wide(rng, z.round(5), _named(rng, classes, CUSTOMS)), p, gold)


def lists(rng, z, p, gold, classes):
    """One column of lists."""
    values = [z.round(5), _digits(rng, p), np.log(p)][int(rng.integers(3))]
    return Odd("lists", {str(rng.choice(LIST)): values}, p, gold)


def per_cent(rng, z, p, gold, classes):
    """Shares of 100, of 1000, or whole per cent."""
    values = [(100 * p).round(2), (100 * p).round(0), (1000 * p).round(1)][int(rng.integers(3))]
    if rng.random() < 0.4:
        return Odd("per cent", {str(rng.choice(LIST)): values}, p, gold)
    return Odd("per cent", _wide(rng, values, _named(rng, classes)), p, gold)


def other_logarithms(rng, z, p, gold, classes):
    """Logarithms to base 10 or 2, their negatives, and log-odds."""
    lp = np.log(p)
    kinds = {
        "log10": lp / np.log(10),
        "log2": lp / np.log(2),
        "surprisal": -lp,
        "bits": -lp / np.log(2),
        "log-odds": lp - np.log1p(-p),
    }
    name = str(rng.choice(list(kinds)))
    values = kinds[name].round(6)
    if rng.random() < 0.5:
        return Odd(name, {str(rng.choice(LIST)): values}, p, gold)
    return Odd(name, _wide(rng, values, _named(rng, classes)), p, gold)


def votes(rng, z, p, gold, classes):
    """How many of an ensemble chose each class."""
    members = int(rng.choice([5, 10, 20, 100]))
    counts = np.stack([rng.multinomial(members, row) for row in p])
    values = counts if rng.random() < 0.5 else counts.astype(float)
    if rng.random() < 0.5:
        return Odd("votes", {str(rng.choice(LIST)): values}, counts / members, gold)
    return Odd("votes", _wide(rng, values, _named(rng, classes)), counts / members, gold)


def binary(rng, z, p, gold, classes):
    """One column of a class of two, or of the rest."""
    q = softmax(z[:, :2])
    gold = np.minimum(gold, 1)
    column = str(rng.choice(["prob", "p", "score", "y_prob", "probability", "prob_1", "prob_0"]))
    made = Odd("binary", {column: q[:, int(column != "prob_0")].round(6)}, q, gold)
    _two(made, rng, gold)
    return made


def one_logit(rng, z, p, gold, classes):
    """The log-odds of one class of two, as one column or as two."""
    q, gold = softmax(z[:, :2]), np.minimum(gold, 1)
    x = (z[:, 1] - z[:, 0]).round(5)
    columns = {"logit": x}
    if rng.random() < 0.5:
        columns = {"logit_0": -x, "logit_1": x}
    made = Odd("one logit", columns, q, gold)
    _two(made, rng, gold)
    return made


def _two(made, rng, gold):
    """Write labels of two classes as people do."""
    words = [("0", "1"), (0, 1), (False, True), ("no", "yes"), (0.0, 1.0), (1, 2)]
    zero, one = words[int(rng.integers(len(words)))]
    made.columns[str(rng.choice(GOLD))] = [one if g else zero for g in gold]
    made.notes.append("gold")


def confidences(rng, z, p, gold, classes):
    """Confidence of the chosen class, the choice, and the right one or whether it was right."""
    best = p.argmax(axis=1)
    right = (best == gold).astype(int)
    columns = {str(rng.choice(["confidence", "conf", "score", "max_prob"])): p.max(axis=1).round(6)}
    how = int(rng.integers(6))
    words = np.array(classes)
    if how == 0:
        columns |= {"correct": right}
    elif how == 1:
        columns |= {"pred": words[best], "gold": words[gold]}
    elif how == 2:
        columns |= {"prediction": best, "label": gold}
    elif how == 3:  # "correct" is the correct class
        columns |= {"predicted": best, "correct": gold}
    elif how == 4:  # a column of outcomes that belongs to another model
        other = rng.integers(0, 2, len(gold))
        columns |= {"pred": words[best], "gold": words[gold], "correct": other}
        made = Odd("confidences", columns, p, gold)
        made.notes.append("gold")
        return made
    else:  # labels of the pipeline beside the right ones
        columns |= {"label": words[best], "gold": words[gold]}
    made = Odd("confidences", columns, p, gold)
    made.notes.append("gold")
    return made


def chosen_as_label(rng, z, p, gold, classes):
    """What is called the label is the model's choice; the right one has a name of one's own."""
    best = p.argmax(axis=1)
    made = probabilities(rng, z, p, gold, classes)
    words = np.array(classes)
    made.kind = "chosen as label"
    made.columns[str(rng.choice(["label", "class"]))] = words[best]
    made.columns[str(rng.choice(OWN_GOLD))] = words[gold]
    made.notes.append("gold")
    return made


def long(rng, z, p, gold, classes):
    """A row for each item and class."""
    n, k = p.shape
    words = np.array(classes)
    score = str(rng.choice(["prob", "score", "confidence", "probability", "p", "logit"]))
    which = str(rng.choice(["class", "predicted", "candidate", "choice", "prediction"]))
    columns = {
        str(rng.choice(["id", "item", "doc"])): np.repeat(np.arange(n), k),
        which: np.tile(words, n),
        score: (z if score == "logit" else p).ravel().round(6),
    }
    if rng.random() < 0.5:
        columns["label"] = np.repeat(words[gold], k)
    else:
        columns[str(rng.choice(["correct", "label", "is_gold"]))] = (
            np.repeat(gold, k) == np.tile(np.arange(k), n)
        ).astype(int)
    if rng.random() < 0.3:
        order = rng.permutation(n * k)
        columns = {name: column[order] for name, column in columns.items()}
    return Odd("long", columns, p, gold, must_ask=True, notes=["gold"])


def two_models(rng, z, p, gold, classes):
    """Two sets of scores, of which nobody says which is meant."""
    q = softmax(z + rng.normal(size=z.shape))
    one, two = [
        ("teacher.prob_{}", "student.prob_{}"),
        ("prob_{}", "logit_{}"),
        ("{}_prob", "prob_{}"),
        ("bert.{}_prob", "xlmr.{}_prob"),
        ("raw.logit_{}", "calibrated.logit_{}"),
    ][int(rng.integers(5))]
    first = p if "prob" in one else z
    second = q if "prob" in two else np.log(q)
    columns = {one.format(c): first[:, i].round(6) for i, c in enumerate(classes)}
    columns |= {two.format(c): second[:, i].round(6) for i, c in enumerate(classes)}
    return Odd("two models", columns, p, gold, must_ask=True)


def runs(rng, z, p, gold, classes):
    """Predictions of the same items by two runs, below each other."""
    q = softmax(z + rng.normal(size=z.shape))
    n = len(gold)
    columns = _wide(rng, np.vstack([p, q]).round(6), _named(rng, classes)) | {
        "id": np.tile(rng.permutation(n), 2),
        str(rng.choice(["model", "seed", "run", "checkpoint"])): np.repeat([1, 2], n),
        "label": np.tile(np.array(classes)[gold], 2),
    }
    return Odd("runs", columns, p, gold, must_ask=True, notes=["gold"])


def one_class(rng, z, p, gold, classes):
    """What is called confidence is the probability of one class of two, whatever was chosen."""
    q, gold = softmax(z[:, :2]), np.minimum(gold, 1)
    best = q.argmax(axis=1)
    if min(best.sum(), (1 - best).sum()) < 4:  # too few to show it
        return probabilities(rng, z, p, np.minimum(gold, len(classes) - 1), classes)
    words = np.array(classes[:2])
    name = str(rng.choice(["confidence", "conf", "max_prob", "score", "prob"]))
    columns = {name: q[:, 1].round(6), "pred": words[best], "gold": words[gold]}
    return Odd("one class", columns, q, gold, notes=["gold"])


def models_as_columns(rng, z, p, gold, classes):
    """A column a model: the probability, or logit, of one class of two by each."""
    q, gold = softmax(z[:, :2]), np.minimum(gold, 1)
    names = rng.permutation(["small", "large", "xlmr", "mbert", "a", "b"])[: rng.integers(2, 4)]
    prefix = str(rng.choice(["prob_", "logit_", "p_", "score_"]))
    x = z[:, 1] - z[:, 0]
    columns = {}
    for name in names:
        own = rng.uniform(0.3, 2) * x + rng.normal(size=len(x)) * 0.5
        columns[prefix + str(name)] = (own if prefix == "logit_" else 1 / (1 + np.exp(-own))).round(
            6
        )
    made = Odd("models as columns", columns, q, gold, must_ask=True)
    _two(made, rng, gold)
    return made


def people(rng, z, p, gold, classes):
    """What people think, beside what the model thinks."""
    human = np.stack([rng.multinomial(10, row) for row in softmax(3 * z)]) / 10
    made = [probabilities, logits, lists][int(rng.integers(3))](rng, z, p, gold, classes)
    made.kind = f"people, {made.kind}"
    if rng.random() < 0.5:
        made.columns[str(rng.choice(["soft_label", "label_distribution", "human"]))] = human
    else:
        prefix = str(rng.choice(["human_", "share_", "p_human_"]))
        made.columns |= {f"{prefix}{c}": human[:, i] for i, c in enumerate(classes)}
    return made


_KINDS = (
    *(probabilities, logits, lists, probabilities, logits, lists),
    *(per_cent, other_logarithms, other_logarithms, votes, binary, one_logit, confidences),
    *(confidences, chosen_as_label, long, two_models, models_as_columns, people),
    *(runs, one_class),
)


# The labels, and what stands beside.


def _write_gold(made, rng, gold, classes):
    words = np.array(classes)
    how = str(rng.choice(["word", "word", "index", "index", "one", "permuted", "case"]))
    listed = any(np.ndim(column) > 1 for column in made.columns.values())
    if how == "permuted" and (listed or all(word.isdecimal() for word in classes)):
        how = "index"  # numbers are those of the list, or of the columns, by definition
    column = words[gold]
    if how == "index":
        column = gold
    elif how == "one":
        column = gold + 1
    elif how == "permuted":  # numbers of the classes in the order of the alphabet, as id2label has
        column = np.argsort(np.argsort(words, kind="stable"), kind="stable")[gold]
    elif how == "case":
        column = np.array([word.upper() for word in words])[gold]
    if how in ("index", "one") and rng.random() < 0.2:
        column = column.astype(float)
    made.notes.append(f"labels: {how}")
    names = GOLD if rng.random() < 0.85 else OWN_GOLD
    free = [n for n in names if n.lower() not in {c.lower() for c in made.columns}]
    made.columns[str(rng.choice(free))] = column


def _beside(made, rng):
    """Put columns beside that are no scores of the classes, and no labels."""
    n, p = len(made.p), np.clip(made.p, 1e-9, 1)
    k = p.shape[1]
    ordered = np.sort(p, axis=1)[:, ::-1]
    prior = rng.dirichlet(np.ones(k))
    pool = {
        "perplexity": rng.gamma(3, 8, n).round(3),
        "n_tokens": rng.integers(4, 80, n),
        "length": rng.integers(3, 50, n),
        "loss": -np.log(p[np.arange(n), made.gold]).round(5),
        "top1_prob": ordered[:, 0].round(6),
        "top2_prob": ordered[:, 1].round(6),
        "prob_second": ordered[:, 1].round(6),
        "prob_gold": p[np.arange(n), made.gold].round(6),
        "gold_prob": p[np.arange(n), made.gold].round(6),
        "margin": (ordered[:, 0] - ordered[:, 1]).round(6),
        "rank": rng.integers(1, 5, n),
        "weight": rng.random(n).round(3),
        "score": rng.random(n).round(3),
        "bleu_score": rng.random(n).round(3),
        "score_length": rng.random(n).round(3),
        "logit_bias": rng.normal(size=n).round(3),
        "p_value": rng.random(n).round(4),
        "prob_word": rng.random(n).round(4),
        "temperature": np.full(n, 0.7),
        "Unnamed: 0": np.arange(n),
        "emb_0": rng.normal(size=n).round(3),
        "emb_1": rng.normal(size=n).round(3),
        "0_emb": rng.normal(size=n).round(3),
        "age": rng.integers(18, 80, n),
        "year": rng.integers(2019, 2023, n),
        "annotator_1": rng.integers(0, k, n),
        "annotator_2": rng.integers(0, k, n),
        "entropy": -(p * np.log(p)).sum(axis=1).round(5),
        "prior": np.full((n, k), prior),
        "token_logprobs": rng.normal(-2, 1, (n, 5)).round(3),
        "importance": rng.dirichlet(np.ones(6), n).round(6),
        "sprache": np.array(["de", "en"])[rng.integers(0, 2, n)],
        "text": [f"ein Satz, Nummer {i}" for i in range(n)],
        "version": np.full(n, "v1"),
        "confidence_human": rng.random(n).round(2),
        "is_correct_human": rng.integers(0, 2, n),
        "y": rng.integers(0, k, n),
        "classes": np.full(n, k),
    }
    taken = {name.lower() for name in made.columns}
    for name in rng.choice(list(pool), int(rng.integers(0, 7)), replace=False):
        if str(name).lower() not in taken:
            made.columns[str(name)] = pool[str(name)]
    if rng.random() < 0.1:  # a second copy, as joins leave it
        name = str(rng.choice(list(made.columns)))
        made.columns[f"{name}.1"] = made.columns[name]
