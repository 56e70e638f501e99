"""Anyone's files as arrays: what is guessed is said, what is wrong is named with its place."""

import json
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crosscal.exceptions import DataError, SettingsError
from crosscal.predictions import Predictions, Provenance, write_predictions
from crosscal.predictions.external.columns import ColumnOptions
from crosscal.predictions.external.concat import concat_predictions
from crosscal.predictions.external.reader import read_external

PROBABILITIES = [[0.2, 0.3, 0.5], [0.9, 0.05, 0.05], [0.1, 0.8, 0.1]]
GOLD = [2, 0, 1]
NAMES = ("no", "maybe", "yes")


def write(tmp_path, kind, columns):
    path = tmp_path / f"file.{kind}"
    if kind == "parquet":
        pq.write_table(pa.table(columns), path)
    elif kind == "npz":
        np.savez(path, **{name: np.array(values) for name, values in columns.items()})
    elif kind == "jsonl":
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        between = "," if kind == "csv" else "\t"
        quote = '"{}"'.format if kind == "csv" else str
        rows = zip(*columns.values(), strict=True)
        cells = [[quote(c) if isinstance(c, list) else str(c) for c in row] for row in rows]
        lines = [between.join(row) for row in [list(columns), *cells]]
        path.write_text("\n".join(lines) + "\n")
    return path


def text(tmp_path, content, name="file.csv"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


KINDS = ("parquet", "csv", "tsv", "jsonl", "npz")
LAYOUTS = {
    "list": {"scores": PROBABILITIES, "gold": GOLD},
    "columns": {
        **{f"prob_{n}": [row[i] for row in PROBABILITIES] for i, n in enumerate(NAMES)},
        "label": [NAMES[g] for g in GOLD],
    },
    "numbered": {
        **{f"p{i}": [row[i] for row in PROBABILITIES] for i in range(3)},
        "y": GOLD,
    },
    "named like the labels": {
        **{n: [row[i] for row in PROBABILITIES] for i, n in enumerate(NAMES)},
        "label": [NAMES[g] for g in GOLD],
    },
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_in_every_format(tmp_path, kind, layout):
    columns = LAYOUTS[layout]
    if layout == "named like the labels":
        columns = {**columns, "label": ["no", "maybe", "yes"]}
    found = read_external(write(tmp_path, kind, columns), ColumnOptions())
    assert found.value_kind == "probabilities"
    np.testing.assert_allclose(found.values, PROBABILITIES, atol=1e-12)
    expected = [0, 1, 2] if layout == "named like the labels" else GOLD
    assert found.gold.tolist() == expected
    assert any("probabilities" in words for words in found.notes)
    assert any("'label'" in w or "'gold'" in w or "'y'" in w for w in found.notes)


@pytest.mark.parametrize("kind", KINDS)
def test_groups_clusters_and_columns_by_name(tmp_path, kind):
    columns = {
        "a": [1.0, 2.0, 3.0],
        "b": [0.5, -1.0, 4.0],
        "right": ["a", "b", "b"],
        "lang": ["sw", "en", "sw"],
        "item": [7, 7, 8],
    }
    wanted = ColumnOptions(scores="a,b", labels="right", group="lang", cluster="item")
    found = read_external(write(tmp_path, kind, columns), wanted)
    assert (found.value_kind, found.classes) == ("scores", ("a", "b"))
    assert found.values.tolist() == [[1.0, 0.5], [2.0, -1.0], [3.0, 4.0]]
    assert found.gold.tolist() == [0, 1, 1]
    assert [found.groups[g] for g in found.group] == ["sw", "en", "sw"]
    assert found.cluster[0] == found.cluster[1] != found.cluster[2]


@pytest.mark.parametrize("kind", KINDS)
def test_binary_layouts(tmp_path, kind):
    pair = {"confidence": [0.9, 0.6], "correct": [1, 0]}
    found = read_external(write(tmp_path, kind, pair), ColumnOptions())
    assert (found.value_kind, found.values.tolist()) == ("confidence", [0.9, 0.6])
    assert found.gold.tolist() == [1, 0]
    positive = {"prob": [0.9, 0.25], "label": [1, 0]}
    found = read_external(write(tmp_path, kind, positive), ColumnOptions())
    assert found.values.tolist() == [pytest.approx([0.1, 0.9]), [0.75, 0.25]]
    named = {"prob": [0.9, 0.25], "label": ["yes", "no"]}
    found = read_external(write(tmp_path, kind, named), ColumnOptions(classes=("no", "yes")))
    assert found.gold.tolist() == [1, 0]


def test_logits_and_probabilities_are_told_by_their_values(tmp_path):
    rows = {"logits": [[0.2, 0.8], [2.0, -1.0]], "label": [0, 1]}
    found = read_external(write(tmp_path, "jsonl", rows), ColumnOptions())
    assert found.value_kind == "scores"
    assert any("look like logits" in words for words in found.notes)
    rows = {"scores": [[0.2, 0.8], [0.7, 0.3]], "label": [0, 1]}
    path = write(tmp_path, "jsonl", rows)
    assert read_external(path, ColumnOptions()).value_kind == "probabilities"
    named = read_external(path, ColumnOptions(scores="scores"))
    assert named.value_kind == "scores"
    assert any("look like probabilities" in words for words in named.notes)


def test_rounded_probabilities_are_normalised_and_float32_is_kept(tmp_path):
    path = text(tmp_path, "p0,p1,p2,label\n0.333,0.333,0.333,0\n")
    found = read_external(path, ColumnOptions())
    assert found.values.sum() == pytest.approx(1, abs=1e-12)
    assert any("rounded" in words for words in found.notes)
    scores = pa.array([[1.0, 2.0]] * 2, type=pa.list_(pa.float32()))
    pq.write_table(pa.table({"scores": scores, "label": [1, 0]}), tmp_path / "a.parquet")
    assert read_external(tmp_path / "a.parquet", ColumnOptions()).values.dtype == np.float32


def test_rows_with_choices_of_their_own(tmp_path):
    rows = {"logits": [[1.0, 2.0], [1.0, 2.0, 3.0]], "label": [0, 2]}
    found = read_external(write(tmp_path, "jsonl", rows), ColumnOptions())
    assert found.values.tolist() == [[1.0, 2.0, -np.inf], [1.0, 2.0, 3.0]]
    rows["label"] = [2, 2]
    with pytest.raises(DataError, match="label 2"):
        read_external(write(tmp_path, "jsonl", rows), ColumnOptions())


def test_a_label_must_be_one_of_the_rows_own_choices(tmp_path):
    for rows in (
        {"logits": [[1.0, 2.0], [1.0, 2.0, 3.0]], "label": [2, 2]},
        {"probs": [[0.4, 0.6], [0.2, 0.3, 0.5]], "label": [2, 2]},
    ):
        with pytest.raises(DataError, match=r"line 1: label 2, but this row has no such choice"):
            read_external(write(tmp_path, "jsonl", rows), ColumnOptions())


@pytest.mark.parametrize("kind", ["parquet", "csv", "jsonl", "npz"])
def test_whole_numbers_and_truths_are_the_same_label_in_every_format(tmp_path, kind):
    rows = {"p1": [0.7, 0.1], "p2": [0.2, 0.8], "p3": [0.1, 0.1], "label": [1.0, 3.0]}
    assert read_external(write(tmp_path, kind, rows), ColumnOptions()).gold.tolist() == [0, 2]
    for classes in (("True", "False"), ("1", "0")):
        first, second = (f"prob_{name}" for name in classes)
        rows = {first: [0.7, 0.1], second: [0.3, 0.9], "label": [True, False]}
        found = read_external(write(tmp_path, kind, rows), ColumnOptions())
        assert [found.classes[gold] for gold in found.gold] == list(classes)
        assert found.values[[0, 1], found.gold].tolist() == [0.7, 0.9]


def test_per_cent_is_not_taken_for_logits(tmp_path):
    path = text(tmp_path, "no,yes,label\n70,30,no\n49.5,50,yes\n")
    with pytest.raises(DataError, match="line 2: rows sum to 100.*--scores"):
        read_external(path, ColumnOptions())
    assert read_external(path, ColumnOptions(scores="no,yes")).value_kind == "scores"
    other = text(tmp_path, "no,yes,label\n70,30,no\n110,-10,yes\n")
    assert read_external(other, ColumnOptions()).value_kind == "scores"


def test_prediction_files_of_crosscal(tmp_path):
    rng = np.random.default_rng(0)
    rows = [("dev", "en", 0)] + [("test", c, n) for c in ("en", "sw") for n in range(3)]
    made = Predictions.from_arrays(
        Provenance(
            study="s", recipe="direct", seed=1, task="t", family="classification",
            encoder="e", choices=NAMES,
        ),
        unit_ids=[str(n) for _, _, n in rows],
        cluster_ids=[f"c{n // 2}" for _, _, n in rows],
        languages=[code for _, code, _ in rows],
        splits=[split for split, _, _ in rows],
        scores=rng.normal(size=(len(rows), 3)),
        gold=[0, 0, 1, 2, 0, 1, -1],
    )  # fmt: skip
    write_predictions(made, tmp_path / "a.parquet")
    found = read_external(tmp_path / "a.parquet", ColumnOptions())
    assert (len(found), found.groups, found.classes) == (6, ("en", "sw"), NAMES)
    assert found.gold.tolist() == [0, 1, 2, 0, 1, -1]
    assert found.cluster.tolist() == [0, 0, 1, 0, 0, 1]
    expected = made.select(language="en", split="test").scores
    np.testing.assert_array_equal(found.values[:3], expected)


HEAD = "p0,p1,p2,label\n0.2,0.3,0.5,2\n"
BAD = {
    "NaN": (HEAD + "0.9,nan,0.05,0\n", ["line 3", "'p1'", "NaN"]),
    "infinite": (HEAD + "0.9,inf,0.05,0\n", ["line 3", "'p1'", "inf"]),
    "empty cell": (HEAD + "0.9,,0.05,0\n", ["line 3", "'p1'", "missing"]),
    "word": (HEAD + "0.9,x,0.05,0\n", [":3: column 'p1'", "'x' is not a number"]),
    "ragged": (HEAD + "0.9,0.05,0\n", [":3", "3 fields", "4 columns"]),
    "label above": (HEAD + "0.9,0.05,0.05,3\n", ["line 3", "label 3 with 3 classes", "0 to 2"]),
    "label below": (HEAD + "0.9,0.05,0.05,-1\n", ["line 3", "label -1"]),
    "half a label": (HEAD + "0.9,0.05,0.05,0.5\n", ["line 3", "0.5"]),
    "no label": (HEAD + "0.9,0.05,0.05,\n", ["line 3", "'label'", "missing"]),
    "sum": (HEAD + "0.9,0.05,0.15,0\n", ["line 3", "sum to 1.1", "--scores"]),
    "outside": (HEAD + "1.9,-0.95,0.05,0\n", ["line 3", "'p0'", "1.9"]),
    "duplicate header": ("p0,p0,label\n0.5,0.5,1\n", [":1", "'p0' twice"]),
    "no header": ("0.5,0.5,1\n0.4,0.6,1\n", [":1", "header"]),
    "only a header": ("p0,p1,label\n", ["no rows"]),
    "empty": ("", ["empty"]),
    "no scores": ("text,label\nhello,1\n", ["'text', 'label'", "--scores"]),
    "no labels": ("p0,p1\n0.5,0.5\n", ["labels", "--labels"]),
    "ambiguous labels": ("p0,p1,label,gold\n0.5,0.5,1,0\n", ["more than one", "--labels"]),
    "ambiguous scores": (
        "prob_a,prob_b,logit_a,logit_b,label\n0.5,0.5,1,2,a\n",
        ["more than one", "--scores"],
    ),
    "unknown name": ("prob_a,prob_b,label\n0.5,0.5,a\n0.5,0.5,c\n", ["line 3", "'c'", "a, b"]),
    "digits": (HEAD + "0.9,0_1,0.05,0\n", [":3: column 'p1'", "'0_1' is not a number"]),
    "other digits": (HEAD + "0.9,\u0660,0.1,0\n", [":3: column 'p1'", "not a number"]),
    "Latin-1": (
        "p0,p1,label\n0.5,0.5,caf\xe9\n".encode("latin-1"),
        [":2: not UTF-8: byte 0xE9", 'cp1252 "p0,p1,label 0.5,0.5,café"'],
    ),
    "UTF-16": ("p0,p1,label\n0.5,0.5,7\n".encode("utf-16"), ["line 2", "label 7"]),
    "correct": ("confidence,correct\n0.5,2\n", ["line 2", "neither right nor wrong"]),
    "confidence": ("confidence,correct\n1.5,1\n", ["line 2", "1.5", "no probability"]),
}


@pytest.mark.parametrize("kind", BAD)
def test_faults_of_text_are_named_with_their_place(tmp_path, kind):
    content, words = BAD[kind]
    path = text(tmp_path, content)
    with pytest.raises(DataError) as caught:
        read_external(path, ColumnOptions())
    message = str(caught.value)
    assert all(word in message for word in [str(path), *words]), message
    assert caught.value.remedy


BAD_JSON = {
    "deep": ('{"scores": [1, 2], "x": ' + "[" * 100_000, [":2", "not JSON"]),
    "half a character": (
        '{"scores": [1, 2], "label": "\\ud800"}\n',
        [":2", "'label'", "surrogate"],
    ),
    "more than a float": (f'{{"scores": [1, {10**400}], "label": 1}}\n', ["line 2", "inf"]),
    "not JSON": ('{"p": \n', [":2", "not JSON"]),
    "not an object": ("[1, 2]\n", [":2", "no 'label'"]),
    "a word": ('"yes"\n', [":2", "not a JSON object"]),
    "missing key": ('{"scores": [1, 2]}\n', [":2", "'label'"]),
    "text for a list": ('{"scores": "a", "label": 1}\n', [":2", "not a list of numbers"]),
    "NaN": ('{"scores": [1, NaN], "label": 1}\n', ["line 2", "NaN"]),
    "null": ('{"scores": null, "label": 1}\n', ["line 2", "missing"]),
    "one score": ('{"scores": [1], "label": 0}\n', ["line 2", "at least 2"]),
}


@pytest.mark.parametrize("kind", BAD_JSON)
def test_faults_of_json_lines(tmp_path, kind):
    content, words = BAD_JSON[kind]
    rows = '{"scores": [1, 2], "label": 1}\n' + content + '{"scores": [1, 2], "label": 1}\n' * 2
    path = text(tmp_path, rows, "file.jsonl")
    with pytest.raises(DataError) as caught:
        read_external(path, ColumnOptions())
    assert all(word in str(caught.value) for word in [str(path), *words]), str(caught.value)


def test_faults_of_binary_files(tmp_path):
    path = write(tmp_path, "parquet", LAYOUTS["list"])
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DataError, match="truncated"):
        read_external(path, ColumnOptions())
    path = write(tmp_path, "npz", LAYOUTS["list"])
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DataError, match="truncated"):
        read_external(path, ColumnOptions())
    path = tmp_path / "none.npz"
    np.savez(path)
    with pytest.raises(DataError, match="no arrays"):
        read_external(path, ColumnOptions())
    np.savez(path, scores=np.ones((2, 3)), label=np.ones(3, dtype=int))
    with pytest.raises(DataError, match="different lengths: scores 2x3, label 3"):
        read_external(path, ColumnOptions())
    with pytest.raises(DataError, match="no such file"):
        read_external(tmp_path / "absent.csv", ColumnOptions())
    with pytest.raises(DataError, match="unknown kind of file '.xlsx'"):
        read_external(text(tmp_path, "x", "file.xlsx"), ColumnOptions())


SCORES = np.array(PROBABILITIES)
BAD_ARRAYS = {
    "bytes": ({"label": np.array([b"a", b"\xff", b"b"])}, "array 'label'.*utf-8"),
    "records": ({"label": np.zeros(3, dtype="i4,i4")}, "array 'label'.*cannot be read"),
    "one-hot": ({"label": np.eye(3, dtype=int)}, "column 'label'.*not one value a row"),
    "no columns": ({"probs": SCORES[:, :0]}, "array 'probs'.*cannot be read"),
    "no rows": ({"probs": SCORES[:0], "label": np.zeros(0)}, "no rows"),
}


@pytest.mark.parametrize("kind", BAD_ARRAYS)
def test_faults_of_arrays(tmp_path, kind):
    arrays, words = BAD_ARRAYS[kind]
    path = tmp_path / "file.npz"
    np.savez(path, **{"probs": SCORES, "label": np.array(GOLD), **arrays})
    with pytest.raises(DataError, match=words):
        read_external(path, ColumnOptions())


def test_faults_of_parquet_columns(tmp_path):
    path = tmp_path / "file.parquet"
    pq.write_table(pa.table({"probs": PROBABILITIES, "label": [{"a": 1}] * 3}), path)
    with pytest.raises(DataError, match="no column looks like labels.*'label.a'"):
        read_external(path, ColumnOptions())
    pq.write_table(pa.table({"probs": PROBABILITIES, "label": GOLD}).slice(0, 0), path)
    with pytest.raises(DataError, match="no rows"):
        read_external(path, ColumnOptions())
    with pytest.raises(DataError, match="this is a folder"):
        read_external(tmp_path, ColumnOptions())


def test_numbers_of_every_width(tmp_path):
    path = tmp_path / "file.npz"
    for kind in (">f8", ">f4", "f2", np.longdouble):
        np.savez(path, probs=SCORES.astype(kind), label=np.array(GOLD, dtype=">i4"))
        found = read_external(path, ColumnOptions())
        np.testing.assert_allclose(found.values, SCORES, atol=1e-3)
        assert found.gold.tolist() == GOLD
    path = text(tmp_path, f'{{"logits": [1, {10**30}], "label": 0}}\n', "file.jsonl")
    assert read_external(path, ColumnOptions()).values.tolist() == [[1.0, 1e30]]
    path = tmp_path / "file.parquet"
    decimals = pa.array([Decimal("0.25"), Decimal("0.50")])
    lists = pa.array([[Decimal("0.25"), Decimal("0.75")], [Decimal("0.50")] * 2])
    for columns in ({"p0": decimals, "p1": [0.75, 0.5]}, {"probs": lists}):
        pq.write_table(pa.table({**columns, "label": [0, 1]}), path)
        assert read_external(path, ColumnOptions()).values.tolist() == [[0.25, 0.75], [0.5, 0.5]]


class Trap:
    """Sets a flag when it is unpickled."""

    sprung = False

    def __reduce__(self):
        return (setattr, (Trap, "sprung", True))


def test_pickles_are_never_opened(tmp_path):
    path = tmp_path / "file.npz"
    np.savez(path, scores=np.ones((2, 3)), label=np.array([Trap(), None], dtype=object))
    with pytest.raises(DataError, match="pickles"):
        read_external(path, ColumnOptions())
    assert not Trap.sprung


def test_named_columns_that_do_not_fit(tmp_path):
    path = write(tmp_path, "csv", LAYOUTS["columns"])
    with pytest.raises(DataError, match="no column 'prob_ys'.*Did you mean 'prob_yes'"):
        read_external(path, ColumnOptions(probabilities="prob_no,prob_ys"))
    with pytest.raises(DataError, match="too few"):
        read_external(path, ColumnOptions(scores="prob_no"))
    with pytest.raises(DataError, match="2 names of classes"):
        read_external(path, ColumnOptions(classes=("a", "b")))
    with pytest.raises(DataError, match="no column 'langs'"):
        read_external(path, ColumnOptions(group="langs"))
    with pytest.raises(SettingsError, match="both"):
        ColumnOptions(scores="a", probabilities="b")
    for role in ("probabilities", "labels", "group"):
        with pytest.raises(SettingsError, match=f"{role}: list instead of a column's name"):
            ColumnOptions(**{role: ["a", "b"]})
    with pytest.raises(DataError, match="'prob_yes' is named twice"):
        read_external(path, ColumnOptions(probabilities="prob_*,prob_yes"))
    for role in ("labels", "group", "cluster"):
        wanted = ColumnOptions(probabilities="prob_*", **{role: "prob_yes"})
        with pytest.raises(DataError, match="'prob_yes' is to be scores and"):
            read_external(path, wanted)
    found = read_external(path, ColumnOptions(probabilities="prob_*"))
    assert found.classes == NAMES


def test_files_are_compared_or_joined(tmp_path):
    columns = {**LAYOUTS["columns"], "lang": ["sw", "en", "sw"], "item": ["x", "y", "z"]}
    path = write(tmp_path, "csv", columns)
    wanted = ColumnOptions(cluster="item")
    part = read_external(path, wanted)
    other = read_external(write(tmp_path, "parquet", {**columns, "item": ["z", "q", "x"]}), wanted)
    both = concat_predictions([part, other], ["one", "two"], pooled=False)
    assert (both.groups, both.group.tolist()) == (("one", "two"), [0, 0, 0, 1, 1, 1])
    x, _, z, z_too, _, x_too = both.cluster.tolist()
    assert (x, z, len(set(both.cluster))) == (x_too, z_too, 4)
    grouped = [read_external(path, ColumnOptions(group="lang", cluster="item"))] * 2
    assert concat_predictions(grouped, ["a", "b"], pooled=True).groups == ("en", "sw")
    assert concat_predictions(grouped, ["a", "b"], pooled=False).groups == (
        "a/en",
        "a/sw",
        "b/en",
        "b/sw",
    )
    alone = read_external(path, ColumnOptions())
    assert len(set(concat_predictions([part, alone], ["a", "b"], pooled=False).cluster)) == 6
    with pytest.raises(DataError, match="Give files of the same classes"):
        pair = read_external(
            text(tmp_path, "confidence,correct\n0.5,1\n", "pair.csv"), ColumnOptions()
        )
        concat_predictions([part, pair], ["a", "b"], pooled=False)


def test_a_bar_hears_of_progress(tmp_path):
    heard = []
    path = write(tmp_path, "parquet", LAYOUTS["list"])
    read_external(path, ColumnOptions(), report=lambda done, total: heard.append((done, total)))
    assert heard == [(3, 3)]


@pytest.mark.parametrize("kind", ["parquet", "npz"])
def test_a_group_that_is_nan_is_missing(tmp_path, kind):
    columns = {"scores": PROBABILITIES, "gold": GOLD, "group": [1.0, float("nan"), 2.0]}
    path = write(tmp_path, kind, columns)
    with pytest.raises(DataError, match="missing") as caught:
        read_external(path, ColumnOptions(group="group"))
    assert "'group'" in caught.value.where
