"""A study of seconds: a tiny random encoder, a slice of the built-in sets, three languages."""

import pytest

STUDY = """\
name = "tiny"
seeds = [1, 2]

[encoder]
name = "{encoder}"

[target]
task = "mini-nli"
train = {{ format = "mini-nli", clusters = 40 }}
dev = {{ format = "mini-nli", clusters = 10 }}
test = {{ format = "mini-nli", clusters = 20 }}
languages = ["en", "tr", "zh"]

[intermediate.paraphrase]
task = "paraphrase"
train = {{ format = "mini-paraphrase", clusters = 40 }}
dev = {{ format = "mini-paraphrase", clusters = 20 }}

[recipes.direct]

[recipes.paraphrase]
intermediate = ["paraphrase"]

[training]
epochs = 3
batch_tokens = 256
max_length = 48
evaluations = 3

[analysis]
replicates = 200

[execution]
executor = "in-process"
checkpoint_seconds = 0.01
"""


@pytest.fixture
def study_file(tmp_path, tiny_encoder):
    """A study file that runs in a few seconds."""
    file = tmp_path / "tiny.toml"
    file.write_text(STUDY.format(encoder=tiny_encoder("xlm-roberta")), encoding="utf-8")
    return file
