"""Pairs of texts as the tokenizer alone would give them, cut, counted, saved and read back."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

pytest.importorskip("torch")
pytest.importorskip("tokenizers")

from crosscal.data import PairExample
from crosscal.encoders.loading import load_tokenizer
from crosscal.exceptions import DataError
from crosscal.tasks import EncodedDataset, InputLimits
from crosscal.tasks.families.classification import CLASSIFICATION, gold
from crosscal.tasks.families.tokens import concat_ragged

KINDS = ("bert", "xlm-roberta", "deberta-v2")
LABELS = ("no", "perhaps", "yes")


@pytest.fixture
def pairs(sentences):
    shifted = [*sentences[3:], *sentences[:3]]
    return [*zip(sentences, shifted, strict=True), ("", "one empty"), ("cafe\u0301", "café")]


def tokenise(folder, pairs, *, max_length=256, types=2) -> EncodedDataset:
    examples = [
        PairExample(f"u{i}", f"c{i}", "en", *pair, LABELS[i % 3]) for i, pair in enumerate(pairs)
    ]
    limits = InputLimits(max_length=max_length, token_types=types)
    return CLASSIFICATION.tokenise(load_tokenizer(folder), examples, LABELS, limits)


def rows(tokens: EncodedDataset, name: str = "ids") -> list[list[int]]:
    return [part.tolist() for part in np.split(getattr(tokens, name), tokens.offsets[1:-1])]


@pytest.mark.parametrize("kind", KINDS)
def test_ids_equal_the_tokenizers_own_one_by_one(tiny_encoder, pairs, kind):
    from transformers import AutoTokenizer

    tokens = tokenise(tiny_encoder(kind), pairs)
    theirs = AutoTokenizer.from_pretrained(tiny_encoder(kind))
    alone = [theirs(*pair) for pair in pairs]
    assert rows(tokens) == [encoding["input_ids"] for encoding in alone]
    assert len(tokens) == len(pairs)
    assert tokens.truncated == 0
    assert tokens.lengths.tolist() == [len(encoding["input_ids"]) for encoding in alone]
    assert tokens.gold.tolist() == [i % 3 for i in range(len(pairs))]
    unknown = load_tokenizer(tiny_encoder(kind)).token_to_id("<unk>" if kind[0] == "x" else "[UNK]")
    assert unknown not in tokens.ids[: tokens.offsets[15]]  # every script has its pieces


def test_types_tell_the_texts_apart_only_where_the_encoder_can(tiny_encoder, pairs):
    tokens = tokenise(tiny_encoder("bert"), pairs)
    tokenizer = load_tokenizer(tiny_encoder("bert"))
    assert rows(tokens, "token_type_ids") == [tokenizer.encode(*pair).type_ids for pair in pairs]
    assert set(tokens.token_type_ids.tolist()) == {0, 1}
    assert not tokenise(tiny_encoder("bert"), pairs, types=1).token_type_ids.any()
    assert not tokenise(tiny_encoder("deberta-v2"), pairs, types=0).token_type_ids.any()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("max_length", [8, 11, 20])
def test_longer_text_is_cut_first_and_specials_stay(tiny_encoder, pairs, kind, max_length):
    folder = tiny_encoder(kind)
    whole = rows(tokenise(folder, pairs))
    tokens = tokenise(folder, pairs, max_length=max_length)
    assert tokens.truncated == sum(len(row) > max_length for row in whole) > 0
    tokenizer = load_tokenizer(folder)
    specials = 4 if kind == "xlm-roberta" else 3
    separators = specials - 2
    for pair, row, full in zip(pairs, rows(tokens), whole, strict=True):
        if len(full) <= max_length:
            assert row == full
            continue
        assert len(row) == max_length
        first, second = (tokenizer.encode(text, add_special_tokens=False).ids for text in pair)
        kept = [len(first), len(second)]
        while sum(kept) > max_length - specials:  # a token at a time off the longer one
            kept[kept[1] >= kept[0]] -= 1
        cut = row[1:-1]
        middle = cut.index(full[-1])
        found = cut[:middle], cut[middle + separators :]
        assert (row[0], row[-1]) == (full[0], full[-1])
        assert cut[middle : middle + separators] == [full[-1]] * separators
        assert [list(part) for part in found] == [first[: len(found[0])], second[: len(found[1])]]
        # A tie may be cut on either side.
        assert abs(len(found[0]) - kept[0]) <= 1
        assert len(found[0]) + len(found[1]) == sum(kept)


def test_chunks_do_not_show(tiny_encoder, pairs, monkeypatch):
    whole = tokenise(tiny_encoder("xlm-roberta"), pairs, max_length=12)
    monkeypatch.setattr("crosscal.tasks.families.pair_tokens._CHUNK", 4)
    parts = tokenise(tiny_encoder("xlm-roberta"), pairs, max_length=12)
    for name in ("ids", "token_type_ids", "offsets", "gold"):
        assert np.array_equal(getattr(whole, name), getattr(parts, name))
    assert whole.truncated == parts.truncated > 0


def test_set_comes_back_from_disk(tiny_encoder, pairs, tmp_path):
    tokens = tokenise(tiny_encoder("bert"), pairs, max_length=16)
    tokens.save(tmp_path)
    back = EncodedDataset.load(tmp_path)
    for name in ("ids", "token_type_ids", "offsets", "gold"):
        found, expected = getattr(back, name), getattr(tokens, name)
        assert np.array_equal(found, expected)
        assert found.dtype == expected.dtype
    assert back.truncated == tokens.truncated > 0
    assert back.units.to_pylist() == tokens.units.to_pylist()
    assert len(back) == len(tokens)
    # Equal sets are equal files: artifacts built twice have equal checksums.
    first = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    tokens.save(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == first


def test_sets_of_every_form_come_back_from_disk(tmp_path):
    """Groups, rows, further arrays and empty arrays; mapped into memory, not read."""
    units = pa.table({"unit_id": ["a"], "cluster_id": ["a"], "language": ["ar"], "more": ["قطة"]})
    tokens = EncodedDataset(
        ids=np.arange(9, dtype=np.int32),
        token_type_ids=np.zeros(9, dtype=np.uint8),
        offsets=np.array([0, 4, 9]),
        softmax_over="sequence",
        groups=np.array([0, 2]),
        scored_positions=np.array([0, 2, 4, 8]),
        row_offsets=np.array([0, 2, 4]),
        gold=np.array([[0, 1], [-1, -1]], dtype=np.int32),
        units=units,
        arrays={"chars": np.arange(8).reshape(4, 2), "none": np.empty((0, 2), dtype=np.int64)},
        truncated=3,
    )
    tokens.save(tmp_path)
    back = EncodedDataset.load(tmp_path)
    for name in (
        "ids",
        "token_type_ids",
        "offsets",
        "groups",
        "scored_positions",
        "row_offsets",
        "gold",
    ):
        assert np.array_equal(getattr(back, name), getattr(tokens, name))
    assert {name: array.tolist() for name, array in back.arrays.items()} == {
        "chars": [[0, 1], [2, 3], [4, 5], [6, 7]],
        "none": [],
    }
    assert (back.softmax_over, back.truncated, back.n_rows, len(back)) == ("sequence", 3, 4, 1)
    assert back.lengths.tolist() == [9]
    assert back.units.equals(units)
    assert isinstance(back.ids, np.memmap)


def test_usually_a_sequence_is_its_own_group_and_scored_as_a_whole():
    tokens = EncodedDataset(
        ids=np.arange(5, dtype=np.int32),
        token_type_ids=np.zeros(5, dtype=np.uint8),
        offsets=np.array([0, 2, 5]),
        gold=np.array([0, 1], dtype=np.int32),
        units=pa.table({"unit_id": ["a", "b"]}),
    )
    assert tokens.groups.tolist() == tokens.row_offsets.tolist() == [0, 1, 2]
    assert (len(tokens), tokens.n_rows, tokens.softmax_over) == (2, 2, "labels")
    assert tokens.lengths.tolist() == [2, 3]


def test_lists_are_laid_end_to_end():
    flat, offsets = concat_ragged([[3, 1], [], [4, 1, 5]])
    assert flat.tolist() == [3, 1, 4, 1, 5]
    assert offsets.tolist() == [0, 2, 2, 5]
    assert flat.dtype == offsets.dtype == np.int64
    flat, offsets = concat_ragged([])
    assert (flat.tolist(), offsets.tolist()) == ([], [0])


def test_labels_have_places():
    def example(label):
        return PairExample("dev-00000", "p", "en", "first", "second", label)

    assert [gold(example(label), LABELS) for label in LABELS] == [0, 1, 2]
    with pytest.raises(DataError, match="has no label") as caught:
        gold(example(None), LABELS)
    assert caught.value.where == "en dev-00000"
    with pytest.raises(DataError, match="Did you mean 'perhaps'"):
        gold(example("perhap"), LABELS)


def test_predictions_are_the_scores(tiny_encoder, pairs):
    tokens = tokenise(tiny_encoder("bert"), pairs)
    scores = np.random.default_rng(0).normal(size=(len(pairs), 3)).astype(np.float32)
    found = CLASSIFICATION.predictions(tokens, scores, LABELS)
    assert found.scores is scores
    assert found.gold.tolist() == [i % 3 for i in range(len(pairs))]
    assert found.units["unit_id"].to_pylist() == [f"u{i}" for i in range(len(pairs))]
    assert not found.extra
    assert CLASSIFICATION.outputs(LABELS) == 3
