"""Every format through every verb: the figures of the plain CSV of the same rows, or a refusal."""

import gzip
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import crosscal
from crosscal.predictions import Predictions, Provenance, write_predictions
from tests.cli.calibration.test_apply import crosscal as run

NAMES = ("contradiction", "entailment", "neutral")
ITEMS = 30
N = 2 * ITEMS
GROUPS = ("--group", "lang", "--cluster", "item")
FAST = ("--replicates", "100", "--thresholds", "0.8", "--wanted", "", "--json")

_rng = np.random.default_rng(11)
GOLD = np.tile(_rng.integers(0, 3, ITEMS), 2)
LOGITS = _rng.normal(size=(N, 3)).round(4) + 1.5 * np.eye(3)[GOLD]
_powers = np.exp(LOGITS)
PROBABILITIES = _powers / _powers.sum(axis=1, keepdims=True)
BEST = LOGITS.argmax(axis=1)
WORDS = np.array(NAMES)
LANG = np.repeat(["en", "sw"], ITEMS)
ITEM = np.tile([f"i{i:02}" for i in range(ITEMS)], 2)
BESIDE = {"lang": LANG, "item": ITEM}
YES = PROBABILITIES[:, 1]
COUNTS = np.stack([_rng.multinomial(5, row) for row in PROBABILITIES])

# What is in the files, as plain columns.
CONTENTS = {
    "logits": {f"logit_{n}": LOGITS[:, i] for i, n in enumerate(NAMES)} | {"label": WORDS[GOLD]},
    "probabilities": {f"prob_{n}": PROBABILITIES[:, i] for i, n in enumerate(NAMES)}
    | {"label": WORDS[GOLD]},
    "pairs": {"confidence": PROBABILITIES.max(axis=1), "correct": (BEST == GOLD).astype(int)},
    "binary": {"prob_0": 1 - YES, "prob_1": YES, "label": (GOLD == 1).astype(int)},
    "votes": {f"prob_{n}": PROBABILITIES[:, i] for i, n in enumerate(NAMES)}
    | {f"votes_{n}": COUNTS[:, i] for i, n in enumerate(NAMES)}
    | {"label": WORDS[GOLD]},
    "narrow": {
        f"logit_{n}": LOGITS[:, i].astype(np.float32).astype(float) for i, n in enumerate(NAMES)
    }
    | {"label": WORDS[GOLD]},
    "characters": {f"logit_{i}": LOGITS[:, i] / (5 + i) for i in range(3)} | {"label": GOLD},
}


@dataclass
class Case:
    """A file or table, what it holds, and what has to be said of it."""

    content: str
    origin: Any
    options: tuple[str, ...] = GROUPS
    plain: tuple[str, ...] = GROUPS  # options of the plain CSV
    more: tuple[Any, ...] = ()  # further files
    stdin: str | None = None
    rows: Any = None  # in which order they are, where that is not the plain CSV's


def frame(content):
    return pd.DataFrame(CONTENTS[content] | BESIDE)


def csv_text(content="probabilities", sign=",", decimal="."):
    return frame(content).to_csv(index=False, sep=sign, decimal=decimal)


def put(folder, name, content):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def lines(rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


def records(content):
    return frame(content).to_dict("records")


def beside(i):
    return {"lang": str(LANG[i]), "item": str(ITEM[i]), "gold": NAMES[GOLD[i]]}


def scored(i, order=(2, 0, 1)):
    return [{"label": NAMES[j], "score": float(PROBABILITIES[i, j])} for j in order]


def lists():
    columns = {"logits": LOGITS.tolist(), "label": GOLD, **BESIDE}
    return pd.DataFrame(columns)


def case_csv(folder):
    return Case("probabilities", put(folder, "a.csv", csv_text()))


def case_csv_of_logits(folder):
    return Case("logits", put(folder, "a.csv", csv_text("logits")))


def case_tsv(folder):
    return Case("probabilities", put(folder, "a.tsv", csv_text(sign="\t")))


def case_decimal_commas(folder):
    return Case("probabilities", put(folder, "a.csv", csv_text(sign=";", decimal=",")))


def case_bars(folder):
    return Case("probabilities", put(folder, "a.txt", csv_text(sign="|")))


def case_gzip(folder):
    path = folder / "a.csv.gz"
    frame("probabilities").to_csv(path, index=False)
    return Case("probabilities", path)


def case_bz2(folder):
    path = folder / "a.tsv.bz2"
    frame("probabilities").to_csv(path, index=False, sep="\t")
    return Case("probabilities", path)


def case_zstandard(folder):
    packed = pa.Codec("zstd").compress(csv_text().encode(), asbytes=True)
    return Case("probabilities", put(folder, "a.csv.zst", packed))


def case_json_lines_gzip(folder):
    packed = gzip.compress(lines(records("logits")).encode())
    return Case("logits", put(folder, "a.jsonl.gz", packed))


def case_utf_16(folder):
    return Case("probabilities", put(folder, "a.csv", csv_text().encode("utf-16")))


def case_utf_8_with_mark(folder):
    return Case("probabilities", put(folder, "a.csv", csv_text().encode("utf-8-sig")))


def case_cp1251(folder):
    text = csv_text().replace("lang", "lang,что", 1).replace(",en,", ",en,да,")
    text = text.replace(",sw,", ",sw,нет,")
    path = put(folder, "a.csv", text.encode("cp1251"))
    return Case("probabilities", path, (*GROUPS, "--encoding", "cp1251"))


def case_json_lines(folder):
    return Case("logits", put(folder, "a.jsonl", lines(records("logits"))))


def case_json(folder):
    return Case("logits", put(folder, "a.json", json.dumps(records("logits"), indent=1)))


def case_json_of_pandas(folder):
    path = folder / "a.json"
    frame("logits").to_json(path, orient="split", double_precision=15)
    return Case("logits", path)


def case_lists_in_cells(folder):
    path = folder / "a.csv"
    lists().to_csv(path, index=False)
    return Case("logits", path, (*GROUPS, "--classes", ",".join(NAMES)))


def case_parquet(folder):
    path = folder / "a.parquet"
    frame("logits").to_parquet(path)
    return Case("logits", path)


def case_parquet_of_lists(folder):
    path = folder / "a.pq"
    lists().to_parquet(path)
    return Case("logits", path, (*GROUPS, "--classes", ",".join(NAMES)))


def case_feather(folder):
    path = folder / "a.feather"
    frame("logits").to_feather(path)
    return Case("logits", path)


def case_arrow_stream(folder):
    path, table = folder / "a.arrow", pa.Table.from_pandas(frame("logits"))
    with pa.ipc.new_stream(path, table.schema) as stream:
        stream.write_table(table)
    return Case("logits", path)


def case_npz(folder):
    path = folder / "a.npz"
    np.savez(path, logits=LOGITS, label=WORDS[GOLD], **BESIDE)
    return Case("logits", path, (*GROUPS, "--classes", ",".join(NAMES)))


def case_npy(folder):
    np.save(folder / "a.npy", PROBABILITIES)
    np.save(folder / "gold.npy", GOLD)
    options = ("--labels", str(folder / "gold.npy"))
    return Case("probabilities", folder / "a.npy", options, plain=())


def case_trainer(folder):
    path = folder / "a.npz"
    metrics = np.array({"test_loss": 0.3}, dtype=object)
    np.savez(path, predictions=LOGITS, label_ids=GOLD, metrics=metrics, **BESIDE)
    return Case("logits", path)


def case_trainer_of_tokens(folder):
    path = folder / "a.npz"
    logits = np.zeros((ITEMS, 4, 3))
    logits[:, :2] = LOGITS.reshape(2, ITEMS, 3).swapaxes(0, 1)
    labels = np.full((ITEMS, 4), -100)
    labels[:, :2] = GOLD.reshape(2, ITEMS).T
    np.savez(path, predictions=logits, label_ids=labels)
    order = np.arange(N).reshape(2, ITEMS).T.ravel()
    return Case("logits", path, (), plain=("--cluster", "item"), rows=order)


def case_pipeline_all(folder):
    rows = [{"output": scored(i), **beside(i)} for i in range(N)]
    return Case("probabilities", put(folder, "a.jsonl", lines(rows)))


def case_pipeline_all_alone(folder):
    gold = put(folder, "gold.txt", "\n".join(WORDS[GOLD]) + "\n")
    path = put(folder, "a.json", json.dumps([scored(i) for i in range(N)]))
    return Case("probabilities", path, ("--labels", str(gold)), plain=())


def case_pipeline_best(folder):
    rows = [{"output": max(scored(i), key=lambda e: e["score"]), **beside(i)} for i in range(N)]
    return Case("pairs", put(folder, "a.jsonl", lines(rows)))


def case_zero_shot(folder):
    rows = [
        {
            "sequence": f"text {i}",
            "labels": [e["label"] for e in scored(i)],
            "scores": [e["score"] for e in scored(i)],
            **beside(i),
        }
        for i in range(N)
    ]
    return Case("probabilities", put(folder, "a.jsonl", lines(rows)))


def samples(folder):
    paths = []
    for lang in ("en", "sw"):
        rows = []
        for at, i in enumerate(np.flatnonzero(lang == LANG)):
            answers = [[str(x), "False"] for x in LOGITS[i]]
            texts = ["a" * 5, "b" * 6, "c" * 7]
            rows.append(
                {
                    "doc_id": at,
                    "doc": {"premise": "p"},
                    "target": str(GOLD[i]),
                    "arguments": {
                        f"gen_args_{j}": {"arg_0": f"q {at}", "arg_1": f" {t}"}
                        for j, t in enumerate(texts)
                    },
                    "resps": [[a] for a in answers],
                    "filtered_resps": answers,
                    "filter": "none",
                    "acc": float(BEST[i] == GOLD[i]),
                }
            )
        name = f"samples_xnli_{lang}_2026-08-01T12-00-00.000001.jsonl"
        paths.append(put(folder, name, lines(rows)))
    return paths


def case_harness(folder):
    one, two = samples(folder)
    return Case("logits", one, (), more=(two,))


def case_harness_normalised(folder):
    one, two = samples(folder)
    return Case("characters", one, ("--normalised",), more=(two,))


def case_lighteval(folder):
    rows = [
        {
            "doc": {"query": "q", "gold_index": [int(GOLD[i])], "choices": ["a", "b", "c"]},
            "model_response": {"logprobs": LOGITS[i].tolist(), "text": ["a"]},
            "metric": {"acc": float(BEST[i] == GOLD[i])},
            "lang": LANG[i],
            "item": ITEM[i],
        }
        for i in range(N)
    ]
    path = folder / "details.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path)
    return Case("logits", path)


def case_confidence(folder):
    return Case("pairs", put(folder, "a.csv", csv_text("pairs")))


def case_confidence_and_labels(folder):
    columns = {"conf": PROBABILITIES.max(axis=1), "pred": WORDS[BEST], "gold": WORDS[GOLD]}
    path = folder / "a.csv"
    pd.DataFrame(columns | BESIDE).to_csv(path, index=False)
    return Case("pairs", path)


def case_one_probability(folder):
    path = folder / "a.csv"
    columns = {"prob": YES, "label": GOLD == 1, **BESIDE}
    pd.DataFrame(columns).to_csv(path, index=False)
    return Case("binary", path)


def case_one_logit(folder):
    path = folder / "a.csv"
    columns = {"logit": np.log(YES) - np.log1p(-YES), "label": (GOLD == 1) * 1, **BESIDE}
    pd.DataFrame(columns).to_csv(path, index=False)
    return Case("binary", path)


def case_votes(folder):
    options = (*GROUPS, "--votes", "votes_*")
    return Case("votes", put(folder, "a.csv", csv_text("votes")), options)


def case_annotators(folder):
    columns = {n: c for n, c in CONTENTS["votes"].items() if not n.startswith("votes_")}
    each = np.array([np.repeat(WORDS, row) for row in COUNTS])
    columns |= {f"who_{i}": each[:, i] for i in range(5)}
    path = folder / "a.parquet"
    pd.DataFrame(columns | BESIDE).to_parquet(path)
    return Case("votes", path, (*GROUPS, "--annotators", "who_*"))


def case_standard_input(folder):
    return Case("probabilities", "-", stdin=csv_text())


def case_own(folder):
    predictions = Predictions.from_arrays(
        Provenance(
            study="s", recipe="direct", seed=1, task="xnli", family="classification",
            encoder="e", choices=NAMES,
        ),
        unit_ids=ITEM, cluster_ids=ITEM, languages=LANG, splits=["test"] * N,
        scores=LOGITS.astype(np.float32), gold=GOLD,
    )  # fmt: skip
    path = folder / "a.parquet"
    write_predictions(predictions, path)
    return Case("narrow", path, ())


def case_pandas(_):
    return Case("logits", frame("logits"))


def case_pyarrow(_):
    return Case("logits", pa.Table.from_pandas(frame("logits")))


def case_polars(_):
    polars = pytest.importorskip("polars")
    return Case("logits", polars.DataFrame({n: list(c) for n, c in frame("logits").items()}))


def case_numpy(_):
    return Case("logits", {"logits": LOGITS, "label": GOLD, **BESIDE})


CASES = {
    name.removeprefix("case_"): make for name, make in globals().items() if name.startswith("case_")
}

FILES = sorted(set(CASES) - {"pandas", "pyarrow", "polars", "numpy"})


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """Return the plain CSV of a content, its figures, and those of a recalibrator fitted on it."""
    folder, done = tmp_path_factory.mktemp("plain"), {}

    def figures(content, options):
        if (content, options) not in done:
            path = folder / f"{content}.csv"
            frame(content).to_csv(path, index=False)
            votes = ("--votes", "votes_*") if content == "votes" else ()
            result = run("calibrate", path, *options, *votes, *FAST)
            assert result.returncode == 0, result.stderr
            done[content, options] = json.loads(result.stdout)
        return done[content, options]

    def recalibrator(content):
        path = folder / f"{content}.json"
        if not path.exists():
            figures(content, ())
            csv, fit = folder / f"{content}.csv", ("--recalibrate", "temperature", "--save", path)
            result = run("calibrate", csv, *fit, *FAST)
            assert result.returncode == 0, result.stderr
        return path

    figures.recalibrator, figures.folder = recalibrator, folder
    return figures


def given(monkeypatch, case):
    """Put what a case has for standard input there."""

    class Input:
        buffer = io.BytesIO((case.stdin or "").encode())

    # The runner of commands puts its own there, unless it is told what it holds.
    monkeypatch.setattr("crosscal.predictions.external.sources.plain_files.sys", _Sys(Input()))


class _Sys:
    def __init__(self, stdin):
        self.stdin = stdin


def assert_equal(found, expected, where=""):
    """Numbers to 1e-9, all else as it is."""
    if isinstance(expected, dict):
        assert found.keys() == expected.keys(), where
        for name, inner in expected.items():
            assert_equal(found[name], inner, f"{where}.{name}")
    elif isinstance(expected, list):
        assert len(found) == len(expected), where
        for i, (one, other) in enumerate(zip(found, expected, strict=True)):
            assert_equal(one, other, f"{where}[{i}]")
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, abs=1e-9, rel=1e-9), where
    else:
        assert found == expected, where


def assert_same_figures(document, expected):
    for part in ("groups", "differences", "accepted"):
        assert_equal(document[part], expected[part], part)


@pytest.mark.parametrize("name", FILES)
def test_calibrate_gives_the_figures_of_the_plain_csv(tmp_path, monkeypatch, plain, name):
    case = CASES[name](tmp_path)
    given(monkeypatch, case)
    done = run("calibrate", case.origin, *case.more, *case.options, *FAST)
    assert done.returncode == 0, done.stderr
    assert_same_figures(json.loads(done.stdout), plain(case.content, case.plain))


@pytest.mark.parametrize("name", CASES)
def test_python_gives_the_figures_of_the_plain_csv(tmp_path, monkeypatch, plain, name):
    case = CASES[name](tmp_path)
    given(monkeypatch, case)
    options = dict(zip(case.options[::2], case.options[1::2], strict=False))
    options = {key.removeprefix("--"): value for key, value in options.items()}
    if case.options == ("--normalised",):
        options = {"normalised": True}
    origin = [case.origin, *case.more] if case.more else case.origin
    report = crosscal.calibrate(origin, **options, replicates=100, thresholds=0.8, wanted=())
    assert_same_figures(json.loads(report.to_json()), plain(case.content, case.plain))


@pytest.mark.parametrize("name", FILES)
def test_apply_gives_the_probabilities_of_the_plain_csv(tmp_path, monkeypatch, plain, name):
    case = CASES[name](tmp_path)
    given(monkeypatch, case)
    saved = plain.recalibrator("logits" if case.content == "narrow" else case.content)
    kept = [o for o in ("--labels", "--classes", "--encoding") if o in case.options]
    options = [each for o in kept for each in (o, case.options[case.options.index(o) + 1])]
    options += ["--normalised"] if "--normalised" in case.options else []
    done = run("apply", saved, case.origin, *options)
    if name == "one_logit":
        assert done.returncode != 0
        assert "fitted on probabilities" in done.stderr
        return
    assert done.returncode == 0, done.stderr
    found = pd.read_csv(io.StringIO(done.stdout))
    if name == "trainer_of_tokens":
        assert (found["label"] == -100).sum() == N  # stay in their places
        found = found[found["label"] >= 0]
    plain(case.content, ())
    expected = run("apply", saved, plain.folder / f"{case.content}.csv")
    order = range(len(found)) if case.rows is None else case.rows
    table = pd.read_csv(io.StringIO(expected.stdout)).iloc[order]
    np.testing.assert_allclose(found.to_numpy(), table.to_numpy(), atol=1e-9)


@pytest.mark.parametrize("name", ["pandas", "pyarrow", "polars", "numpy"])
def test_tables_in_memory_are_recalibrated_as_arrays(tmp_path, plain, name):
    CASES[name](tmp_path)
    saved = plain.recalibrator("logits")
    plain("logits", ())
    expected = run("apply", saved, plain.folder / "logits.csv")
    found = crosscal.load(saved).apply(LOGITS, classes=NAMES)
    table = pd.read_csv(io.StringIO(expected.stdout))
    np.testing.assert_allclose(found, table.to_numpy()[:, :3], atol=1e-9)


@pytest.mark.parametrize("verb", ["analyse", "events"])
@pytest.mark.parametrize("name", FILES)
def test_verbs_of_studies_take_prediction_files_only(tmp_path, plain, name, verb):
    case = CASES[name](tmp_path)
    options = ("--output", tmp_path / "out", "--replicates", "100") if verb == "analyse" else ()
    done = run(verb, case.origin, *case.more, *options, "--json")
    if name == "own":
        assert_same_means(json.loads(done.stdout), plain("narrow", GROUPS), verb)
        return
    assert done.returncode == 3, done
    assert Path(case.origin).name in done.stderr
    assert "crosscal calibrate" in done.stderr
    assert not (tmp_path / "out").exists()


def assert_same_means(document, expected, verb):
    """Accuracy and confidence of each language are those of the plain CSV."""
    for lang, group in expected["groups"].items():
        if verb == "events":
            means = document["files"][0]["events"]["label"][lang]
        else:
            means = {
                each["metric"]: each["value"]
                for each in document["results"]["estimates"]
                if each["quantity"] == "level" and each["language"] == lang
                and each["scaling"] == "none"
            }  # fmt: skip
        for mean in ("accuracy", "confidence"):
            assert means[mean] == pytest.approx(group[mean], abs=1e-9), (lang, mean)


@pytest.mark.parametrize("verb", ["calibrate", "analyse", "events", "apply"])
def test_sheets_and_pickles_are_refused_in_words(tmp_path, plain, verb):
    for name, start in (("a.xlsx", b"PK\x03\x04"), ("a.pkl", b"\x80\x04"), ("a.pt", b"PK\x03\x04")):
        path = put(tmp_path, name, start)
        before = [plain.recalibrator("logits")] if verb == "apply" else []
        done = run(verb, *before, path)
        assert done.returncode == 3, (name, done)
        assert name in done.stderr
        if name == "a.xlsx" and verb in ("calibrate", "apply"):
            assert "Save the sheet as CSV" in done.stderr
