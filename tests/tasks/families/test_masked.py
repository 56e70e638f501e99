"""Running text: cut into full inputs, every token but the special ones may be masked."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("tokenizers")

from crosscal.data.examples import TextExample
from crosscal.encoders.loading import load_tokenizer
from crosscal.exceptions import SettingsError
from crosscal.tasks import InputLimits
from crosscal.tasks.families.masked import MASKED


def texts(*content):
    return [TextExample(f"u{i}", f"d{i}", "th", text) for i, text in enumerate(content)]


@pytest.mark.parametrize("kind", ["bert", "xlm-roberta", "deberta-v2"])
@pytest.mark.parametrize("max_length", [8, 21, 64])
def test_texts_are_cut_into_inputs_without_loss(tiny_encoder, sentences, kind, max_length):
    tokenizer = load_tokenizer(tiny_encoder(kind))
    content = [" ".join(sentences), sentences[12], sentences[13]]
    limits = InputLimits(max_length=max_length, token_types=2)
    tokens = MASKED.tokenise(tokenizer, texts(*content), (), limits)
    opening, closing = tokenizer.encode("").ids
    lengths = np.diff(tokens.offsets)
    assert lengths.max() <= max_length
    assert (tokens.ids[tokens.offsets[:-1]] == opening).all()
    assert (tokens.ids[tokens.offsets[1:] - 1] == closing).all()
    whole = [tokenizer.encode(text, add_special_tokens=False).ids for text in content]
    assert tokens.ids[tokens.scored_positions].tolist() == [token for ids in whole for token in ids]
    assert np.diff(tokens.row_offsets).tolist() == (lengths - 2).tolist()
    assert len(tokens) == sum(-(-len(ids) // (max_length - 2)) for ids in whole)
    pieces = [-(-len(ids) // (max_length - 2)) for ids in whole]
    assert MASKED.units_of(tokens).tolist() == np.repeat([0, 1, 2], pieces).tolist()
    mask = "<mask>" if kind == "xlm-roberta" else "[MASK]"
    assert tokens.arrays["mask"].tolist() == [tokenizer.token_to_id(mask)]
    assert tokens.softmax_over == "vocabulary"
    assert MASKED.outputs(()) == 0


def test_a_tokenizer_without_mask_is_refused(tmp_path, tiny_encoder):
    from tokenizers import Tokenizer, models

    tokenizer = Tokenizer(models.WordLevel({"a": 0, "[UNK]": 1}, unk_token="[UNK]"))
    with pytest.raises(SettingsError, match="no mask token") as caught:
        MASKED.tokenise(tokenizer, texts("a a"), (), InputLimits(max_length=8, token_types=1))
    assert caught.value.where == "encoder.name"


def test_running_text_is_no_target(tiny_encoder):
    tokens = MASKED.tokenise(
        load_tokenizer(tiny_encoder("bert")),
        texts("the cat"),
        (),
        InputLimits(max_length=8, token_types=1),
    )
    with pytest.raises(SettingsError, match="not predicted"):
        MASKED.predictions(tokens, np.zeros((1, 1), np.float32), ())
