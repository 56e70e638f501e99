"""Low-rank adapters: what they change, that they are merged, and that a kill changes nothing."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("peft")

from safetensors.torch import load_file  # noqa: E402

from crosscal.training import loop  # noqa: E402
from crosscal.training.adapters import add_adapters, merged_parameters  # noqa: E402
from crosscal.training.collate import collate  # noqa: E402
from crosscal.training.mixing import Mixture  # noqa: E402
from crosscal.training.settings import TrainingSettings  # noqa: E402
from tests.training.conftest import TASK, parts  # noqa: E402

RANK = 2
SETTINGS = TrainingSettings(
    epochs=2,
    batch_tokens=60,
    evaluations=1,
    dropout=0.0,
    learning_rate=0.02,
    lora_rank=RANK,
    lora_alpha=4,
)
KINDS = ("bert", "xlm-roberta", "deberta-v2")


@pytest.fixture
def data(token_set):
    return token_set(40, 1), token_set(12, 2)


class Killed(Exception):
    """Stands for a kill."""


def train(assemble, data, folder, kind="bert", kill_at=None):
    folder.mkdir(exist_ok=True)
    model, vocabulary = assemble(kind, *data)
    before = {name: p.detach().clone() for name, p in model.encoder.named_parameters()}
    add_adapters(model.encoder, SETTINGS, seed=7)

    def report(step, steps, note):
        if step == kill_at:
            raise Killed

    loop.train(
        model,
        vocabulary,
        parts(*data),
        SETTINGS,
        mixture=Mixture(),
        seed=7,
        folder=folder,
        checkpoint_seconds=0.0,
        report=report,
    )
    return model, vocabulary, before


@pytest.mark.parametrize("kind", KINDS)
def test_only_linear_layers_change_and_by_no_more_than_the_rank(assemble, data, tmp_path, kind):
    model, _, before = train(assemble, data, tmp_path / kind, kind)
    after = merged_parameters(model.encoder)
    assert set(after) == set(before)
    ranks = []
    for name, old in before.items():
        change = after[name] - old
        if change.any():
            assert name.endswith("weight")
            assert old.ndim == 2
            ranks.append(int(torch.linalg.matrix_rank(change, rtol=1e-4)))
    assert ranks
    assert max(ranks) <= RANK
    trained = [name for name, p in model.encoder.named_parameters() if p.requires_grad]
    assert trained
    assert all(".lora_" in name for name in trained)


def test_without_a_step_nothing_is_changed(assemble, data):
    model, _ = assemble("bert", *data)
    whole = deepcopy(model.encoder)
    add_adapters(model.encoder, SETTINGS, seed=1)
    for name, parameter in whole.named_parameters():
        assert torch.equal(merged_parameters(model.encoder)[name], parameter)
    add_adapters(whole, SETTINGS.model_copy(update={"lora_rank": 0}), seed=1)
    assert all(p.requires_grad for p in whole.parameters())


def test_the_checkpoint_is_an_encoder_that_scores_as_the_trained_one(assemble, data, tmp_path):
    model, vocabulary, _ = train(assemble, data, tmp_path / "a")
    folder = tmp_path / "a"
    names = set(load_file(folder / "encoder.safetensors"))
    assert not [name for name in names if "lora" in name or "base_layer" in name]
    loaded, same = assemble(
        "bert", *data, weights=folder / "encoder.safetensors", heads=folder / "heads.npz"
    )
    for one, words in ((model, vocabulary), (loaded, same)):
        one.eval()
        batch = collate(data[1], np.arange(12), words, 3)
        with torch.no_grad():
            scores = one(batch.packed, batch.scored_positions, TASK)
        if one is model:
            first = scores
    torch.testing.assert_close(scores, first, rtol=1e-4, atol=1e-5)


def test_killed_and_resumed_is_the_same_to_the_bit(assemble, data, tmp_path):
    train(assemble, data, tmp_path / "whole")
    with pytest.raises(Killed):
        train(assemble, data, tmp_path / "killed", kill_at=3)
    state = load_file(tmp_path / "killed/state.safetensors")
    assert not [n for n in state if n.startswith("model.encoder") and "lora" not in n]
    train(assemble, data, tmp_path / "killed")
    one, other = (
        (tmp_path / name / "encoder.safetensors").read_bytes() for name in ("whole", "killed")
    )
    assert one == other
