"""Packed batches give what the stock implementation gives on padded ones."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from crosscal.encoders.loading import load_encoder  # noqa: E402
from crosscal.encoders.packing import (  # noqa: E402
    PACKED,
    PackedBatch,
    check_padding,
    encode,
    pool,
)
from crosscal.exceptions import SettingsError  # noqa: E402

# Float32 sums in another order: values of size 1, dot products of at most 66 terms, 4 layers.
TOLERANCE = {"atol": 1e-5, "rtol": 1e-5}
PACKABLE = ("bert", "electra", "roberta", "camembert", "xlm-roberta")
KINDS = (*PACKABLE, "deberta-v2")


def sequences(lengths: list[int], *, seed: int = 0) -> list[list[int]]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randint(5, 300, (n,), generator=generator).tolist() for n in sorted(lengths)]


def batch_of(rows: list[list[int]], *, types: int = 1) -> PackedBatch:
    lengths = [len(row) for row in rows]
    return PackedBatch(
        ids=torch.tensor([i for row in rows for i in row]),
        token_type_ids=torch.tensor([(place % types) for row in rows for place in range(len(row))]),
        position_ids=torch.tensor([place for row in rows for place in range(len(row))]),
        length_groups=tuple((n, lengths.count(n)) for n in sorted(set(lengths))),
    )


def padded(model, rows: list[list[int]], *, types: int = 1):
    """Last hidden states of the stock implementation, rows without padding laid end to end."""
    longest = max(map(len, rows))
    pad = model.config.pad_token_id
    ids = torch.tensor([row + [pad] * (longest - len(row)) for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
    kinds = torch.arange(longest).remainder(types).expand(len(rows), -1) * mask
    output = model(input_ids=ids, attention_mask=mask, token_type_ids=kinds)
    return output.last_hidden_state[mask.bool()]


def stock(folder, attention: str):
    from transformers import AutoModel

    return AutoModel.from_pretrained(folder, attn_implementation=attention).eval()


def types_of(kind: str) -> int:
    return 2 if kind in ("bert", "electra") else 1


LENGTHS = [1, 1, 2, 5, 5, 5, 9, 17, 17, 30]


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
@pytest.mark.parametrize("kind", KINDS)
def test_packed_equals_padded(tiny_encoder, kind, attention):
    if kind == "deberta-v2" and attention == "sdpa":
        pytest.skip("DeBERTa has one implementation of attention")
    folder = tiny_encoder(kind)
    ours = load_encoder(folder).eval()
    assert (ours.config._attn_implementation == PACKED) == (kind in PACKABLE)
    rows = sequences(LENGTHS)
    with torch.no_grad():
        found = encode(ours, batch_of(rows, types=types_of(kind)))
        expected = padded(stock(folder, attention), rows, types=types_of(kind))
    assert expected.std() > 0.1  # the comparison means something
    torch.testing.assert_close(found, expected, **TOLERANCE)


@pytest.mark.parametrize("kind", ["bert", "xlm-roberta", "deberta-v2"])
def test_gradients_equal_too(tiny_encoder, kind):
    folder = tiny_encoder(kind)
    rows = sequences(LENGTHS)
    weights = torch.randn(sum(map(len, rows)), 32, generator=torch.Generator().manual_seed(1))
    ours, theirs = load_encoder(folder).eval(), stock(folder, "eager")
    (encode(ours, batch_of(rows, types=types_of(kind))) * weights).sum().backward()
    (padded(theirs, rows, types=types_of(kind)) * weights).sum().backward()
    expected = dict(theirs.named_parameters())
    for name, parameter in ours.named_parameters():
        # Relative to the largest entry: small ones are differences of large terms.
        scale = float(expected[name].grad.abs().max())
        difference = float((parameter.grad - expected[name].grad).abs().max())
        assert difference <= 1e-5 * max(1.0, scale), name


@pytest.mark.parametrize("kind", KINDS)
def test_company_in_the_batch_does_not_matter(tiny_encoder, kind):
    model = load_encoder(tiny_encoder(kind)).eval()
    rows = sequences(LENGTHS)
    with torch.no_grad():
        together = encode(model, batch_of(rows)).split([len(row) for row in rows])
        for row, found in zip(rows, together, strict=True):
            torch.testing.assert_close(found, encode(model, batch_of([row])), **TOLERANCE)
        half = encode(model, batch_of(rows[::2])).split([len(row) for row in rows[::2]])
        for found, expected in zip(half, together[::2], strict=True):
            torch.testing.assert_close(found, expected, **TOLERANCE)


@pytest.mark.parametrize("kind", ["bert", "deberta-v2"])
def test_runs_without_sequences_change_nothing(tiny_encoder, kind):
    model = load_encoder(tiny_encoder(kind)).eval()
    batch = batch_of(sequences([1, 3, 3]))
    assert batch.length_groups == ((1, 1), (3, 2))
    holes = PackedBatch(
        ids=batch.ids,
        token_type_ids=batch.token_type_ids,
        position_ids=batch.position_ids,
        length_groups=((1, 1), (2, 0), (3, 2)),
    )
    assert holes.size == batch.size == 3
    with torch.no_grad():
        assert torch.equal(encode(model, holes), encode(model, batch))


@pytest.mark.parametrize("kind", KINDS)
def test_single_tokens(tiny_encoder, kind):
    """Attention to oneself alone is the value itself: sequences of one token are independent."""
    model = load_encoder(tiny_encoder(kind)).eval()
    with torch.no_grad():
        found = encode(model, batch_of([[7], [8], [7]]))
    torch.testing.assert_close(found[0], found[2], **TOLERANCE)
    assert (found[0] - found[1]).abs().max() > 0.01


def test_positions_of_roberta_start_behind_the_padding(tiny_encoder):
    """Shifting positions by the padding id and one must matter, or the test above is blind."""
    model = load_encoder(tiny_encoder("xlm-roberta")).eval()
    rows = sequences([5, 5])
    with torch.no_grad():
        right = encode(model, batch_of(rows))
        model.config.pad_token_id = -1
        wrong = encode(model, batch_of(rows))
    assert (right - wrong).abs().max() > 0.01


def test_dropout_reaches_packed_attention(tiny_encoder):
    model = load_encoder(tiny_encoder("bert")).train()
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    batch = batch_of(sequences([6, 6]))
    with torch.no_grad():
        still = encode(model, batch)
        assert torch.equal(still, encode(model, batch))
        for layer in model.encoder.layer:
            layer.attention.self.dropout.p = 0.5
        assert not torch.allclose(still, encode(model, batch))


def test_batch_moves_as_a_whole():
    batch = batch_of(sequences([2, 3]))
    moved = batch.to(torch.device("meta"))
    assert moved.length_groups == batch.length_groups
    assert {
        moved.ids.device.type,
        moved.token_type_ids.device.type,
        moved.position_ids.device.type,
    } == {"meta"}


def test_an_encoder_that_padding_changes_is_refused(tiny_encoder):
    model = load_encoder(tiny_encoder("deberta-v2"))
    check_padding(model)
    check_padding(load_encoder(tiny_encoder("bert")))  # packed: there is none
    forward = model.forward

    def careless(input_ids, attention_mask, **inputs):
        return forward(input_ids, attention_mask=torch.ones_like(attention_mask), **inputs)

    model.forward = careless
    with pytest.raises(SettingsError, match="other vectors beside a longer one") as caught:
        check_padding(model)
    assert caught.value.where == "encoder.name"


def test_pooling_takes_the_mean_or_one_token():
    batch = batch_of(sequences([2, 2, 3]))
    hidden = torch.arange(14.0).view(7, 2)
    assert pool(hidden, batch, "first").tolist() == [[0, 1], [4, 5], [8, 9]]
    assert pool(hidden, batch, "last").tolist() == [[2, 3], [6, 7], [12, 13]]
    assert pool(hidden, batch, "mean").tolist() == [[1, 2], [5, 6], [10, 11]]


def test_attention_in_bf16_is_computed_in_float32_on_a_processor(tiny_encoder, monkeypatch):
    """Its gradient takes ten times as long in bf16; and nothing is lost by it."""
    from crosscal.encoders import packing

    seen = []
    fused = packing.scaled_dot_product_attention

    def watched(query, *others, **options):
        mixed = fused(query, *others, **options)
        seen.append((query.dtype, mixed.dtype))
        return mixed

    monkeypatch.setattr(packing, "scaled_dot_product_attention", watched)
    model = load_encoder(tiny_encoder("bert")).eval()
    rows = sequences(LENGTHS)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        coarse = encode(model, batch_of(rows))
    assert set(seen) == {(torch.float32, torch.float32)}
    coarse.sum().backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in model.parameters())
    with torch.no_grad():
        torch.testing.assert_close(coarse.float(), encode(model, batch_of(rows)), atol=0.1, rtol=0)
