"""Training on a trimmed vocabulary gives the bits of training on the full one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from safetensors.torch import load_file  # noqa: E402

from crosscal.encoders.loading import load_encoder  # noqa: E402
from crosscal.encoders.trimming import (  # noqa: E402
    embedding_name,
    load_weights,
    save_weights,
    saved_rows,
)
from crosscal.encoders.vocabulary import Vocabulary  # noqa: E402
from crosscal.training import loop  # noqa: E402
from crosscal.training.batches import prediction_order  # noqa: E402
from crosscal.training.collate import collate  # noqa: E402
from crosscal.training.loop import train  # noqa: E402
from crosscal.training.mixing import Mixture  # noqa: E402
from crosscal.training.settings import TrainingSettings  # noqa: E402
from tests.training.conftest import TASK, parts  # noqa: E402

# Decay on, clipping active in every step (see the assertion below), several evaluations.
SETTINGS = {
    "epochs": 1.5,
    "batch_tokens": 70,
    "window_batches": 3,
    "evaluations": 3,
    "learning_rate": 3e-3,
    "weight_decay": 0.1,
    "clip": 0.05,
}


def go(model, vocabulary, data, settings, folder):
    return train(
        model, vocabulary, parts(*data), settings, mixture=Mixture(), seed=4, folder=folder
    )


def scores_of(model, vocabulary, tokens):
    order = prediction_order(tokens.lengths, batch_tokens=100)
    batches = [collate(tokens, chosen, vocabulary, 3).packed for chosen in order]
    with torch.no_grad():
        return torch.cat([model.eval()(one, None, TASK) for one in batches])


@pytest.mark.parametrize("dropout", [0.0, 0.1])
@pytest.mark.parametrize("kind", ["bert", "xlm-roberta", "deberta-v2"])
def test_training_is_equal_to_the_bit(assemble, token_set, tmp_path, monkeypatch, kind, dropout):
    """Logits and every parameter are equal bit for bit: no tolerance is needed.

    Rows that no batch holds have no gradient and no decay, the norm of the gradient is taken
    over the rows of the batch in both cases, and the optimiser works element by element.
    """
    data = token_set(30, 1, ids=(5, 90)), token_set(10, 2, ids=(5, 90))
    settings = TrainingSettings(**SETTINGS, dropout=dropout)
    norms = []
    clip = loop.clip_gradients
    monkeypatch.setattr(loop, "clip_gradients", lambda *a: norms.append(clip(*a)) or norms[-1])
    results = []
    for trim in (True, False):
        folder = tmp_path / str(trim)
        folder.mkdir()
        model, vocabulary = assemble(kind, *data, trim=trim, dropout=dropout)
        progress = go(model, vocabulary, data, settings, folder)
        results.append((model, vocabulary, progress, folder))
    (cut, kept, _, _), (whole, full, _, _) = results
    assert len(kept) < 0.35 * len(full) == 0.35 * 300
    assert min(norms) > settings.clip
    # The files hold other rows, and the log times.
    one, other = (replace(each[2], log_bytes=0, best_files={}) for each in results)
    assert one == other

    assert torch.equal(scores_of(cut, kept, data[1]), scores_of(whole, full, data[1]))
    assert torch.equal(cut.head(TASK).weight, whole.head(TASK).weight)
    table = embedding_name(cut.encoder)
    theirs = dict(whole.encoder.named_parameters())
    pretrained = assemble(kind, trim=False)[0].encoder.get_input_embeddings().weight
    for name, parameter in cut.encoder.named_parameters():
        if name == table:
            assert torch.equal(parameter, theirs[name][torch.from_numpy(kept.ids).long()])
        else:
            assert torch.equal(parameter, theirs[name]), name
    # The untrimmed table did not move where no token was.
    away = np.setdiff1d(np.arange(300), kept.ids)
    assert torch.equal(theirs[table][away], pretrained[away])
    assert not torch.equal(theirs[table], pretrained)


def test_what_is_saved_is_a_complete_encoder(assemble, token_set, tiny_encoder, tmp_path):
    data = token_set(30, 1, ids=(5, 90)), token_set(10, 2, ids=(5, 90))
    model, vocabulary = assemble("xlm-roberta", *data, layers=None)
    settings = TrainingSettings(**{**SETTINGS, "select_by": "last"}, dropout=0.1)
    go(model, vocabulary, data, settings, tmp_path)
    restored = load_encoder(tiny_encoder("xlm-roberta"))
    pretrained = load_encoder(tiny_encoder("xlm-roberta")).get_input_embeddings().weight
    load_weights(restored, tmp_path / "encoder.safetensors")
    table = restored.get_input_embeddings().weight
    away = np.setdiff1d(np.arange(300), vocabulary.ids)
    assert torch.equal(table[away], pretrained[away])
    assert torch.equal(table[vocabulary.ids], model.encoder.get_input_embeddings().weight)
    model.encoder = restored
    whole = Vocabulary.full(300)
    ours, _ = assemble(
        "xlm-roberta",
        *data,
        layers=None,
        weights=tmp_path / "encoder.safetensors",
        heads=tmp_path / "heads.npz",
    )
    assert torch.equal(scores_of(model, whole, data[1]), scores_of(ours, vocabulary, data[1]))


@pytest.mark.parametrize("trim", [True, False])
def test_chained_stages_keep_earlier_rows(assemble, token_set, tiny_encoder, tmp_path, trim):
    """What an intermediate stage did to a token is still there after the target stage."""
    first = token_set(20, 1, ids=(5, 60)), token_set(6, 2, ids=(5, 60))
    second = token_set(20, 3, ids=(100, 160)), token_set(6, 4, ids=(100, 160))
    settings = TrainingSettings(**{**SETTINGS, "select_by": "last"}, dropout=0.1)
    paths = []
    for number, data in enumerate((first, second)):
        folder = tmp_path / str(number)
        folder.mkdir()
        before = paths[-1] if paths else None
        model, vocabulary = assemble("bert", *data, trim=trim, weights=before)
        go(model, vocabulary, data, settings, folder)
        paths.append(folder / "encoder.safetensors")
    rows = [saved_rows(path).ids for path in paths]
    assert set(rows[0]) <= set(rows[1])
    if trim:
        ids = [part.ids for part in (*first, *second)]
        assert rows[1].tolist() == np.unique(np.concatenate([[0], *ids])).tolist()

    full = []
    for path in paths:
        encoder = load_encoder(tiny_encoder("bert"), layers=2)
        load_weights(encoder, path)
        full.append(encoder.get_input_embeddings().weight.detach())
    pretrained = load_encoder(tiny_encoder("bert")).get_input_embeddings().weight
    seen = np.unique(first[0].ids)
    assert not torch.equal(full[0][seen], pretrained[seen])
    assert torch.equal(full[1][seen], full[0][seen])
    trained = np.unique(second[0].ids)
    assert torch.equal(full[0][trained], pretrained[trained])
    assert (full[1][trained] != full[0][trained]).any(dim=1).all()
    never = np.arange(200, 300)
    assert torch.equal(full[1][never], pretrained[never])


def test_trimmed_and_untrimmed_chains_are_equal(assemble, token_set, tmp_path):
    first = token_set(20, 1, ids=(5, 60)), token_set(6, 2, ids=(5, 60))
    second = token_set(20, 3, ids=(40, 100)), token_set(6, 4, ids=(40, 100))
    other = token_set(10, 5, ids=(5, 200))
    settings = TrainingSettings(**SETTINGS, dropout=0.1)
    scores = []
    for trim in (True, False):
        before = None
        for number, data in enumerate((first, second)):
            folder = tmp_path / f"{trim}{number}"
            folder.mkdir()
            model, vocabulary = assemble("bert", *data, trim=trim, weights=before)
            go(model, vocabulary, data, settings, folder)
            before = folder / "encoder.safetensors"
        model, vocabulary = assemble(
            "bert", other, trim=trim, weights=before, heads=folder / "heads.npz"
        )
        scores.append(scores_of(model, vocabulary, other))
    assert torch.equal(*scores)


def test_saved_file_is_the_same_whatever_was_kept(assemble, token_set, tmp_path):
    tokens = token_set(10, 1)
    model, vocabulary = assemble("bert", tokens)
    save_weights(model.encoder, vocabulary, tmp_path / "a")
    tensors = load_file(tmp_path / "a")
    assert tensors["crosscal.rows"].shape == (len(vocabulary), 32)
    assert tensors["crosscal.row_ids"].tolist() == vocabulary.ids.tolist()
    assert embedding_name(model.encoder) not in tensors
