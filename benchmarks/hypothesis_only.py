"""Guess the labels of the built-in inference set from the hypothesis alone.

    python benchmarks/hypothesis_only.py

Three baselines are fitted on the training part and scored on the English development and test
parts (chance: 33.3 %). Written to ``benchmarks/hypothesis_only.json``. Needs scikit-learn.
"""

import json
from pathlib import Path

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


def main() -> None:
    found = {}
    for name, baseline in BASELINES.items():
        baseline.fit(*part("train"))
        found[name] = {split: round(baseline.score(*part(split)), 4) for split in ("dev", "test")}
        print(name, found[name])
    Path(__file__).with_suffix(".json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
