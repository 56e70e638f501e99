"""`crosscal calibrate` on anyone's files: the output, or the message, of each."""

import json
import re

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.cli.command import crosscal, crosscal_apart

LABELS = ("entailment", "neutral", "contradiction")


def calibrate(*arguments):
    return crosscal("calibrate", *arguments)


def answers(path, n=240, name="<b>sw&</b>"):
    """Write a CSV of two groups over the same items: one calibrated, one overconfident."""
    rng = np.random.default_rng(4)
    lines = ["prob_entailment,prob_neutral,prob_contradiction,label,lang,item"]
    for lang, scale in (("en", 1.5), (name, 5.0)):
        for item in range(n):
            gold = rng.integers(0, 3)
            scores = rng.normal(size=3)
            scores[gold] += 1.5
            p = np.exp(scores * scale)
            p /= p.sum()
            cells = [*(f"{x:.6f}" for x in p), LABELS[gold], lang, f"item-{item // 2}"]
            lines.append(",".join(cells))
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def file(tmp_path):
    return answers(tmp_path / "answers.csv")


def test_a_file_of_three_rows(tmp_path):
    path = tmp_path / "three.csv"
    path.write_text("p0,p1,p2,label\n0.2,0.3,0.5,2\n0.9,0.05,0.05,0\n0.1,0.8,0.1,2\n")
    done = calibrate(path)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^all +3 +66\.7 +73\.3 ", done.stdout, re.MULTILINE), done.stdout
    assert "cannot be told from noise" in done.stdout
    assert "rest on 3 rows only" in done.stdout
    assert "'p0', 'p1', 'p2'" in done.stderr
    assert "probabilities" in done.stderr


def test_json_has_the_agreed_form_and_nothing_else(file):
    done = calibrate(file, "--group", "lang", "--cluster", "item", "--baseline", "en", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    parts = ["groups", "differences", "recalibration", "fits", "accepted", "needed", "settings"]
    assert list(found) == [*parts, "warnings", "reading"]
    assert list(found["groups"]) == ["en", "<b>sw&</b>"]
    for group in found["groups"].values():
        assert {"n", "accuracy", "nll", "brier", "confidence", "errors"} <= group.keys()
        error = group["errors"]["ece"]
        assert error.keys() == {"value", "low", "high", "noise_floor", "p_value"}
        assert 0 <= error["low"] <= error["high"] <= 1
        assert (group["n"], group["clusters"]) == (240, 120)
    (ece,) = [d for d in found["differences"] if d["measure"] == "ece"]
    assert ece["paired"]
    assert ece["value"] > 0.1
    assert ece["p_adjusted"] < 0.05
    assert done.stderr.count("\n") == 1
    assert json.loads(calibrate(file, "--json").stdout)["groups"].keys() == {"all"}


def test_report_is_one_page_without_requests_and_escaped(file, tmp_path):
    page = tmp_path / "deep" / "out.html"
    done = calibrate(
        file, "--group", "lang", "--baseline", "en", "--recalibrate", "temperature",
        "--report", page,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    text = page.read_text(encoding="utf-8")
    assert "<b>sw" not in text
    assert "&lt;b&gt;sw&amp;&lt;/b&gt;" in text
    assert not re.search(r"(?:src|href)=\"(?!#|data:)", text)
    assert "://" not in text
    assert text.count("<svg") == 2
    assert "default-src 'none'" in text
    for heading in ("Reliability", "Differences from en", "Recalibration", "Settings"):
        assert heading in text
    assert "overconfident" in done.stdout
    assert re.search(r"^en +own folds", done.stdout, re.MULTILINE), done.stdout
    assert re.search(r"^en +240 +temperature +\d", done.stdout, re.MULTILINE), done.stdout
    section = text[text.index('id="differences"') : text.index('id="recalibration"')]
    assert section.count("<tr") == 2  # a head, and one row a group
    for part in ("fits", "thresholds", "needed"):
        assert f'<section id="{part}">' in text


def test_recalibration_in_json(file):
    done = calibrate(
        file, "--group", "lang", "--baseline", "en", "--recalibrate", "temperature", "--json"
    )
    found = json.loads(done.stdout)["recalibration"]
    assert {(r["regime"], r["fitted_on"], r["group"]) for r in found} == {
        ("cross-fitted", "en", "en"),
        ("cross-fitted", "<b>sw&</b>", "<b>sw&</b>"),
        ("baseline", "en", "<b>sw&</b>"),
    }
    gain = found[1]["measures"]["ece"]
    assert gain["before"] - gain["after"] == pytest.approx(gain["gain"])
    assert gain["low"] > 0


HEAD = "p0,p1,p2,label\n0.2,0.3,0.5,2\n"
BAD = {
    "NaN": (HEAD + "0.9,nan,0.05,0\n", ["line 3", "'p1'", "NaN"]),
    "label out of range": (HEAD + "0.9,0.05,0.05,7\n", ["line 3", "label 7 with 3 classes"]),
    "sum": (HEAD + "0.9,0.05,0.15,0\n", ["line 3", "sum to 1.1, not 1"]),
    "empty": ("", ["empty"]),
    "ragged": (HEAD + "0.9,0.1\n", [":3", "2 fields"]),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_files_are_answered_with_what_is_wrong(tmp_path, kind):
    content, words = BAD[kind]
    path = tmp_path / "bad.csv"
    path.write_text(content)
    done = calibrate(path)
    assert done.returncode == 3, done.stderr
    assert all(word in done.stderr for word in [str(path), *words]), done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--baseline", "fr"], "no group 'fr'"),
        (["--recalibrate", "temprature"], "temperature"),
        (["--notion", "enttailment"], "Did you mean 'entailment'"),
        (["--scores", "a", "--probabilities", "b"], "both"),
        (["--replicates", "3"], "100 to 100,000"),
        (["--bins", "100000"], "1 to 1,000"),
        (["--seed", "-1"], "0 or more"),
        (["--report", "."], "this is a folder"),
        (["--report", "answers.csv"], "one of the files"),
    ],
)
def test_bad_options(file, options, words):
    before = file.read_bytes()
    done = crosscal_apart("calibrate", file, *options, cwd=file.parent)
    assert done.returncode == 2, done.stderr
    assert words in done.stderr, done.stderr
    assert file.read_bytes() == before
    assert "Traceback" not in done.stderr


def test_a_report_under_a_file_is_refused(file):
    done = calibrate(file, "--report", file / "report.html")
    assert done.returncode == 4, done.stderr
    assert f"{file}: cannot be written: File exists" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_given_twice_is_refused_under_any_name(file):
    other = file.parent / "other.csv"
    other.symlink_to(file)
    for again in (file, other):
        done = calibrate(file, again, "--group", "lang")
        assert (done.returncode, done.stdout) == (2, ""), done.stderr
        assert "given twice" in done.stderr


def test_a_group_of_one_row(file):
    with file.open("a") as stream:
        stream.write("0.2,0.3,0.5,neutral,lonely,x\n")
    options = ["--group", "lang", "--baseline", "en"]
    done = calibrate(file, *options)
    assert done.returncode == 0, done.stderr
    assert "lonely: no intervals and p-values: there is only one row." in done.stdout
    found = json.loads(calibrate(file, *options, "--json").stdout)["groups"]["lonely"]
    assert (found["n"], found["accuracy"]) == (1, 0.0)
    assert found["errors"]["ece"]["value"] == pytest.approx(0.5)
    assert found["errors"]["ece"]["low"] is None
    assert "only one row" in found["note"]


def test_two_hundred_thousand_rows(tmp_path):
    rng = np.random.default_rng(0)
    n = 200_000
    gold = rng.integers(0, 3, n)
    scores = rng.normal(size=(n, 3)).astype(np.float32)
    scores[np.arange(n), gold] += 1
    table = pa.table(
        {
            "logits": pa.FixedSizeListArray.from_arrays(pa.array(scores.ravel()), 3),
            "label": gold,
            "language": np.array(["en", "sw"])[np.arange(n) % 2],
            "text": ["never read"] * n,
        }
    )
    pq.write_table(table, tmp_path / "big.parquet")
    done = calibrate(
        tmp_path / "big.parquet", "--group", "language", "--baseline", "en",
        "--replicates", "200", "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["settings"]["resampled"] == "10000 random batches of rows"
    accuracy = found["groups"]["en"]["accuracy"]
    ends = found["groups"]["en"]["intervals"]["accuracy"]
    width = ends["high"] - ends["low"]
    # That of a binomial proportion.
    assert width == pytest.approx(3.92 * np.sqrt(accuracy * (1 - accuracy) / (n / 2)), rel=0.25)


def test_files_are_compared_with_each_other(file, tmp_path):
    other = answers(tmp_path / "others.csv", 50)
    done = calibrate(file, other, "--baseline", "answers", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert {name: g["n"] for name, g in found["groups"].items()} == {"answers": 480, "others": 100}
    pooled = json.loads(calibrate(file, other, "--group", "lang", "--json").stdout)
    assert pooled["groups"]["en"]["n"] == 290


def test_notions_and_confidences(file, tmp_path):
    found = json.loads(calibrate(file, "--notion", "neutral", "--json").stdout)
    assert found["settings"]["notion"] == 1
    found = json.loads(calibrate(file, "--notion", "class-wise", "--json").stdout)
    assert "ece" not in found["groups"]["all"]["errors"]
    path = tmp_path / "pairs.tsv"
    path.write_text("confidence\tcorrect\n" + "0.9\ttrue\n0.6\tfalse\n0.8\ttrue\n" * 10)
    done = calibrate(path)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^all +30 +66\.7 +76\.7 ", done.stdout, re.MULTILINE), done.stdout


def weighted(path, spread, zeros=0):
    rng = np.random.default_rng(0)
    lines = ["prob_no,prob_yes,label,lang,weight"]
    for row in range(200):
        p = rng.uniform(0.5, 1)
        weight = 0 if row < zeros else rng.lognormal(sigma=spread)
        label = "no" if rng.random() < p else "yes"
        lines.append(f"{p:.5f},{1 - p:.5f},{label},{'en' if row % 2 else 'sw'},{weight:.6f}")
    path.write_text("\n".join(lines) + "\n")
    return path


def test_weights_are_shown_in_every_output(tmp_path):
    file, page = weighted(tmp_path / "a.csv", 2.5, zeros=2), tmp_path / "a.html"
    given = (file, "--group", "lang", "--weights", "weight", "--replicates", "200")
    shown = calibrate(*given, "--report", page)
    assert shown.returncode == 0
    document = json.loads(calibrate(*given, "--json").stdout)
    sizes = {name: group["effective"] for name, group in document["groups"].items()}
    assert all(size < 25 for size in sizes.values())
    texts = shown.stdout, page.read_text(), "\n".join(document["warnings"])
    for name, size in sizes.items():
        for text in texts:
            assert f"{name} (of 99 rows, {size:.1f})" in text
        assert f"effective {size:.1f}" in texts[1]
        assert re.search(rf"^{name} +99 +{size:.1f} ", shown.stdout, re.MULTILINE)
    for text in texts:
        assert "2 rows of weight 0 are left out" in text
    assert document["settings"]["weights"] == "cases a row stands for"
    assert "weights: 'weight' (named)" in document["reading"]


def test_a_column_of_weights_is_not_used_unasked(tmp_path):
    file = weighted(tmp_path / "a.csv", 1.0)
    shown = calibrate(file, "--replicates", "100", "--report", tmp_path / "a.html")
    assert "'weight' is not used" in shown.stderr
    assert "'weight' is not used" in (tmp_path / "a.html").read_text().replace("&#39;", "'")
    assert "effective" not in shown.stdout
    document = json.loads(calibrate(file, "--replicates", "100", "--json").stdout)
    assert any("'weight' is not used" in words for words in document["reading"])
    assert "weights" not in document["settings"]


def test_a_bad_weight_is_answered_with_its_line(tmp_path):
    file = weighted(tmp_path / "a.csv", 1.0)
    lines = file.read_text().split("\n")
    file.write_text("\n".join([*lines[:6], "0.9,0.1,no,en,-2", *lines[7:]]))
    done = calibrate(file, "--weights", "weight")
    assert done.returncode == 3
    assert "a.csv: column 'weight', line 7: the weight is -2.0" in done.stderr
    assert "Traceback" not in done.stderr


def test_help_teaches_with_an_example():
    done = crosscal_apart("calibrate", "--help", env={"COLUMNS": "200", "TERM": "dumb", "PATH": ""})
    assert done.returncode == 0, done.stderr
    assert "crosscal calibrate answers.csv --group lang" in done.stdout
    for option in ("--scores", "--labels", "--cluster", "--recalibrate", "--report"):
        assert option in done.stdout


@pytest.mark.parametrize("replicates", ["100", "1000"])
def test_many_groups_are_judged_whatever_the_number_of_draws(tmp_path, replicates):
    # All but one of 27 groups are off by some 27 points.
    rng = np.random.default_rng(5)
    lines = ["locale,label,logit_a,logit_b,logit_c"]
    for group in range(27):
        for _ in range(200):
            label = rng.integers(3)
            z = rng.normal(size=3)
            z[label] += 1.2
            z *= 1.2 * (6.0 if group else 1.0)
            lines.append(f"loc{group:02d},{'abc'[label]},{','.join(map(str, z.round(4)))}")
    file = tmp_path / "many.csv"
    file.write_text("\n".join(lines) + "\n")
    done = crosscal("calibrate", file, "--group", "locale", "--replicates", replicates)
    assert done.returncode == 0, done.stderr
    assert "In 26 of 27 groups ece is clearly more than noise" in done.stdout
    assert "26 overconfident, 0 underconfident, 0 in no clear direction" in done.stdout


def test_all_right_is_not_certain(tmp_path):
    rng = np.random.default_rng(0)
    confidence = rng.uniform(0.9, 0.99, 25).round(4)
    rows = [f"{c},{1 - c:.4f},0,en,{i}" for i, c in enumerate(confidence)]
    file = tmp_path / "right.csv"
    file.write_text("\n".join(["p0,p1,label,lang,item", *rows]) + "\n")
    done = crosscal("calibrate", file, "--group", "lang", "--cluster", "item", "--json")
    group = json.loads(done.stdout)["groups"]["en"]
    interval, gap, ece = (
        group["intervals"]["accuracy"],
        group["intervals"]["gap"],
        group["errors"]["ece"],
    )
    # Clopper and Pearson: 0.863; Wilson: 0.867.
    assert 0.83 < interval["low"] < 0.89
    assert interval["high"] == 1.0
    assert gap["low"] < 0 < gap["high"]
    assert ece["low"] == 0.0
    assert ece["p_value"] > 0.2


@pytest.mark.parametrize("named", ["lab.csv", "lab.csv:label"])
@pytest.mark.parametrize("option", ["--report", "--save"])
def test_a_file_of_labels_is_not_replaced(tmp_path, monkeypatch, named, option):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.csv").write_text("p0,p1\n" + "0.3,0.7\n0.6,0.4\n" * 20)
    (tmp_path / "lab.csv").write_text("label\n" + "1\n0\n" * 20)
    more = ["--recalibrate", "temperature"] if option == "--save" else []
    done = crosscal_apart(
        "calibrate", "p.csv", "--labels", named, option, "lab.csv", *more, cwd=tmp_path
    )
    assert done.returncode != 0
    assert "one of the files to read" in done.stderr
    assert (tmp_path / "lab.csv").read_text().startswith("label\n1\n")
