"""Training and prediction as stages, one after the other, as a study runs them."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from crosscal.tasks import EncodedDataset  # noqa: E402
from crosscal.training.mixing import Mixture  # noqa: E402
from crosscal.training.settings import (  # noqa: E402
    HeadSettings,
    ModelSettings,
    TrainingSettings,
)
from crosscal.training.stage import predict_stage, torch_session, train_stage  # noqa: E402

TRAINING = TrainingSettings(
    epochs=1, batch_tokens=80, evaluations=2, dropout=0.1, learning_rate=1e-3
)
ONE = {
    "training": TRAINING,
    "mixture": Mixture(),
    "seed": 2,
    "threads": 1,
    "checkpoint_seconds": 100.0,
}
PLAIN = {"dropout_samples": 0, "dropout": 0.1, "threads": 1}


def head(name: str, labels: list[str]) -> HeadSettings:
    return HeadSettings(name=name, family="classification", labels=labels)


def model(encoder, *, layers: int = 1, trim: bool = True) -> ModelSettings:
    return ModelSettings(encoder=encoder, layers=layers, pooling="mean", trim=trim)


def quiet(done: int, total: int, note: str = "") -> None:
    """Report nothing."""


@pytest.fixture
def inputs(token_set, tmp_path):
    """Three sets of tokens, saved as the stages before would."""
    sets = {
        "train": token_set(30, 1, ids=(5, 90)),
        "middle": token_set(20, 2, ids=(60, 120), labels=2),
        "dev": token_set(10, 3, ids=(5, 90)),
        "test": token_set(25, 4, ids=(5, 250)),
    }
    for name, tokens in sets.items():
        (tmp_path / name).mkdir()
        tokens.save(tmp_path / name)
    return {name: tmp_path / name for name in sets}


@pytest.fixture
def chain(tiny_encoder, inputs, tmp_path):
    """Return a function that runs intermediate, target and prediction stages."""

    def go(name, *, kind="bert", trim=True, layers=2):
        encoder = model(tiny_encoder(kind), layers=layers, trim=trim)
        before: dict = {}
        found = []
        for role, labels in (("middle", ["no", "yes"]), ("train", ["a", "b", "c"])):
            folder = tmp_path / f"{name}-{role}"
            folder.mkdir()
            development = inputs["middle" if role == "middle" else "dev"]
            data = {f"train:{role}": inputs[role], f"dev:{role}": development}
            heads = [head(role, labels)]
            found.append(train_stage(encoder, heads, {**data, **before}, folder, quiet, **ONE))
            before = {"start": folder}
        scratch = tmp_path / f"{name}-scores"
        scratch.mkdir()
        told = []
        roles = {"model": before["start"], "dev": inputs["dev"], "test": inputs["test"]}
        counts = predict_stage(
            encoder,
            head("train", ["a", "b", "c"]),
            roles,
            scratch,
            lambda done, total: told.append((done, total)),
            **PLAIN,
        )
        assert counts["examples"] == 35
        assert counts["labels_seem"] is None
        assert told[-1] == (35, 35)
        assert sorted(path.name for path in scratch.iterdir()) == ["dev.npy", "test.npy"]
        scores = {split: np.load(scratch / f"{split}.npy") for split in ("dev", "test")}
        return found, scores

    return go


@pytest.mark.parametrize("kind", ["bert", "xlm-roberta", "deberta-v2"])
def test_chain_is_the_same_trimmed_or_not(chain, kind, inputs):
    trained_tokens = len(EncodedDataset.load(inputs["train"]).ids)
    (_, target), scores = chain("trimmed", kind=kind)
    (_, whole), expected = chain("whole", kind=kind, trim=False)
    assert scores["dev"].shape == (10, 3)
    assert scores["test"].shape == (25, 3)
    for split in ("dev", "test"):
        assert scores[split].tobytes() == expected[split].tobytes()
    assert target["evaluations"] == whole["evaluations"]
    assert target["vocabulary"] < whole["vocabulary"] == 300
    best = [e for e in target["evaluations"] if e["step"] == target["best_step"]]
    assert target["development"] == best[0]
    assert target["parts"] == [
        {"name": "train", "family": "classification", "labels": ["a", "b", "c"]}
    ]
    assert target["tokens"] == whole["tokens"] == trained_tokens


def test_scores_do_not_depend_on_torchs_state_before(chain):
    torch.manual_seed(1)
    _, first = chain("first")
    torch.manual_seed(2)
    torch.rand(7)
    _, second = chain("second")
    assert first["test"].tobytes() == second["test"].tobytes()


def test_random_state_and_threads_are_put_back():
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    with pytest.raises(KeyError), torch_session(threads + 1):
        assert torch.get_num_threads() == threads + 1
        torch.rand(3)
        raise KeyError
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("shift", [0, 1])
def test_permuted_development_labels_are_noticed(tiny_encoder, token_set, tmp_path, shift):
    sets = {"train": token_set(120, 1, longest=6), "dev": token_set(60, 2, longest=6)}
    encoder, it = model(tiny_encoder("bert")), head("it", ["a", "b", "c"])
    inputs = {name: tmp_path / name for name in (*sets, "model", "scores")}
    for folder in inputs.values():
        folder.mkdir()
    for name, tokens in sets.items():
        tokens.save(inputs[name])
    update = {"epochs": 4.0, "learning_rate": 5e-3, "dropout": 0.0}
    settings = {**ONE, "training": TRAINING.model_copy(update=update)}
    roles = {"train:it": inputs["train"], "dev:it": inputs["dev"]}
    train_stage(encoder, [it], roles, inputs["model"], quiet, **settings)
    gold = (sets["dev"].gold + shift) % 3
    np.save(inputs["dev"] / "gold.npy", gold.astype(np.int32))
    roles = {**inputs, "test": inputs["dev"]}
    found = predict_stage(encoder, it, roles, inputs["scores"], quiet, **PLAIN)
    assert found["labels_seem"] == (("b", "c", "a") if shift else None)


def test_gold_that_is_not_known_is_no_permutation(tiny_encoder, token_set, tmp_path):
    """Tags that training never showed are -1: they speak for no order of the labels."""
    sets = {"train": token_set(120, 1, longest=6), "dev": token_set(60, 2, longest=6)}
    inputs = {name: tmp_path / name for name in (*sets, "model", "scores")}
    for folder in inputs.values():
        folder.mkdir()
    for name, tokens in sets.items():
        tokens.save(inputs[name])
    encoder, it = model(tiny_encoder("bert")), head("it", ["a", "b", "c"])
    update = {"epochs": 4.0, "learning_rate": 5e-3, "dropout": 0.0}
    settings = {**ONE, "training": TRAINING.model_copy(update=update)}
    roles = {"train:it": inputs["train"], "dev:it": inputs["dev"]}
    train_stage(encoder, [it], roles, inputs["model"], quiet, **settings)
    gold = np.where(sets["dev"].gold == 0, -1, sets["dev"].gold)
    np.save(inputs["dev"] / "gold.npy", gold.astype(np.int32))
    roles = {**inputs, "test": inputs["dev"]}
    found = predict_stage(encoder, it, roles, inputs["scores"], quiet, **PLAIN)
    assert found["labels_seem"] is None


def test_dropout_samples_are_averaged_and_drawn_from_their_numbers(
    tiny_encoder, token_set, tmp_path
):
    sets = {"train": token_set(30, 1), "dev": token_set(10, 2), "test": token_set(20, 3)}
    names = (*sets, "model", "none", "one", "four", "again")
    inputs = {name: tmp_path / name for name in names}
    for folder in inputs.values():
        folder.mkdir()
    for name, tokens in sets.items():
        tokens.save(inputs[name])
    encoder, it = model(tiny_encoder("bert")), head("it", ["a", "b", "c"])
    roles = {"train:it": inputs["train"], "dev:it": inputs["dev"]}
    train_stage(encoder, [it], roles, inputs["model"], quiet, **ONE)
    scores = {}
    for name, samples in (("none", 0), ("one", 1), ("four", 4), ("again", 4)):
        prediction = {**PLAIN, "dropout_samples": samples, "dropout": 0.3}
        found = predict_stage(encoder, it, inputs, inputs[name], quiet, **prediction)
        assert found["tokens"] == max(1, samples) * sum(len(sets[s].ids) for s in ("dev", "test"))
        scores[name] = np.load(inputs[name] / "test.npy").astype(np.float64)
        assert sorted(path.name for path in inputs[name].iterdir()) == ["dev.npy", "test.npy"]
    assert scores["four"].tobytes() == scores["again"].tobytes()
    assert not np.allclose(scores["one"], scores["none"], atol=1e-4)
    assert not np.allclose(scores["one"], scores["four"], atol=1e-4)
