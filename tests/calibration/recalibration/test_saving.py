"""Saved recalibrators give the same bits, and a file that is none is refused."""

import hashlib
import json
import subprocess
import sys
import warnings

import numpy as np
import pytest
from scipy.optimize import isotonic_regression

from crosscal.calibration import ConvergenceWarning
from crosscal.calibration.recalibration import RECALIBRATORS, TemperatureScaling
from crosscal.calibration.recalibration.saving import (
    FitOrigin,
    SavedRecalibrator,
    load_recalibrator,
    save_recalibrator,
)
from crosscal.calibration.recalibration.venn_abers import MergedSteps, venn_abers_steps
from crosscal.exceptions import ArtifactError, DataError, SettingsError

NAMES = sorted(RECALIBRATORS)


def rows(n=500, k=3, seed=0):
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(n, k)).round(2) * 2.0
    return scores, (scores + 3 * rng.normal(size=scores.shape)).argmax(axis=1)


def fitted(name, k=3, **settings):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return RECALIBRATORS[name]().set_params(**settings).fit(*rows(k=k))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("k", [2, 5])
@pytest.mark.parametrize("given", ["scores", "probabilities"])
def test_what_is_loaded_gives_the_same_bits(tmp_path, name, k, given):
    scores, y = rows(k=k)
    values = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    values = scores if given == "scores" else values
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        made = RECALIBRATORS[name]().set_params(given=given).fit(values, y)
    save_recalibrator(made, tmp_path / "deep" / "r.json")
    saved = load_recalibrator(tmp_path / "deep" / "r.json")
    assert saved.recalibrator.get_params() == made.get_params()
    assert (
        saved.recalibrator.predict_proba(values).tobytes() == made.predict_proba(values).tobytes()
    )
    np.testing.assert_array_equal(saved.recalibrator.predict(values), made.predict(values))
    assert (saved.origin.rows, saved.origin.classes, saved.origin.values) == (500, None, given)
    # Equal fits, equal files.
    save_recalibrator(saved.recalibrator, tmp_path / "again.json", origin=saved.origin)
    assert (tmp_path / "again.json").read_bytes() == (tmp_path / "deep" / "r.json").read_bytes()


def test_another_process_reads_the_same_bits(tmp_path):
    scores, _ = rows()
    np.save(tmp_path / "scores.npy", scores)
    for name in NAMES:
        save_recalibrator(fitted(name), tmp_path / f"{name}.json")
    code = (
        "import sys, hashlib, numpy, crosscal.calibration.recalibration.saving as s\n"
        "scores = numpy.load('scores.npy')\n"
        "for name in sys.argv[1:]:\n"
        "    made = s.load_recalibrator(name + '.json').recalibrator\n"
        "    print(hashlib.sha256(made.predict_proba(scores).tobytes()).hexdigest())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *NAMES],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == [
        hashlib.sha256(fitted(name).predict_proba(scores).tobytes()).hexdigest() for name in NAMES
    ]


def test_the_file_says_what_was_fitted_on(tmp_path):
    names = np.array(["no", "perhaps", "yes"])
    scores, y = rows()
    made = TemperatureScaling().fit(scores, names[y])
    origin = FitOrigin(
        rows=500, classes=("no", "perhaps", "yes"), group="en", files={"a.csv": "0" * 64}
    )
    save_recalibrator(made, tmp_path / "r.json", origin=origin)
    document = json.loads((tmp_path / "r.json").read_text())
    assert document["format"] == "crosscal-recalibrator/1"
    assert document["learnt"]["temperature_"] == made.temperature_
    assert document["fitted_on"]["files"] == {"a.csv": "0" * 64}
    saved = load_recalibrator(tmp_path / "r.json")
    assert saved.origin == origin
    np.testing.assert_array_equal(saved.recalibrator.predict(scores), made.predict(scores))
    save_recalibrator(made, tmp_path / "plain.json")
    assert load_recalibrator(tmp_path / "plain.json").origin.classes == ("no", "perhaps", "yes")


def changed(document, name):
    """Damage a document in one of many ways."""
    kind, _, field = name.partition(":")
    if kind == "text":
        return field
    if kind == "without":
        part = document["learnt"] if field in document["learnt"] else document
        del part[field]
    elif kind == "newer":
        document["format"] = "crosscal-recalibrator/2"
    elif kind == "other":
        document["recalibrator"] = "os.system"
    elif kind == "word":
        document["learnt"]["temperature_"] = "warm"
    elif kind == "list":
        document["learnt"]["temperature_"] = [1.0, 2.0]
    elif kind == "zero":
        document["learnt"]["temperature_"] = 0.0
    elif kind == "below":
        document["learnt"]["temperature_"] = -2.0
    elif kind == "nan":
        document["learnt"]["temperature_"] = "nan"
    elif kind == "more":
        document["learnt"]["extra_"] = 1
    elif kind == "setting":
        document["settings"]["given"] = "odds"
    elif kind == "settings":
        document["settings"]["__class__"] = "x"
    elif kind == "classes":
        document["learnt"]["classes_"] = [0, 1]
    elif kind == "values":
        document["fitted_on"]["values"] = "odds"
    return json.dumps(document)


DAMAGE = [
    "text:", "text:{", "text:[]", "text:null", "text:" + "[" * 5000, "without:learnt",
    "without:settings", "without:fitted_on", "without:temperature_", "without:converged_",
    "newer", "other", "word", "list", "zero", "below", "nan", "more", "setting", "settings",
    "classes", "values",
]  # fmt: skip


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_file_is_refused(tmp_path, damage):
    path = tmp_path / "r.json"
    save_recalibrator(fitted("temperature"), path)
    path.write_text(changed(json.loads(path.read_text()), damage))
    with pytest.raises(DataError) as raised:
        load_recalibrator(path)
    assert str(path) in str(raised.value)
    assert raised.value.remedy


@pytest.mark.parametrize("name", ["vector", "matrix", "histogram", "isotonic", "venn-abers"])
def test_parts_that_do_not_fit_together_are_refused(tmp_path, name):
    path = tmp_path / "r.json"
    save_recalibrator(fitted(name), path)
    document = json.loads(path.read_text())
    if "maps_" in document["learnt"]:
        one = document["learnt"]["maps_"][0]
        one["height" if "height" in one else "low"] = [0.5]
    else:
        document["learnt"]["weights_"] = [[1.0, 0.0]]
    path.write_text(json.dumps(document))
    with pytest.raises(DataError, match=r"r\.json: the numbers do not"):
        load_recalibrator(path)


def test_what_cannot_be_saved_or_read(tmp_path):
    with pytest.raises(SettingsError, match="not fitted"):
        save_recalibrator(TemperatureScaling(), tmp_path / "r.json")
    with pytest.raises(DataError, match="cannot be read"):
        load_recalibrator(tmp_path / "nothing.json")
    (tmp_path / "file").write_text("")
    with pytest.raises(ArtifactError):
        save_recalibrator(fitted("beta"), tmp_path / "file" / "r.json")

    class Other(TemperatureScaling):
        pass

    with pytest.raises(SettingsError, match="none of the known"):
        save_recalibrator(Other().fit(*rows()), tmp_path / "r.json")


def test_levels_without_a_step_change_nothing():
    rng = np.random.default_rng(3)
    at = np.sort(rng.integers(1, 64, 300) / 64)
    y = (rng.random(300) < at).astype(int)
    level, index, n = np.unique(at, return_inverse=True, return_counts=True)
    low, high = venn_abers_steps(n, np.bincount(index, weights=y))
    whole = MergedSteps(level=level, low=low, high=high, by_confidence=True)
    made = RECALIBRATORS["venn-abers"]().set_params(given="probabilities")
    (kept,) = made.fit(np.column_stack([1 - at, at]), y).maps_
    assert len(kept.level) < len(level)
    new = np.concatenate([level, level + 1 / 128, [0.0, 1.0]])
    np.testing.assert_array_equal(kept(new, new, new), whole(new, new, new))
    corners = RECALIBRATORS["isotonic"]().set_params(given="probabilities")
    (line,) = corners.fit(np.column_stack([1 - at, at]), y).maps_
    assert len(line.height) < len(level) / 2
    share = np.bincount(index, weights=y) / n
    every = isotonic_regression(share, weights=n.astype(float)).x
    np.testing.assert_array_equal(line(new, new, new), np.interp(new, level, every))


def test_equal_documents_are_read_alike():
    text = SavedRecalibrator(
        recalibrator=fitted("isotonic", k=2), origin=FitOrigin(rows=500)
    ).to_json()
    assert SavedRecalibrator.from_json(text).to_json() == text
