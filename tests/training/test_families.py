"""Each family from examples to predictions on tiny encoders, in many scripts."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from crosscal.data.examples import (  # noqa: E402
    Answer,
    ChoiceExample,
    SpanExample,
    TagExample,
)
from crosscal.encoders.architectures import token_types  # noqa: E402
from crosscal.encoders.loading import load_tokenizer  # noqa: E402
from crosscal.tasks import FAMILIES, EncodedDataset, InputLimits  # noqa: E402
from crosscal.training.mixing import Mixture  # noqa: E402
from crosscal.training.settings import HeadSettings, ModelSettings, TrainingSettings  # noqa: E402
from crosscal.training.stage import predict_stage, train_stage  # noqa: E402

WORDS = {
    "en": ("cat", "roof", "house", "warm", "sleeps"),
    "th": ("แมว", "หลังคา", "บ้าน", "อบอุ่น", "นอนหลับ"),
    "ar": ("القطة", "سطح", "المنزل", "الدافئ", "تنام"),
    "hi": ("बिल्ली", "छत", "घर", "गरम", "सो"),
    "zh": ("猫", "屋顶", "在", "温暖", "睡觉"),
}
NO_ANSWER = ""


def quiet(done: int, total: int, note: str = "") -> None:
    """Report nothing."""


def sentence(rng, language, least=3):
    return [str(word) for word in rng.choice(WORDS[language], rng.integers(least, 8))]


def tagged(rng, number, language):
    """The tag of a word is its place in the list."""
    words = sentence(rng, language)
    tags = tuple("ABCDE"[WORDS[language].index(word)] for word in words)
    return TagExample(f"u{number:05d}", f"u{number:05d}", language, tuple(words), tags)


def chosen(rng, number, language):
    """The right option is the one that has the first word of the list."""
    right = int(rng.integers(0, 3))
    options = []
    for option in range(3):
        words = [word for word in sentence(rng, language) if word != WORDS[language][0]]
        options.append(" ".join([*words, WORDS[language][0]] if option == right else [*words, "."]))
    return ChoiceExample(
        f"u{number:05d}", f"u{number:05d}", language, "", "?", tuple(options), right
    )


def spanned(rng, number, language):
    """The answer is the first word of the list; in every fourth context there is none."""
    words = [word for word in sentence(rng, language, 4) if word != WORDS[language][0]]
    answers = ()
    if number % 4:
        place = int(rng.integers(0, len(words) + 1))
        start = sum(len(word) + 1 for word in words[:place])
        words.insert(place, WORDS[language][0])
        answers = (Answer(WORDS[language][0], start),)
    context = " ".join([*words, "."])
    unit = f"u{number:05d}"
    return SpanExample(unit, unit, language, f"q{number}", context, "who?", answers)


def within(rng, number, language):
    """The answer lacks the last character of the first word: in two of five no token ends there."""
    example = spanned(rng, number, language)
    answers = tuple(
        Answer(answer.text[:-1] or answer.text, answer.start) for answer in example.answers
    )
    return replace(example, answers=answers)


@pytest.mark.parametrize(
    ("name", "kind", "make", "labels", "epochs"),
    [
        ("tagging", "xlm-roberta", tagged, list("ABCDE"), 16),
        ("multiple choice", "bert", chosen, [], 4),
        ("span", "deberta-v2", spanned, [NO_ANSWER], 8),
        ("span", "bert", within, [NO_ANSWER], 8),
    ],
)
def test_families_learn_and_predict(tiny_encoder, tmp_path, name, kind, make, labels, epochs):
    family = FAMILIES[name]
    rng = np.random.default_rng(3)
    languages = list(WORDS)
    sets = {
        split: [make(rng, i, languages[i % 5]) for i in range(count)]
        for split, count in (("train", 200), ("dev", 20), ("test", 40))
    }
    folder = tiny_encoder(kind)
    tokenizer = load_tokenizer(folder)
    limits = InputLimits(max_length=40, token_types=token_types(folder))
    inputs = {}
    for split, examples in sets.items():
        inputs[split] = tmp_path / split
        inputs[split].mkdir()
        family.tokenise(tokenizer, examples, labels, limits).save(inputs[split])
    for role in ("model", "scores"):
        inputs[role] = tmp_path / role
        inputs[role].mkdir()
    head = HeadSettings(name="it", family=name, labels=labels)
    model = ModelSettings(encoder=folder, layers=1, pooling="mean", trim=True)
    training = TrainingSettings(
        epochs=epochs, batch_tokens=300, evaluations=1, dropout=0.0, learning_rate=1e-2
    )
    roles = {"train:it": inputs["train"], "dev:it": inputs["dev"]}
    train_stage(
        model,
        [head],
        roles,
        inputs["model"],
        quiet,
        training=training,
        mixture=Mixture(),
        seed=1,
        threads=1,
        checkpoint_seconds=1e9,
    )
    lines = map(json.loads, (inputs["model"] / "log.jsonl").read_text().splitlines())
    seen = sum((Counter(line.get("languages", {})) for line in lines), Counter())
    # Each piece of an example once an epoch, under its language.
    assert seen.total() == epochs * len(EncodedDataset.load(inputs["train"]))
    assert set(seen) == set(WORDS)
    assert all(count >= epochs * 200 / 5 for count in seen.values())
    prediction = {"threads": 1, "dropout_samples": 0, "dropout": 0.1}
    predict_stage(model, head, inputs, inputs["scores"], quiet, **prediction)
    tokens = EncodedDataset.load(inputs["test"])
    scores = np.load(inputs["scores"] / "test.npy")
    found = family.predictions(tokens, scores, labels)
    guesses = np.array([int(np.argmax(row)) for row in found.scores])
    assert (guesses == found.gold).mean() > 0.9
    codes = np.array(found.units["language"].to_pylist())
    for code in WORDS:
        assert (guesses == found.gold)[codes == code].mean() > 0.7, code
    units = found.units["unit_id"].to_pylist()
    assert len(units) == len(set(units)) == len(found.gold) == len(found.scores)
    expected = [example.unit_id for example in sets["test"]]
    assert list(dict.fromkeys(unit[:6] for unit in units)) == expected
    assert all(len(column) == len(units) for column in found.extra.values())
