"""Loading pretrained weights from a folder: whole or not at all, and without a word."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from crosscal.exceptions import ArtifactError


def load_weights_of(model_class: Any, folder: Path, *, what: str, **options: Any) -> Any:
    """Load a model of transformers from safetensors, in float32."""
    import torch

    try:
        with _quiet():
            model, found = model_class.from_pretrained(
                folder,
                dtype=torch.float32,
                use_safetensors=True,
                trust_remote_code=False,
                output_loading_info=True,
                **options,
            )
        if found["missing_keys"]:  # transformers would go on with random numbers in their place
            names = sorted(found["missing_keys"])
            raise ValueError(f"{len(names)} parameters are missing, the first is {names[0]}")
        for name, weights in model.named_parameters():
            if weights.numel() and not all(map(torch.isfinite, torch.aminmax(weights.detach()))):
                raise ValueError(f"{name} holds a number that is not finite")
    except Exception as error:  # safetensors and transformers raise many kinds
        raise ArtifactError(
            f"the {what}'s weights cannot be loaded ({error})",
            where=str(folder),
            remedy=f"The files may be truncated: fetch or save the {what} again",
        ) from error
    return model


@contextmanager
def _quiet() -> Iterator[None]:
    """Show neither transformers' progress bars nor its remarks, and put both back afterwards."""
    import huggingface_hub.utils
    import transformers.utils.logging

    hub: Any = huggingface_hub.utils
    logging: Any = transformers.utils.logging  # Any: both are typed in part only
    shown, hub_silent = logging.is_progress_bar_enabled(), hub.are_progress_bars_disabled()
    level = logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if shown:
            logging.enable_progress_bar()
            if hub_silent:
                hub.disable_progress_bars()
