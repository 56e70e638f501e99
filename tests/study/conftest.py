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
checkpoint_seconds = 0.2
"""

SEVERAL = """
name = "several"
seeds = [1, 2]

[encoder]
name = "{encoder}"

[targets.nli]
task = "mini-nli"
train = {{ format = "mini-nli", clusters = 20 }}
dev = {{ format = "mini-nli", clusters = 10 }}
test = {{ format = "mini-nli", clusters = 10 }}
languages = ["en", "th"]

[targets.same]
task = "paraphrase"
train = {{ format = "mini-paraphrase", clusters = 20 }}
dev = {{ format = "mini-paraphrase", clusters = 10 }}
test = {{ format = "mini-paraphrase", clusters = 10, split = "dev" }}
languages = ["en"]

[intermediate.first]
task = "paraphrase"
train = {{ format = "mini-paraphrase", clusters = 40 }}
dev = {{ format = "mini-paraphrase", clusters = 20 }}

[intermediate.second]
task = "answerability"
train = {{ format = "mini-answerability", clusters = 40 }}
dev = {{ format = "mini-answerability", clusters = 20 }}

[mlm]
texts = {{ format = "text", path = "{texts}" }}
languages = ["en", "ar"]

[recipes.direct]

[recipes.chain]
intermediate = ["first", "second"]

[recipes.begun]
intermediate = ["first"]
sampling = "uniform"

[recipes.at-once]
intermediate = [["first", "second"]]
sampling = "uniform"

[recipes.with-text]
intermediate = [["first", "second"]]
mlm = 0.25

[training]
epochs = 1
batch_tokens = 256
max_length = 48
evaluations = 1

[analysis]
replicates = 100

[execution]
executor = "in-process"
"""


@pytest.fixture
def study_file(tmp_path, tiny_encoder):
    """A study file that runs in a few seconds."""
    file = tmp_path / "tiny.toml"
    file.write_text(STUDY.format(encoder=tiny_encoder("xlm-roberta")), encoding="utf-8")
    return file


@pytest.fixture
def several(tmp_path, tiny_encoder, sentences):
    """A study of two targets and every kind of recipe."""
    for language in ("en", "ar"):
        (tmp_path / f"{language}.txt").write_text("\n".join(sentences), encoding="utf-8")
    file = tmp_path / "several.toml"
    text = SEVERAL.format(encoder=tiny_encoder("xlm-roberta"), texts=tmp_path / "{language}.txt")
    file.write_text(text, encoding="utf-8")
    return file
