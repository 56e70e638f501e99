"""What lower accuracy explains of a degradation, and what is beyond it, as the analysis has it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from crosscal.analysis import METRICS, PARTS, AnalysisSettings, Results, analyse
from crosscal.analysis.measuring import draw_blocks
from crosscal.analysis.runs import make_panel
from crosscal.calibration import Answers, accuracy_matched, outcomes
from crosscal.predictions import Predictions, Provenance
from crosscal.report import render_text_table
from crosscal.report.limitations import limits
from tests.analysis.conftest import make_run

NAMES = [name for both in PARTS.values() for name in both]
SETTINGS = AnalysisSettings(groups={"rich": ("tr", "fi"), "others": ("de",)}, replicates=200)


def world(excess, *, recipe="direct", premises=400, accuracy=(0.85, 0.6), apart=False, items=5):
    """English and two languages: right and wrong answers have confidences of their own.

    Those of the languages other than English have so much more log-odds.
    """
    shared = np.random.default_rng(items)
    n, rows = 3 * premises, {"unit_ids": [], "cluster_ids": [], "languages": [], "splits": []}
    scores, gold = [], []
    for code in ("en", "de", "tr"):
        correct = shared.random(n) < (accuracy[0] if code == "en" else accuracy[1])
        margin = shared.normal(1.0 + 0.7 * correct, 0.6) + (0.0 if code == "en" else excess)
        margin = np.abs(margin) + 0.01
        right = shared.integers(0, 2, n)
        chosen = np.where(correct, right, 1 - right)
        scores.append(np.stack([np.where(chosen == k, margin, 0.0) for k in (0, 1)], axis=1))
        gold.append(right)
        name = code if apart else ""
        rows["unit_ids"] += [f"{name}{i:05d}" for i in range(n)]
        rows["cluster_ids"] += [f"{name}p{i // 3:05d}" for i in range(n)]
        rows["languages"] += [code] * n
        rows["splits"] += ["test"] * n
    provenance = Provenance(
        study="world", recipe=recipe, seed=1, task="pawsx", family="classification",
        encoder="none", choices=("no", "yes"),
    )  # fmt: skip
    return Predictions.from_arrays(
        provenance, **rows, scores=np.concatenate(scores), gold=np.concatenate(gold)
    )


def plain(**more):
    return AnalysisSettings(**{"dev_split": None, "replicates": 400, **more})


@pytest.fixture(scope="module")
def results(runs):
    return analyse(runs, settings=SETTINGS)


def test_values_are_those_of_rows_that_are_weighted(runs):
    run = runs[0]
    found = analyse([run], settings=plain())
    for code in ("de", "tr"):
        (ours, right), (theirs, correct) = (
            outcomes(part.scores, part.gold)
            for part in (run.select(language=c, split="test") for c in ("en", code))
        )
        own, wanted = right.mean(), correct.mean()
        weight = np.where(right, wanted / own, (1 - wanted) / (1 - own))
        matched = np.average(ours - right, weights=weight)
        beyond = theirs.mean() - wanted - matched
        explained = matched - (ours.mean() - own)
        for name, value in zip(PARTS["gap"], (explained, beyond), strict=True):
            row = found.get("degradation", "direct", code, metric=name)
            assert row.value == pytest.approx(value, abs=1e-12)


@pytest.mark.parametrize("level", [0.95, 0.8])
def test_one_run_is_accuracy_matched(runs, level):
    run, settings = runs[0], plain(level=level)
    found = analyse([run], settings=settings)
    panel = make_panel([run], settings)
    ((block, resampling),) = draw_blocks(panel, settings)

    def answers(code):
        part = run.select(language=code, split="test")
        confidence, correct = outcomes(part.scores, part.gold)
        return Answers(confidence=confidence, correct=correct, cluster=block.cluster, name=code)

    for code in ("de", "tr"):
        direct = accuracy_matched(answers("en"), answers(code), resampling, level=level)
        for metric, (explained, beyond) in PARTS.items():
            rest = found.get("degradation", "direct", code, metric=beyond)
            wanted = direct[metric].beyond
            assert (rest.value, rest.low, rest.high, rest.p_value) == pytest.approx(
                (wanted.value, wanted.low, wanted.high, wanted.p_value), abs=1e-12
            )
            part, wanted = (
                found.get("degradation", "direct", code, metric=explained),
                direct[metric].explained,
            )
            if metric == "gap":
                assert part.value == pytest.approx(wanted.value, abs=1e-12)
            # Of the error, its level is debiased a little differently.
            assert part.value == pytest.approx(wanted.value, abs=0.01)
            assert (part.low, part.high) == pytest.approx((wanted.low, wanted.high), abs=1e-12)


def test_shape(results):
    assert not set(NAMES) & set(METRICS)
    for name in NAMES:
        assert not results.find(quantity="level", metric=name)
        assert not results.find(language="en", metric=name)
        for like in ("degradation", "effect", "degradation contrast", "effect contrast"):
            ours = results.find(quantity=like, metric=name)
            other = results.find(quantity=like, metric="gap")
            assert [(e.recipe, e.language, e.scaling, e.seeds) for e in ours] == [
                (e.recipe, e.language, e.scaling, e.seeds) for e in other
            ]
            assert ours
    assert results.settings["unmatched"] == []
    assert Results.from_json(results.to_json()) == results


def test_parts_add_up_in_every_quantity_and_seed(results):
    for metric, parts in PARTS.items():
        for whole in results.find(metric=metric):
            if whole.quantity == "level":
                continue
            explained, beyond = (
                results.get(
                    whole.quantity, whole.recipe, whole.language, metric=name, scaling=whole.scaling
                )
                for name in parts
            )
            assert explained.value + beyond.value == pytest.approx(whole.value, abs=1e-12)
            assert np.add(explained.per_seed, beyond.per_seed) == pytest.approx(
                whole.per_seed, abs=1e-12
            )


def test_groups_effects_and_contrasts(runs):
    settings = replace(SETTINGS, groups={"both": ("de", "tr"), "rich": ("tr",), "west": ("de",)})
    found = analyse(runs, settings=settings)
    apart = analyse(runs, settings=SETTINGS)
    for name in NAMES:

        def value(quantity, recipe, subject, among=found, name=name):
            return among.get(quantity, recipe, subject, metric=name).value

        drops = {(r, s): value("degradation", r, s) for r in found.recipes for s in ("de", "tr")}
        for recipe in found.recipes:
            mean = (drops[recipe, "de"] + drops[recipe, "tr"]) / 2
            assert value("degradation", recipe, "both") == pytest.approx(mean, abs=1e-12)
        for code in ("de", "tr"):
            effect = drops["paraphrase", code] - drops["direct", code]
            assert value("effect", "paraphrase", code) == pytest.approx(effect, abs=1e-12)
        contrast = value("degradation contrast", "direct", "rich minus others", apart)
        assert contrast == pytest.approx(drops["direct", "tr"] - drops["direct", "de"], abs=1e-12)


def test_where_only_accuracy_differs_nothing_is_beyond():
    found = analyse([world(0.0)], settings=plain(groups={"both": ("de", "tr")}))
    for explained, beyond in PARTS.values():
        part = found.get("degradation", "direct", "both", metric=explained)
        rest = found.get("degradation", "direct", "both", metric=beyond)
        assert part.low > 0.05
        assert rest.low < 0 < rest.high
        assert abs(rest.value) < 0.03


def test_overconfidence_is_beyond():
    found = analyse([world(1.0)], settings=plain(groups={"both": ("de", "tr")}))
    for _, beyond in PARTS.values():
        for subject in ("de", "tr", "both"):
            assert found.get("degradation", "direct", subject, metric=beyond).low > 0.02


def test_an_effect_on_accuracy_alone_is_none_on_what_is_beyond():
    runs = [
        world(0.0, items=6),
        world(0.0, items=6, recipe="mrpc", accuracy=(0.85, 0.75)),
    ]
    found = analyse(runs, settings=plain())
    for metric, (_, beyond) in PARTS.items():
        whole = found.get("effect", "mrpc", "tr", metric=metric)
        rest = found.get("effect", "mrpc", "tr", metric=beyond)
        assert whole.high < 0
        assert rest.low < 0 < rest.high


def test_pairing_narrows_what_is_beyond():
    # With nothing in common, the languages are resampled apart.
    together, apart = (
        analyse([world(0.0, apart=apart)], settings=plain(groups={"both": ("de", "tr")}))
        for apart in (False, True)
    )
    for name in NAMES:
        first, second = (
            found.get("degradation", "direct", "both", metric=name) for found in (together, apart)
        )
        assert first.value == pytest.approx(second.value, abs=0.005)
        assert second.high - second.low > 0
    # Equal answers in two languages: what they share cancels in a paired effect.
    same = [make_run("direct", 1), replace_recipe(make_run("direct", 1), "again")]
    effect = analyse(same, settings=plain()).get(
        "effect", "again", "tr", metric="gap_beyond_accuracy"
    )
    drop = analyse(same, settings=plain()).get(
        "degradation", "direct", "tr", metric="gap_beyond_accuracy"
    )
    assert effect.value == 0
    assert effect.high - effect.low < 0.5 * (drop.high - drop.low)


def replace_recipe(run, recipe):
    table = run.table.to_pydict()
    return Predictions.from_arrays(
        replace(run.provenance, recipe=recipe),
        unit_ids=table["unit_id"],
        cluster_ids=table["cluster_id"],
        languages=table["language"],
        splits=table["split"],
        scores=np.array(table["scores"]),
        gold=np.array(table["gold"]),
    )


@pytest.mark.parametrize("accuracy", [(1.0, 0.6), (0.0, 0.6)])
def test_a_baseline_without_wrong_or_without_right_answers(accuracy):
    runs = [world(0.0, premises=40), world(0.0, premises=40, recipe="mrpc", accuracy=accuracy)]
    found = analyse(runs, settings=plain())
    assert not [e for name in NAMES for e in found.find(metric=name)]
    assert found.find(quantity="effect", metric="ece_debiased")
    assert found.settings["unmatched"] == [{"recipe": "mrpc", "seed": 1}]
    said = "every answer in English is right, or every one wrong, in mrpc, seed 1."
    assert said in render_text_table(found)
    assert any(said in limit.words for limit in limits(found))


def test_nothing_to_match_is_no_fault():
    run = make_run(languages=("en",))
    found = analyse([run], settings=AnalysisSettings(replicates=100))
    assert found.settings["unmatched"] == []
    assert not [e for name in NAMES for e in found.find(metric=name)]
