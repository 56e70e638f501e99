"""Tokenised examples fit the encoder that they are for."""

import json
import shutil

import pytest

pytest.importorskip("torch")

from crosscal.encoders import locate_encoder
from crosscal.exceptions import ArtifactError
from crosscal.study.config.load import read_study
from crosscal.study.execution.stages import PrepareStage
from crosscal.study.planning import make_plan


def test_tokens_without_a_vector_are_refused(study_file, tmp_path):
    shared = read_study(study_file).encoder.name
    encoder = locate_encoder(str(shutil.copytree(shared, tmp_path / "encoder")))
    study = read_study(study_file, [f"encoder.name={encoder}"])
    stages = make_plan(study, encoder).stages
    stage = next(stage for stage in stages if isinstance(stage, PrepareStage))
    config = json.loads((encoder / "config.json").read_text())

    def tokens(name: str, **changed: int) -> int:
        (encoder / "config.json").write_text(json.dumps({**config, **changed}))
        (tmp_path / name).mkdir()
        return stage.run(tmp_path / name, {}, lambda *_: None)["tokens"]

    whole = tokens("whole")
    assert whole > 0
    with pytest.raises(ArtifactError, match=r"token \d+, but the encoder has vectors for 20"):
        tokens("short", vocab_size=20)
    # Of a kind that does not say how many it has nothing is known.
    assert tokens("unknown", vocab_size=0) == whole
