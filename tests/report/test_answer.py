"""The wording follows from the intervals, in every case."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from crosscal.analysis import Estimate, Results
from crosscal.report import answer, caution

RICH = "morphologically rich"
Row = Callable[..., Estimate]
Build = Callable[..., Results]


def two_recipes(row: Row, base: float, recipe: float, effect: float, half: float = 0.01) -> Results:
    """Results about one group, with these degradations and this effect."""
    rows = [row("level", "direct", "en", 0.05, 0.01)]
    for quantity, name, value in (
        ("degradation", "direct", base),
        ("degradation", "mrpc", recipe),
        ("effect", "mrpc", effect),
    ):
        rows.append(row(quantity, name, RICH, value, half, is_group=True))
    return Results(
        title="",
        baseline_language="en",
        baseline_recipe="direct",
        languages=("en", "sw", "tr"),
        recipes=("direct", "mrpc"),
        seeds=(0, 1, 2),
        groups={RICH: ("sw", "tr")},
        settings={"level": 0.95},
        estimates=rows,
    )


def test_the_whole_sentence(row: Row) -> None:
    assert answer(two_recipes(row, 0.08, 0.05, -0.03)) == (
        "In the morphologically rich languages, calibration degrades under direct, by 8.0 "
        "percentage points of calibration error against English (95\N{NO-BREAK SPACE}% interval "
        "7.0 to 9.0); under mrpc, the degradation persists, at 5.0 points (4.0 to 6.0), but it is "
        "smaller than under direct (\N{MINUS SIGN}3.0 points, \N{MINUS SIGN}4.0 to "
        "\N{MINUS SIGN}2.0)."
    )


@pytest.mark.parametrize(
    ("base", "accuracy", "beyond", "said"),
    [
        (0.08, -0.1, 0.03, "of this the lower accuracy alone explains +5.0 points (+4.0 to +6.0), "
         "and +3.0 points (+2.0 to +4.0) are beyond it; under mrpc"),
        (0.08, -0.1, 0.005, "explains +7.5 points (+6.5 to +8.5), and nothing beyond it could be "
         "seen: +0.5 points (−0.5 to +1.5); under mrpc"),
        (0.08, 0.1, 0.1, "of this the higher accuracy alone explains −2.0 points (−3.0 to −1.0)"),
        (0.005, -0.1, 0.0, ""),
        (-0.05, -0.1, -0.06, ""),
    ],
)  # fmt: skip
def test_what_accuracy_explains_of_a_degradation(
    row: Row, base: float, accuracy: float, beyond: float, said: str
) -> None:
    results = two_recipes(row, base, 0.05, -0.03)
    parts = {
        "accuracy": accuracy,
        "ece_explained_by_accuracy": base - beyond,
        "ece_beyond_accuracy": beyond,
    }
    results.estimates.extend(
        row("degradation", "direct", RICH, value, 0.01, is_group=True, metric=metric)
        for metric, value in parts.items()
    )
    if said:
        assert "(95\N{NO-BREAK SPACE}% interval 7.0 to 9.0); of this the" in answer(results)
        assert said in answer(results)
    else:
        assert "accuracy alone" not in answer(results)


@pytest.mark.parametrize(
    ("base", "recipe", "effect", "said"),
    [
        (0.08, 0.05, -0.03, "persists, at 5.0 points (4.0 to 6.0), but it is smaller than"),
        (0.05, 0.08, 0.03, "persists, at 8.0 points (7.0 to 9.0), and it is larger than"),
        (0.05, 0.05, 0.0, "persists, at 5.0 points (4.0 to 6.0), and no difference from direct"),
        (0.05, 0.0, -0.05, "no degradation could be seen (0.0 points, −1.0 to +1.0), and the degr"),
        (0.05, 0.005, 0.005, "no degradation could be seen (+0.5 points, −0.5 to +1.5), and no d"),
        (0.0, 0.05, 0.05, "calibration degrades, by 5.0 points (4.0 to 6.0) against English, and"),
        (0.0, 0.0, 0.0, "no degradation could be seen (0.0 points, −1.0 to +1.0), and no diffe"),
        (-0.05, 0.05, 0.1, "calibration degrades, by 5.0 points (4.0 to 6.0) against English, a"),
        (0.05, -0.05, -0.1, "the calibration error is smaller than in English, by 5.0 points (int"),
        (-0.05, 0.005, 0.05, "but the degradation is larger than under direct (+5.0 points"),
    ],
)
def test_recipe(row: Row, base: float, recipe: float, effect: float, said: str) -> None:
    assert said in answer(two_recipes(row, base, recipe, effect))


@pytest.mark.parametrize(
    ("base", "said"),
    [
        (0.05, "calibration degrades under direct, by 5.0 percentage points"),
        (0.0, "no degradation of calibration against English could be seen under direct"),
        (
            -0.05,
            "the calibration error is smaller than in English under direct, by 5.0 perce",
        ),
    ],
)
def test_baseline(row: Row, base: float, said: str) -> None:
    assert said in answer(two_recipes(row, base, 0.05, 0.0))


def test_unseen_difference_says_how_large_it_could_have_been(row: Row) -> None:
    # Half width 1.0 points is 1.96 standard errors; (1.96 + 0.84) standard errors are visible.
    assert "differences beyond 1.4 would have been seen" in answer(two_recipes(row, 0.05, 0.05, 0))


def test_one_training_speaks_of_these_models(row: Row) -> None:
    results = two_recipes(row, 0.08, 0.05, -0.03)
    once = [replace(e, seed_variance="one seed") for e in results.estimates]
    said = answer(replace(results, estimates=once))
    assert "but in these very models it is smaller than under direct" in said
    assert said.endswith("of each recipe one training counts, so this speaks of these very models.")


def gaps(row: Row, english: float, here: float, degradation: float = 0.0) -> Results:
    """Results with a signed gap in English and in the group."""
    results = two_recipes(row, degradation, 0.0, 0.0)
    more = [
        row("level", "direct", "en", english, 0.01, metric="gap"),
        row("level", "direct", RICH, here, 0.01, metric="gap", is_group=True),
        row("degradation", "direct", RICH, here - english, 0.01, metric="gap", is_group=True),
    ]
    return replace(results, estimates=[*results.estimates, *more])


def test_opposed_signs_are_recognised(row: Row) -> None:
    said = answer(gaps(row, -0.039, 0.031))
    assert "is −3.9 points (−4.9 to −2.9) in English and +3.1 points (+2.1 to +4.1) there" in said
    assert "a shift of +7.0 points (+6.0 to +8.0): underconfident in English, overcon" in said


def test_a_shift_without_a_larger_error_is_named(row: Row) -> None:
    said = answer(gaps(row, -0.005, 0.04))
    assert "confidence rises against accuracy without a visibly larger error" in said
    assert "hides" not in said
    assert "without a visibly" not in answer(gaps(row, -0.005, 0.04, degradation=0.05))


def test_groups_are_contrasted(row: Row) -> None:
    results = two_recipes(row, 0.05, 0.05, 0.0)
    name = f"{RICH} minus others"
    contrast = row("degradation contrast", "direct", name, 0.03, 0.01, is_group=True)
    said = answer(replace(results, estimates=[*results.estimates, contrast]))
    assert "the degradation is larger than in the other languages (+3.0 points, +2.0 to" in said


def test_a_margin_gives_a_verdict(row: Row) -> None:
    results = two_recipes(row, 0.05, 0.05, 0.0)
    judged = [replace(e, verdict="within") for e in results.estimates]
    said = answer(replace(results, estimates=judged, settings={"level": 0.95, "margin": 0.02}))
    assert "five such studies; smaller than the margin of 2.0 points)" in said


def test_interval_that_touches_zero_is_not_seen(row: Row) -> None:
    assert "no degradation" in answer(two_recipes(row, 0.01, 0.05, 0.0, half=0.01))


def test_recipes_that_say_the_same_share_a_clause(build: Build) -> None:
    names = ("direct", "mrpc", "a", "b", "c")
    said = answer(build(recipes=names))
    assert "under a, b and c, the degradation persists, at " in said
    assert "under mrpc, the degradation persists" in said


def test_groups_take_the_first_without_a_rich_one(build: Build) -> None:
    results = build()
    renamed = {"agglutinative" if g == RICH else g: c for g, c in results.groups.items()}
    rows = [
        replace(e, language="agglutinative") if e.language == RICH else e for e in results.estimates
    ]
    said = answer(replace(results, groups=renamed, estimates=rows))
    assert said.startswith("In the group “agglutinative”, calibration degrades")


def test_one_language_is_named(build: Build) -> None:
    said = answer(build(languages=("en", "sw"), grouped=False))
    assert said.startswith("In Swahili, calibration degrades under direct")


def test_languages_are_counted_without_groups(build: Build) -> None:
    said = answer(build(grouped=False))
    assert "visibly worse than in English under direct, in 11 of 14 languages (most in Swah" in said
    assert "under mrpc, in " in said
    assert "not visibly different in " in said


def test_one_recipe_leaves_the_question_open(build: Build) -> None:
    said = answer(build(recipes=("direct",)))
    assert said.endswith("so whether a recipe changes this remains open.")


def test_no_baseline_recipe(build: Build) -> None:
    said = answer(build(recipes=("mrpc",)))
    assert said.startswith("In the morphologically rich languages, under mrpc, calibration degra")
    assert said.endswith("direct has no results, so the effect of the recipes cannot be told.")


def test_english_alone(build: Build) -> None:
    assert "only English was evaluated" in answer(build(languages=("en",), grouped=False))


def test_everything_collapsed(build: Build) -> None:
    results = replace(build(), estimates=[], reliability=[])
    assert answer(results) == (
        "There is no answer: every run collapsed, so there is nothing to measure."
    )


def test_collapsed_recipe_is_named(build: Build) -> None:
    results = replace(build(recipes=("direct", "mrpc")), recipes=("direct", "mrpc", "qqp"))
    assert answer(results).endswith("; of qqp no run learnt anything.")


@pytest.mark.parametrize(("seeds", "said"), [((0,), "one seed"), ((0, 1), "two seeds")])
def test_caution_below_three_seeds(build: Build, seeds: tuple[int, ...], said: str) -> None:
    assert said in caution(build(languages=("en", "sw"), seeds=seeds))


def test_no_caution_from_three_seeds_on(build: Build) -> None:
    assert caution(build(languages=("en", "sw"), seeds=(0, 1, 2))) == ""
