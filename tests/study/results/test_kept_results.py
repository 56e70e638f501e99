"""Results are computed again only from other predictions, settings or code."""

from dataclasses import replace

import pytest

from crosscal.analysis import AnalysisSettings, Results
from crosscal.study.results import kept_results as kept
from crosscal.study.results.kept_results import analysis_key, kept_or_computed, same_predictions

SETTINGS = AnalysisSettings(title="a", groups={"rich": ("tr", "fi")})
FOUND = Results(
    title="a",
    baseline_language="en",
    baseline_recipe="direct",
    languages=("en", "tr"),
    recipes=("direct",),
    seeds=(1,),
    temperatures=[{"recipe": "direct", "seed": 1, "temperature": 0.1 + 0.2}],
)


@pytest.fixture
def table(tmp_path):
    """Return a file of predictions."""
    path = tmp_path / "direct-seed1.parquet"
    path.write_bytes(b"PAR1 scores")
    return path


@pytest.fixture
def ask(tmp_path, table):
    """Return a function that asks for results; says if they were computed."""
    computed = []

    def asked(*settings, found=FOUND):
        before = len(computed)
        results = kept_or_computed(
            tmp_path / "results.json",
            Results,
            analysis_key([table], *settings),
            lambda: computed.append(1) or found,
        )
        return results, len(computed) > before

    return asked


def test_equal_questions_are_answered_once(ask, tmp_path):
    assert ask(SETTINGS) == (FOUND, True)
    text = (tmp_path / "results.json").read_bytes()
    assert ask(SETTINGS) == (FOUND, False)
    assert ask(replace(SETTINGS)) == (FOUND, False)
    assert (tmp_path / "results.json").read_bytes() == text


@pytest.mark.parametrize(
    "other",
    [
        (replace(SETTINGS, replicates=100),),
        (replace(SETTINGS, groups={"rich": ("tr", "ko")}),),
        (replace(SETTINGS, margin=0.02),),
        (SETTINGS, {"tr": {"fertility": 1.2}}),
    ],
)
def test_other_settings_are_another_question(ask, other):
    ask(SETTINGS)
    assert ask(*other)[1]


def test_other_predictions_or_code_are_another_question(ask, table, monkeypatch):
    ask(SETTINGS)
    table.write_bytes(b"PAR1 others")
    assert ask(SETTINGS)[1]
    monkeypatch.setattr(kept, "sha256_code", lambda *packages: "other code")
    assert ask(SETTINGS)[1]
    assert not ask(SETTINGS)[1]


@pytest.mark.parametrize("name", ["results.json", ".results"])
@pytest.mark.parametrize("change", ["removed", "altered", "emptied"])
def test_what_was_changed_since_is_computed_again(ask, tmp_path, name, change):
    ask(SETTINGS)
    file = tmp_path / name
    if change == "removed":
        file.unlink()
    elif change == "emptied":
        file.write_bytes(b"")
    else:
        file.write_bytes(file.read_bytes().replace(b"a", b"b", 1))
    assert ask(SETTINGS) == (FOUND, True)
    assert ask(SETTINGS) == (FOUND, False)


def test_results_of_other_predictions_are_told_apart(tmp_path, table):
    files = [tmp_path / name for name in ("results.json", "recalibration.json")]
    for file, settings in zip(files, (SETTINGS, {"regimes": []}), strict=True):
        kept_or_computed(file, Results, analysis_key([table], settings), lambda: FOUND)
    assert same_predictions(*files)
    table.write_bytes(b"PAR1 others")
    kept_or_computed(files[0], Results, analysis_key([table], SETTINGS), lambda: FOUND)
    assert not same_predictions(*files)
    (tmp_path / ".recalibration").unlink()  # as an earlier version left it
    assert same_predictions(*files)
