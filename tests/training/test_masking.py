"""Masked language modelling: the published proportions, the kept vocabulary, the same bits."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest

torch = pytest.importorskip("torch")

from crosscal.artifacts import read_checked  # noqa: E402
from crosscal.data.examples import TextExample  # noqa: E402
from crosscal.encoders.loading import load_tokenizer  # noqa: E402
from crosscal.encoders.vocabulary import Vocabulary  # noqa: E402
from crosscal.tasks import EncodedDataset, InputLimits  # noqa: E402
from crosscal.tasks.families.masked import MASKED  # noqa: E402
from crosscal.training import loop  # noqa: E402
from crosscal.training.collate import mask  # noqa: E402
from crosscal.training.losses import training_loss  # noqa: E402
from crosscal.training.mixing import Mixture, TrainingTask  # noqa: E402
from crosscal.training.model import VocabularyHead  # noqa: E402
from crosscal.training.settings import TrainingSettings  # noqa: E402
from tests.training.conftest import parts  # noqa: E402

SETTINGS = TrainingSettings(
    epochs=1, batch_tokens=80, window_batches=3, evaluations=2, dropout=0.1, learning_rate=3e-3
)
MIXTURE = Mixture(mlm=0.4)


class Killed(BaseException):
    """Like KeyboardInterrupt: nothing on the way may catch it."""


def running_text(count, longest, seed, ids=(10, 250), mark=4):
    """Draw sequences between an opening 1 and a closing 2."""
    rng = np.random.default_rng(seed)
    inner = rng.integers(1, longest - 1, count)
    offsets = np.concatenate([[0], np.cumsum(inner + 2)])
    drawn = rng.integers(*ids, offsets[-1]).astype(np.int32)
    drawn[offsets[:-1]], drawn[offsets[1:] - 1] = 1, 2
    between = np.ones(len(drawn), dtype=bool)
    between[offsets[:-1]] = between[offsets[1:] - 1] = False
    return EncodedDataset(
        ids=drawn,
        token_type_ids=np.zeros(len(drawn), dtype=np.uint8),
        offsets=offsets,
        softmax_over="vocabulary",
        scored_positions=np.flatnonzero(between),
        row_offsets=np.concatenate([[0], np.cumsum(inner)]),
        gold=np.empty(0, dtype=np.int32),
        units=pa.table({}),
        arrays={"mask": np.array([mark])},
    )


def vocabulary_of(tokens):
    return Vocabulary.of([tokens.ids, tokens.arrays["mask"].astype(np.int32)], pad=0)


def test_proportions_of_a_large_set():
    tokens = running_text(2000, 120, 1, mark=260)
    vocabulary = vocabulary_of(tokens)
    chosen = np.argsort(tokens.lengths, kind="stable")
    work = mask(tokens, chosen, vocabulary, np.random.default_rng(0))
    before = np.concatenate([tokens.ids[tokens.offsets[i] : tokens.offsets[i + 1]] for i in chosen])
    after = vocabulary.ids[work.packed.ids.numpy()]
    rows = work.scored_positions.numpy()
    right = vocabulary.ids[work.gold.numpy()]
    maskable = tokens.n_rows
    assert abs(len(rows) / maskable - 0.15) < 4 * np.sqrt(0.15 * 0.85 / maskable)
    assert len(np.unique(rows)) == len(rows)
    assert (right == before[rows]).all()
    # What was not chosen stays, and what is special is never chosen.
    others = np.setdiff1d(np.arange(len(before)), rows)
    assert (after[others] == before[others]).all()
    assert not np.isin(before[rows], [1, 2]).any()
    # A random token is the right one once in as many times as tokens are kept.
    count, same = len(rows), 1 / len(vocabulary)
    for share, seen in (
        (0.8 + 0.1 * same, after[rows] == 260),
        (0.1 + 0.1 * same, after[rows] == before[rows]),
        (0.1 * (1 - 2 * same), (after[rows] != 260) & (after[rows] != before[rows])),
    ):
        assert abs(seen.mean() - share) < 4 * np.sqrt(share * (1 - share) / count)
    drawn = after[rows][(after[rows] != 260) & (after[rows] != before[rows])]
    assert len(np.unique(drawn)) > 0.9 * len(vocabulary)
    assert (
        before[tokens.scored_positions[work.dataset_rows] * 0 + rows]
        == tokens.ids[tokens.scored_positions[work.dataset_rows]]
    ).all()


def test_every_batch_has_something_to_guess_and_sets_are_not_changed():
    tokens = running_text(50, 4, 2)
    kept = tokens.ids.copy()
    counts = []
    for seed in range(300):
        work = mask(
            tokens, np.array([seed % 50]), vocabulary_of(tokens), np.random.default_rng(seed)
        )
        assert len(work.scored_positions) == len(work.gold) == len(work.dataset_rows) >= 1
        counts.append(len(work.scored_positions))
    assert (tokens.ids == kept).all()
    assert max(counts) > 1


def test_masks_are_drawn_anew():
    tokens = running_text(20, 40, 3)
    vocabulary = vocabulary_of(tokens)

    def rows(seed):
        return mask(
            tokens, np.arange(20), vocabulary, np.random.default_rng(seed)
        ).scored_positions.tolist()

    assert rows([1, 2]) == rows([1, 2]) != rows([1, 3])


@pytest.mark.parametrize("kind", ["bert", "electra", "deberta-v2", "xlm-roberta"])
def test_head_scores_the_kept_vocabulary(assemble, kind):
    tokens = running_text(10, 12, 4)
    model, vocabulary = assemble(kind, tokens, outputs={"text": 0})
    assert len(vocabulary) < 300
    work = mask(tokens, np.arange(10), vocabulary, np.random.default_rng(0))
    scores = work.candidate_logits(model(work.packed, work.scored_positions, "text"))
    assert scores.shape == (len(work.scored_positions), len(vocabulary))
    # The table is the encoder's own parameter, and learns from both its uses.
    table = model.encoder.get_input_embeddings().weight
    names = [name for name, parameter in model.named_parameters() if parameter is table]
    assert len(names) == 1
    assert names[0].startswith("encoder.")
    training_loss(scores, work.gold, SETTINGS).backward()
    assert (table.grad.abs().sum(dim=1) > 0).all()
    assert all(p.grad is not None for p in model.head("text").parameters())


def test_head_starts_near_the_embeddings(assemble, tiny_encoder):
    model, _ = assemble("bert", outputs={"text": 0}, trim=False)
    head = model.head("text")
    assert isinstance(head, VocabularyHead)
    assert torch.allclose(head.dense.weight, torch.eye(32), atol=0.15)
    seen = torch.randn(4, 32, generator=torch.Generator().manual_seed(0))
    changed = torch.nn.functional.gelu(seen @ head.dense.weight.T + head.dense.bias)
    changed = (changed - changed.mean(1, keepdim=True)) / (
        changed.var(1, unbiased=False, keepdim=True) + 1e-5
    ).sqrt()
    expected = changed @ model.encoder.get_input_embeddings().weight.T
    torch.testing.assert_close(head(seen), expected, atol=1e-4, rtol=1e-4)


def test_whole_table_is_clipped(assemble):
    tokens = running_text(10, 12, 4)
    model, vocabulary = assemble("bert", tokens, outputs={"text": 0})
    twin, _ = assemble("bert", tokens, outputs={"text": 0})
    work = mask(tokens, np.arange(10), vocabulary, np.random.default_rng(0))
    for one in (model, twin):
        training_loss(
            one(work.packed, work.scored_positions, "text") * 10, work.gold, SETTINGS
        ).backward()
    norm = loop.clip_gradients(model, model.encoder.get_input_embeddings().weight, None, 0.5)
    expected = torch.nn.utils.clip_grad_norm_(twin.parameters(), 0.5)
    assert norm == pytest.approx(float(expected), rel=1e-5)
    for ours, theirs in zip(model.parameters(), twin.parameters(), strict=True):
        if ours.grad is not None:
            torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-4, atol=1e-8)


@pytest.fixture
def texts(tiny_encoder, sentences):
    """Return a function to the text part of a kind of encoder."""

    def make(kind):
        examples = [TextExample(f"u{i}", f"u{i}", "sw", text) for i, text in enumerate(sentences)]
        tokenizer = load_tokenizer(tiny_encoder(kind))
        tokens = MASKED.tokenise(
            tokenizer, examples * 4, (), InputLimits(max_length=40, token_types=1)
        )
        return TrainingTask(name="text", examples=tokens, development=None, outputs=0)

    return make


def train(assemble, data, folder, *, kind="bert", settings=SETTINGS, kill_at=None, every=0.0):
    """Train as a new process would."""
    folder.mkdir(exist_ok=True)
    sets = [s for part in data for s in (part.examples, part.development) if s is not None]
    outputs = {part.name: part.outputs for part in data}
    model, vocabulary = assemble(kind, *sets, dropout=settings.dropout, outputs=outputs, layers=1)

    def report(step, _, note):
        if step == kill_at:
            raise Killed

    loop.train(
        model,
        vocabulary,
        data,
        settings,
        mixture=MIXTURE,
        seed=6,
        folder=folder,
        checkpoint_seconds=every,
        report=report,
    )
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return [line for line in lines if "loss" in line], model, vocabulary


def test_text_is_learnt_beside_a_task(assemble, token_set, texts, tmp_path):
    data = [*parts(token_set(120, 1, longest=6), token_set(40, 2, longest=6)), texts("bert")]
    settings = SETTINGS.model_copy(update={"epochs": 10.0, "learning_rate": 5e-3, "dropout": 0.0})
    folder = tmp_path / "a"
    log, _, vocabulary = train(assemble, data, folder, settings=settings, every=1e9)
    assert len(vocabulary) < 300
    lost = [line["loss"] for line in log if line["task"] == "text"]
    assert len(lost) / len(log) == pytest.approx(0.4, abs=1 / len(log))
    assert np.mean(lost[-10:]) < 0.9 * np.mean(lost[:10])
    outcome = json.loads(read_checked(folder / "outcome.checked"))
    assert outcome["evaluations"][-1]["accuracy"] > 0.8
    # Heads are for predicting: that of the text is not kept.
    stored = np.load(folder / "heads.npz")
    assert sorted(stored) == ["task.bias", "task.weight"]


@pytest.mark.parametrize("kind", ["bert", "deberta-v2"])
def test_interrupted_training_resumes_to_the_same_bits(assemble, token_set, texts, tmp_path, kind):
    data = [*parts(token_set(40, 1), token_set(8, 2)), texts(kind)]
    expected, _, _ = train(assemble, data, tmp_path / "whole", kind=kind)
    tasks = [line["task"] for line in expected]
    assert set(tasks) == {"task", "text"}
    # After a step of text, after the next, and near the end.
    first = tasks.index("text") + 1
    for moment in (first, first + 1, len(tasks) - 1):
        with pytest.raises(Killed):
            train(assemble, data, tmp_path / "parts", kind=kind, kill_at=moment)
    found, _, _ = train(assemble, data, tmp_path / "parts", kind=kind)
    assert [line["loss"] for line in found] == [line["loss"] for line in expected]
    for name in ("encoder.safetensors", "heads.npz"):
        assert (tmp_path / "parts" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
