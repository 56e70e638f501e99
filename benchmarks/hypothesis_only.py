"""Guess the labels of the built-in inference set from the hypothesis alone, or from shared words.

    python benchmarks/hypothesis_only.py

Baselines are fitted on the training part and scored on the English development and test parts
(chance: 33.3 %). The last sees which words both texts share, and not what they are. Written to
``benchmarks/hypothesis_only.json``. Needs scikit-learn.
"""

import json
import re
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline

from crosscal.data import read_examples
from crosscal.tasks import TASKS

BASELINES = {
    "words and word pairs, logistic regression": make_pipeline(
        CountVectorizer(ngram_range=(1, 2)), LogisticRegression(C=1.0, max_iter=3000)
    ),
    "words, naive Bayes": make_pipeline(CountVectorizer(), MultinomialNB()),
    "2 to 4 characters, logistic regression": make_pipeline(
        CountVectorizer(analyzer="char_wb", ngram_range=(2, 4)),
        LogisticRegression(C=0.1, max_iter=3000),
    ),
}


def part(split: str) -> tuple[list[str], list[str]]:
    examples = read_examples("mini-nli", split=split, labels=TASKS["mini-nli"].labels).examples
    return [e.text_b for e in examples], [str(e.label) for e in examples]


def shared_words(split: str) -> tuple[np.ndarray, list[str]]:
    """Return of each hypothesis the share and number of words in the premise, and its length."""
    examples = read_examples("mini-nli", split=split, labels=TASKS["mini-nli"].labels).examples
    rows = []
    for example in examples:
        premise, hypothesis = (
            set(re.findall(r"\w+", text.lower())) for text in (example.text_a, example.text_b)
        )
        shared = len(premise & hypothesis)
        rows.append([shared / len(hypothesis), shared, len(hypothesis)])
    return np.array(rows), [str(example.label) for example in examples]


def main() -> None:
    accuracy = {}
    for name, baseline in BASELINES.items():
        baseline.fit(*part("train"))
        accuracy[name] = {s: round(baseline.score(*part(s)), 4) for s in ("dev", "test")}
    rows, labels = shared_words("train")
    overlap = LogisticRegression().fit(rows, labels)
    accuracy["shared words, logistic regression"] = {
        s: round(overlap.score(*shared_words(s)), 4) for s in ("dev", "test")
    }
    share = {
        label: round(float(rows[np.array(labels) == label, 0].mean()), 4)
        for label in sorted(set(labels))
    }
    document = json.dumps({"accuracy": accuracy, "share of words shared": share}, indent=1)
    print(document)
    Path(__file__).with_suffix(".json").write_text(document + "\n")


if __name__ == "__main__":
    main()
