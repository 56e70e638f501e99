"""Multiple choice: an input for each option, kept together; questions have their own choices."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("tokenizers")

from crosscal.data.examples import ChoiceExample
from crosscal.encoders.loading import load_tokenizer
from crosscal.tasks import InputLimits
from crosscal.tasks.families.multiple_choice import MULTIPLE_CHOICE, option_pair

LIMITS = InputLimits(max_length=100, token_types=2)


def example(number, context, question, options, answer):
    return ChoiceExample(
        f"test-{number:05d}", f"c{number}", "ar", context, question, options, answer
    )


@pytest.fixture
def examples(sentences):
    return [
        example(0, sentences[0], "Where is the cat?", ("roof", "house", "يوم"), 2),
        example(1, "", "أين القطة؟", ("على السطح", "في المنزل"), 0),
        example(2, sentences[13], "", ("猫", "屋顶", "在温暖的屋顶上", "睡", "x"), None),
        example(3, " ".join(sentences * 2), "too long", ("a", "b"), 1),
    ]


@pytest.mark.parametrize(
    ("context", "question", "expected"),
    [
        ("Context.", "Why?", ("Context.", "Why? Because.")),
        ("", "Why?", ("Why?", "Because.")),
        ("  ", "Why?", ("Why?", "Because.")),
        ("Context.", "", ("Context.", "Because.")),
        ("Context.", "\t", ("Context.", "Because.")),
    ],
)
def test_pair_of_an_option(context, question, expected):
    assert option_pair(example(0, context, question, ("Because.", "x"), 0), "Because.") == expected


@pytest.mark.parametrize("kind", ["bert", "xlm-roberta", "deberta-v2"])
def test_each_option_is_a_pair_as_the_tokenizer_gives_it(tiny_encoder, examples, kind):
    tokenizer = load_tokenizer(tiny_encoder(kind))
    tokens = MULTIPLE_CHOICE.tokenise(tokenizer, examples, (), LIMITS)
    assert tokens.softmax_over == "group"
    assert tokens.groups.tolist() == [0, 3, 5, 10, 12]
    assert tokens.gold.tolist() == [[2], [0], [-1], [1]]
    assert tokens.truncated == 2
    assert len(tokens) == 4
    assert tokens.n_rows == 12
    place = 0
    for entry in examples[:3]:
        for option in entry.options:
            alone = tokenizer.encode(*option_pair(entry, option))
            part = slice(*tokens.offsets[place : place + 2])
            assert tokens.ids[part].tolist() == alone.ids
            assert tokens.token_type_ids[part].tolist() == alone.type_ids
            place += 1
    assert np.diff(tokens.offsets)[10:].tolist() == [100, 100]
    one_type = MULTIPLE_CHOICE.tokenise(
        tokenizer, examples, (), InputLimits(max_length=100, token_types=1)
    )
    assert not one_type.token_type_ids.any()


def test_predictions_are_the_options_scores(tiny_encoder, examples, tmp_path):
    tokenizer = load_tokenizer(tiny_encoder("bert"))
    tokens = MULTIPLE_CHOICE.tokenise(tokenizer, examples, (), LIMITS)
    tokens.save(tmp_path)
    tokens = type(tokens).load(tmp_path)
    scores = np.arange(12, dtype=np.float32)[:, None]
    found = MULTIPLE_CHOICE.predictions(tokens, scores, ())
    assert [row.tolist() for row in found.scores] == [
        [0, 1, 2],
        [3, 4],
        [5, 6, 7, 8, 9],
        [10, 11],
    ]
    assert found.gold.tolist() == [2, 0, -1, 1]
    assert found.extra["choices"] == [list(entry.options) for entry in examples]
    assert found.units.column_names == ["unit_id", "cluster_id", "language"]
    assert found.units["cluster_id"].to_pylist() == ["c0", "c1", "c2", "c3"]
    assert MULTIPLE_CHOICE.outputs(()) == 1
    assert not MULTIPLE_CHOICE.shared_labels
