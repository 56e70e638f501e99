"""The study of the whole table of Phang et al. (2020), and its plan before the data are there."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from crosscal.cli.load import load_expected_plan
from crosscal.cli.plan import plan as show_plan
from crosscal.study.config.load import read_study, training_settings
from crosscal.study.planning.estimate import estimate_stages
from crosscal.study.planning.probe import SpeedProbe, write_probes
from crosscal.tasks import TASKS
from crosscal.tasks import task as task_of

ROOT = Path(__file__).parents[2]
STUDY = ROOT / "studies/phang2020.toml"
TASKS_ALONE = (
    "anli+",
    "mnli",
    "qqp",
    "squad1",
    "squad2",
    "hellaswag",
    "ccg",
    "cosmosqa",
    "commonsenseqa",
)
LARGE = {
    "model_type": "xlm-roberta",
    "vocab_size": 250_002,
    "hidden_size": 1024,
    "num_hidden_layers": 24,
    "num_attention_heads": 16,
    "intermediate_size": 4096,
    "max_position_embeddings": 514,
    "type_vocab_size": 1,
    "pad_token_id": 1,
}
TARGETS = ("xnli", "pawsx", "udpos", "panx", "xquad", "mlqa", "tydiqa", "bucc2018", "tatoeba")


@pytest.fixture(scope="module")
def study():
    return read_study(STUDY)


def test_has_the_nine_intermediate_tasks_alone_and_at_once(study):
    recipes = study.recipes
    for name in TASKS_ALONE:
        assert recipes[name].chain == ((name,),)
        assert study.intermediate[name].task == name
    for name, share in (("multi-task", 0.0), ("multi-task-mlm", 0.2)):
        assert recipes[name].chain == (TASKS_ALONE,)
        mixture = recipes[name].mixture
        assert (mixture.sampling, mixture.cap, mixture.mlm) == ("capped", 2**17, share)
    assert recipes["mnli-mlm"].chain == (("mnli",),)
    assert recipes["mnli-mlm"].mlm == 0.2
    assert study.mlm.languages == TASKS["panx"].languages  # all of XTREME's


@pytest.mark.parametrize("name", ["mnli", "qqp", "hellaswag"])
@pytest.mark.parametrize("language", ["de", "ru", "sw"])
def test_translates_what_is_read_in_english(study, name, language):
    translated = study.intermediate[f"{name}-{language}"]
    assert study.recipes[f"{name}-{language}"].chain == ((f"{name}-{language}",),)
    assert translated.train == study.intermediate[name].train
    assert translated.translate.to == language
    model = Path(translated.translate.settings["model"])
    assert model == (ROOT / "data/translators" / f"opus-mt-en-{language}").resolve()


def test_has_xtremes_targets_with_the_guides_settings(study):
    assert tuple(study.targets) == TARGETS
    assert study.seeds == (1, 2, 3)
    assert study.execution.checkpoints == "discard"
    for name, target in study.targets.items():
        assert not target.languages, "all languages of the task"
        published = task_of(target.task).published_settings
        guide = next(text for text in published.values() if "batch" in text or "layer 14" in text)
        settings = training_settings(study, target, where=name)
        if "not trained" in guide:
            assert target.search.layer == 14
            continue
        assert f"{settings.epochs:g} epochs" in guide
        assert f"up to {settings.max_length} tokens" in guide
        assert (settings.learning_rate, settings.warmup) == (1e-5, 0.1)
        assert settings.precision == "auto"


@pytest.fixture(scope="module")
def ahead(tmp_path_factory):
    """Plan it before any file is there but the configuration of an encoder as XLM-R Large."""
    pytest.importorskip("transformers")
    folder = tmp_path_factory.mktemp("ahead")
    (folder / "config.json").write_text(json.dumps(LARGE))
    words = (f"encoder.name={folder}", f"paths.data={folder}", f"paths.translators={folder}")
    return load_expected_plan(STUDY, words, quiet=True)


def test_is_planned_before_its_data_are_there(ahead):
    plan, missing = ahead
    assert len(plan.runs) == 24 * 9 * 3
    kinds = Counter(stage.kind for stage in plan.stages)
    # XQuAD and MLQA share what is trained on SQuAD; nothing is trained for retrieval, where what
    # is untrained is embedded once.
    assert kinds["train"] == (23 + 24 * 6) * 3
    assert kinds["predict"] == kinds["collect"] == 24 * 7 * 3
    assert kinds["search"] == 24 * 2 * 3
    assert kinds["embed"] == (23 * 3 + 1) * 2
    assert kinds["translate"] == 9
    # Fields that name the same files are one source.
    assert plan.datasets["xnli.train"] is plan.datasets["mnli-de.train"]
    assert plan.datasets["xquad.train"] is plan.datasets["squad1.train"]
    names = [path.name for path in missing]
    assert len(set(names)) == len(names)
    for name in ("model.safetensors", "tokenizer.json", "opus-mt-en-sw", "ccgbank", "wikipedia"):
        assert name in names


def test_every_source_says_how_much_it_holds(study):
    data = (*study.targets.values(), *study.intermediate.values())
    sources = [getattr(each, name, None) for each in data for name in ("train", "dev", "test")]
    sizes = [each.expected for each in (*sources, study.mlm.texts) if each is not None]
    assert len(sizes) == 7 * 3 + 2 + 1 + 18 * 2 + 1
    assert None not in sizes


def test_costs_what_its_tokens_cost(ahead, tmp_path):
    plan = ahead[0]
    anywhere = plan.study.execution.model_copy(update={"executor": "slurm"})
    study = plan.study.model_copy(update={"execution": anywhere})
    first = next(stage for stage in plan.stages if stage.kind == "train")
    speed = {"layers": None, "threads": first.threads, "tokens_per_second": 0, "seconds": 5.0}
    speed |= {"hardware": "a card", "encoder": first.encoder, "operations_per_second": 1e14}
    kinds = {"train": "auto", "predict": "fp32"}
    probes = [SpeedProbe(**speed, kind=kind, precision=each) for kind, each in kinds.items()]
    write_probes(tmp_path, probes)
    estimates = estimate_stages(replace(plan, study=study), tmp_path)
    assert {each.hardware for each in estimates.values()} == {None, "a card"}

    weights = 24 * 12 * 1024**2
    titles = {stage.title: estimates[stage.key] for stage in plan.stages if stage.kind == "train"}
    tokens = (2 * 392_702 * 170 + 10 / 3 * 19_647 * 166) / 3.5
    mnli = titles["train mnli, seed 1"]
    assert mnli.seconds - 3 == pytest.approx(tokens * 6 * weights / 1e14)
    # A step more for every four, of running text.
    more = titles["train mnli with masked language modelling, seed 1"].seconds - mnli.seconds
    assert more == pytest.approx(2 * 392_702 * 170 / 3.5 / 4 * 6 * weights / 1e14)
    # Weights, gradients and moments in float32, and what a step of 1,536 tokens keeps.
    rows = 25_000 * 1024
    assert mnli.memory == 16 * (weights + rows) + 34 * 24 * 1024 * 1536
    # None of several tasks counts more than 2^17 examples.
    at_once = next(each for title, each in titles.items() if title.startswith("train anli+ and"))
    capped = 0.0
    for name in TASKS_ALONE:
        train, dev = (plan.datasets[f"{name}.{split}"] for split in ("train", "dev"))
        capped += 2 * min(train.examples, 2**17) * train.characters / train.examples
        capped += 10 / 3 * dev.characters
    assert at_once.seconds - 3 == pytest.approx(capped / 3.5 * 6 * weights / 1e14)
    # Each sentence leaves a vector; of four languages half are compared with half.
    of_search = {stage.title: estimates[stage.key] for stage in plan.stages}
    sizes = [plan.datasets[f"bucc2018.{split}"].examples for split in ("dev", "test")]
    assert of_search["embed, bucc2018, recipe direct"].bytes == 4 * 1024 * sum(sizes)
    pairs = sum(n**2 for n in sizes) / 16
    searched = of_search["search, bucc2018, recipe direct, seed 1"].seconds - 3
    assert searched == pytest.approx(2 * 1024 * pairs / 1.7e10)


def test_what_is_printed_says_what_it_is_an_estimate_of(ahead, tmp_path, capsys):
    folder = ahead[0].encoder
    words = [f"encoder.name={folder}", f"paths.data={folder}", f"paths.translators={folder}"]
    show_plan(STUDY, tmp_path, words)
    printed = capsys.readouterr().out
    for part in ("│ train ", " 501 ", "not known", "6894 stages asked for, 1847 after sharing"):
        assert part in printed
    assert "of one device on " in printed
    assert "7.8 GB of its memory" in printed
    assert "Planned from the sizes that the study states" in printed
    assert f"{folder}/ccgbank" in printed
