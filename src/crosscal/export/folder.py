"""The folder of an exported model: what transformers loads, and what crosscal predicts with."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from crosscal.artifacts import disk_errors, move
from crosscal.encoders.architectures import token_types
from crosscal.encoders.loading import load_tokenizer
from crosscal.exceptions import ArtifactError, CrosscalError, SettingsError
from crosscal.tasks import FAMILIES, EncodedDataset
from crosscal.tasks.families.span_tokens import MAX_CHAR_SLOTS, split_punctuation
from crosscal.training.settings import HeadSettings, ModelSettings

if TYPE_CHECKING:
    from crosscal.export.classes import ExportedModel

FACTS = "crosscal.json"
HEADS = "heads.npz"

TemperatureUse = Literal["apply", "config", "none"]


class ExportFacts(BaseModel):
    """What an exported folder says of itself beyond what transformers reads."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["crosscal-export/1"] = "crosscal-export/1"
    study: str
    recipe: str
    seed: int
    task: str
    encoder: str
    family: str
    labels: tuple[str, ...]
    pooling: Literal["mean", "first", "last"]
    max_length: int
    temperature: float | None  # fitted on the development data; None: not asked for
    temperature_use: TemperatureUse
    versions: dict[str, str]


def export_model(
    settings: ModelSettings,
    trained: Path,
    sample: EncodedDataset,
    facts: ExportFacts,
    folder: Path,
    *,
    card: Callable[[ExportedModel], str],
) -> ExportedModel:
    """Write a training stage's best checkpoint as a folder that other programs load.

    Parameters
    ----------
    settings : ModelSettings
        Of the stage; its encoder gives the tokenizer and the vectors of tokens never trained on.
    trained : Path
        The stage's artifact.
    sample : EncodedDataset
        Prepared examples; some are scored before and after, and must agree.
    card : callable
        What README.md says, of the model in its class.

    Raises
    ------
    ArtifactError
        If the folder exists or cannot be written.
    StageFailed
        If the exported model does not give the trained model's scores; nothing is then written.
    """
    from crosscal.export.classes import read_again

    check_free(folder)
    exported = _exported(settings, trained, sample, facts)
    aside = folder.with_name(folder.name + ".partial")
    with disk_errors(folder):
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        exported.model.save_pretrained(aside)
        try:
            exported = read_again(exported, facts.family, aside)
        except CrosscalError:
            shutil.rmtree(aside)
            raise
        _save_tokenizer(settings.encoder, facts, aside)
        if not exported.own_class:
            source = Path(__file__).with_name("pooled_encoder.py")
            shutil.copyfile(source, aside / source.name)
        shutil.copyfile(trained / HEADS, aside / HEADS)
        (aside / FACTS).write_text(facts.model_dump_json(indent=1) + "\n", encoding="utf-8")
        (aside / "README.md").write_text(card(exported), encoding="utf-8")
        for path in aside.iterdir():
            path.chmod(0o644)  # safetensors gives what it writes to its owner alone
        move(aside, folder)
    return exported


def check_free(folder: Path) -> None:
    """Refuse to write over anything."""
    if folder.exists():
        raise ArtifactError(
            "the folder exists", where=str(folder), remedy="Choose another name or remove it"
        )


def read_facts(folder: Path) -> ExportFacts:
    """Return what an exported folder says of itself; SettingsError for what is none."""
    path = folder / FACTS
    try:
        return ExportFacts.model_validate_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(
            "this is no folder of an exported model",
            where=str(folder),
            remedy="Write one with: crosscal export STUDY FOLDER",
        ) from None
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        raise ArtifactError(
            f"what the exported model says of itself cannot be read ({error})",
            where=str(path),
            remedy="Export the model again",
        ) from error


def head_of(facts: ExportFacts, name: str = "target") -> HeadSettings:
    """Describe the folder's head as training and prediction do."""
    return HeadSettings(name=name, family=facts.family, labels=facts.labels)


def _exported(
    settings: ModelSettings, trained: Path, sample: EncodedDataset, facts: ExportFacts
) -> ExportedModel:
    from crosscal.export.classes import in_own_class
    from crosscal.export.probe import make_probe
    from crosscal.training.stage import build_model

    head = head_of(facts)
    model, _ = build_model(
        settings.model_copy(update={"trim": False}),
        trained / "encoder.safetensors",
        [],
        {head.name: FAMILIES[head.family].outputs(head.labels)},
        heads=trained / HEADS,
    )
    weight, bias = (
        model.head(head.name).get_parameter(kind).detach() for kind in ("weight", "bias")
    )
    probe = make_probe(model, head.name, sample, token_types=token_types(settings.encoder))
    if facts.family == "span":
        # Classes of transformers answer in whole tokens: from a first character to a last one.
        slots = [0, MAX_CHAR_SLOTS]
        weight, bias = weight[slots], bias[slots]
        probe = replace(probe, expected=probe.expected[:, slots])
    if facts.temperature_use == "apply":
        assert facts.temperature is not None
        weight, bias = weight / facts.temperature, bias / facts.temperature
        probe = replace(probe, expected=probe.expected / facts.temperature)
    names = facts.labels if FAMILIES[facts.family].shared_labels else ("LABEL_0", "LABEL_1")
    exported = in_own_class(
        model.encoder,
        weight,
        bias,
        family=facts.family,
        pooling=facts.pooling,
        labels=dict(enumerate(names[: len(weight)])),
        probe=probe,
    )
    if facts.temperature_use == "config":
        exported.model.config.calibration_temperature = facts.temperature
    return exported


def _save_tokenizer(encoder: Path, facts: ExportFacts, folder: Path) -> None:
    """Save the tokenizer as the family uses it, with the longest input of training."""
    from transformers import AutoTokenizer

    tokenizer = load_tokenizer(encoder)
    with split_punctuation(tokenizer) if facts.family == "span" else nullcontext():
        tokenizer.save(str(folder / "tokenizer.json"))
    settings: dict[str, Any] = {
        name: str(token)
        for name, token in AutoTokenizer.from_pretrained(encoder).special_tokens_map.items()
        if isinstance(token, str)
    }
    if "eos_token" in settings:  # many decoders name no token for padding, which batches need
        settings.setdefault("pad_token", settings["eos_token"])
    inputs = ["input_ids", "token_type_ids", "attention_mask"]
    if token_types(encoder) <= 1:
        inputs.remove("token_type_ids")
    settings |= {
        # Any other class would build the tokenizer of its kind, not read this one.
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": facts.max_length,
        "model_input_names": inputs,
        # In a text, what is written like a special token is a text.
        "split_special_tokens": True,
        "clean_up_tokenization_spaces": False,
    }
    path = folder / "tokenizer_config.json"
    path.write_text(json.dumps(settings, indent=1, ensure_ascii=False), encoding="utf-8")
