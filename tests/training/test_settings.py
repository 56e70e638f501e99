"""Settings of a training stage: bounds, unknown keys, no torch."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

import crosscal.training
from crosscal.training.settings import TrainingSettings


def test_defaults_are_valid_and_documented():
    settings = TrainingSettings()
    assert TrainingSettings(**settings.model_dump()) == settings
    for name, field in TrainingSettings.model_fields.items():
        assert field.description, name


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("epochs", [0.01, 1, 2.5], [0, -1, "many"]),
        ("learning_rate", [1e-9, 1], [0, -1e-4]),
        ("warmup", [0, 0.5, 0.999], [-0.1, 1, 2]),
        ("weight_decay", [0, 1], [-0.01]),
        ("clip", [1e-3, 100], [0, -1]),
        ("batch_tokens", [1, 4096], [0, -1, 1.5]),
        ("window_batches", [1, 50], [0, 2.5]),
        ("max_length", [8, 512], [7, 0, -8]),
        ("dropout", [0, 0.5], [-0.1, 1]),
        ("label_smoothing", [0, 0.1, 0.9], [-0.1, 1]),
        ("focal", [0, 0.5, 5], [-1]),
        ("confidence_penalty", [0, 0.1, 2], [-0.1]),
        ("evaluations", [1, 10], [0, 0.5]),
        ("select_by", ["accuracy", "nll", "last"], ["loss", "", None]),
        ("precision", ["fp32", "bf16", "fp16", "auto"], ["fp8", "float32", 32]),
    ],
)
def test_bounds(name, good, bad):
    for value in good:
        assert getattr(TrainingSettings(**{name: value}), name) == value
    never = [float("nan"), float("inf")] if isinstance(good[0], (int, float)) else []
    for value in [*bad, *never]:
        with pytest.raises(ValidationError, match=name):
            TrainingSettings(**{name: value})


def test_unknown_key_is_refused():
    with pytest.raises(ValidationError, match="learning_rat"):
        TrainingSettings(learning_rat=1e-4)


def test_settings_are_frozen():
    with pytest.raises(ValidationError, match="frozen"):
        TrainingSettings().epochs = 3


def test_names_of_the_room():
    pytest.importorskip("torch")
    for name in crosscal.training.__all__:
        assert getattr(crosscal.training, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = crosscal.training.nothing
