"""What is known of an encoder before its weights are loaded."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from crosscal.encoders.architectures import encoder_config, size, token_types  # noqa: E402
from crosscal.encoders.loading import load_encoder  # noqa: E402
from crosscal.encoders.structure import inspect_encoder  # noqa: E402
from crosscal.exceptions import SettingsError  # noqa: E402

DECODER = {
    "vocab_size": 90,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "intermediate_size": 48,
    "pad_token_id": 1,
    "bos_token_id": 0,
    "eos_token_id": 2,
}


@pytest.mark.parametrize(
    ("kind", "sizes", "positions"),
    [
        ("distilbert", (768, 3072, 6, 30522), 512),
        ("modernbert", (768, 1152, 22, 50368), None),
        ("bert", (768, 3072, 12, 30522), 512),
    ],
)
def test_what_a_configuration_leaves_unsaid_is_known(tmp_path, kind, sizes, positions):
    (tmp_path / "config.json").write_text(f'{{"model_type": "{kind}"}}')
    names = ("hidden_size", "intermediate_size", "num_hidden_layers", "vocab_size")
    assert tuple(size(tmp_path, name) for name in names) == sizes
    structure = inspect_encoder(tmp_path)
    assert (structure.kind, structure.layers, structure.vocabulary) == (kind, sizes[2], sizes[3])
    assert structure.positions == positions
    assert token_types(tmp_path) == (2 if kind == "bert" else 1)


def test_another_configuration_in_the_same_place_is_read_anew(tmp_path):
    import os

    file = tmp_path / "config.json"
    for seconds, kind in enumerate(("bert", "albert")):
        file.write_text(f'{{"model_type": "{kind}"}}')
        os.utime(file, (seconds, seconds))
        assert encoder_config(tmp_path).model_type == inspect_encoder(tmp_path).kind == kind


def test_sizes_that_do_not_agree(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "bert", "hidden_size": 30}')
    with pytest.raises(SettingsError, match="'bert', which crosscal cannot train") as caught:
        inspect_encoder(tmp_path)
    assert "multiple of the number of attention" in str(caught.value)


def test_of_a_model_that_reads_pictures_the_part_that_reads_text_is_taken(tmp_path):
    vision = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = transformers.Gemma3Config(
        text_config=DECODER,
        vision_config={**vision, "intermediate_size": 16, "image_size": 8, "patch_size": 4},
        mm_tokens_per_image=4,
        image_token_index=80,
    )
    model = transformers.AutoModel.from_config(config)
    model.save_pretrained(tmp_path)
    structure, loaded = inspect_encoder(tmp_path), load_encoder(tmp_path)
    assert (structure.kind, structure.causal, structure.vocabulary) == ("gemma3", True, 90)
    assert loaded.config.model_type == "gemma3_text"
    for name, parameter in loaded.named_parameters():
        assert torch.equal(parameter, model.get_decoder().get_parameter(name))


def test_tables_of_every_layer_cannot_be_trimmed(tmp_path):
    more = {"hidden_size_per_layer_input": 8, "vocab_size_per_layer_input": 90}
    config = transformers.Gemma4TextConfig(**DECODER, **more, num_kv_shared_layers=0)
    config.save_pretrained(tmp_path)
    assert not inspect_encoder(tmp_path).can_trim


@pytest.mark.parametrize("kind", ["MT5", "T5", "UMT5"])
def test_an_encoder_that_was_saved_without_its_decoder(tmp_path, kind):
    sizes = {"d_model": 32, "num_layers": 2, "num_heads": 4, "d_kv": 8, "d_ff": 48}
    config = getattr(transformers, f"{kind}Config")(vocab_size=90, **sizes)
    saved = getattr(transformers, f"{kind}EncoderModel")(config)
    saved.save_pretrained(tmp_path)
    assert inspect_encoder(tmp_path).layers == 2
    loaded = dict(load_encoder(tmp_path).named_parameters())
    assert loaded
    assert all(torch.equal(value, loaded[name]) for name, value in saved.named_parameters())


def test_an_encoder_below_a_head_that_calls_it_otherwise(tmp_path):
    saved = transformers.Qwen3ForQuestionAnswering(transformers.Qwen3Config(**DECODER))
    saved.save_pretrained(tmp_path)
    loaded = dict(load_encoder(tmp_path).named_parameters())
    expected = dict(saved.transformer.named_parameters())
    assert loaded.keys() == expected.keys()
    assert all(torch.equal(value, loaded[name]) for name, value in expected.items())
