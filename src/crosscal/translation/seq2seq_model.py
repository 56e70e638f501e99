"""Load a text-to-text model from a folder, safely."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from crosscal.artifacts import sha256_file
from crosscal.exceptions import ArtifactError, MissingExtra, SettingsError
from crosscal.pretrained import load_weights_of


def model_config(folder: Path) -> dict[str, Any]:
    """Read a model's configuration and check that it turns text into text."""
    if not folder.is_dir():
        raise SettingsError(
            f"there is no folder '{folder}'",
            where="translator.model",
            remedy="Give the path of a folder as written by save_pretrained()",
        )
    path = folder / "config.json"
    try:
        config = dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise ArtifactError(
            "the model's configuration cannot be read",
            where=str(path),
            remedy="Give a folder as written by save_pretrained()",
        ) from error
    if not config.get("is_encoder_decoder"):
        raise SettingsError(
            f"a model of kind '{config.get('model_type')}' does not turn text into text",
            where=str(path),
            remedy="Use a model with encoder and decoder: Marian, M2M-100, NLLB, mBART, T5",
        )
    if not any(folder.glob("*.safetensors")):
        raise ArtifactError(
            "the model has no weights in safetensors form",
            where=str(folder),
            remedy="Save it with save_pretrained(); pickled weights (.bin) are not read",
        )
    return config


def load_model(folder: Path) -> tuple[Any, Any]:
    """Load tokenizer and model."""
    try:
        from transformers import AutoModelForSeq2SeqLM, AutoTokenizer
    except ImportError as error:
        raise MissingExtra(
            "translating with a model needs torch and transformers",
            where="translator.name",
            remedy="Run: pip install 'crosscal[train]'",
        ) from error
    try:
        tokenizer = AutoTokenizer.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
    except Exception as error:  # transformers and tokenizers raise many kinds
        if isinstance(error, ImportError) or "sentencepiece" in str(error):
            raise MissingExtra(
                "the model's tokenizer needs a library that is not installed",
                where=str(folder),
                remedy="Run: pip install sentencepiece sacremoses",
            ) from error
        raise ArtifactError(
            f"the model's tokenizer cannot be read ({error})",
            where=str(folder),
            remedy="Save it again with save_pretrained()",
        ) from error
    model = load_weights_of(AutoModelForSeq2SeqLM, folder, what="model", local_files_only=True)
    if tokenizer.pad_token_id is None:
        raise ArtifactError(
            "the model's tokenizer has no padding token",
            where=str(folder),
            remedy="Set pad_token and save the tokenizer again",
        )
    model.eval()
    # Would speak against the length given with each batch.
    model.generation_config.max_length = None
    return tokenizer, model


def language_token(tokenizer: Any, code: str, setting: str) -> int:
    """Return the id of a language's token, under its own name or as M2M-100 writes it."""
    for token in (code, f"__{code}__"):
        index = tokenizer.convert_tokens_to_ids(token)
        if index is not None and index != tokenizer.unk_token_id:
            return int(index)
    raise SettingsError(
        f"the model knows no language '{code}'",
        where=f"translator.{setting}",
        remedy="Write it as the model's card does, for example 'deu_Latn' for NLLB",
    )


def fingerprint(folder: Path) -> str:
    """Hash all files that a model is loaded from."""
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.suffix in (".json", ".safetensors", ".model", ".spm", ".txt"):
            digest.update(f"{path.name}\0{sha256_file(path)}\n".encode())
    return digest.hexdigest()[:16]
