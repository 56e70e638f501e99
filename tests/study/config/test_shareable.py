"""What of a study's settings may be sent to anyone."""

from __future__ import annotations

import json

import pytest

from crosscal.study.config.load import parse_study
from crosscal.study.config.shareable import HIDDEN, shareable, shown_name


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/home/ann/models/xlm-r", "xlm-r"),
        ("/home/ann b/my data/test.tsv", "test.tsv"),
        ("/data/xnli/{language}/{split}.tsv", "{language}/{split}.tsv"),
        (r"C:\Users\ann\model", "model"),
        ("~/models/xlm-r", "xlm-r"),
        ("FacebookAI/xlm-roberta-base", "FacebookAI/xlm-roberta-base"),
        ("data/{language}.tsv", "data/{language}.tsv"),
        ("and/or, 1/2: does it hold?", "and/or, 1/2: does it hold?"),
        ("source /home/ann/env/bin/activate", "source activate"),
        ("export API_KEY=abc123 X=1", f"export API_KEY={HIDDEN} X=1"),
        ("https://ann:secret@host.org/x", "https://host.org/x"),
        ("Authorization: Bearer abc.def", f"Authorization: Bearer {HIDDEN}"),
    ],
)
def test_texts(text, shown):
    assert shown_name(text) == shown


def test_settings_are_shown_without_places_and_secrets():
    source = {"format": "tsv-pairs", "path": "/home/ann/data/{split}.tsv"}
    translate = {"translator": "seq2seq", "to": "de", "settings": {"api_key": "hunter2", "beams": 2,
                 "tokenizer": "fast", "model": "/home/ann/nllb"}}  # fmt: skip
    target = {"task": "mini-nli", "train": source, "dev": source, "test": source}
    study = parse_study(
        {
            "name": "x",
            "target": {**target, "languages": ["en", "de"], "translate": translate},
            "cluster": {
                "sbatch": {"comment": "token=hunter2"},
                "setup": ["export PASSWORD=hunter2"],
            },
            "encoder": {"name": "/home/ann/xlm-r"},
        },
        where="x",
    )
    content = shareable(study)
    written = json.dumps(content)
    assert "hunter2" not in written
    assert "/home" not in written
    assert content["encoder"]["name"] == "xlm-r"
    settings = content["targets"]["target"]["translate"]["settings"]
    assert settings == {"api_key": HIDDEN, "beams": 2, "tokenizer": "fast", "model": "nllb"}
    assert content["training"]["batch_tokens"] == study.training.batch_tokens
