"""Kinds of encoders x families of tasks: trains, predicts, and padding changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from crosscal.data.examples import (  # noqa: E402
    Answer,
    ChoiceExample,
    PairExample,
    SentenceExample,
    SpanExample,
    TagExample,
    TextExample,
)
from crosscal.encoders.architectures import PACKABLE, token_types  # noqa: E402
from crosscal.encoders.loading import load_encoder, load_tokenizer, locate_encoder  # noqa: E402
from crosscal.encoders.packing import PACKED  # noqa: E402
from crosscal.encoders.structure import inspect_encoder, is_causal, layer_list  # noqa: E402
from crosscal.encoders.vocabulary import Vocabulary  # noqa: E402
from crosscal.tasks import FAMILIES, EncodedDataset, InputLimits  # noqa: E402
from crosscal.tasks.families.sentence_tokens import sentence_tokens  # noqa: E402
from crosscal.training.collate import collate  # noqa: E402
from crosscal.training.embedding import embed  # noqa: E402
from crosscal.training.mixing import Mixture  # noqa: E402
from crosscal.training.model import dropouts  # noqa: E402
from crosscal.training.settings import (  # noqa: E402
    HeadSettings,
    ModelSettings,
    TrainingSettings,
)
from crosscal.training.stage import (  # noqa: E402
    build_model,
    predict_stage,
    train_stage,
    trained_encoder,
)
from tests.conftest import SENTENCES  # noqa: E402
from tests.tiny_encoders import KINDS, make_encoder  # noqa: E402

CAUSAL = ("qwen3", "llama", "gemma3")
NO_ANSWER = ""


@pytest.fixture(autouse=True)
def no_waiting_for_disks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the flushing of a thousand small files."""
    monkeypatch.setattr("os.fsync", lambda descriptor: None)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory) -> Callable[[str], Path]:
    """Return a function that makes the folder of a kind."""
    return cache(lambda name: make_encoder(name, tmp_path_factory.mktemp("encoder")))


def _words(number: int) -> list[str]:
    return SENTENCES[number % len(SENTENCES)].split()


def pair(number: int) -> PairExample:
    texts = SENTENCES[number % 15], SENTENCES[(number + 4) % 15]
    return PairExample(f"u{number}", f"c{number}", "en", *texts, "ab"[number % 2])


def choice(number: int) -> ChoiceExample:
    options = tuple(SENTENCES[(number + step) % 15] for step in range(3))
    return ChoiceExample(
        f"u{number}", f"c{number}", "en", SENTENCES[0], "why?", options, number % 3
    )


def span(number: int) -> SpanExample:
    context = SENTENCES[number % 15]
    answer = Answer(context[4:10].strip(), 4 + (context[4] == " "))
    answers = (answer,) if number % 3 else ()
    return SpanExample(f"u{number}", f"c{number}", "en", f"q{number}", context, "who?", answers)


def tags(number: int) -> TagExample:
    words = tuple(_words(number))
    return TagExample(
        f"u{number}", f"u{number}", "en", words, tuple("ab"[len(word) % 2] for word in words)
    )


MAKE = {
    "classification": (pair, ["a", "b"]),
    "multiple choice": (choice, []),
    "span": (span, [NO_ANSWER]),
    "tagging": (tags, ["a", "b"]),
}
TRAINING = TrainingSettings(epochs=1, batch_tokens=100, evaluations=1, learning_rate=1e-3)


def quiet(done: int, total: int, note: str = "") -> None:
    """Report nothing."""


def limits(folder: Path) -> InputLimits:
    causal = inspect_encoder(folder).causal
    return InputLimits(max_length=90, token_types=token_types(folder), causal=causal)


def settings(name: str, folder: Path, *, trim: bool = True) -> ModelSettings:
    return ModelSettings(encoder=folder, layers=None, pooling=KINDS[name].pooling, trim=trim)


@pytest.mark.parametrize("family", MAKE)
@pytest.mark.parametrize("name", KINDS)
def test_kind_trains_and_predicts_each_family(encoder, tmp_path, name, family):
    folder, (make, labels) = encoder(name), MAKE[family]
    inputs = {role: tmp_path / role for role in ("train", "dev", "test", "model", "scores")}
    for role, path in inputs.items():
        path.mkdir()
        if role in ("train", "dev", "test"):
            examples = [make(number) for number in range(10)]
            tokens = FAMILIES[family].tokenise(
                load_tokenizer(folder), examples, labels, limits(folder)
            )
            tokens.save(path)
    head = HeadSettings(name="it", family=family, labels=labels)
    model_settings = settings(name, folder)
    roles = {"train:it": inputs["train"], "dev:it": inputs["dev"]}
    once = {"mixture": Mixture(), "seed": 1, "threads": 1, "checkpoint_seconds": 1e9}
    done = train_stage(
        model_settings, [head], roles, inputs["model"], quiet, training=TRAINING, **once
    )
    assert done["steps"] >= 2
    plain = {"threads": 1, "dropout_samples": 0, "dropout": 0.1}
    predict_stage(model_settings, head, inputs, inputs["scores"], quiet, **plain)
    scores = np.load(inputs["scores"] / "test.npy")
    tokens = EncodedDataset.load(inputs["test"])
    found = FAMILIES[family].predictions(tokens, scores, labels)
    assert len(found.scores) == len(found.gold) >= 10

    # Alone, and with the whole vocabulary, as beside longer ones with the few rows it needs.
    weights, heads = (inputs["model"] / file for file in ("encoder.safetensors", "heads.npz"))
    outputs = FAMILIES[family].outputs(labels)
    whole, vocabulary = build_model(
        settings(name, folder, trim=False), weights, [tokens.ids], {"it": outputs}, heads=heads
    )
    whole.eval()
    alone = np.empty_like(scores)
    with torch.no_grad():
        for group in range(len(tokens)):
            batch = collate(tokens, np.array([group]), vocabulary, outputs)
            alone[batch.dataset_rows] = whole(batch.packed, batch.scored_positions, "it").numpy()
    np.testing.assert_allclose(scores, alone, rtol=1e-5, atol=1e-5)
    assert len(np.unique(np.round(alone, 6))) > 2


@pytest.mark.parametrize("name", KINDS)
def test_kind_is_what_it_says(encoder, name):
    folder = encoder(name)
    assert locate_encoder(str(folder)) == folder
    model, structure = load_encoder(folder), inspect_encoder(folder)
    kind_ = model.config.model_type
    assert (model.config._attn_implementation == PACKED) == (kind_ in PACKABLE)
    assert structure.causal == is_causal(model) == (name in CAUSAL)
    assert structure.layers == 2
    assert structure.vocabulary == model.get_input_embeddings().num_embeddings
    assert not any("pooler" in key or "decoder" in key for key, _ in model.named_parameters())
    # The first token changes with the last, or it does not.
    ids = torch.arange(5, 9)[None]
    with torch.no_grad():
        model.config._attn_implementation = "eager"
        mask = torch.ones_like(ids)
        first = model(input_ids=ids, attention_mask=mask).last_hidden_state[0, 0]
        ids[0, -1] = 40
        other = model(input_ids=ids, attention_mask=mask).last_hidden_state[0, 0]
    assert torch.equal(first, other) == (name in CAUSAL)


@pytest.mark.parametrize("name", KINDS)
def test_kind_embeds_sentences_from_every_layer(encoder, tmp_path, name):
    folder = encoder(name)
    examples = [
        SentenceExample(f"u{i}", f"u{i}", "fi", False, f"{i}", text, None)
        for i, text in enumerate(SENTENCES)
    ]
    tokens = sentence_tokens(load_tokenizer(folder), examples, limits(folder))
    pooling = KINDS[name].pooling
    model, vocabulary = trained_encoder(settings(name, folder), None, [tokens.ids])
    vectors = embed(model, vocabulary, tokens, tmp_path / "all.npy", pooling=pooling)
    assert vectors.shape == (3, len(SENTENCES), 32)
    for number in (0, 7, 14):
        one = sentence_tokens(load_tokenizer(folder), examples[number : number + 1], limits(folder))
        alone = embed(model, vocabulary, one, tmp_path / f"{number}.npy", pooling=pooling)
        np.testing.assert_allclose(vectors[:, number], alone[:, 0], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", [name for name in KINDS if name != "albert"])
def test_layers_of_a_kind_can_be_left_out(encoder, name):
    folder = encoder(name)
    assert inspect_encoder(folder).can_cut_layers
    whole, part = load_encoder(folder), load_encoder(folder, layers=1)
    assert part.config.num_hidden_layers == 1
    count = sum(parameter.numel() for parameter in part.parameters())
    assert count < sum(parameter.numel() for parameter in whole.parameters())
    ids = torch.arange(5, 15)[None]
    with torch.no_grad():
        for model in (whole, part):
            model.config._attn_implementation = "eager"
        mask = torch.ones_like(ids)
        short = part(input_ids=ids, attention_mask=mask, output_hidden_states=True).hidden_states
        long = whole(input_ids=ids, attention_mask=mask, output_hidden_states=True).hidden_states
    assert (len(short), len(long)) == (2, 3)
    assert torch.equal(short[0], long[0])


def test_running_text_is_masked_for_a_kind_on_padded_batches(encoder, tmp_path):
    for name in ("modernbert", "eurobert", "albert"):
        folder = encoder(name)
        texts = [TextExample(f"u{i}", f"d{i}", "en", text) for i, text in enumerate(SENTENCES)]
        sets = {"mlm": (texts, []), "it": ([pair(number) for number in range(8)], ["a", "b"])}
        families = {"mlm": "masked language modelling", "it": "classification"}
        roles, heads = {}, []
        for task, (examples, labels) in sets.items():
            tokens = FAMILIES[families[task]].tokenise(
                load_tokenizer(folder), examples, labels, limits(folder)
            )
            for split in ("train", "dev") if labels else ("train",):
                path = tmp_path / f"{name}-{task}-{split}"
                path.mkdir()
                tokens.save(path)
                roles[f"{split}:{task}"] = path
            heads.append(HeadSettings(name=task, family=families[task], labels=labels))
        out = tmp_path / f"{name}-model"
        out.mkdir()
        once = {"seed": 1, "threads": 1, "checkpoint_seconds": 1e9}
        done = train_stage(
            settings(name, folder),
            heads,
            roles,
            out,
            quiet,
            training=TRAINING,
            mixture=Mixture(mlm=0.5),
            **once,
        )
        assert done["steps"] >= 4


@pytest.mark.parametrize("name", [name for name in KINDS if name != "albert"])
def test_frozen_layers_of_a_kind_stay_as_they_were(encoder, tmp_path, name):
    folder, (make, labels) = encoder(name), MAKE["classification"]
    for role in ("train", "dev", "model"):
        (tmp_path / role).mkdir()
    tokens = FAMILIES["classification"].tokenise(
        load_tokenizer(folder), [make(number) for number in range(10)], labels, limits(folder)
    )
    for role in ("train", "dev"):
        tokens.save(tmp_path / role)
    train_stage(
        settings(name, folder),
        [HeadSettings(name="it", family="classification", labels=labels)],
        {"train:it": tmp_path / "train", "dev:it": tmp_path / "dev"},
        tmp_path / "model",
        quiet,
        training=TRAINING.model_copy(update={"frozen_layers": 1}),
        mixture=Mixture(),
        seed=1,
        threads=1,
        checkpoint_seconds=1e9,
    )
    before, _ = trained_encoder(settings(name, folder), None, [tokens.ids])
    after, _ = trained_encoder(
        settings(name, folder), tmp_path / "model" / "encoder.safetensors", [tokens.ids]
    )
    holder, layers = layer_list(before)
    upper = {id(value) for value in getattr(holder, layers)[1].parameters()}
    changed = {
        key: not torch.equal(old, new)
        for (key, old), new in zip(before.named_parameters(), after.parameters(), strict=True)
    }
    is_upper = {key: id(value) in upper for key, value in before.named_parameters()}
    assert not any(there for key, there in changed.items() if not is_upper[key])
    assert sum(there for key, there in changed.items() if is_upper[key]) > 1


def test_padding_that_stands_behind_the_words_is_kept_alone():
    ids = np.array([5, 9, 40], dtype=np.int32)
    assert Vocabulary.of([ids], pad=3).ids.tolist() == [0, 1, 2, 3, 5, 9, 40]
    assert Vocabulary.of([ids], pad=50_283).ids.tolist() == [5, 9, 40, 50_283]


@pytest.mark.parametrize("name", ["distilbert", "eurobert", "mt5", "m2m_100"])
def test_dropout_holds_for_every_kind(encoder, name):
    """Some drop by modules, some by a number: at 0 the same comes out twice, else it does not."""
    ids = np.arange(5, 15, dtype=np.int32)
    for dropout in (0.0, 0.5):
        model, vocabulary = build_model(
            settings(name, encoder(name)), None, [ids], {"it": 2}, dropout=dropout
        )
        model.train()
        for module, name_ in dropouts(model.encoder):
            assert getattr(module, name_) == (0.0 if name_ == "layerdrop" else dropout)
        inputs = {"input_ids": torch.from_numpy(vocabulary.rows(ids))[None]}
        inputs["attention_mask"] = torch.ones_like(inputs["input_ids"])
        one, two = (model.encoder(**inputs).last_hidden_state for _ in range(2))
        assert torch.equal(one, two) == (dropout == 0.0)
        # As several models that dropout makes of one: only what drops is in training.
        model.eval()
        for module, _ in dropouts(model):
            module.training = True
        one, two = (model.encoder(**inputs).last_hidden_state for _ in range(2))
        assert torch.equal(one, two) == (dropout == 0.0)
