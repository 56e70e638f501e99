"""The classifier's scores on packed batches equal the stock implementation's on padded ones."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from crosscal.encoders.loading import load_encoder  # noqa: E402
from crosscal.encoders.vocabulary import Vocabulary  # noqa: E402
from crosscal.training.batches import prediction_order  # noqa: E402
from crosscal.training.collate import collate  # noqa: E402
from crosscal.training.model import Model  # noqa: E402

# Float32 sums in another order: values of size 1, dot products of at most 66 terms, 4 layers.
TOLERANCE = {"atol": 1e-5, "rtol": 1e-5}


def classifier(folder, pooling="mean", dropout=0.0, seed=3):
    outputs = {"task": 3}
    return Model(load_encoder(folder), outputs, pooling=pooling, dropout=dropout, seed=seed)


def scores(model, tokens, chosen):
    return model(collate(tokens, chosen, Vocabulary.full(300), 3).packed, None, "task")


def stock_scores(folder, head, tokens, order, pooling):
    """Scores by transformers alone: padding, attention mask, its own attention."""
    from transformers import AutoModel

    model = AutoModel.from_pretrained(folder, attn_implementation="eager").eval()
    longest = int(tokens.lengths.max())
    rows = [tokens.ids[tokens.offsets[i] : tokens.offsets[i + 1]].tolist() for i in order]
    pad = model.config.pad_token_id
    ids = torch.tensor([row + [pad] * (longest - len(row)) for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
    hidden = model(input_ids=ids, attention_mask=mask).last_hidden_state
    if pooling == "first":
        pooled = hidden[:, 0]
    else:
        pooled = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
    return pooled @ head.weight.T + head.bias, model


@pytest.mark.parametrize("pooling", ["mean", "first"])
@pytest.mark.parametrize("kind", ["bert", "xlm-roberta", "deberta-v2"])
def test_scores_and_gradients_equal_the_padded_ones(tiny_encoder, token_set, kind, pooling):
    tokens = token_set(12, 1, longest=20)
    model = classifier(tiny_encoder(kind), pooling).eval()
    with torch.no_grad():
        model.head("task").weight.normal_(generator=torch.Generator().manual_seed(1))
        model.head("task").bias.normal_(generator=torch.Generator().manual_seed(2))
    (order,) = prediction_order(tokens.lengths, batch_tokens=10_000)
    found = scores(model, tokens, order)
    expected, stock = stock_scores(tiny_encoder(kind), model.head("task"), tokens, order, pooling)
    assert found.shape == (12, 3)
    assert found.dtype == torch.float32
    assert expected.std() > 0.1
    torch.testing.assert_close(found, expected, **TOLERANCE)

    gold = torch.from_numpy(tokens.gold[order].astype(np.int64))
    for values, encoder in ((found, model.encoder), (expected, stock)):
        loss = torch.nn.functional.cross_entropy(values, gold)
        used = [p for name, p in encoder.named_parameters() if "pooler" not in name]
        loss.backward(inputs=used)
    theirs = dict(stock.named_parameters())
    for name, parameter in model.encoder.named_parameters():
        scale = float(theirs[name].grad.abs().max())
        difference = float((parameter.grad - theirs[name].grad).abs().max())
        assert difference <= 1e-5 * max(1.0, scale), name


@pytest.mark.parametrize("kind", ["bert", "deberta-v2"])
def test_company_in_the_batch_does_not_matter(tiny_encoder, token_set, kind):
    tokens = token_set(12, 1, longest=20)
    model = classifier(tiny_encoder(kind)).eval()
    (order,) = prediction_order(tokens.lengths, batch_tokens=10_000)
    with torch.no_grad():
        together = scores(model, tokens, order)
        alone = torch.cat([scores(model, tokens, order[i : i + 1]) for i in range(12)])
    torch.testing.assert_close(together, alone, **TOLERANCE)


def test_head_is_drawn_from_its_seed_alone(tiny_encoder):
    folder = tiny_encoder("bert")
    state = torch.get_rng_state()
    first, again, other = (classifier(folder, seed=seed).head("task") for seed in (1, 1, 2))
    assert torch.equal(first.weight, again.weight)
    assert not torch.equal(first.weight, other.weight)
    assert not first.bias.any()
    assert 0.01 < float(first.weight.detach().std()) < 0.03
    torch.set_rng_state(state)


def test_dropout_is_set_everywhere(tiny_encoder):
    for kind in ("bert", "deberta-v2"):
        model = classifier(tiny_encoder(kind), dropout=0.25)
        rates = {m.p for m in model.modules() if isinstance(m, torch.nn.Dropout)}
        assert rates == {0.25}
        config = model.encoder.config
        assert config.hidden_dropout_prob == 0.1  # the pretrained one's, which has no effect
