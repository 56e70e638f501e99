"""The tagging family: words in, one score a tag for each word out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from crosscal.tasks.families.family import Family, Floats, InputLimits, Scored
from crosscal.tasks.families.special_tokens import around_text, as_in_text
from crosscal.tasks.families.tokens import EncodedDataset, concat_ragged

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tokenizers import Tokenizer

    from crosscal.data.examples import TagExample

_CHUNK = 1000


@dataclass(frozen=True, kw_only=True)
class _Window:
    """Words ``first:last`` of a sentence, of which ``begin:end`` are scored here."""

    first: int
    last: int
    begin: int
    end: int


def windows(sizes: Sequence[int], room: int) -> Iterator[_Window]:
    """Cut a sentence into overlapping windows, each word scored in exactly one of them.

    `sizes` are the tokens of each word, `room` how many fit into a window. Up to half of the room
    is for scored words, the rest for context: as much before as after them, if there is any.
    """
    ends = np.cumsum(sizes)
    if ends[-1] <= room:
        yield _Window(first=0, last=len(sizes), begin=0, end=len(sizes))
        return
    begin = 0
    while begin < len(sizes):
        end, used = begin + 1, sizes[begin]
        while end < len(sizes) and used + sizes[end] <= max(room // 2, sizes[begin]):
            used += sizes[end]
            end += 1
        first, last, side = begin, end, (room - used) // 2
        before = 0
        while first > 0 and before + sizes[first - 1] <= side:
            first -= 1
            before += sizes[first]
        left = room - used - before
        while last < len(sizes) and sizes[last] <= left:
            left -= sizes[last]
            last += 1
        yield _Window(first=first, last=last, begin=begin, end=end)
        begin = end


def tag_gold(example: TagExample, labels: Sequence[str]) -> list[int]:
    """Return the index of each word's tag; -1 for none, or one that training never showed."""
    if example.tags is None:
        return [-1] * len(example.words)
    index = {label: i for i, label in enumerate(labels)}
    return [index.get(tag, -1) for tag in example.tags]


def _word_tokens(tokenizer: Tokenizer, examples: Sequence[TagExample]) -> Iterator[list[list[int]]]:
    """Yield the token ids of each word of each sentence; a word always has some."""
    tokenizer.no_truncation()
    stand_in = tokenizer.encode("?", add_special_tokens=False).ids[-1:]
    in_text = as_in_text(tokenizer)
    for start in range(0, len(examples), _CHUNK):
        chunk = examples[start : start + _CHUNK]
        encodings = tokenizer.encode_batch(
            [in_text(example.words) for example in chunk],
            is_pretokenized=True,
            add_special_tokens=False,
        )
        for example, encoding in zip(chunk, encodings, strict=True):
            words: list[list[int]] = [[] for _ in example.words]
            for token, word in zip(encoding.ids, encoding.word_ids, strict=True):
                words[int(word or 0)].append(token)
            # Some words leave nothing behind, as a lone variation selector; they have a tag too,
            # and are seen as a question mark.
            yield [word or stand_in for word in words]


def _tokenise(
    tokenizer: Tokenizer,
    examples: Sequence[TagExample],
    labels: Sequence[str],
    limits: InputLimits,
) -> EncodedDataset:
    before, behind = around_text(tokenizer)
    room = limits.max_length - len(before) - len(behind)
    sequences: list[list[int]] = []
    scored_positions: list[list[int]] = []
    gold: list[int] = []
    cut = start = 0
    for example, words in zip(examples, _word_tokens(tokenizer, examples), strict=True):
        cut += sum(len(word) > room for word in words)
        fitting = [word[:room] for word in words]
        gold += tag_gold(example, labels)
        for window in windows([len(word) for word in fitting], room):
            inside = fitting[window.first : window.last]
            # A word is scored at its first token; at its last where only that has seen all of it.
            ends = len(before) + np.cumsum([len(word) for word in inside])
            at = ends - 1 if limits.causal else ends - [len(word) for word in inside]
            scored = at[window.begin - window.first : window.end - window.first]
            scored_positions.append((start + scored).tolist())
            sequences.append([*before, *(token for word in inside for token in word), *behind])
            start += len(sequences[-1])
    ids, offsets = concat_ragged(sequences)
    positions, row_offsets = concat_ragged(scored_positions)
    return EncodedDataset(
        ids=ids.astype(np.int32),
        token_type_ids=np.zeros(len(ids), dtype=np.uint8),
        offsets=offsets,
        scored_positions=positions,
        row_offsets=row_offsets,
        gold=np.array(gold, dtype=np.int32),
        units=_word_table(examples),
        truncated=cut,
    )


def _word_table(examples: Sequence[TagExample]) -> pa.Table:
    """One row a word; the words of a sentence depend on each other."""
    columns: dict[str, list[str]] = {"unit_id": [], "cluster_id": [], "language": [], "word": []}
    for example in examples:
        count = len(example.words)
        columns["unit_id"] += [f"{example.unit_id}-{index:04d}" for index in range(count)]
        columns["cluster_id"] += [example.cluster_id] * count
        columns["language"] += [example.language] * count
        columns["word"] += example.words
    return pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})


def _predictions(dataset: EncodedDataset, scores: Floats, labels: Sequence[str]) -> Scored:
    return Scored(
        units=dataset.units.select(["unit_id", "cluster_id", "language"]),
        scores=scores,
        gold=np.asarray(dataset.gold, dtype=np.int64),
        extra={"word": dataset.units["word"].to_pylist()},
    )


TAGGING = Family(
    name="tagging",
    outputs=len,
    tokenise=_tokenise,
    predictions=_predictions,
    shared_labels=True,
    units_of=lambda dataset: dataset.row_offsets[:-1],
    renewed=lambda tokenizer: as_in_text(tokenizer) is not list,
)
