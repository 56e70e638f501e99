"""Sentence embeddings of every layer: the rows, their order, and what an interruption leaves."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from crosscal.encoders.loading import load_encoder  # noqa: E402
from crosscal.encoders.packing import encode, hidden_states  # noqa: E402
from crosscal.encoders.trimming import trim  # noqa: E402
from crosscal.encoders.vocabulary import Vocabulary  # noqa: E402
from crosscal.exceptions import ArtifactError, SettingsError, StageFailed  # noqa: E402
from crosscal.training import embedding  # noqa: E402
from crosscal.training.collate import pack, ragged_indices  # noqa: E402
from crosscal.training.embedding import embed  # noqa: E402


class Killed(BaseException):
    """Like KeyboardInterrupt: nothing on the way may catch it."""


@pytest.fixture(autouse=True)
def small_shards(monkeypatch):
    monkeypatch.setattr(embedding, "prediction_tokens", lambda model, device: 40)
    monkeypatch.setattr(embedding, "SHARD_BATCHES", 2)


@pytest.fixture
def tokens(token_set):
    return token_set(60, 1)


@pytest.fixture
def assembled(tiny_encoder):
    """Return a function from a kind of encoder to (model, vocabulary), trimmed to token sets."""

    def build(kind, *sets, layers=None):
        model = load_encoder(tiny_encoder(kind), layers=layers)
        pad = int(model.config.pad_token_id)
        vocabulary = Vocabulary.of([part.ids for part in sets], pad=pad)
        trim(model, vocabulary)
        return model, vocabulary

    return build


def stock(tiny_encoder, kind, ids):
    """Hidden states of one sequence by transformers' own attention, as arrays (tokens, hidden)."""
    from transformers import AutoModel

    model = AutoModel.from_pretrained(tiny_encoder(kind), attn_implementation="eager").eval()
    row = torch.tensor(ids[None].astype(np.int64))
    with torch.no_grad():
        output = model(
            input_ids=row, attention_mask=torch.ones_like(row), output_hidden_states=True
        )
    return [hidden[0].numpy() for hidden in output.hidden_states]


@pytest.mark.parametrize("kind", ["bert", "electra", "xlm-roberta", "deberta-v2"])
def test_equal_to_the_stock_model(tiny_encoder, assembled, tokens, tmp_path, kind):
    model, vocabulary = assembled(kind, tokens)
    rows = embed(model, vocabulary, tokens, tmp_path / "rows.npy")
    first = embed(model, vocabulary, tokens, tmp_path / "first.npy", pooling="first")
    assert rows.shape == (5, 60, 32)
    assert rows.dtype == np.float32
    for sentence in (0, 1, 29, 59):
        ids = tokens.ids[tokens.offsets[sentence] : tokens.offsets[sentence + 1]]
        hidden = stock(tiny_encoder, kind, np.asarray(ids))
        assert len(hidden) == 5
        for layer in range(5):
            assert np.allclose(rows[layer, sentence], hidden[layer].mean(axis=0), atol=1e-5)
            assert np.allclose(first[layer, sentence], hidden[layer][0], atol=1e-5)
    assert rows.std(axis=1).min() > 0  # sentences differ


@pytest.mark.parametrize("kind", ["bert", "xlm-roberta", "deberta-v2"])
def test_last_hidden_state_is_what_encode_gives(assembled, tokens, kind):
    model, vocabulary = assembled(kind, tokens)
    chosen = np.argsort(np.diff(tokens.offsets), kind="stable")[:9]
    batch = pack(
        tokens, chosen, vocabulary.rows(tokens.ids[ragged_indices(tokens.offsets, chosen)])
    )
    with torch.no_grad():
        hidden = hidden_states(model.eval(), batch)
        assert torch.equal(hidden[-1], encode(model, batch))
    assert len({tuple(state.flatten().tolist()) for state in hidden}) == 5


def test_chosen_layers(assembled, tokens, tmp_path):
    model, vocabulary = assembled("bert", tokens)
    every = embed(model, vocabulary, tokens, tmp_path / "all.npy")
    some = embed(model, vocabulary, tokens, tmp_path / "some.npy", layers=[4, 0])
    assert some.tobytes() == np.stack([every[4], every[0]]).tobytes()


def test_encoder_that_was_cut(assembled, tokens, tmp_path):
    model, vocabulary = assembled("bert", tokens, layers=2)
    rows = embed(model, vocabulary, tokens, tmp_path / "rows.npy")
    assert rows.shape == (3, 60, 32)


def test_vocabulary_makes_no_difference(assembled, tiny_encoder, tokens, tmp_path):
    trimmed = embed(*assembled("bert", tokens), tokens, tmp_path / "trimmed.npy")
    model = load_encoder(tiny_encoder("bert"))
    full = embed(model, Vocabulary.full(300), tokens, tmp_path / "full.npy")
    assert trimmed.tobytes() == full.tobytes()


def test_dropout_is_not_used(assembled, tokens, tmp_path):
    model, vocabulary = assembled("bert", tokens)
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.5
    rows = [embed(model.train(), vocabulary, tokens, tmp_path / f"{i}.npy") for i in range(2)]
    assert rows[0].tobytes() == rows[1].tobytes()


def test_result_is_a_mapped_file_of_whole_layers(assembled, tokens, tmp_path):
    model, vocabulary = assembled("bert", tokens)
    told: list[int] = []
    rows = embed(model, vocabulary, tokens, tmp_path / "rows.npy", report=told.append)
    assert isinstance(rows, np.memmap)
    assert not rows.flags.writeable
    assert rows[3].flags.c_contiguous
    assert told == sorted(told)
    assert told[-1] == 60
    assert [path.name for path in tmp_path.iterdir()] == ["rows.npy"]
    again = embed(model, vocabulary, tokens, tmp_path / "rows.npy", report=told.append)
    assert told.count(60) == 1  # nothing was embedded again
    assert again.tobytes() == rows.tobytes()


def test_interrupted_embedding_resumes_to_the_same_bits(assembled, tokens, tmp_path, monkeypatch):
    model, vocabulary = assembled("bert", tokens)
    told: list[int] = []
    expected = embed(model, vocabulary, tokens, tmp_path / "whole.npy", report=told.append)
    rows = 0

    def count(model, batch):
        nonlocal rows
        rows += batch.size
        return hidden_states(model, batch)

    monkeypatch.setattr(embedding, "hidden_states", count)
    for moment in (told[0], told[3], told[-1]):

        def stop(done: int, moment=moment) -> None:
            if done == moment:
                raise Killed

        with pytest.raises(Killed):
            embed(model, vocabulary, tokens, tmp_path / "parts.npy", report=stop)
        assert not (tmp_path / "parts.npy").exists()
    found = embed(model, vocabulary, tokens, tmp_path / "parts.npy")
    assert rows == 60  # nothing was embedded twice
    assert found.tobytes() == expected.tobytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["parts.npy", "whole.npy"]


def test_kill_between_rows_and_progress(assembled, tokens, tmp_path, monkeypatch):
    model, vocabulary = assembled("bert", tokens)
    expected = embed(model, vocabulary, tokens, tmp_path / "whole.npy")
    calls = 0

    def die(path, content):
        nonlocal calls
        calls += 1
        if calls == 3:
            raise Killed
        write(path, content)

    write = embedding.write_aside
    with monkeypatch.context() as patch:
        patch.setattr(embedding, "write_aside", die)
        with pytest.raises(Killed):
            embed(model, vocabulary, tokens, tmp_path / "parts.npy")
    found = embed(model, vocabulary, tokens, tmp_path / "parts.npy")
    assert found.tobytes() == expected.tobytes()


@pytest.mark.parametrize("where", ["flush", "move", "unlink"])
def test_kill_at_the_end(assembled, tokens, tmp_path, monkeypatch, where):
    model, vocabulary = assembled("bert", tokens)
    expected = embed(model, vocabulary, tokens, tmp_path / "whole.npy")

    def die(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        if where == "flush":
            patch.setattr(embedding, "flush", die)
        elif where == "unlink":
            # The progress of another shape is removed at the start too, but there is none.
            unlink = type(tmp_path).unlink

            def only_at_the_end(path, missing_ok=False):
                if (tmp_path / "parts.npy").exists():
                    raise Killed
                unlink(path, missing_ok=missing_ok)

            patch.setattr(type(tmp_path), "unlink", only_at_the_end)
        else:
            patch.setattr(embedding, "move", die)
        with pytest.raises(Killed):
            embed(model, vocabulary, tokens, tmp_path / "parts.npy")
    found = embed(model, vocabulary, tokens, tmp_path / "parts.npy")
    assert found.tobytes() == expected.tobytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["parts.npy", "whole.npy"]


def test_unfinished_work_of_another_shape_is_not_used(assembled, token_set, tokens, tmp_path):
    model, vocabulary = assembled("bert", tokens)
    path = tmp_path / "rows.npy"

    def stop(done: int) -> None:
        raise Killed

    with pytest.raises(Killed):
        embed(model, vocabulary, tokens, path, layers=[0], report=stop)
    rows = embed(model, vocabulary, tokens, path, layers=[0, 1])
    assert rows.tobytes() == embed(model, vocabulary, tokens, tmp_path / "b.npy")[:2].tobytes()
    (tmp_path / "rows.npy.progress").write_text("{")
    shorter = embed(model, vocabulary, tokens, path, layers=[1])
    assert shorter.tobytes() == rows[1].tobytes()


@pytest.mark.parametrize("layers", [[], [5], [-1], [1, 1]])
def test_layers_that_are_not_there(assembled, tokens, tmp_path, layers):
    model, vocabulary = assembled("bert", tokens)
    with pytest.raises(SettingsError, match=r"from 0 \(embeddings\) to 4"):
        embed(model, vocabulary, tokens, tmp_path / "rows.npy", layers=layers)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_embeddings_that_are_not_finite_fail_the_stage(assembled, tokens, tmp_path, value):
    model, vocabulary = assembled("bert", tokens)
    row = int(vocabulary.rows(tokens.ids[tokens.offsets[17] + 1 :][:1])[0])
    with torch.no_grad():
        model.get_input_embeddings().weight[row] = value
    for _ in range(2):
        with pytest.raises(StageFailed, match=r"sentence \d+ is not finite in layer 0"):
            embed(model, vocabulary, tokens, tmp_path / "rows.npy")
    assert not (tmp_path / "rows.npy").exists()


def test_full_disk_says_so(assembled, tokens, tmp_path, monkeypatch):
    model, vocabulary = assembled("bert", tokens)

    class Full(bytes):
        """A block whose writing fails, as on a full disk."""

        def __getitem__(self, _: object) -> bytes:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(embedding, "_ZEROS", Full(8))
    with pytest.raises(ArtifactError, match="no space left on the disk"):
        embed(model, vocabulary, tokens, tmp_path / "rows.npy")
    monkeypatch.undo()
    assert embed(model, vocabulary, tokens, tmp_path / "rows.npy").shape == (5, 60, 32)


def test_place_is_taken_before_anything_is_computed(assembled, tokens, tmp_path, monkeypatch):
    """The whole file is written at the start: a hole would kill the process on a full disk."""
    control = tmp_path / "control"
    control.write_bytes(bytes(1 << 16))
    if control.stat().st_blocks * 512 < 1 << 16:
        pytest.skip("this file system takes no place for zeros")
    model, vocabulary = assembled("bert", tokens)
    sizes = []

    def look(model, batch):
        partial = tmp_path / "rows.npy.partial"
        sizes.append((partial.stat().st_size, partial.stat().st_blocks * 512))
        raise Killed

    monkeypatch.setattr(embedding, "hidden_states", look)
    with pytest.raises(Killed):
        embed(model, vocabulary, tokens, tmp_path / "rows.npy")
    assert sizes[0][0] == 5 * 60 * 32 * 4 + 128
    assert sizes[0][1] >= sizes[0][0]
