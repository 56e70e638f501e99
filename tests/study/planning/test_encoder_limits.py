"""What an encoder cannot do is said at `plan`, with the reason, before anything is computed."""

from __future__ import annotations

import json
import shutil
from functools import cache
from pathlib import Path

import pytest

pytest.importorskip("torch")

from crosscal.encoders import locate_encoder
from crosscal.exceptions import ArtifactError, SettingsError
from crosscal.study.config.load import read_study
from crosscal.study.planning import make_plan
from tests.tiny_encoders import make_encoder

# The parts of a study that are about its encoder and its task.
STUDY = """
name = "limits"
seeds = [1]
[encoder]
name = "{encoder}"
[target]
task = "{task}"
train = {source}
dev = {source}
test = {source}
languages = ["en"]
[recipes.direct]
[training]
max_length = 64
"""
CONLLU = "1\tThe\t_\tDET\t_\t_\t2\tdet\t_\t_\n2\tcat\t_\tNOUN\t_\t_\t0\troot\t_\t_\n\n"
SQUAD = {
    "version": "1.1",
    "data": [
        {
            "title": "t",
            "paragraphs": [
                {
                    "context": f"The {animal} sleeps.",
                    "qas": [
                        {
                            "id": animal,
                            "question": "Who sleeps?",
                            "answers": [{"text": f"The {animal}", "answer_start": 0}],
                        }
                    ],
                }
                for animal in ("cat", "dog")
            ],
        }
    ],
}


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    """Return a function that makes the folder of a kind."""
    return cache(lambda name: make_encoder(name, tmp_path_factory.mktemp("encoder")))


@pytest.fixture
def plan(tmp_path):
    """Return a function that plans a study of an encoder on a task with a built-in set."""

    def planned(folder: Path, *overrides: str, task: str = "xnli"):
        source = {
            "xnli": '{ format = "mini-nli" }',
            "squad1": '{ format = "squad", path = "squad.json" }',
        }[task]
        (tmp_path / "squad.json").write_text(json.dumps(SQUAD))
        file = tmp_path / "study.toml"
        text = STUDY.format(encoder=folder, task=task, source=source)
        file.write_text(text, encoding="utf-8")
        study = read_study(file, overrides)
        return make_plan(study, locate_encoder(study.encoder.name))

    return planned


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("fnet", "it has no mask of attention"),
        ("xmod", "it must be told the language of every text"),
        ("canine", "it has no table of token embeddings"),
        ("vit", "it does not read text"),
    ],
)
def test_kinds_that_cannot_be_used(encoder, plan, name, reason):
    with pytest.raises(SettingsError, match=reason) as caught:
        plan(encoder(name))
    assert f"'{name}'" in str(caught.value)


def test_a_decoder_says_its_pooling(encoder, plan):
    folder = encoder("qwen3")
    for wrong in ([], ["encoder.pooling=first"]):
        with pytest.raises(SettingsError, match="say how texts become vectors") as caught:
            plan(folder, *wrong)
        assert caught.value.where == "encoder.pooling"
        assert "'last'" in str(caught.value)
    for right in ("last", "mean"):
        made = plan(folder, f"encoder.pooling={right}")
        stages = {stage.kind: stage for stage in made.stages}
        assert stages["train"].pooling == right
        assert stages["prepare"].causal
    # One that looks both ways needs no telling.
    made = plan(encoder("qwen3, both directions"))
    assert not any(stage.causal for stage in made.stages if stage.kind == "prepare")


@pytest.mark.parametrize("name", ["distilbert", "mpnet", "gte"])
def test_inputs_longer_than_the_table_of_positions(encoder, plan, name):
    folder = encoder(name)
    if name == "gte":  # positions are only relative
        plan(folder, "training.max_length=4000")
        return
    longest = {"distilbert": 130, "mpnet": 128}[name]
    plan(folder, f"training.max_length={longest}")
    with pytest.raises(SettingsError, match=f"positions for {longest}"):
        plan(folder, f"training.max_length={longest + 1}")


def test_layers_that_cannot_be_left_out(encoder, plan):
    with pytest.raises(SettingsError, match="'albert' cannot be left out"):
        plan(encoder("albert"), "encoder.layers=1")
    with pytest.raises(SettingsError, match="the encoder has 2"):
        plan(encoder("distilbert"), "encoder.layers=3")
    plan(encoder("distilbert"), "encoder.layers=1")


def test_running_text_needs_a_mask(encoder, plan, tmp_path):
    (tmp_path / "en.txt").write_text("The cat sleeps on the warm roof of the house.\n" * 3)
    source = '{ format = "mini-nli" }'
    text = ('mlm.texts={ format = "text", path = "en.txt" }', 'mlm.languages=["en"]')
    again = (
        f'intermediate.first={{ task = "mnli", train = {source}, dev = {source} }}',
        'recipes.text.intermediate=["first"]',
        "recipes.text.mlm=0.5",
    )
    plan(encoder("distilbert"), *text, *again)
    folder = Path(shutil.copytree(encoder("distilbert"), tmp_path / "unmasked"))
    content = (folder / "tokenizer.json").read_text(encoding="utf-8").replace("<mask>", "<other>")
    (folder / "tokenizer.json").write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError, match="no mask token"):
        plan(folder, *text, *again)


def test_a_tokenizer_of_another_encoder(encoder, plan, tmp_path):
    folder = Path(shutil.copytree(encoder("distilbert"), tmp_path / "mixed"))
    content = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    content["model"]["vocab"] |= {f"word{number}": 600 + number for number in range(200)}
    (folder / "tokenizer.json").write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(ArtifactError, match="the encoder has vectors for 700"):
        plan(folder)


def test_what_was_wrong_is_computed_again_and_nothing_else(encoder, plan):
    def versions(name, task):
        stages = plan(encoder(name), task=task).stages
        return {stage.family_version for stage in stages if stage.kind == "prepare"}

    assert versions("roberta", "squad1") == {3}
    assert versions("xlm-roberta", "squad1") == {2}
    assert versions("roberta", "xnli") == versions("xlm-roberta", "xnli") == {1}


@pytest.mark.parametrize("layers", [None, 1])
def test_more_frozen_layers_than_there_are(encoder, plan, layers):
    folder = encoder("bert")  # of two layers
    kept = layers or 2
    more = [f"encoder.layers={layers}"] if layers else []
    plan(folder, f"training.frozen_layers={kept - 1}", *more)
    with pytest.raises(SettingsError, match=f"{kept} layers of {kept} cannot be frozen") as caught:
        plan(folder, f"training.frozen_layers={kept}", *more)
    assert caught.value.where == "target.training.frozen_layers"


def test_layers_that_share_their_weights_cannot_be_frozen(encoder, plan):
    with pytest.raises(SettingsError, match="cannot be told apart"):
        plan(encoder("albert"), "training.frozen_layers=1")


def test_layers_that_cannot_be_computed_again(encoder, plan):
    plan(encoder("bert"), "training.gradient_checkpointing=true")
    with pytest.raises(SettingsError, match="cannot be computed again") as caught:
        plan(encoder("albert"), "training.gradient_checkpointing=true")
    assert caught.value.where == "target.training.gradient_checkpointing"
