"""Find an encoder by name and load it: the packaged one, a local folder, a Hub id.

Nothing here executes code that came with a model, reads pickled weights, or
uses the network unless asked to.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from crosscal.artifacts import sha256_file
from crosscal.encoders.architectures import KINDS, PACKABLE, encoder_config, pooled_class
from crosscal.encoders.packaged import packaged_encoder
from crosscal.exceptions import ArtifactError, MissingExtra, SettingsError
from crosscal.pretrained import load_weights_of

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import PreTrainedModel

PACKAGED = "packaged"
_TOKENIZER_FILES = ("tokenizer.json", "sentencepiece.bpe.model", "spm.model", "vocab.txt")


def locate_encoder(
    name: str,
    *,
    network: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Folder that holds an encoder: ``config.json``, safetensors weights and a tokenizer.

    Parameters
    ----------
    name : str
        ``packaged``, the path of a folder, or the id of a model on the Hub.
    network : bool
        Whether a Hub model may be downloaded, or only be in the Hub's local cache.
    progress : callable, optional
        Called with (done, total) while the packaged encoder is being built.

    Raises
    ------
    SettingsError
        If there is no such encoder, or it is of a kind that crosscal cannot train.
    ArtifactError
        If the folder lacks a file or one is damaged.
    MissingExtra
        If the packaged encoder or the Hub's client is not installed.
    """
    if name == PACKAGED:
        return packaged_encoder(progress)
    folder = Path(name).expanduser()
    if not folder.is_dir():
        folder = _from_hub(name, network)
    _check(folder)
    return folder


def _from_hub(name: str, network: bool) -> Path:
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, HFValidationError
    except ImportError:
        raise MissingExtra(
            f"there is no folder {name!r}, and the Hub's client is not installed",
            where="encoder.name",
            remedy="Give the path of an existing folder or run: pip install 'crosscal[train]'",
        ) from None
    patterns = ["config.json", "*.safetensors", "*.safetensors.index.json", "*token*", "*.model"]
    try:
        return Path(
            snapshot_download(
                name, allow_patterns=[*patterns, "vocab.txt"], local_files_only=not network
            )
        )
    except (HFValidationError, HfHubHTTPError, OSError) as error:
        hint = "Check the id" if network else "Set encoder.network = true to download it"
        raise SettingsError(
            f"no encoder {name!r}: neither a folder nor a model in the Hub's local cache"
            if not network
            else f"the Hub did not give the model {name!r} ({type(error).__name__})",
            where="encoder.name",
            remedy=f"{hint}, or use 'packaged' or the path of a folder",
        ) from error


def _check(folder: Path) -> None:
    kind = encoder_config(folder).get("model_type")
    if kind not in KINDS:
        raise SettingsError(
            f"the encoder is of kind {kind!r}, which crosscal cannot train",
            where=str(folder / "config.json"),
            remedy=f"Use one of the kinds {', '.join(KINDS)}",
        )
    if not any(folder.glob("*.safetensors")):
        raise ArtifactError(
            "the encoder has no weights in safetensors form",
            where=str(folder),
            remedy="Save it with save_pretrained(); pickled weights (.bin) are not read",
        )
    if not any((folder / name).exists() for name in _TOKENIZER_FILES):
        raise ArtifactError(
            "the encoder has no tokenizer",
            where=str(folder),
            remedy="Save its tokenizer into the same folder with save_pretrained()",
        )


def fingerprint(folder: Path) -> str:
    """Identity of an encoder: a hash over its configuration, weights and tokenizer files."""
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if (
            path.name in ("config.json", *_TOKENIZER_FILES)
            or path.suffix == ".safetensors"
            or "token" in path.name
        ):
            digest.update(f"{path.name}\0{sha256_file(path)}\n".encode())
    return digest.hexdigest()


def load_tokenizer(folder: Path) -> Tokenizer:
    """Load the encoder's fast tokenizer, without truncation or padding set.

    Raises
    ------
    ArtifactError
        If the tokenizer cannot be read or has no fast form.
    """
    from tokenizers import Tokenizer
    from transformers import AutoTokenizer

    try:
        if (folder / "tokenizer.json").exists():
            tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        else:
            tokenizer = AutoTokenizer.from_pretrained(folder).backend_tokenizer
    except Exception as error:  # the Rust library raises bare Exception
        raise ArtifactError(
            f"the tokenizer cannot be read ({error})",
            where=str(folder),
            remedy="Save it again with save_pretrained()",
        ) from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    _keep_texts_apart(tokenizer)
    return tokenizer


def _keep_texts_apart(tokenizer: Tokenizer) -> None:
    """Let no text become a special token, whatever it says: ``</s>`` is four letters."""
    from tokenizers import Regex
    from tokenizers.pre_tokenizers import Sequence, Split

    tokenizer.encode_special_tokens = True
    # Unigram models have them among their pieces as well, and would find them: cut behind the
    # first letter, they are none. What full-width letters are normalised to is cut, too.
    added = tokenizer.get_added_tokens_decoder().values()
    special = [token.content for token in added if token.special and len(token.content) > 1]
    if special:
        pattern = "|".join(f"{_literal(text[0])}(?={_literal(text[1:])})" for text in special)
        cut = Split(Regex(pattern), "merged_with_previous")
        before = tokenizer.pre_tokenizer
        tokenizer.pre_tokenizer = cut if before is None else Sequence([before, cut])


def _literal(text: str) -> str:
    """Write a text as a regular expression of the tokenizers library."""
    return "".join(letter if letter.isalnum() else f"\\{letter}" for letter in text)


def load_encoder(folder: Path, *, layers: int | None = None) -> PreTrainedModel:
    """Load an encoder's weights in float32, ready for packed batches where it can run them.

    Parameters
    ----------
    folder : Path
        As `locate_encoder` returns it.
    layers : int, optional
        Keep this many layers, evenly spaced from the first to the last but
        ``total / layers - 1``; None keeps all.
    """
    from transformers import AutoConfig, AutoModel

    from crosscal.encoders.packing import PACKED

    kind = str(encoder_config(folder)["model_type"])
    options: dict[str, Any] = {}
    if kind.endswith("bert") or "roberta" in kind:
        options["add_pooling_layer"] = False
    model_class: Any = AutoModel
    if within := pooled_class(folder):
        own: dict[str, Any] = encoder_config(folder)
        options["config"] = AutoConfig.for_model(own.pop("model_type"), **own)
        options["key_mapping"] = {r"^pretrained\.": ""}
        module, _, name = within.rpartition(".")
        model_class = getattr(_transformers_module(module, folder), name)
    model: PreTrainedModel = load_weights_of(
        model_class,
        folder,
        what="encoder",
        attn_implementation=PACKED if kind in PACKABLE else "eager",
        **options,
    )
    if layers is not None:
        _keep_layers(model, layers)
    return model


def _transformers_module(name: str, folder: Path) -> ModuleType:
    """Import a module of a model of transformers, and no other."""
    if not name.startswith("transformers.models."):
        raise ArtifactError(
            f"the encoder's class is in '{name}', which is no part of transformers",
            where=str(folder / "config.json"),
            remedy="Export the model again",
        )
    return import_module(name)


def _keep_layers(model: PreTrainedModel, layers: int) -> None:
    import torch

    total = model.config.num_hidden_layers
    if not 1 <= layers <= total:
        raise SettingsError(
            f"{layers} layers were asked for, but the encoder has {total}",
            where="encoder.layers",
            remedy=f"Choose a number from 1 to {total}",
        )
    encoder: Any = model.encoder
    layer_list = [encoder.layer[index * total // layers] for index in range(layers)]
    encoder.layer = torch.nn.ModuleList(layer_list)
    model.config.num_hidden_layers = layers
