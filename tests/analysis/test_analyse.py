"""From runs to results: definitions, pairing, collapsed runs, faults."""

from __future__ import annotations

import numpy as np
import pytest

from crosscal.analysis import METRICS, PARTS, AnalysisSettings, Results, analyse
from crosscal.calibration import TemperatureScaling, brier, ece, ece_debiased, nll, softmax
from crosscal.exceptions import DataError, SettingsError
from crosscal.predictions import Predictions, Provenance
from tests.analysis.conftest import make_run

SETTINGS = AnalysisSettings(
    groups={"rich": ("tr", "fi"), "others": ("de", "en"), "none": ("ja",)}, replicates=300
)


@pytest.fixture(scope="module")
def results(runs):
    return analyse(runs, settings=SETTINGS)


def one(results, **wanted):
    (found,) = results.find(**wanted)
    return found


def literal(metric, scores, gold, clusters):
    confidence, correct = softmax(scores).max(axis=1), scores.argmax(axis=1) == gold
    return {
        "accuracy": correct.mean,
        "nll": lambda: nll(scores, gold),
        "brier": lambda: brier(scores, gold),
        "confidence": confidence.mean,
        "gap": lambda: confidence.mean() - correct.mean(),
        "ece": lambda: ece(confidence, correct),
        "ece_mass": lambda: ece(confidence, correct, scheme="mass"),
        "ece_debiased": lambda: ece_debiased(confidence, correct, clusters=clusters),
    }[metric]()


@pytest.mark.parametrize("scaling", ["none", "english"])
@pytest.mark.parametrize("metric", METRICS)
def test_values_are_what_they_say(runs, results, metric, scaling):
    levels = {}
    for run in runs:
        dev = run.select(language="en", split="dev")
        temperature = TemperatureScaling().fit(dev.scores, dev.gold).temperature_
        for language in ("en", "de", "tr"):
            part = run.select(language=language, split="test")
            scores = part.scores / (temperature if scaling == "english" else 1)
            value = literal(metric, scores, part.gold, part.cluster_ids)
            levels[run.provenance.recipe, run.provenance.seed, language] = value
    wanted = {"metric": metric, "scaling": scaling}
    for recipe in ("direct", "paraphrase"):
        for language in ("en", "de", "tr"):
            found = one(results, quantity="level", recipe=recipe, language=language, **wanted)
            per_seed = [levels[recipe, seed, language] for seed in (1, 2)]
            assert found.per_seed == pytest.approx(per_seed, abs=1e-12)
            assert found.value == pytest.approx(np.mean(per_seed), abs=1e-12)
    drop = {
        r: [levels[r, s, "tr"] - levels[r, s, "en"] for s in (1, 2)]
        for r in ("direct", "paraphrase")
    }
    found = one(results, quantity="degradation", recipe="direct", language="tr", **wanted)
    assert found.value == pytest.approx(np.mean(drop["direct"]), abs=1e-12)
    found = one(results, quantity="effect", recipe="paraphrase", language="tr", **wanted)
    difference = np.subtract(drop["paraphrase"], drop["direct"])
    assert found.value == pytest.approx(difference.mean(), abs=1e-12)
    assert found.per_seed == pytest.approx(difference, abs=1e-12)


def test_shape(results):
    assert results.languages == ("en", "de", "tr")
    assert results.recipes == ("direct", "paraphrase")
    assert results.seeds == (1, 2)
    assert results.groups == {"rich": ("tr",), "others": ("de",)}
    assert results.title == "made up"
    assert not results.find(quantity="degradation", language="en")
    assert not results.find(quantity="effect", recipe="direct")
    places, scalings = 3 + 2, 2
    each = len(METRICS) * scalings
    # The difference of the two groups, of degradations and of the effect.
    contrasts = 3
    differences = 2 * (places - 1) + places - 1 + contrasts
    parts = sum(map(len, PARTS.values())) * scalings
    assert len(results.estimates) == each * (2 * places + differences) + parts * differences
    assert {e.language for e in results.find(quantity="effect contrast")} == {"rich minus others"}
    assert {e.seeds for e in results.estimates} == {2}
    assert {(e.n, e.clusters) for e in results.estimates} == {(180, 60)}
    assert Results.from_json(results.to_json()) == results


def test_intervals_are_sane(results):
    for e in results.estimates:
        assert e.low <= e.high
        if not e.metric.startswith("ece"):
            assert e.low <= e.value <= e.high
        elif e.quantity == "level":
            assert 0 <= e.low <= e.high <= 1
        assert (e.noise_floor is not None) == (e.quantity == "level" and e.metric.startswith("ece"))
        if e.quantity != "level" and abs(e.p_value - 0.05) > 0.02:
            assert (e.low <= 0 <= e.high) == (e.p_value > 0.05)


def test_a_group_of_one_is_its_language(results):
    for quantity in ("level", "degradation", "effect"):
        wanted = {"quantity": quantity, "recipe": "paraphrase", "scaling": "none", "metric": "ece"}
        group, single = (one(results, language=name, **wanted) for name in ("rich", "tr"))
        assert group.is_group
        assert not single.is_group
        assert (group.value, group.low, group.high) == (single.value, single.low, single.high)


def test_a_group_is_the_mean_of_its_languages(runs):
    settings = AnalysisSettings(groups={"both": ("de", "tr", "en")}, replicates=100)
    found = analyse(runs, settings=settings)
    for metric in METRICS:
        wanted = {
            "quantity": "degradation",
            "recipe": "direct",
            "scaling": "none",
            "metric": metric,
        }
        group, de, tr = (one(found, language=name, **wanted) for name in ("both", "de", "tr"))
        assert group.value == pytest.approx((de.value + tr.value) / 2, abs=1e-12)


def test_deterministic_and_seeded(runs):
    again = [analyse(runs, settings=SETTINGS).to_json() for _ in range(2)]
    assert again[0] == again[1]
    other = AnalysisSettings(
        groups=SETTINGS.groups, replicates=SETTINGS.replicates, bootstrap_seed=1
    )
    assert analyse(runs, settings=other).to_json() != again[0]


def test_temperatures_see_english_development_data_only(runs, results):
    for row, run in zip(results.temperatures, runs, strict=True):
        dev = run.select(language="en", split="dev")
        expected = TemperatureScaling().fit(dev.scores, dev.gold)
        assert row["temperature"] == expected.temperature_
        assert row["nll_after"] <= row["nll_before"]
        assert (row["converged"], row["n"]) == (True, 120)


def test_pairing_narrows_the_degradation():
    # Two languages with nearly the same predictions: their difference is almost certain.
    base = make_run(languages=("en", "de"))
    table = base.table.to_pydict()
    rows = list(range(len(base)))
    scores = np.array(table["scores"])
    test = np.array(table["split"]) == "test"
    languages = np.array(table["language"])
    rng = np.random.default_rng(0)
    english = scores[test & (languages == "en")]
    scores[test & (languages == "de")] = english + 0.01 * rng.normal(size=english.shape)
    run = Predictions.from_arrays(
        base.provenance,
        unit_ids=table["unit_id"],
        cluster_ids=table["cluster_id"],
        languages=languages[rows],
        splits=table["split"],
        scores=scores,
        gold=np.array(table["gold"]),
    )
    found = analyse([run], settings=AnalysisSettings(replicates=300))
    wanted = {"language": "de", "scaling": "none", "metric": "gap"}
    level, drop = (one(found, quantity=q, **wanted) for q in ("level", "degradation"))
    assert drop.high - drop.low < 0.2 * (level.high - level.low)


def test_reliability(runs, results):
    for language in ("en", "tr"):
        rows = [
            r
            for r in results.reliability
            if (r.recipe, r.language, r.scaling) == ("direct", language, "none")
        ]
        assert sum(r.n for r in rows) == 360
        assert [r.index for r in rows] == sorted(r.index for r in rows)
        level = one(
            results,
            quantity="level",
            recipe="direct",
            language=language,
            scaling="none",
            metric="accuracy",
        )
        assert sum(r.n * r.accuracy for r in rows) / 360 == pytest.approx(level.value)
        for r in rows:
            assert r.lower <= r.confidence <= r.upper
            assert 0 <= r.low <= r.confidence + 0.5
            assert r.low <= r.high <= 1


def test_collapsed_runs_are_reported_and_left_out(runs, results):
    bad = make_run("direct", 3, skill=0.0)
    found = analyse([*runs, bad], settings=SETTINGS)
    (row,) = found.collapsed
    assert (row["recipe"], row["seed"]) == ("direct", 3)
    assert "not above chance" in row["reason"]
    assert found.seeds == (1, 2, 3)
    assert found.estimates == results.estimates
    assert len(found.temperatures) == 4


def test_unequal_numbers_of_seeds(runs):
    found = analyse([*runs, make_run("direct", 3)], settings=SETTINGS)
    effect = one(
        found, quantity="effect", recipe="paraphrase", language="tr", scaling="none", metric="nll"
    )
    assert effect.seeds == 2
    assert len(effect.per_seed) == 2
    parts = [
        one(
            found,
            quantity="degradation",
            recipe=r,
            language="tr",
            scaling="none",
            metric="nll",
        ).value
        for r in ("paraphrase", "direct")
    ]
    assert effect.value == pytest.approx(parts[0] - parts[1], abs=1e-12)


def test_all_collapsed():
    found = analyse(
        [make_run(seed=s, skill=0.0) for s in (1, 2)], settings=AnalysisSettings(replicates=100)
    )
    assert len(found.collapsed) == 2
    assert found.estimates == []
    assert found.reliability == []
    assert Results.from_json(found.to_json()) == found


def test_baseline_recipe_collapsed(runs):
    bad = make_run("direct", 1, skill=0.0)
    found = analyse([bad, *runs[2:]], settings=SETTINGS)
    assert not found.find(quantity="effect")
    assert found.find(quantity="degradation", recipe="paraphrase")


@pytest.mark.parametrize(("count", "rule"), [(1, "one seed"), (2, "own seeds"), (5, "own seeds")])
def test_how_the_variance_between_seeds_was_learnt(count, rule):
    runs = [make_run(seed=s) for s in range(count)]
    found = analyse(runs, settings=AnalysisSettings(replicates=100))
    assert found.settings["seeds"] == {"direct": count}
    assert {e.seed_variance for e in found.estimates} == {rule}


def test_seeds_are_crossed_with_recipes(runs, results):
    effect = one(
        results, quantity="effect", recipe="paraphrase", language="tr", scaling="none", metric="nll"
    )
    assert effect.seed_variance == "paired by seed"
    third = [make_run("answerability", s) for s in (1, 2)]
    found = analyse([*runs, *third], settings=SETTINGS)
    rules = {e.seed_variance for e in found.find(quantity="effect", scaling="none")}
    assert "pooled over recipes" in rules


def test_group_contrasts_are_differences_of_groups(results):
    for quantity in ("degradation", "effect"):
        wanted = {"recipe": "paraphrase", "scaling": "none", "metric": "ece_debiased"}
        rich, others = (
            one(results, quantity=quantity, language=g, **wanted) for g in ("rich", "others")
        )
        contrast = one(results, quantity=f"{quantity} contrast", **wanted)
        assert contrast.value == pytest.approx(rich.value - others.value, abs=1e-12)
        assert contrast.low <= contrast.high


def test_verdicts_against_a_margin(runs):
    found = analyse(runs, settings=AnalysisSettings(replicates=200, margin=0.9))
    drops = found.find(quantity="degradation", metric="accuracy", scaling="none")
    assert {e.verdict for e in drops} <= {"within", "inconclusive"}
    assert {e.verdict for e in found.find(quantity="level")} == {None}
    with pytest.raises(SettingsError, match="margin"):
        AnalysisSettings(margin=0)


def test_the_temperature_is_uncertain():
    run = make_run(dev=120, scale=3.0)
    found = analyse([run], settings=AnalysisSettings(replicates=400))
    wanted = {"quantity": "level", "language": "en", "metric": "gap"}
    raw, scaled = (one(found, scaling=s, **wanted) for s in ("none", "english"))
    # Taken as given, the scaled gap would be about as uncertain as the raw one.
    assert scaled.high - scaled.low > 1.15 * (raw.high - raw.low)


def test_collapse_rates_by_recipe(runs):
    found = analyse([*runs, make_run("direct", 3, skill=0.0)], settings=SETTINGS)
    assert found.collapse_rates == {"direct": (1, 3), "paraphrase": (0, 2)}


def test_without_development_data(runs):
    found = analyse(runs, settings=AnalysisSettings(dev_split=None, replicates=100))
    assert {e.scaling for e in found.estimates} == {"none"}
    assert found.temperatures == []


def test_no_baseline_recipe(runs):
    settings = AnalysisSettings(baseline_recipe="plain", replicates=100)
    assert not analyse(runs, settings=settings).find(quantity="effect")


def changed(run, **changes):
    """The run with columns changed by functions of a dict of lists."""
    table = run.table.to_pydict()
    for name, change in changes.items():
        table[name] = change(table)
    return Predictions.from_arrays(
        run.provenance,
        unit_ids=table["unit_id"],
        cluster_ids=table["cluster_id"],
        languages=table["language"],
        splits=table["split"],
        scores=np.array(table["scores"]),
        gold=np.array(table["gold"]),
    )


def renamed(table, column, where, value):
    there = [
        all(table[name][i] == wanted for name, wanted in where.items())
        for i in range(len(table[column]))
    ]
    return [value if hit else old for hit, old in zip(there, table[column], strict=True)]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda r: [], "no runs"),
        (lambda r: [r, r], "is there twice"),
        (lambda r: [r, make_run(seed=2, task="pawsx")], "task is 'pawsx'"),
        (lambda r: [r, make_run(seed=2, languages=("en", "de"))], r"languages are \['de', 'en'\]"),
        (lambda r: [r, make_run(seed=2, premises=59)], "unit_ids of the test split differ"),
        (lambda r: [make_run(languages=("de", "tr"))], "no 'en' in split 'test'"),
        (
            lambda r: [changed(r, cluster_id=lambda t: ["p"] * len(t["gold"]))],
            "all units are in one cluster",
        ),
        (
            lambda r: [
                changed(
                    r,
                    cluster_id=lambda t: renamed(
                        t, "cluster_id", {"language": "tr", "unit_id": "test0000"}, "px"
                    ),
                )
            ],
            "column 'cluster_id'.*tr and de differ",
        ),
        (
            lambda r: [changed(r, gold=lambda t: renamed(t, "gold", {"unit_id": "test0003"}, -1))],
            "'test0003' has gold -1",
        ),
        (
            lambda r: [
                changed(r, split=lambda t: ["test" if s == "test" else "x" for s in t["split"]])
            ],
            "no predictions for language 'en' in split 'dev'",
        ),
    ],
)
def test_faults(runs, make, message):
    with pytest.raises(DataError, match=message):
        analyse(make(runs[0]), settings=SETTINGS)


@pytest.mark.parametrize(
    "wrong",
    [{"bins": 0}, {"replicates": 10}, {"level": 95}, {"dev_split": "test"}, {"noise_resamples": 1}],
    ids=lambda w: next(iter(w)),
)
def test_bad_settings(wrong):
    with pytest.raises(SettingsError):
        AnalysisSettings(**wrong)


def test_two_choices():
    provenance = Provenance(
        study="s",
        recipe="direct",
        seed=0,
        task="pawsx",
        family="classification",
        encoder="e",
        choices=("no", "yes"),
    )
    rng = np.random.default_rng(0)
    n = 90
    gold = np.tile([0, 1], n // 2)
    scores = rng.normal(size=(n, 2)) + np.eye(2)[gold]
    run = Predictions.from_arrays(
        provenance,
        unit_ids=[f"{i:03d}" for i in range(n)] * 2,
        cluster_ids=[f"{i:03d}" for i in range(n)] * 2,
        languages=["en"] * 2 * n,
        splits=["dev"] * n + ["test"] * n,
        scores=np.tile(scores, (2, 1)),
        gold=np.tile(gold, 2),
    )
    found = analyse([run], settings=AnalysisSettings(replicates=100))
    assert not found.find(quantity="degradation")
    assert found.find(quantity="level", metric="ece")


def test_a_group_is_not_named_like_a_language(runs):
    with pytest.raises(SettingsError, match="named like the language 'tr'"):
        analyse(runs, settings=AnalysisSettings(groups={"tr": ("de",)}, replicates=100))
    with pytest.raises(SettingsError, match="do not reach the ends"):
        AnalysisSettings(level=0.999, replicates=100)
