"""What `import crosscal` offers."""

import json
import re
import subprocess
import sys
from importlib.metadata import version

import numpy as np
import pyarrow as pa
import pytest

import crosscal
from crosscal.exceptions import DataError, MissingExtra, SettingsError
from tests.cli.calibration.test_apply import crosscal as run

COLUMNS = ("prob_no", "prob_yes")


def columns(n=240, seed=2):
    """Columns of two groups, the second too sure of itself."""
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 2, n)
    score = (2.0 * label - 1) * 0.8 + rng.normal(size=n)
    yes = 1 / (1 + np.exp(-score * np.repeat([1.6, 5.0], n // 2)))
    return {
        "prob_no": 1 - yes,
        "prob_yes": yes,
        "label": np.array(["no", "yes"])[label].tolist(),
        "lang": np.repeat(["en", "sw"], n // 2).tolist(),
        "item": np.tile(np.arange(n // 2), 2),
    }


@pytest.fixture(scope="module")
def report():
    return crosscal.calibrate(
        pa.table(columns()),
        group="lang",
        cluster="item",
        baseline="en",
        recalibrate=["temperature", "beta"],
        replicates=200,
    )


def test_no_file_that_was_read_is_written_over(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found, rows = columns(), []
    for one, two in zip(found["prob_no"], found["prob_yes"], strict=True):
        rows.append(f"{one},{two}\n")
    (tmp_path / "p.csv").write_text("prob_no,prob_yes\n" + "".join(rows))
    (tmp_path / "l.csv").write_text("label\n" + "\n".join(found["label"]) + "\n")
    before = {name: (tmp_path / name).read_bytes() for name in ("p.csv", "l.csv")}
    made = crosscal.calibrate("p.csv", labels="l.csv", recalibrate="temperature", replicates=100)
    monkeypatch.chdir(tmp_path.parent)  # what was read is known by its place, not its name
    for target in (f"{tmp_path.name}/p.csv", tmp_path / "l.csv", tmp_path):
        for write in (made.to_html, made.save):
            with pytest.raises(SettingsError, match="folder|one of the files to read"):
                write(target)
    assert {name: (tmp_path / name).read_bytes() for name in before} == before
    made.to_html(tmp_path / "page.html")
    made.save(tmp_path / "r.json")
    made.save(tmp_path / "r.json")  # over what is its own
    assert crosscal.load(tmp_path / "r.json")


def test_weights_are_a_column():
    table = pa.table(columns() | {"cases": np.where(np.arange(240) % 3, 1.0, 40.0)})
    weighted = crosscal.calibrate(table, group="lang", weights="cases", replicates=200)
    plain = crosscal.calibrate(table, group="lang", replicates=200)
    for name, group in weighted.evaluation.groups.items():
        assert group.effective == pytest.approx(44.04, abs=0.01)
        assert group.means["accuracy"] != plain.evaluation.groups[name].means["accuracy"]
        assert group.intervals["accuracy"][1] - group.intervals["accuracy"][0] > 0.1
    assert "<th>effective</th>" in weighted._repr_html_()
    assert "effective" not in plain._repr_html_()
    with pytest.raises(SettingsError, match="instead of a column's name"):
        crosscal.calibrate(table, weights=np.ones(240))


def test_a_saved_recalibrator_says_that_rows_were_weighted(tmp_path):
    table = pa.table(columns() | {"cases": np.arange(240) % 3})
    given = {"recalibrate": "temperature", "replicates": 100}
    weighted = crosscal.calibrate(table, weights="cases", **given)
    weighted.save(tmp_path / "w.json")
    crosscal.calibrate(table, **given).save(tmp_path / "p.json")
    assert json.loads((tmp_path / "w.json").read_text())["fitted_on"]["weighted"] is True
    assert crosscal.load(tmp_path / "w.json").origin.weighted
    assert crosscal.load(tmp_path / "w.json").origin.rows == 160
    assert "weighted" not in (tmp_path / "p.json").read_text()
    assert not crosscal.load(tmp_path / "p.json").origin.weighted


def test_importing_costs_nothing():
    code = (
        "import sys, crosscal\n"
        "heavy = ('numpy', 'scipy', 'pyarrow', 'rich', 'typer', 'importlib.metadata')\n"
        "assert not [m for m in heavy if m in sys.modules]\n"
        "assert {'calibrate', 'load', 'save', '__version__'} <= set(dir(crosscal))\n"
        "print(crosscal.__version__)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == version("crosscal")
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        crosscal.nothing  # noqa: B018


def test_frames_of_any_kind_give_the_same_numbers(report, tmp_path):
    pandas = pytest.importorskip("pandas")
    options = {"group": "lang", "cluster": "item", "baseline": "en", "replicates": 200}
    frame = pandas.DataFrame(columns())
    frame.to_csv(tmp_path / "a.csv", index=False, float_format="%.17g")
    wanted = report.to_dict()["groups"]
    for one in (frame, columns(), tmp_path / "a.csv", str(tmp_path / "a.csv")):
        found = crosscal.calibrate(one, **options)
        assert found.to_dict()["groups"] == wanted
    assert found.files.keys() == {"a.csv"}
    with pytest.raises(DataError, match="no predictions can be read"):
        crosscal.calibrate(7)
    with pytest.raises(SettingsError, match="not all are files"):
        crosscal.calibrate([frame, frame])


def test_tables_of_pandas(report, monkeypatch):
    pytest.importorskip("pandas")
    groups = report.to_pandas()
    assert list(groups.index) == ["en", "sw"]
    error = report.evaluation.groups["sw"].errors["ece"]
    assert groups.loc["sw", "ece"] == error.value
    assert groups.loc["sw", "ece_p"] == error.p_value
    assert len(report.to_pandas("differences")) == len(report.evaluation.differences)
    gains = report.to_pandas("recalibration")
    assert set(gains["recalibrator"]) == {"temperature", "beta"}
    assert {"before", "after", "gain", "measure"} <= set(gains.columns)
    assert set(report.to_pandas("accepted")["group"]) == {"en", "sw"}
    assert len(report.to_pandas("needed")) == 4
    assert report.to_pandas("reliability")["n"].sum() == 240
    with pytest.raises(SettingsError, match="Did you mean 'groups'"):
        report.to_pandas("group")
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingExtra, match="pip install pandas"):
        report.to_pandas()


def test_one_of_what_can_be_several():
    table = pa.table({**columns(), "label": np.array(columns()["label"]) == "yes"})
    options = {"replicates": 100, "wanted": ()}
    one = crosscal.calibrate(
        table, classes="false,true", recalibrate="temperature", thresholds=0.9, **options
    )
    several = crosscal.calibrate(
        table,
        classes=["false", "true"],
        recalibrate=["temperature"],
        thresholds=[0.9],
        **options,
    )
    assert one.to_json() == several.to_json()
    assert [each["threshold"] for each in one.to_dict()["accepted"]] == [0.9]


def test_a_cell_of_a_notebook_is_escaped():
    table = columns()
    table["lang"] = ["<b>" if each == "sw" else each for each in table["lang"]]
    found = crosscal.calibrate(pa.table(table), group="lang", replicates=100)
    text = found._repr_html_()
    assert "<b>" not in text
    assert "&lt;b&gt;" in text
    assert text.count("<tr>") == 3
    assert "overconfident" in text


def test_figures_follow_the_style_that_is_set(report, tmp_path):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    from matplotlib import pyplot

    with matplotlib.rc_context({"font.size": 7, "figure.dpi": 50}):
        axes = report.plot()
        assert [ax.get_title() for ax in axes] == ["en", "sw"]
        assert axes[0].title.get_fontsize() == pytest.approx(7 * 1.2)
        axes[0].figure.savefig(tmp_path / "figure.pdf")
    assert (tmp_path / "figure.pdf").read_bytes()[:4] == b"%PDF"
    figure, own = pyplot.subplots(figsize=(2, 2))
    (drawn,) = report.plot(groups=["sw"], axes=own)
    assert drawn is own
    curve = own.lines[1]
    bins = report.evaluation.groups["sw"].reliability
    np.testing.assert_allclose(curve.get_ydata(), [100 * b.accuracy for b in bins])
    pyplot.close(figure)
    errors = report.plot("errors")
    assert [label.get_text() for label in errors.get_yticklabels()] == ["en", "sw"]
    with pytest.raises(SettingsError, match="1 axes for 2 groups"):
        report.plot(axes=own)
    with pytest.raises(SettingsError, match="no group 'fr'"):
        report.plot(groups=["fr"])
    with pytest.raises(SettingsError, match="reliability or errors"):
        report.plot("pie")
    pyplot.close("all")


def test_without_matplotlib_the_extra_is_named(report, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtra, match=r"crosscal\[plot\]"):
        report.plot()


def test_a_fitted_recalibrator_is_kept(report, tmp_path):
    report.save(tmp_path / "r.json", "temperature")
    saved = crosscal.load(tmp_path / "r.json")
    assert saved.origin.group == "en"
    assert saved.origin.classes == ("no", "yes")
    assert saved.origin.rows == 120
    values = np.column_stack([columns()[name] for name in COLUMNS])
    np.testing.assert_array_equal(
        saved.apply(values, kind="probabilities", classes=("no", "yes")),
        report.recalibrator("temperature").predict_proba(values),
    )
    other = report.recalibrator("temperature", "sw")
    assert other.temperature_ > 2 * report.recalibrator("temperature").temperature_
    crosscal.save(other, tmp_path / "sw.json")
    assert crosscal.load(tmp_path / "sw.json").recalibrator.temperature_ == other.temperature_


def test_which_recalibrator_is_meant_must_be_clear(report):
    with pytest.raises(SettingsError, match="2 recalibrators were fitted"):
        report.fitted()
    with pytest.raises(SettingsError, match="'isotonic' was not fitted"):
        report.fitted("isotonic")
    with pytest.raises(SettingsError, match="no group 'fr'"):
        report.fitted("beta", "fr")
    one = crosscal.calibrate(
        pa.table(columns()), group="lang", recalibrate=["beta"], replicates=100
    )
    with pytest.raises(SettingsError, match="none is said to be fitted on"):
        one.fitted()
    assert one.fitted(group="sw").fitted_on == "sw"


def test_other_values_than_fitted_on_are_refused(report, tmp_path):
    report.save(tmp_path / "r.json", "beta")
    saved = crosscal.load(tmp_path / "r.json")
    values = np.column_stack([columns()[name] for name in COLUMNS])
    with pytest.raises(DataError, match="fitted on no, yes: in another order"):
        saved.apply(values[:, ::-1], kind="probabilities", classes=("yes", "no"))
    with pytest.raises(DataError, match="fitted on no, yes: others"):
        saved.apply(values, kind="probabilities", classes=("right", "wrong"))
    with pytest.raises(DataError, match="these are scores, .* fitted on probabilities"):
        saved.apply(values, kind="scores")
    with pytest.raises(DataError, match="3 classes"):
        saved.apply(np.full((4, 3), 1 / 3), kind="probabilities")


def test_json_is_what_the_command_line_prints(report):
    document = json.loads(report.to_json())
    assert document == report.to_dict()
    fits = {(f["recalibrator"], f["fitted_on"]): f["learnt"] for f in document["fits"]}
    assert fits["temperature", "en"]["temperature_"] > 0
    assert set(fits["beta", "sw"]["maps_"][0]) == {"a", "b", "m"}
    assert document["settings"]["classes"] == ["no", "yes"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"level": 2}, "level is 2"),
        ({"bins": 0}, "0 bins"),
        ({"replicates": 5}, "100 to 100,000"),
        ({"seed": -1}, "seed is -1"),
        ({"thresholds": 1.5}, "shares from 0 to 1"),
        ({"wanted": [0.9, -1]}, "shares from 0 to 1"),
        ({"recalibrate": "temprature"}, "Did you mean 'temperature'"),
    ],
)
def test_options_out_of_range_are_refused_before_a_file_is_opened(tmp_path, options, message):
    with pytest.raises(SettingsError, match=message):
        crosscal.calibrate(tmp_path / "absent.csv", **options)
    command = [each for n, v in options.items() for each in (f"--{n}", _written(v))]
    done = run("calibrate", tmp_path / "absent.csv", *command)
    assert done.returncode == 2
    assert re.search(message, done.stderr)
    if options.keys() <= {"level", "replicates"}:
        done = run("analyse", tmp_path / "absent.parquet", *command)
        assert done.returncode == 2, done.stderr


def _written(value):
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def test_files_of_one_name_have_a_checksum_each(tmp_path):
    paths = [tmp_path / lang / "dev.csv" for lang in ("en", "sw")]
    for path in paths:
        path.parent.mkdir()
        part = columns()
        rows = zip(*part.values(), strict=True)
        path.write_text("\n".join(",".join(map(str, row)) for row in [part, *rows]) + "\n")
    report = crosscal.calibrate(paths, replicates=100)
    assert set(report.files) == {"en/dev.csv", "sw/dev.csv"}  # no more folders than that takes
    assert set(crosscal.calibrate(paths[0], replicates=100).files) == {"dev.csv"}
    fit = ("--group", "lang", "--baseline", "en", "--recalibrate", "temperature")
    done = run("calibrate", *paths, "--replicates", "100", *fit, "--save", tmp_path / "r.json")
    assert done.returncode == 0, done.stderr
    assert set(json.loads((tmp_path / "r.json").read_text())["fitted_on"]["files"]) == {
        "en/dev.csv",
        "sw/dev.csv",
    }


def test_predicted_and_normalised_are_known_in_python(tmp_path):
    table = columns()
    choice = np.where(table["prob_yes"] > 0.5, "yes", "no").tolist()
    frame = pa.table(
        {"sure": np.maximum(table["prob_no"], table["prob_yes"]), "it": choice}
        | {"label": table["label"]}
    )
    options = {"confidence": "sure", "predicted": "it", "labels": "label", "replicates": 100}
    group = crosscal.calibrate(frame, **options).evaluation.groups["all"]
    assert group.means["accuracy"] == np.mean(np.array(choice) == table["label"])
    (tmp_path / "a.csv").write_text("prob_0,prob_1,label\n0.5,0.5,1\n")
    for other in (tmp_path / "a.csv", frame):
        with pytest.raises(DataError, match="lm-evaluation-harness only"):
            crosscal.calibrate(other, normalised=True)
