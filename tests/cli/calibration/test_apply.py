"""`crosscal calibrate --save` and `crosscal apply`: the same bits, or a refusal."""

import hashlib
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from crosscal.calibration.recalibration import RECALIBRATORS
from crosscal.calibration.recalibration.saving import load_recalibrator
from crosscal.cli.app import app
from tests.cli.calibration.test_calibrate import answers
from tests.cli.command import crosscal

OPTIONS = ["--group", "lang", "--cluster", "item", "--baseline", "en", "--replicates", "100"]


@pytest.fixture
def file(tmp_path):
    return answers(tmp_path / "answers.csv", 60, "sw")


def saved(file, name="temperature"):
    path = file.parent / f"{name}.json"
    done = crosscal("calibrate", file, *OPTIONS, "--recalibrate", name, "--save", path)
    assert done.returncode == 0, done.stderr
    assert f"Recalibrator: {path}" in done.stdout
    return path


def test_the_file_says_what_was_fitted_on(file):
    document = json.loads(saved(file).read_text())
    assert document["fitted_on"] == {
        "rows": 60,
        "classes": ["entailment", "neutral", "contradiction"],
        "values": "probabilities",
        "group": "en",
        "files": {"answers.csv": hashlib.sha256(file.read_bytes()).hexdigest()},
        "crosscal": document["fitted_on"]["crosscal"],
    }


@pytest.mark.parametrize("name", ["temperature", "matrix", "isotonic"])
def test_apply_gives_the_bits_of_the_fit(file, name):
    path = saved(file, name)
    done = crosscal("apply", path, file)
    assert done.returncode == 0, done.stderr
    head, *lines = done.stdout.split()
    assert head == '"prob_entailment","prob_neutral","prob_contradiction","label"'
    written = np.array([[float(cell) for cell in line.split(",")[:3]] for line in lines])
    cells = [line.split(",")[:3] for line in file.read_text().split()[1:]]
    values = np.array(cells, dtype=float)
    values /= values.sum(axis=1, keepdims=True)
    wanted = load_recalibrator(path).recalibrator.predict_proba(values)
    np.testing.assert_allclose(written, wanted, rtol=1e-12, atol=1e-15)
    assert crosscal("apply", path, file).stdout == done.stdout
    out = file.parent / "new" / "out.parquet"
    assert crosscal("apply", path, file, "--output", out).returncode == 0
    table = pq.read_table(out)
    columns = [table.column(f"prob_{c}").to_numpy() for c in document_classes(path)]
    assert np.column_stack(columns).tobytes() == np.ascontiguousarray(written).tobytes()


def document_classes(path):
    return json.loads(path.read_text())["fitted_on"]["classes"]


def test_what_apply_writes_is_read_again(file):
    out = file.parent / "out.csv"
    done = crosscal("apply", saved(file), file, "--output", out)
    assert done.returncode == 0, done.stderr
    assert "120 rows" in done.stderr
    again = crosscal("calibrate", out, "--replicates", "100", "--json")
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["groups"]["all"]["n"] == 120


@pytest.mark.parametrize("kind", ["csv", "tsv", "jsonl", "parquet", "npz"])
def test_labels_are_not_needed(file, kind):
    path = saved(file)
    wanted = [line.rsplit(",", 1)[0] for line in crosscal("apply", path, file).stdout.split()]
    lines = [line.split(",")[:3] for line in file.read_text().split()]
    head, cells = lines[0], [[float(cell) for cell in line] for line in lines[1:]]
    new = file.parent / f"new.{kind}"
    columns = dict(zip(head, zip(*cells, strict=True), strict=True))
    if kind in ("csv", "tsv"):
        new.write_text("".join("\t,"[kind == "csv"].join(line) + "\n" for line in lines))
    elif kind == "jsonl":
        new.write_text("".join(json.dumps(dict(zip(head, c, strict=True))) + "\n" for c in cells))
    elif kind == "parquet":
        pq.write_table(pa.table(columns), new)
    else:
        np.savez(new, **columns)
    done = crosscal("apply", path, new)
    assert done.returncode == 0, done.stderr
    assert "no labels are read" in done.stderr
    assert done.stdout.split() == wanted


def test_what_is_wrong_without_labels_is_told_of_the_file(file):
    new = file.parent / "new.csv"
    new.write_text("prob_entailment,prob_neutral,prob_contradiction\n0.5,0.2,0.3\n0.5,nan,0.5\n")
    done = crosscal("apply", saved(file), new)
    assert (done.returncode, done.stdout) == (3, "")
    assert f"{new}: column 'prob_neutral', line 3" in done.stderr


@pytest.mark.parametrize(
    ("options", "words", "code"),
    [
        (["--classes", "neutral,entailment,contradiction"], "in another order", 3),
        (["--output", "out.txt"], "unknown kind of file", 2),
        (["--output", "answers.csv"], "one of the files to read", 2),
    ],
)
def test_what_apply_refuses(file, options, words, code, monkeypatch):
    monkeypatch.chdir(file.parent)
    path, before = saved(file), file.read_bytes()
    done = crosscal("apply", path, file, *options)
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    assert words in done.stderr
    assert file.read_bytes() == before


def test_other_classes_are_refused(file):
    other = file.parent / "other.csv"
    other.write_text("prob_no,prob_yes,label\n0.3,0.7,yes\n0.6,0.4,no\n")
    done = crosscal("apply", saved(file), other)
    assert (done.returncode, done.stdout) == (3, "")
    assert "the classes are no, yes" in done.stderr
    done = crosscal("apply", other, file)
    assert done.returncode == 3
    assert "this is no JSON" in done.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--save", "r.json"], "0 recalibrators are asked for"),
        (
            ["--save", "r.json", "--recalibrate", "beta", "--recalibrate", "isotonic"],
            "2 recalibrators are asked for",
        ),
        (["--save", "r.json", "--recalibrate", "beta", "--group", "lang"], "none is said to be"),
        (["--save", ".", "--recalibrate", "beta"], "this is a folder"),
        (["--save", "answers.csv", "--recalibrate", "beta"], "one of the files"),
        (["--save", "x", "--report", "x", "--recalibrate", "beta"], "written already"),
        (["--thresholds", "high"], "no list of numbers"),
        (["--wanted", "95"], "shares from 0 to 1"),
    ],
)
def test_what_calibrate_refuses_to_save(file, options, words, monkeypatch):
    monkeypatch.chdir(file.parent)
    done = crosscal("calibrate", file, *options)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert words in done.stderr


def test_without_groups_all_rows_are_fitted_on(file):
    path = file.parent / "all.json"
    done = crosscal(
        "calibrate",
        file,
        "--recalibrate",
        "vector",
        "--save",
        path,
        "--replicates",
        "100",
        "--json",
    )
    assert done.returncode == 0, done.stderr
    origin = json.loads(path.read_text())["fitted_on"]
    assert (origin["rows"], origin["group"]) == (120, None)
    (fit,) = json.loads(done.stdout)["fits"]
    assert fit["learnt"] == json.loads(path.read_text())["learnt"]


def test_every_recalibrator_shows_its_parameters(file):
    names = [word for name in RECALIBRATORS for word in ("--recalibrate", name)]
    done = crosscal("calibrate", file, *OPTIONS, *names)
    assert done.returncode == 0, done.stderr
    for name in RECALIBRATORS:
        part = done.stdout.split(f"Parameters of {name} ")[1].split("Recalibration by")[0]
        assert part.count("en ") >= 1, part
        assert part.count("sw ") >= 1, part


def test_rows_without_labels_stay_in_their_places(file):
    path = saved(file)
    whole = crosscal("apply", path, file).stdout.splitlines()
    head, *rows = file.read_text().splitlines()
    ignored = [row.split(",") for row in rows]
    for row in ignored[::3]:
        row[head.split(",").index("label")] = "-100"
    some = file.parent / "some.csv"
    some.write_text("\n".join([head, *map(",".join, ignored)]) + "\n")
    done = crosscal("apply", path, some)
    assert done.returncode == 0, done.stderr
    written = done.stdout.splitlines()
    assert [line.rsplit(",", 1)[0] for line in written] == [
        line.rsplit(",", 1)[0] for line in whole
    ]
    labels = [line.rsplit(",", 1)[1] for line in written[1:]]
    assert set(labels[::3]) == {"-100"}
    assert [x for i, x in enumerate(labels) if i % 3] == [
        line.rsplit(",", 1)[1] for i, line in enumerate(whole[1:]) if i % 3
    ]
    none = [*map(",".join, ignored)]
    only = file.parent / "only.csv"
    only.write_text("\n".join([head, *none[::3]]) + "\n")
    done = crosscal("apply", path, only)
    assert (done.returncode, len(done.stdout.splitlines())) == (0, len(none[::3]) + 1)
    assert '"label"' not in done.stdout


def test_standard_input_without_labels_is_recalibrated(file):
    path = saved(file)
    rows = [row.split(",") for row in file.read_text().splitlines()]
    content = "".join(",".join(row[:3]) + "\n" for row in rows)
    result = CliRunner().invoke(app, ["apply", str(path), "-"], input=content)
    assert result.exception is None, result.exception
    assert len(result.stdout.splitlines()) == len(rows)
