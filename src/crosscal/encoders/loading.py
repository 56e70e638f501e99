"""Find an encoder by name and load it: the packaged one, a local folder, a Hub id.

Nothing here executes code that came with a model, reads pickled weights, or
uses the network unless asked to.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crosscal.artifacts import sha256_file
from crosscal.encoders.architectures import PACKABLE, encoder_config, pooled_class
from crosscal.encoders.folder import check_files
from crosscal.encoders.packaged import packaged_encoder
from crosscal.encoders.post_processing import keep_offsets, separate_pairs
from crosscal.encoders.tokenizer_faults import check_patterns, tokenising
from crosscal.encoders.weights import check_sizes, check_weights
from crosscal.exceptions import ArtifactError, MissingExtra, SettingsError
from crosscal.pretrained import load_weights_of

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import PreTrainedConfig, PreTrainedModel

PACKAGED = "packaged"
_TOKENIZER_FILES = ("tokenizer.json", "sentencepiece.bpe.model", "spm.model", "vocab.txt")
# Forms from which transformers makes a fast tokenizer where tokenizer.json is missing.
_OTHER_TOKENIZER_FILES = ("spiece.model", "sentencepiece.model", "tokenizer.model", "vocab.json")


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
    folder = find_encoder(name, network=network)
    _check(folder)
    return folder


def find_encoder(name: str, *, network: bool = False) -> Path:
    """Folder of an encoder that is not the packaged one, whatever it holds."""
    folder = Path(name).expanduser()
    return folder if os.path.isdir(folder) else _from_hub(name, network)


def lacking_files(folder: Path) -> list[str]:
    """Return what a folder with an encoder's configuration lacks, by the files' usual names."""
    check_files(folder)
    encoder_config(folder)
    names = [] if any(folder.glob("*.safetensors")) else ["model.safetensors"]
    return names if has_tokenizer(folder) else [*names, "tokenizer.json"]


def has_tokenizer(folder: Path) -> bool:
    """Whether there is a tokenizer in a folder."""
    return any((folder / name).exists() for name in _TOKENIZER_FILES + _OTHER_TOKENIZER_FILES)


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
    patterns += ["vocab.*", "merges.txt"]
    try:
        return Path(snapshot_download(name, allow_patterns=patterns, local_files_only=not network))
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
    check_files(folder)
    encoder_config(folder)
    if not any(folder.glob("*.safetensors")):
        raise ArtifactError(
            "the encoder has no weights in safetensors form",
            where=str(folder),
            remedy="Save it with save_pretrained(); pickled weights (.bin) are not read",
        )
    check_weights(folder)
    check_sizes(folder)
    if not has_tokenizer(folder):
        raise ArtifactError(
            "the encoder has no tokenizer",
            where=str(folder),
            remedy="Save its tokenizer into the same folder with save_pretrained()",
        )


def fingerprint(folder: Path) -> str:
    """Identity of an encoder: a hash over its configuration, weights and tokenizer files."""
    digest = hashlib.sha256()
    names = {"config.json", *_TOKENIZER_FILES}
    if not (folder / "tokenizer.json").exists():
        names |= {*_OTHER_TOKENIZER_FILES, "merges.txt"}
    for path in sorted(folder.iterdir()):
        if path.name in names or path.suffix == ".safetensors" or "token" in path.name:
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
            tokenizer = AutoTokenizer.from_pretrained(
                folder, trust_remote_code=False, local_files_only=True
            ).backend_tokenizer
    except Exception as error:  # the Rust library raises bare Exception
        raise ArtifactError(
            f"the tokenizer cannot be read, or has no fast form ({error})",
            where=str(folder),
            remedy="Save it again with save_pretrained(); to convert one of sentencepiece, run: "
            "pip install sentencepiece",
        ) from error
    check_patterns(tokenizer, folder)
    tokenizer.no_truncation()
    tokenizer.no_padding()
    _keep_texts_apart(tokenizer)
    keep_offsets(tokenizer)
    with tokenising(folder):
        separate_pairs(tokenizer, folder)
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
    from crosscal.encoders.packing import PACKED
    from crosscal.encoders.structure import encoder_class, parameters_of, text_model

    config = encoder_config(folder)
    within = pooled_class(folder)
    model_class = _class_within(within, folder) if within else encoder_class(config)
    options: dict[str, Any] = {"add_pooling_layer": False}
    if not options.keys() <= parameters_of(model_class.__init__):
        options = {}
    if within:
        options["config"] = config
    prefix = _prefix_saved(config, within)
    if prefix and prefix != model_class.base_model_prefix:
        options["key_mapping"] = {rf"^{prefix}\.": ""}
    model = text_model(
        load_weights_of(
            model_class,
            folder,
            what="encoder",
            attn_implementation=PACKED if config.model_type in PACKABLE else "eager",
            **options,
        )
    )
    model.config.use_cache = False  # of keys and values, for decoders that write
    if layers is not None:
        _keep_layers(model, layers)
    return model


def _prefix_saved(config: PreTrainedConfig, within: str | None) -> str:
    """Return what names of weights begin with where the encoder was saved below a head."""
    import transformers

    if within:
        return "pretrained"
    # Some classes with a head call the encoder otherwise than its own class does.
    saved = getattr(transformers, (config.architectures or [""])[0], None)
    return str(getattr(saved, "base_model_prefix", ""))


def _class_within(where: str, folder: Path) -> Any:
    """Import the class of the encoder within an exported model, from transformers alone."""
    module, _, name = where.rpartition(".")
    if not module.startswith("transformers.models."):
        raise ArtifactError(
            f"the encoder's class is in '{module}', which is no part of transformers",
            where=str(folder / "config.json"),
            remedy="Export the model again",
        )
    return getattr(import_module(module), name)


def _keep_layers(model: PreTrainedModel, layers: int) -> None:
    import torch

    from crosscal.encoders.structure import layer_list

    total = model.config.num_hidden_layers
    if not 1 <= layers <= total:
        raise SettingsError(
            f"{layers} layers were asked for, but the encoder has {total}",
            where="encoder.layers",
            remedy=f"Choose a number from 1 to {total}",
        )
    found = layer_list(model)
    if found is None:
        raise SettingsError(
            f"layers of an encoder of kind '{model.config.model_type}' cannot be left out",
            where="encoder.layers",
            remedy="Leave the setting out",
        )
    parent, name = found
    kept = [index * total // layers for index in range(layers)]
    setattr(parent, name, torch.nn.ModuleList([getattr(parent, name)[index] for index in kept]))
    for key, value in vars(model.config).items():
        if isinstance(value, list) and len(value) == total:  # which attention each layer has
            setattr(model.config, key, [value[index] for index in kept])
    model.config.num_hidden_layers = layers
