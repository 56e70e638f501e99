"""Tokenised examples fit the encoder that they are for."""

import json

import pytest

pytest.importorskip("torch")

from crosscal.encoders import locate_encoder
from crosscal.exceptions import ArtifactError
from crosscal.study.config.load import read_study
from crosscal.study.execution.stages import PrepareStage
from crosscal.study.planning import make_plan
from tests.tiny_encoders import make_encoder

STUDY = """
name = "prepared"
seeds = [1]
[encoder]
name = "{encoder}"
[target]
task = "xnli"
train = {{ format = "mini-nli", clusters = 10 }}
dev = {{ format = "mini-nli", clusters = 10 }}
test = {{ format = "mini-nli", clusters = 10 }}
languages = ["en"]
[recipes.direct]
[training]
max_length = 64
"""


def test_tokens_without_a_vector_are_refused(tmp_path):
    encoder = make_encoder("xlm-roberta", tmp_path / "encoder")
    file = tmp_path / "study.toml"
    file.write_text(STUDY.format(encoder=encoder))
    plan = make_plan(read_study(file), locate_encoder(str(encoder)))
    stage = next(stage for stage in plan.stages if isinstance(stage, PrepareStage))
    (tmp_path / "whole").mkdir()
    facts = stage.run(tmp_path / "whole", {}, lambda *_: None)
    assert facts["tokens"] > 0
    config = json.loads((encoder / "config.json").read_text())
    (encoder / "config.json").write_text(json.dumps({**config, "vocab_size": 20}))
    with pytest.raises(ArtifactError, match=r"token \d+, but the encoder has vectors for 20"):
        stage.run(tmp_path / "short", {}, lambda *_: None)
    # Of a kind that does not say how many it has nothing is known.
    (tmp_path / "unknown").mkdir()
    (encoder / "config.json").write_text(json.dumps({**config, "vocab_size": 0}))
    assert stage.run(tmp_path / "unknown", {}, lambda *_: None) == facts
