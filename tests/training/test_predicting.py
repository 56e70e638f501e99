"""Prediction: rows in the order of the input, interrupted and resumed to the same bits."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from crosscal.exceptions import ArtifactError, StageFailed  # noqa: E402
from crosscal.training import predicting  # noqa: E402
from crosscal.training.collate import collate  # noqa: E402
from tests.training.conftest import TASK  # noqa: E402


def predict(model, vocabulary, tokens, shards, report=lambda done: None):
    return predicting.predict(
        model, vocabulary, tokens, shards, head=TASK, outputs=3, report=report
    )


class Killed(BaseException):
    """Like KeyboardInterrupt: nothing on the way may catch it."""


@pytest.fixture(autouse=True)
def small_shards(monkeypatch):
    monkeypatch.setattr(predicting, "prediction_tokens", lambda model, device: 40)
    monkeypatch.setattr(predicting, "SHARD_BATCHES", 2)


@pytest.fixture
def tokens(token_set):
    return token_set(60, 1)


@pytest.mark.parametrize("kind", ["bert", "xlm-roberta", "deberta-v2"])
def test_rows_are_in_the_order_of_the_input(assemble, tokens, tmp_path, kind):
    model, vocabulary = assemble(kind, tokens, dropout=0.5)  # which prediction must not use
    told = []
    scores = predict(model, vocabulary, tokens, tmp_path / "s", told.append)
    assert scores.shape == (60, 3)
    assert scores.dtype == np.float32
    assert not (tmp_path / "s").exists()
    assert told == sorted(told)
    assert told[-1] == 60
    with torch.no_grad():
        for row in range(60):
            batch = collate(tokens, np.array([row]), vocabulary, 3).packed
            alone = model.eval()(batch, None, TASK)
            assert np.allclose(scores[row], alone.numpy()[0], atol=1e-5)
    assert len(np.unique(scores[:, 0])) > 50


def test_interrupted_prediction_resumes_to_the_same_bits(assemble, tokens, tmp_path):
    model, vocabulary = assemble("bert", tokens)
    told = []
    expected = predict(model, vocabulary, tokens, tmp_path / "whole", told.append)
    forward = model.forward
    rows = 0

    def count(batch, *others):
        nonlocal rows
        rows += batch.size
        return forward(batch, *others)

    model.forward = count
    for moment in (told[0], told[3], told[3], told[-1]):

        def stop(done: int, moment=moment) -> None:
            if done == moment:
                raise Killed

        with pytest.raises(Killed):
            predict(model, vocabulary, tokens, tmp_path / "parts", stop)
    assert rows == 60  # nothing was scored twice
    found = predict(model, vocabulary, tokens, tmp_path / "parts")
    assert rows == 60
    assert found.tobytes() == expected.tobytes()
    assert not (tmp_path / "parts").exists()


def test_kill_while_a_shard_is_written_or_the_shards_are_removed(
    assemble, tokens, tmp_path, monkeypatch
):
    model, vocabulary = assemble("bert", tokens)
    expected = predict(model, vocabulary, tokens, tmp_path / "whole")

    def die(path, content):
        path.write_bytes(content[:50])
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(predicting, "write_checked", die)
        with pytest.raises(Killed):
            predict(model, vocabulary, tokens, tmp_path / "parts")
    unlink = type(tmp_path).unlink

    def unlink_one(path):
        unlink(path)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(type(tmp_path), "unlink", unlink_one)
        with pytest.raises(Killed):
            predict(model, vocabulary, tokens, tmp_path / "parts")
    found = predict(model, vocabulary, tokens, tmp_path / "parts")
    assert found.tobytes() == expected.tobytes()
    assert not (tmp_path / "parts").exists()


@pytest.mark.parametrize("at", [0, 40, -1])
def test_a_damaged_shard_is_scored_again(assemble, tokens, tmp_path, at):
    model, vocabulary = assemble("bert", tokens)
    expected = predict(model, vocabulary, tokens, tmp_path / "whole")

    def stop(_: int) -> None:
        raise Killed

    with pytest.raises(Killed):
        predict(model, vocabulary, tokens, tmp_path / "parts", stop)
    [shard] = (tmp_path / "parts").iterdir()
    content = bytearray(shard.read_bytes())
    content[at] ^= 1
    shard.write_bytes(content)
    found = predict(model, vocabulary, tokens, tmp_path / "parts")
    assert found.tobytes() == expected.tobytes()


def test_vocabulary_makes_no_difference(assemble, tokens, tmp_path):
    scores = [
        predict(*assemble("bert", tokens, trim=trim), tokens, tmp_path / str(trim))
        for trim in (True, False)
    ]
    assert scores[0].tobytes() == scores[1].tobytes()


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_scores_that_are_not_finite_fail_the_stage(assemble, tokens, tmp_path, value):
    model, vocabulary = assemble("bert", tokens)
    with torch.no_grad():
        table = model.encoder.get_input_embeddings().weight
        row = int(vocabulary.rows(tokens.ids[tokens.offsets[17] + 1 :][:1])[0])
        table[row] = value
    first = next(
        i
        for i in range(60)
        if vocabulary.ids[row] in tokens.ids[tokens.offsets[i] : tokens.offsets[i + 1]]
    )
    for _ in range(2):
        with pytest.raises(StageFailed, match=f"the score of row {first} is not finite"):
            predict(model, vocabulary, tokens, tmp_path / "s")


def test_full_disk_says_so(assemble, tokens, tmp_path, monkeypatch):
    model, vocabulary = assemble("bert", tokens)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(predicting, "write_checked", full)
    with pytest.raises(ArtifactError, match="no space left on the disk"):
        predict(model, vocabulary, tokens, tmp_path / "s")
