"""Whether the encoder can carry out what a study asks of it: said before anything is computed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from crosscal.encoders.architectures import PACKABLE, encoder_config, longest_input, size
from crosscal.exceptions import ArtifactError, SettingsError
from crosscal.study.config.load import training_settings
from crosscal.study.config.settings import EncoderSettings, Study
from crosscal.tasks import task
from crosscal.tasks.families.special_tokens import as_in_text, require_mask

if TYPE_CHECKING:
    from tokenizers import Tokenizer


def check_fits(study: Study, encoder: Path, tokenizer: Callable[[], Tokenizer | None]) -> None:
    """Refuse settings that the encoder cannot carry out; its tokenizer is loaded if need be."""
    total = size(encoder, "num_hidden_layers")
    if study.encoder.layers is not None and study.encoder.layers > total:
        raise SettingsError(
            f"{study.encoder.layers} layers were asked for, but the encoder has {total}",
            where="encoder.layers",
            remedy=f"Choose a number from 1 to {total}",
        )
    _check_training(study, encoder, study.encoder.layers or total)
    is_packable = encoder_config(encoder).model_type in PACKABLE
    if not is_packable:
        _check_structure(study, encoder)
    families = {task(config.task).family for config in study.targets.values()}
    families |= {task(config.task).family for config in study.intermediate.values()}
    uses_mlm = any(recipe.mlm for recipe in study.recipes.values())
    reads_tokens = uses_mlm or "tagging" in families or not is_packable
    loaded = tokenizer() if reads_tokens else None
    if loaded is not None:  # of a plan made ahead it may lack
        rows, last = size(encoder, "vocab_size"), max(loaded.get_vocab().values())
        if last >= rows:
            raise ArtifactError(
                f"the tokenizer has tokens up to {last}, but the encoder has vectors for {rows}",
                where=str(encoder),
                remedy="Save the tokenizer that belongs to the encoder",
            )
        if "tagging" in families:
            as_in_text(loaded)
        if uses_mlm:
            require_mask(loaded)


def _check_training(study: Study, encoder: Path, layers: int) -> None:
    """Hold the settings of each training against the encoder's positions and layers."""
    longest = longest_input(encoder)
    for name, data in (*study.targets.items(), *study.intermediate.items()):
        training = training_settings(study, data, where=f"{name}.training")
        if longest is not None and training.max_length > longest:
            raise SettingsError(
                f"inputs of up to {training.max_length} tokens were asked for, but the encoder has "
                f"positions for {longest}",
                where="training.max_length",
                remedy=f"Choose at most {longest}",
            )
        if training.frozen_layers >= layers:
            raise SettingsError(
                f"{training.frozen_layers} layers of {layers} cannot be frozen: none is left",
                where=f"{name}.training.frozen_layers",
                remedy=f"Choose at most {layers - 1}",
            )


def is_causal(encoder: Path) -> bool:
    """Whether a token of the encoder sees only those before it."""
    if encoder_config(encoder).model_type in PACKABLE:
        return False
    from crosscal.encoders.structure import inspect_encoder

    return inspect_encoder(encoder).causal


def _check_structure(study: Study, encoder: Path) -> None:
    """Refuse what the code of the encoder's kind does not allow."""
    from crosscal.encoders.structure import inspect_encoder

    settings, structure = study.encoder, inspect_encoder(encoder)
    if structure.causal and (settings.pooling == "first" or not _says_pooling(settings)):
        raise SettingsError(
            f"the encoder is a decoder ('{structure.kind}') whose tokens see only those before "
            "them: say how texts become vectors",
            where="encoder.pooling",
            remedy="Set it to 'last', the token that has seen all of a text, or to 'mean'",
        )
    if settings.layers is not None and not structure.can_cut_layers:
        raise SettingsError(
            f"layers of an encoder of kind '{structure.kind}' cannot be left out",
            where="encoder.layers",
            remedy="Leave the setting out",
        )
    tasks = (*study.targets.items(), *study.intermediate.items())
    for name, data in tasks:
        training = training_settings(study, data, where=f"{name}.training")
        if training.frozen_layers and not structure.can_cut_layers:
            raise SettingsError(
                f"layers of an encoder of kind '{structure.kind}' cannot be told apart",
                where=f"{name}.training.frozen_layers",
                remedy="Leave the setting out",
            )
        if training.gradient_checkpointing and not structure.can_checkpoint:
            raise SettingsError(
                f"layers of an encoder of kind '{structure.kind}' cannot be computed again on the "
                "way back",
                where=f"{name}.training.gradient_checkpointing",
                remedy="Leave the setting out, and set micro_batch_tokens to need less memory",
            )
    if settings.trim and not structure.can_trim:
        raise SettingsError(
            f"an encoder of kind '{structure.kind}' looks tokens up in several tables, which "
            "cannot be cut",
            where="encoder.trim",
            remedy="Set encoder.trim = false",
        )


def _says_pooling(settings: EncoderSettings) -> bool:
    return "pooling" in settings.model_fields_set
