"""The training loop: schedule, selection, clipping, epochs, failures."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from safetensors.torch import load_file  # noqa: E402

from crosscal.encoders.vocabulary import Vocabulary  # noqa: E402
from crosscal.exceptions import DataError, StageFailed  # noqa: E402
from crosscal.training import loop  # noqa: E402
from crosscal.training.collate import collate  # noqa: E402
from crosscal.training.mixing import plan_steps  # noqa: E402
from crosscal.training.settings import Mixture, TrainingSettings  # noqa: E402
from tests.training.conftest import TASK, parts  # noqa: E402

QUICK = {
    "epochs": 1,
    "batch_tokens": 60,
    "window_batches": 3,
    "evaluations": 2,
    "dropout": 0.0,
    "learning_rate": 1e-3,
}


@pytest.fixture
def data(token_set):
    return token_set(40, 1), token_set(12, 2)


def run(
    assemble, data, folder, seed=5, kind="bert", report=lambda step, steps, note="": None, **changes
):
    settings = TrainingSettings(**{**QUICK, **changes})
    folder.mkdir(exist_ok=True)
    model, vocabulary = assemble(kind, *data, dropout=settings.dropout)
    progress = loop.train(
        model,
        vocabulary,
        parts(*data),
        settings,
        mixture=Mixture(),
        seed=seed,
        folder=folder,
        report=report,
    )
    return progress, model, vocabulary


def log_of(folder):
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return [x for x in lines if "loss" in x], [x for x in lines if "development" in x]


def test_files_and_log_of_a_run(assemble, data, tmp_path):
    told = []
    progress, _, vocabulary = run(
        assemble,
        data,
        tmp_path / "a",
        report=lambda step, steps, note: told.append((step, steps, note)),
    )
    folder = tmp_path / "a"
    names = {"encoder.safetensors", "heads.npz", "log.jsonl", "outcome.checked"}
    assert {path.name for path in folder.iterdir()} == names
    steps, evaluations = log_of(folder)
    total = len(steps)
    assert total >= 5
    assert [each[:2] for each in told] == [(step, total) for step in range(1, total + 1)]
    assert told[0][2] == f"loss {steps[0]['loss']:.2f}"
    learnt = 100 * evaluations[-1]["development"][TASK]["accuracy"]
    assert told[-1][2].endswith(f", development accuracy {learnt:.1f} %")
    assert [line["step"] for line in steps] == list(range(1, total + 1))
    assert sum(line["examples"] for line in steps) == 40
    assert sum(line["tokens"] for line in steps) == len(data[0].ids)
    assert all(line["tokens"] <= 60 for line in steps)
    assert all(line["padding"] == 0 and line["tokens_per_second"] > 0 for line in steps)
    assert [e["step"] for e in progress.evaluations] == [round(total / 2), total]
    assert [e["step"] for e in evaluations] == [e["step"] for e in progress.evaluations]
    for found, line in zip(progress.evaluations, evaluations, strict=True):
        assert found == {"step": line["step"], **line["development"][TASK]}
    assert {line["task"] for line in steps} == {TASK}
    rows = load_file(folder / "encoder.safetensors")["crosscal.row_ids"]
    assert rows.tolist() == vocabulary.ids.tolist()


def test_same_seed_same_bits_and_other_seed_others(assemble, data, tmp_path):
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        run(assemble, data, tmp_path / name, seed=seed, dropout=0.1)
    a, b, c = ((tmp_path / name / "encoder.safetensors").read_bytes() for name in "abc")
    assert a == b != c
    heads = [(tmp_path / name / "heads.npz").read_bytes() for name in "abc"]
    assert heads[0] == heads[1] != heads[2]


def test_it_learns(assemble, token_set, tmp_path):
    data = token_set(120, 1, longest=6), token_set(60, 2, longest=6)
    progress, _, _ = run(assemble, data, tmp_path / "a", epochs=4, learning_rate=5e-3)
    assert progress.evaluations[-1]["accuracy"] > 0.9
    assert progress.evaluations[-1]["nll"] < 0.4


@pytest.mark.parametrize("warmup", [0.0, 0.1, 0.25, 0.99])
@pytest.mark.parametrize("steps", [1, 2, 10, 37])
def test_schedule_has_a_closed_form(warmup, steps):
    settings = TrainingSettings(warmup=warmup, learning_rate=2e-3)
    rates = [loop._learning_rate(step, steps, settings) for step in range(1, steps + 1)]
    # Straight from (0, 0) to the peak at the end of the warm-up, and on to 0 behind the last step.
    top, end = warmup * steps, steps + 1
    for step, rate in enumerate(rates, start=1):
        share = step / top if step < top else 1 - (step - top) / (end - top)
        assert rate == pytest.approx(2e-3 * share, rel=1e-12)
        assert 0 < rate <= 2e-3


def test_schedule_reaches_the_optimiser(assemble, data, tmp_path):
    run(assemble, data, tmp_path / "a", warmup=0.3)
    steps, _ = log_of(tmp_path / "a")
    settings = TrainingSettings(**{**QUICK, "warmup": 0.3})
    expected = [
        loop._learning_rate(step, len(steps), settings) for step in range(1, len(steps) + 1)
    ]
    assert [line["learning_rate"] for line in steps] == expected


@pytest.mark.parametrize("epochs", [0.01, 0.5, 1, 1.5, 2.25])
def test_fractional_epochs(data, epochs):
    settings = TrainingSettings(**{**QUICK, "epochs": epochs})
    plan = [step.groups for step in plan_steps(parts(*data), Mixture(), settings, 3)]
    seen = np.bincount(np.concatenate(plan), minlength=40)
    whole, part = divmod(epochs, 1)
    assert seen.min() >= whole
    assert seen.max() <= whole + (part > 0)
    extra = seen.sum() / 40 - whole
    assert extra == pytest.approx(part, abs=0.2)
    # A longer training begins as a shorter one does.
    settings = TrainingSettings(**{**QUICK, "epochs": epochs + 1})
    longer = plan_steps(parts(*data), Mixture(), settings, 3)
    assert [s.groups.tolist() for s in longer[: len(plan)]] == [b.tolist() for b in plan]


def test_more_evaluations_than_steps(assemble, data, tmp_path):
    progress, _, _ = run(assemble, data, tmp_path / "a", epochs=0.3, evaluations=50)
    assert [e["step"] for e in progress.evaluations] == list(range(1, progress.step + 1))


SCORES = [  # accuracy, nll
    (0.5, 1.0),
    (0.7, 0.9),
    (0.7, 0.8),  # as accurate, more probable: the best by accuracy
    (0.7, 0.8),  # equal: the earlier one stays
    (0.6, 0.7),  # the best by nll
    (0.4, 1.1),
]


@pytest.mark.parametrize(("select_by", "best"), [("accuracy", 3), ("nll", 5), ("last", 6)])
def test_selection(assemble, data, tmp_path, monkeypatch, select_by, best):
    heads = []

    def evaluate(model, *_):
        heads.append(model.head(TASK).weight.detach().clone())
        accuracy, nll = SCORES[len(heads) - 1]
        return {"accuracy": accuracy, "nll": nll, "share": 0.5}

    monkeypatch.setattr(loop, "evaluate", evaluate)
    progress, model, _ = run(
        assemble, data, tmp_path / "a", epochs=2, evaluations=6, select_by=select_by
    )
    assert len(heads) == 6
    assert progress.best_step == progress.evaluations[best - 1]["step"]
    stored = np.load(tmp_path / "a" / "heads.npz")
    assert np.array_equal(stored[f"{TASK}.weight"], heads[best - 1].numpy())
    is_last = torch.equal(heads[best - 1], model.head(TASK).weight)
    assert is_last == (best == 6)


def test_gradient_is_clipped_as_pytorch_does(assemble, data):
    model, vocabulary = assemble("bert", *data)
    twin, _ = assemble("bert", *data)
    chosen = np.argsort(data[0].lengths)[:9]
    batch = collate(data[0], chosen, vocabulary, 3).packed
    gold = torch.zeros(9, dtype=torch.long)
    for one in (model, twin):
        torch.nn.functional.cross_entropy(one(batch, None, TASK) * 50, gold).backward()
    norm = loop.clip_gradients(
        model, model.encoder.get_input_embeddings().weight, batch.used_ids, 0.5
    )
    expected = torch.nn.utils.clip_grad_norm_(twin.parameters(), 0.5)
    assert norm > 1
    assert norm == pytest.approx(float(expected), rel=1e-5)
    for ours, theirs in zip(model.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-4, atol=1e-8)
    before = [parameter.grad.clone() for parameter in model.parameters()]
    loop.clip_gradients(model, model.encoder.get_input_embeddings().weight, batch.used_ids, 1.0)
    for parameter, kept in zip(model.parameters(), before, strict=True):
        assert torch.equal(parameter.grad, kept)


@pytest.mark.parametrize("kind", ["bert", "xlm-roberta", "deberta-v2"])
def test_only_matrices_decay(assemble, data, kind):
    model, _ = assemble(kind, *data)
    decayed, free = loop._optimizer(model, TrainingSettings()).param_groups
    assert decayed["weight_decay"] == 0.01
    assert free["weight_decay"] == 0.0
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    assert len(decayed["params"]) + len(free["params"]) == len(names)
    for parameter in decayed["params"]:
        name = names[id(parameter)]
        assert parameter.ndim == 2
        assert "embeddings" not in name
        assert "dense" in name or "heads" in name or "attention.self" in name
    for parameter in free["params"]:
        assert parameter.ndim == 1 or "embeddings" in names[id(parameter)]


def test_loss_that_is_not_finite_fails_the_stage(assemble, data, tmp_path):
    with pytest.raises(StageFailed, match=r"the loss became (nan|inf) in step \d+") as caught:
        run(assemble, data, tmp_path / "a", learning_rate=1e30, epochs=3, warmup=0)
    assert "learning_rate" in str(caught.value)
    assert not (tmp_path / "a" / "outcome.checked").exists()


def test_weights_that_are_not_finite_fail_the_stage(assemble, data, tmp_path):
    model, vocabulary = assemble("bert", *data)
    with torch.no_grad():
        model.head(TASK).weight[0, 0] = float("nan")
    with pytest.raises(StageFailed, match="the loss became nan in step 1 of"):
        loop.train(
            model,
            vocabulary,
            parts(*data),
            TrainingSettings(**QUICK),
            mixture=Mixture(),
            seed=1,
            folder=tmp_path,
        )


def test_precisions_may_change_within_a_process(assemble, data, tmp_path):
    """Accelerate keeps the first one for a process unless told otherwise."""
    for name, precision in (("a", "fp32"), ("b", "bf16"), ("c", "fp32")):
        progress, _, _ = run(assemble, data, tmp_path / name, precision=precision)
        assert np.isfinite(progress.evaluations[-1]["nll"])
    a, b, c = ((tmp_path / name / "encoder.safetensors").read_bytes() for name in "abc")
    assert a == c != b
    weights = load_file(tmp_path / "b" / "encoder.safetensors")
    assert all(t.dtype == torch.float32 for n, t in weights.items() if n != "crosscal.row_ids")


def test_the_pace_of_a_gpu_changes_no_bit(assemble, data, tmp_path, monkeypatch):
    """Batches made ahead in a thread, losses read many at a time."""
    run(assemble, data, tmp_path / "a")
    monkeypatch.setattr(loop, "_pace", lambda device: (4, 20))
    run(assemble, data, tmp_path / "b")
    for name in ("encoder.safetensors", "heads.npz"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    one, other = (
        [
            {k: v for k, v in json.loads(line).items() if "second" not in k}
            for line in (tmp_path / name / "log.jsonl").read_text().splitlines()
        ]
        for name in "ab"
    )
    assert one == other


def test_vocabulary_too_small_is_noticed(assemble, data, tmp_path):
    model, _ = assemble("bert", *data)
    with pytest.raises(KeyError, match="not in the trimmed vocabulary"):
        loop.train(
            model,
            Vocabulary.of([data[0].ids[:5]], pad=0),
            parts(*data),
            TrainingSettings(**QUICK),
            mixture=Mixture(),
            seed=1,
            folder=tmp_path,
        )


def test_development_without_gold_is_refused_before_the_first_step(assemble, data, tmp_path):
    examples, development = data
    unknown = replace(development, gold=np.full_like(development.gold, -1))
    with pytest.raises(DataError, match="none of the development examples") as caught:
        run(assemble, (examples, unknown), tmp_path)
    assert caught.value.where == TASK
    assert not (tmp_path / "log.jsonl").exists()
    # Some are enough.
    gold = development.gold.copy()
    gold[1:] = -1
    progress, *_ = run(assemble, (examples, replace(development, gold=gold)), tmp_path / "some")
    assert progress.evaluations[-1]["share"] == 1.0


@pytest.mark.parametrize("kind", ["bert", "deberta-v2"])
def test_parts_of_a_step_train_as_the_whole(assemble, data, tmp_path, kind):
    """To rounding; and layers computed twice to the bit, the same noise dropping out twice."""
    run(assemble, data, tmp_path / "whole", kind=kind)
    run(assemble, data, tmp_path / "parts", kind=kind, micro_batch_tokens=20)
    whole, parts_of = (log_of(tmp_path / name)[0] for name in ("whole", "parts"))
    assert len(whole) == len(parts_of)
    for name in ("loss", "gradient_norm"):
        np.testing.assert_allclose(
            [line[name] for line in parts_of], [line[name] for line in whole], rtol=1e-5
        )
    for line, other in zip(whole, parts_of, strict=True):
        for name in ("step", "task", "examples", "tokens", "learning_rate"):
            assert line[name] == other[name]
        assert kind == "bert" or other["padding"] <= line["padding"]
    ours, theirs = (load_file(tmp_path / n / "encoder.safetensors") for n in ("parts", "whole"))
    # Weights with no gradient but rounding move by it: a learning rate a step at most.
    apart = torch.cat([(ours[n].float() - theirs[n].float()).abs().ravel() for n in theirs])
    assert float(apart.mean()) < 1e-5


@pytest.mark.parametrize("kind", ["bert", "xlm-roberta", "deberta-v2"])
@pytest.mark.parametrize("changes", [{}, {"frozen_layers": 1}])
def test_layers_computed_again_give_the_same_bits(tiny_encoder, token_set, tmp_path, kind, changes):
    from crosscal.training.stage import train_stage
    from tests.training.test_stage import head, model, quiet

    for name in ("train", "dev"):
        (tmp_path / name).mkdir()
        token_set(20, len(name)).save(tmp_path / name)
    inputs = {"train:it": tmp_path / "train", "dev:it": tmp_path / "dev"}
    forwards = []
    for again in (False, True):
        (tmp_path / str(again)).mkdir()
        settings = TrainingSettings(
            **{**QUICK, **changes, "dropout": 0.1, "gradient_checkpointing": again}
        )
        with count_forwards() as counts:
            train_stage(
                model(tiny_encoder(kind), layers=2),
                [head("it", ["a", "b", "c"])],
                inputs,
                tmp_path / str(again),
                quiet,
                training=settings,
                mixture=Mixture(),
                seed=2,
                threads=1,
                checkpoint_seconds=1e9,
            )
        forwards.append(sum(counts))
    assert forwards[1] > forwards[0] > 0
    for name in ("encoder.safetensors", "heads.npz"):
        assert len({(tmp_path / each / name).read_bytes() for each in ("True", "False")}) == 1


@contextmanager
def count_forwards():
    """Count how often linear layers compute."""
    counts = []
    forward = torch.nn.Linear.forward

    def counted(self, values):
        counts.append(1)
        return forward(self, values)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.nn.Linear, "forward", counted)
        yield counts
