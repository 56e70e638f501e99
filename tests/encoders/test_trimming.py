"""Trimmed vocabularies: ids and rows, equal results, weights saved and restored."""

from __future__ import annotations

import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosscal.encoders.vocabulary import Vocabulary
from crosscal.exceptions import ArtifactError

ids = st.lists(st.integers(0, 400), min_size=1, max_size=50).map(lambda x: np.array(x, np.int32))


@given(st.lists(ids, min_size=1, max_size=3), st.integers(0, 3))
def test_vocabulary_keeps_what_occurs_and_the_first_ids(tokens, pad):
    vocabulary = Vocabulary.of(tokens, pad=pad)
    occurring = set(np.concatenate(tokens).tolist())
    assert vocabulary.ids.tolist() == sorted(occurring | set(range(pad + 1)))
    assert vocabulary.ids.dtype == np.int32
    assert len(vocabulary) == len(vocabulary.ids)
    for part in tokens:
        rows = vocabulary.rows(part)
        assert rows.dtype == np.int64
        assert (vocabulary.ids[rows] == part).all()
    assert vocabulary.rows(np.array([pad], np.int32)).tolist() == [pad]


@given(st.sets(st.integers(0, 60), min_size=1), st.integers(0, 60))
def test_unknown_id_is_named(kept, asked):
    vocabulary = Vocabulary(np.array(sorted(kept), np.int32))
    wanted = np.array([min(kept), asked], np.int32)
    if asked in kept:
        assert (vocabulary.ids[vocabulary.rows(wanted)] == wanted).all()
    else:
        with pytest.raises(KeyError, match=f"token id {asked} is not"):
            vocabulary.rows(wanted)


def test_full_vocabulary_and_no_ids():
    assert Vocabulary.full(5).ids.tolist() == [0, 1, 2, 3, 4]
    assert Vocabulary.full(5).rows(np.array([], np.int32)).tolist() == []


torch = pytest.importorskip("torch")

from crosscal.encoders.loading import load_encoder  # noqa: E402
from crosscal.encoders.packing import PackedBatch, encode  # noqa: E402
from crosscal.encoders.trimming import (  # noqa: E402
    embedding_name,
    load_weights,
    save_weights,
    saved_rows,
    trim,
)

KINDS = ("bert", "electra", "xlm-roberta", "deberta-v2")


@pytest.fixture
def tokens() -> np.ndarray:
    return np.random.default_rng(2).choice(np.arange(5, 300, 3), 40).astype(np.int32)


def batch(rows: np.ndarray) -> PackedBatch:
    places = np.concatenate([np.arange(8), np.arange(32)])
    return PackedBatch(
        ids=torch.from_numpy(rows.astype(np.int64)),
        token_type_ids=torch.zeros(40, dtype=torch.long),
        position_ids=torch.from_numpy(places),
        length_groups=((8, 1), (32, 1)),
    )


@pytest.mark.parametrize("kind", KINDS)
def test_forward_is_equal_to_the_bit(tiny_encoder, tokens, kind):
    whole = load_encoder(tiny_encoder(kind)).eval()
    cut = load_encoder(tiny_encoder(kind)).eval()
    pad = cut.config.pad_token_id
    vocabulary = Vocabulary.of([tokens], pad=pad)
    trim(cut, vocabulary)
    table = cut.get_input_embeddings()
    assert table.weight.shape[0] == len(vocabulary) < 100
    assert table.padding_idx == whole.get_input_embeddings().padding_idx
    assert table.weight.requires_grad
    assert embedding_name(cut) == embedding_name(whole)
    with torch.no_grad():
        expected = encode(whole, batch(tokens))
        assert torch.equal(encode(cut, batch(vocabulary.rows(tokens))), expected)


@pytest.mark.parametrize("kind", KINDS)
def test_weights_come_back_onto_the_full_vocabulary(tiny_encoder, tokens, tmp_path, kind):
    cut = load_encoder(tiny_encoder(kind))
    vocabulary = Vocabulary.of([tokens], pad=cut.config.pad_token_id)
    trim(cut, vocabulary)
    with torch.no_grad():  # as training would
        for parameter in cut.parameters():
            parameter.add_(1.0)
    path = tmp_path / "encoder.safetensors"
    save_weights(cut, vocabulary, path)
    assert saved_rows(path).ids.tolist() == vocabulary.ids.tolist()

    pretrained = dict(load_encoder(tiny_encoder(kind)).named_parameters())
    restored = load_encoder(tiny_encoder(kind))
    load_weights(restored, path)
    name = embedding_name(restored)
    kept = torch.zeros(300, dtype=torch.bool)
    kept[torch.from_numpy(vocabulary.ids).long()] = True
    for key, parameter in restored.named_parameters():
        if key == name:
            assert torch.equal(parameter[kept], pretrained[key][kept] + 1.0)
            assert torch.equal(parameter[~kept], pretrained[key][~kept])
        else:
            assert torch.equal(parameter, pretrained[key] + 1.0)
    with torch.no_grad():
        found = encode(restored.eval(), batch(tokens))
        assert torch.equal(found, encode(cut.eval(), batch(vocabulary.rows(tokens))))


@pytest.fixture
def saved(tiny_encoder, tmp_path):
    model = load_encoder(tiny_encoder("bert"), layers=2)
    path = tmp_path / "encoder.safetensors"
    save_weights(model, Vocabulary.full(300), path)
    return path


@pytest.mark.parametrize("length", [0, 4, 100, 5000, -1])
def test_truncated_weights_are_refused(tiny_encoder, saved, length):
    os.truncate(saved, length % saved.stat().st_size)
    with pytest.raises(ArtifactError, match="cannot be loaded") as caught:
        load_weights(load_encoder(tiny_encoder("bert"), layers=2), saved)
    assert str(saved) in str(caught.value)


def test_missing_weights_are_refused(tiny_encoder, saved):
    saved.unlink()
    with pytest.raises(ArtifactError, match="cannot be loaded"):
        load_weights(load_encoder(tiny_encoder("bert"), layers=2), saved)


@pytest.mark.parametrize(
    ("kind", "layers"), [("bert", 1), ("bert", 3), ("xlm-roberta", 2), ("deberta-v2", 2)]
)
def test_weights_of_another_encoder_are_refused(tiny_encoder, saved, kind, layers):
    with pytest.raises(ArtifactError, match="cannot be loaded"):
        load_weights(load_encoder(tiny_encoder(kind), layers=layers), saved)


def test_rows_behind_the_table_are_refused(tiny_encoder, tmp_path):
    model = load_encoder(tiny_encoder("bert"))
    save_weights(model, Vocabulary(np.arange(1, 301, dtype=np.int32)), tmp_path / "w")
    with pytest.raises(ArtifactError, match="cannot be loaded"):
        load_weights(load_encoder(tiny_encoder("bert")), tmp_path / "w")
