"""Tables whose truth is known, written as text, and how they are read and compared."""

import json

import numpy as np

from crosscal.predictions.external.columns import ColumnOptions
from crosscal.predictions.external.reader import read_external

NAMES = ("contradiction", "entailment", "neutral")
N = 60


def text(tmp_path, content, name):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def lines(rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


def wide(truth, names=NAMES, prefix="", sign=",", decimals="."):
    p, gold = truth
    rows = [
        [*(f"{x:.6f}".replace(".", decimals) for x in row), NAMES[g]]
        for row, g in zip(p, gold, strict=True)
    ]
    head = [*(prefix + name for name in names), "label"]
    return "\n".join(sign.join(row) for row in [head, *rows]) + "\n"


def is_truth(found, truth, names=NAMES):
    p, gold = truth
    assert [found.classes[g] for g in found.gold] == [names[g] for g in gold]
    order = [found.classes.index(name) for name in names]
    np.testing.assert_allclose(found.values[:, order], p, atol=2e-6)


def read(origin, **options):
    return read_external(origin, ColumnOptions(**options))
