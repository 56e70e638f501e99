"""Numbers recorded of other libraries: equal, or different for a reason that is checked."""

import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks" / "agreement"


@pytest.fixture(scope="module")
def found():
    sys.path.insert(0, str(FOLDER))
    try:
        import agreement

        return agreement.compare()
    finally:
        sys.path.remove(str(FOLDER))


def test_every_difference_is_explained(found):
    assert [c for c in found if c.verdict == "UNEXPLAINED"] == []


@pytest.mark.parametrize(
    ("library", "names"),
    [
        ("uncertainty-calibration", ("ece", "ece_mass", "rmsce_mass_debiased", "classwise_ece")),
        ("relplot", ("smooth_ece",)),
        ("scikit-learn", ("brier", "auroc", "isotonic")),
        ("venn-abers", ("venn-abers", "venn-abers, one class against the rest")),
    ],
)
def test_these_agree_on_every_case(found, library, names):
    rows = [c for c in found if c.library == library and c.name in names]
    assert {c.name for c in rows} == set(names)
    assert all(c.verdict == "equal" for c in rows)
