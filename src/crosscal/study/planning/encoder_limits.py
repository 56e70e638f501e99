"""Whether the encoder can carry out what a study asks of it."""

from __future__ import annotations

from pathlib import Path

from crosscal.encoders.architectures import encoder_config, longest_input
from crosscal.exceptions import SettingsError
from crosscal.study.config.load import training_settings
from crosscal.study.config.settings import Study


def check_fits(study: Study, encoder: Path) -> None:
    """Refuse settings that the encoder cannot carry out."""
    config = encoder_config(encoder)
    total = int(str(config.get("num_hidden_layers", 0)))
    if study.encoder.layers is not None and study.encoder.layers > total:
        raise SettingsError(
            f"{study.encoder.layers} layers were asked for, but the encoder has {total}",
            where="encoder.layers",
            remedy=f"Choose a number from 1 to {total}",
        )
    longest = longest_input(encoder)
    for name, data in (*study.targets.items(), *study.intermediate.items()):
        max_length = training_settings(study, data, where=f"{name}.training").max_length
        if longest is not None and max_length > longest:
            raise SettingsError(
                f"inputs of up to {max_length} tokens were asked for, but the encoder has "
                f"positions for {longest}",
                where="training.max_length",
                remedy=f"Choose at most {longest}",
            )
