"""Made-up results in the shape of a real study."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from crosscal.analysis import METRICS, PARTS, Estimate, ReliabilityBin, Results
from crosscal.languages import LANGUAGES, XNLI, default_groups
from crosscal.report import ReportContext, StageNote
from crosscal.report.charts import render

RECIPES = ("direct", "mrpc", "answerability")
ACCURACY = {
    "en": 0.81, "fr": 0.76, "es": 0.765, "de": 0.75, "el": 0.735, "bg": 0.742, "ru": 0.728,
    "tr": 0.69, "ar": 0.695, "vi": 0.725, "th": 0.68, "zh": 0.72, "hi": 0.665, "sw": 0.59,
    "ur": 0.635,
}  # fmt: skip


def estimate(
    quantity: str, recipe: str, language: str, value: float, half: float, **more: object
) -> Estimate:
    """One row with an interval of this half width."""
    row: dict[str, object] = {
        "quantity": quantity,
        "recipe": recipe,
        "language": language,
        "is_group": False,
        "scaling": "none",
        "metric": "ece_debiased",
        "value": value,
        "low": value - half,
        "high": value + half,
        "p_value": None,
        "noise_floor": None,
        "n": 1500,
        "clusters": 500,
        "seeds": 3,
        "per_seed": (value - 0.002, value, value + 0.002),
        "seed_variance": "pooled over recipes",
        # Half the interval is 1.96 standard errors; 1.96 + 0.84 of them are visible.
        "detectable": None if quantity == "level" else half * (1.959964 + 0.841621) / 1.959964,
    }
    return Estimate(**(row | more))  # type: ignore[arg-type]


def make_results(
    *,
    languages: tuple[str, ...] = XNLI,
    recipes: tuple[str, ...] = RECIPES,
    seeds: tuple[int, ...] = (0, 1),
    grouped: bool = True,
    scalings: tuple[str, ...] = ("none", "english"),
) -> Results:
    """Results with every row an analysis would have; equal arguments, equal results."""
    rng = np.random.default_rng(7)
    groups = default_groups(languages) if grouped else {}
    levels: dict[tuple[str, str, str, str], float] = {}
    for recipe in recipes:
        for code in languages:
            accuracy = ACCURACY[code] + {"mrpc": 0.012}.get(recipe, 0.0) + rng.normal(0, 0.004)
            for scaling in scalings:
                _levels(levels, recipe, code, scaling, accuracy, rng)
    for name, codes in groups.items():
        for recipe, scaling, metric in [
            (r, s, m) for r in recipes for s in scalings for m in METRICS
        ]:
            each = [levels[recipe, code, scaling, metric] for code in codes]
            levels[recipe, name, scaling, metric] = float(np.mean(each))
    return Results(
        title="Does English intermediate training mend calibration across languages?",
        baseline_language="en",
        baseline_recipe="direct",
        languages=languages,
        recipes=recipes,
        seeds=seeds,
        groups=groups,
        settings={"bins": 15, "replicates": 2000, "level": 0.95, "bootstrap_seed": 0},
        temperatures=[
            {
                "recipe": recipe,
                "seed": seed,
                "temperature": 1.6 + 0.1 * seed - (0.2 if recipe == "mrpc" else 0.0),
                "nll_before": 0.585,
                "nll_after": 0.541,
                "converged": True,
                "n": 2490,
            }
            for recipe in recipes
            for seed in seeds
        ],
        estimates=_estimates(levels, groups, seeds, "direct" in recipes),
        reliability=_bins(levels, languages, recipes, scalings, len(seeds), rng),
        collapsed=[],
    )


def _levels(
    levels: dict[tuple[str, str, str, str], float],
    recipe: str,
    code: str,
    scaling: str,
    accuracy: float,
    rng: np.random.Generator,
) -> None:
    excess = 0.35 * (0.83 - accuracy) + 0.05
    excess *= {"mrpc": 0.72, "answerability": 0.97}.get(recipe, 1.0)
    gap = excess - (0.05 if scaling == "english" else 0.0) + float(rng.normal(0, 0.003))
    found = {
        "accuracy": accuracy,
        "nll": 0.95 - 0.6 * (accuracy - 0.5) + 2.0 * abs(gap),
        "brier": 0.75 - 0.5 * accuracy + abs(gap),
        "confidence": accuracy + gap,
        "gap": gap,
        "ece": float(np.hypot(gap, 0.012)),
        "ece_mass": float(np.hypot(gap, 0.013)),
        "ece_debiased": abs(gap),
    }
    levels.update({(recipe, code, scaling, m): float(v) for m, v in found.items()})


def _estimates(
    levels: dict[tuple[str, str, str, str], float],
    groups: dict[str, tuple[str, ...]],
    seeds: tuple[int, ...],
    has_baseline: bool,
) -> list[Estimate]:
    def row(quantity: str, key: tuple[str, str, str, str], value: float, half: float) -> Estimate:
        recipe, language, scaling, metric = key
        binned = metric.startswith("ece") and quantity == "level"
        return estimate(
            quantity,
            recipe,
            language,
            value,
            half * (0.55 if language in groups else 1.0),
            is_group=language in groups,
            scaling=scaling,
            metric=metric,
            p_value=None if quantity == "level" and not binned else 0.031,
            noise_floor=0.021 if binned else None,
            seeds=len(seeds),
            per_seed=tuple(value + 0.003 * (s - 0.5) for s in range(len(seeds))),
        )

    rows = [row("level", key, value, 0.022) for key, value in levels.items()]
    relative = {
        (r, c, s, m): value - levels[r, "en", s, m]
        for (r, c, s, m), value in levels.items()
        if c != "en"
    }
    for metric, (explained, beyond) in PARTS.items():
        whole = {key: value for key, value in relative.items() if key[3] == metric}
        relative |= {(*key[:3], explained): 0.6 * value for key, value in whole.items()}
        relative |= {(*key[:3], beyond): 0.4 * value for key, value in whole.items()}
    rows += [row("degradation", key, value, 0.019) for key, value in relative.items()]
    if has_baseline:
        rows += [
            row("effect", (r, c, s, m), value - relative["direct", c, s, m], 0.017)
            for (r, c, s, m), value in relative.items()
            if r != "direct"
        ]
    return rows


def _bins(
    levels: dict[tuple[str, str, str, str], float],
    languages: tuple[str, ...],
    recipes: tuple[str, ...],
    scalings: tuple[str, ...],
    seeds: int,
    rng: np.random.Generator,
) -> list[ReliabilityBin]:
    rows = []
    for recipe, code, scaling in [(r, c, s) for r in recipes for c in languages for s in scalings]:
        gap = levels[recipe, code, scaling, "gap"]
        for index in range(5, 15):
            lower, upper = index / 15, (index + 1) / 15
            share = 0.01 + 0.45 * ((index - 5) / 9) ** 4
            items = round(1500 * share)
            confidence = lower + 0.6 * (upper - lower)
            half = 1.96 * float(np.sqrt(confidence * (1 - confidence) / items))
            accuracy = confidence - 1.3 * gap + float(rng.normal(0, half / 2.2))
            rows.append(
                ReliabilityBin(
                    recipe=recipe,
                    language=code,
                    scaling=scaling,
                    index=index,
                    lower=lower,
                    upper=upper,
                    n=items * seeds,
                    confidence=confidence,
                    accuracy=min(max(accuracy, 0.0), 1.0),
                    low=max(confidence - half, 0.0),
                    high=min(confidence + half, 1.0),
                )
            )
    return rows


def make_context(**more: object) -> ReportContext:
    """What a study would say of itself."""
    values: dict[str, object] = {
        "question": (
            "Does the degradation of calibration seen in zero-shot transfer persist when English "
            "intermediate training comes first, for the morphologically rich languages of XNLI?"
        ),
        "study": "xnli-small",
        "encoder": "packaged (multilingual-e5-small, 12 layers)",
        "task": "xnli",
        "languages": tuple(LANGUAGES[code] for code in XNLI),
        "recipes": {
            "direct": "encoder, then MNLI",
            "mrpc": "encoder, then MRPC (English paraphrase), then MNLI",
            "answerability": "encoder, then question-sentence answerability, then MNLI",
        },
        "training": {
            "Target training": "MNLI subset, 20,000 pairs, 2 epochs",
            "Learning rate": "1e-4, warm-up over 6 %, then linear to 0",
        },
        "stages": (
            StageNote(kind="prepare", name="xnli", seconds=3.2, cached=True),
            StageNote(kind="train", name="mrpc, seed 0", seconds=241.0),
            StageNote(kind="train", name="target after mrpc, seed 0", seconds=3120.0),
        ),
        "settings_toml": '[study]\nname = "xnli-small"\n',
        "warnings": ("12 of 75,150 inputs were cut to 128 tokens",),
        "version": "0.1.0",
        "versions": {"torch": "2.13.0", "numpy": "2.4.6"},
        "data_files": {"xnli/test-en.tsv": "ab" * 32, "mnli/train.jsonl": "0f" * 32},
        "development": {(r, s): 0.79 + 0.01 * s for r in RECIPES for s in (0, 1)},
    }
    return ReportContext(**(values | more))  # type: ignore[arg-type]


@pytest.fixture
def without_pdf(monkeypatch: pytest.MonkeyPatch) -> None:
    """PDF files hold nothing: embedding fonts takes longer than all the rest of a report."""
    monkeypatch.setattr(render, "_pdf", lambda figure: b"%PDF")


@pytest.fixture(scope="session")
def results() -> Results:
    """15 languages, 3 recipes, 2 seeds."""
    return make_results()


@pytest.fixture(scope="session")
def context() -> ReportContext:
    """The context that goes with `results`."""
    return make_context()


@pytest.fixture(scope="session")
def build() -> Callable[..., Results]:
    """`make_results`, for other languages, recipes, seeds."""
    return make_results


@pytest.fixture(scope="session")
def build_context() -> Callable[..., ReportContext]:
    """`make_context`, with other values."""
    return make_context


@pytest.fixture(scope="session")
def row() -> Callable[..., Estimate]:
    """`estimate`, one number with an interval."""
    return estimate
