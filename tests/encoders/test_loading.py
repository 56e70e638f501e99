"""Encoders are found, checked and loaded, or refused with a reason."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

import crosscal.encoders  # noqa: E402
from crosscal.encoders import (  # noqa: E402
    encoder_config,
    fingerprint,
    load_encoder,
    load_tokenizer,
    locate_encoder,
)
from crosscal.exceptions import ArtifactError, MissingExtra, SettingsError  # noqa: E402


@pytest.fixture
def copy(tiny_encoder, tmp_path):
    """Return a function that copies a tiny encoder, to be damaged."""

    def make(kind: str = "bert", name: str = "copy") -> Path:
        return Path(shutil.copytree(tiny_encoder(kind), tmp_path / name))

    return make


@pytest.mark.parametrize("kind", ["bert", "xlm-roberta", "deberta-v2"])
def test_local_folder_is_found_and_loaded(tiny_encoder, kind):
    folder = tiny_encoder(kind)
    assert locate_encoder(str(folder)) == folder
    model = load_encoder(folder)
    assert model.config.model_type == kind
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    assert not any("pooler" in name for name, _ in model.named_parameters())
    encoding = load_tokenizer(folder).encode("The cat", "sleeps")
    assert len(encoding.ids) >= 5


def test_home_is_expanded(tiny_encoder, monkeypatch):
    folder = tiny_encoder("bert")
    monkeypatch.setenv("HOME", str(folder.parent))
    assert locate_encoder(f"~/{folder.name}") == folder


@pytest.mark.parametrize("kind", ["bert", "xlm-roberta", "deberta-v2"])
@pytest.mark.parametrize(
    ("layers", "kept"),
    [(None, [0, 1, 2, 3]), (4, [0, 1, 2, 3]), (3, [0, 1, 2]), (2, [0, 2]), (1, [0])],
)
def test_layers_are_evenly_spaced_and_in_order(tiny_encoder, kind, layers, kept):
    whole = load_encoder(tiny_encoder(kind))
    part = load_encoder(tiny_encoder(kind), layers=layers)
    assert part.config.num_hidden_layers == len(part.encoder.layer) == len(kept)
    for layer, original in zip(part.encoder.layer, kept, strict=True):
        expected = whole.encoder.layer[original].state_dict()
        for name, tensor in layer.state_dict().items():
            assert torch.equal(tensor, expected[name])


@pytest.mark.parametrize("layers", [0, -1, 5, 100])
def test_impossible_number_of_layers(tiny_encoder, layers):
    with pytest.raises(SettingsError, match="the encoder has 4") as caught:
        load_encoder(tiny_encoder("bert"), layers=layers)
    assert caught.value.where == "encoder.layers"
    assert "from 1 to 4" in str(caught.value)


def test_missing_weights(copy):
    folder = copy()
    (folder / "model.safetensors").unlink()
    with pytest.raises(ArtifactError, match="no weights in safetensors form"):
        locate_encoder(str(folder))


def test_pickled_weights_are_never_read(copy):
    folder = copy()
    (folder / "model.safetensors").unlink()
    evil = folder / "ran"
    code = f"cos\nsystem\n(S'touch {evil}'\ntR."
    for name in ("pytorch_model.bin", "model.pt", "tf_model.h5"):
        (folder / name).write_text(code)
    with pytest.raises(ArtifactError, match=r"pickled weights \(.bin\) are not read"):
        locate_encoder(str(folder))
    with pytest.raises(ArtifactError):
        load_encoder(folder)
    assert not evil.exists()


def test_code_of_a_model_is_never_run(copy):
    folder = copy()
    config = json.loads((folder / "config.json").read_text())
    config["auto_map"] = {"AutoModel": "modeling.Evil", "AutoConfig": "modeling.EvilConfig"}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "modeling.py").write_text("raise SystemExit('ran')")
    assert load_encoder(folder).config.model_type == "bert"
    config["model_type"] = "evil"
    (folder / "config.json").write_text(json.dumps(config))
    for use in (lambda: locate_encoder(str(folder)), lambda: load_encoder(folder)):
        with pytest.raises(SettingsError, match="'evil'"):
            use()


@pytest.mark.parametrize("length", [0, 7, 500, 20_000, -1])
def test_truncated_weights(copy, length):
    folder = copy()
    path = folder / "model.safetensors"
    os.truncate(path, length % path.stat().st_size)
    with pytest.raises(ArtifactError, match="cannot be loaded"):
        load_encoder(folder)


def test_weights_that_do_not_fit(copy):
    from safetensors.torch import load_file, save_file

    folder = copy()
    path = folder / "model.safetensors"
    tensors = load_file(path)
    wrong = {**tensors, "embeddings.LayerNorm.weight": torch.ones(31)}
    save_file(wrong, path, metadata={"format": "pt"})
    with pytest.raises(ArtifactError, match="cannot be loaded"):
        load_encoder(folder)

    # transformers would fill these in with random numbers and only warn.
    lacking = {name: tensor for name, tensor in tensors.items() if "layer.3.output" not in name}
    save_file(lacking, path, metadata={"format": "pt"})
    with pytest.raises(ArtifactError, match="4 parameters are missing"):
        load_encoder(folder)
    strange = {f"other.{name}": tensor for name, tensor in tensors.items()}
    save_file(strange, path, metadata={"format": "pt"})
    with pytest.raises(ArtifactError, match="parameters are missing"):
        load_encoder(folder)


def test_checkpoint_with_a_head_loads_its_encoder(copy):
    from safetensors.torch import load_file, save_file

    folder = copy()
    path = folder / "model.safetensors"
    tensors = load_file(path)
    expected = load_encoder(folder).state_dict()
    headed = {f"bert.{name}": tensor for name, tensor in tensors.items()}
    headed["classifier.weight"] = torch.zeros(3, 32)
    save_file(headed, path, metadata={"format": "pt"})
    found = load_encoder(folder).state_dict()
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in found)


@pytest.mark.parametrize("kind", ["new", "gte-multilingual", "", None, 3])
def test_unsupported_kind(copy, kind):
    folder = copy()
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "model_type": kind}))
    with pytest.raises(SettingsError, match="which crosscal cannot train") as caught:
        locate_encoder(str(folder))
    assert repr(kind) in str(caught.value)
    assert "transformers" in str(caught.value)
    assert "has no code for it" in str(caught.value)


@pytest.mark.parametrize("content", [None, "", "{", "[1]", "3", "\ufffe"])
def test_unreadable_configuration(copy, content):
    folder = copy()
    if content is None:
        (folder / "config.json").unlink()
    else:
        (folder / "config.json").write_text(content)
    with pytest.raises(ArtifactError, match="configuration cannot be read"):
        locate_encoder(str(folder))
    with pytest.raises(ArtifactError):
        encoder_config(folder)


def test_missing_and_damaged_tokenizer(copy):
    folder = copy()
    os.truncate(folder / "tokenizer.json", 1000)
    with pytest.raises(ArtifactError, match="the tokenizer cannot be read"):
        load_tokenizer(folder)
    (folder / "tokenizer.json").unlink()
    with pytest.raises(ArtifactError, match="no tokenizer"):
        locate_encoder(str(folder))
    with pytest.raises(ArtifactError, match="the tokenizer cannot be read"):
        load_tokenizer(folder)


def test_tokenizer_comes_without_truncation_and_padding(copy):
    from tokenizers import Tokenizer

    folder = copy()
    path = str(folder / "tokenizer.json")
    tokenizer = Tokenizer.from_file(path)
    tokenizer.enable_truncation(4)
    tokenizer.enable_padding(length=50)
    tokenizer.save(path)
    assert len(Tokenizer.from_file(path).encode("The cat sleeps on the roof").ids) == 50
    loaded = load_tokenizer(folder)
    assert loaded.truncation is None
    assert loaded.padding is None


@pytest.mark.parametrize(
    "name", ["nobody/has-such-a-model-3141", "no-such-model-3141", "../nowhere", "a b", "", "x//y"]
)
@pytest.mark.parametrize("network", [False, True])
def test_unknown_encoder_without_a_network(monkeypatch, tmp_path, name, network):
    monkeypatch.chdir(tmp_path)  # HF_HUB_OFFLINE is set for all tests
    with pytest.raises((SettingsError, ArtifactError)) as caught:
        locate_encoder(name, network=network)
    if name:
        assert caught.value.where == "encoder.name"
        assert repr(name) in str(caught.value)


def test_missing_client_of_the_hub(monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(MissingExtra, match=r"crosscal\[train\]"):
        locate_encoder("someone/some-model")


def test_fingerprint_is_of_the_content(copy):
    first, second = copy(name="a"), copy(name="b")
    identity = fingerprint(first)
    assert len(identity) == 64
    assert fingerprint(second) == identity
    (second / "README.md").write_text("does not matter")
    assert fingerprint(second) == identity
    for name in ("model.safetensors", "config.json", "tokenizer.json", "tokenizer_config.json"):
        before = fingerprint(second)
        path = second / name
        content = bytearray(path.read_bytes())
        content[-2] ^= 1
        path.write_bytes(content)
        assert fingerprint(second) != before
    for name in ("vocab.txt", "spm.model", "sentencepiece.bpe.model", "added_tokens.json"):
        before = fingerprint(first)
        (first / name).write_text("a")
        changed = fingerprint(first)
        (first / name).write_text("b")
        assert len({before, changed, fingerprint(first)}) == 3


def test_names_of_the_room():
    for name in crosscal.encoders.__all__:
        assert getattr(crosscal.encoders, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = crosscal.encoders.nothing


def test_looking_at_encoders_needs_no_torch():
    code = """
import sys
import crosscal.encoders.loading, crosscal.encoders.vocabulary, crosscal.training.settings
heavy = {"torch", "transformers", "tokenizers", "safetensors", "accelerate", "huggingface_hub"}
sys.exit(", ".join(sorted(heavy & set(sys.modules))) or 0)
"""
    source = Path(crosscal.encoders.__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(source)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()


def test_loading_is_silent_and_leaves_transformers_as_it_was(tiny_encoder, capfd):
    from transformers.utils import logging

    logging.enable_progress_bar()
    level = logging.get_verbosity()
    load_encoder(tiny_encoder("bert"))  # its weights hold a pooler that is not wanted
    captured = capfd.readouterr()
    assert captured.out + captured.err == ""
    assert logging.is_progress_bar_enabled()
    assert logging.get_verbosity() == level


@pytest.mark.parametrize("kind", ["bert", "electra", "roberta", "xlm-roberta", "deberta-v2"])
def test_no_text_becomes_a_special_token(tiny_encoder, sentences, kind):
    from tokenizers import Tokenizer

    folder = tiny_encoder(kind)
    plain, tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json")), load_tokenizer(folder)
    special = [token.content for token in plain.get_added_tokens_decoder().values()]
    unknown = next(token for token in special if "unk" in token.lower())
    never = {plain.token_to_id(token) for token in special if token != unknown}
    assert len(never) == 4
    opening, closing = plain.encode("").ids
    for token in special:
        wide = "".join(chr(ord(letter) + 0xFEE0) for letter in token)
        for text in (token, f"the {token} cat", f"cat{token}cat", token * 2, wide):
            opened, *inner, closed = tokenizer.encode(text).ids
            assert (opened, closed) == (opening, closing)
            assert inner
            assert not never & set(inner)
    # All other texts are what they were, signs of special tokens included.
    for text in (*sentences, "a < b > c [d] <s <> s> [[", " ", ""):
        found, expected = tokenizer.encode(text), plain.encode(text)
        assert (found.ids, found.offsets) == (expected.ids, expected.offsets)
