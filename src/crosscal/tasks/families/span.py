"""The span family: a question and a context in, scored stretches of the context out.

A head scores every character of the context as the start and as the end of the answer, from the
token that holds it and its place within. Long contexts are seen through overlapping windows; their
candidates are merged.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from crosscal.tasks.families.family import Family, Floats, InputLimits, Scored, unit_table
from crosscal.tasks.families.span_search import Window, best_spans
from crosscal.tasks.families.span_tokens import (
    PLACES,
    context_rows,
    gold_places,
    place_spans,
    places_of,
    question_windows,
    set_apart,
    window_types,
)
from crosscal.tasks.families.tokens import EncodedDataset, end_to_end

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tokenizers import Encoding, Tokenizer

    from crosscal.data.examples import SpanExample

NO_ANSWER = ""
_ANSWER = pa.list_(pa.string())
# In TyDi QA's English 0.4 % of answers start within a token and 0.6 % end within one, which has
# three or four places to do so: about one in a thousand for each, e^-7.
_WITHIN = -7.0
# Files put the questions about a context one after another, or nearly.
_CONTEXTS = 64


def _tokenise(
    tokenizer: Tokenizer,
    examples: Sequence[SpanExample],
    labels: Sequence[str],
    limits: InputLimits,
) -> EncodedDataset:
    sequences: list[list[int]] = []
    types: list[list[int]] = []
    rows: list[list[int]] = []
    characters: list[npt.NDArray[np.int64]] = []
    gold: list[tuple[int, int]] = []
    question: list[int] = []
    start = cut = 0

    @lru_cache(maxsize=_CONTEXTS)
    def tokenised(context: str) -> Encoding:
        return tokenizer.encode(context, add_special_tokens=False)

    with set_apart(tokenizer):
        for number, example in enumerate(examples):
            context = tokenised(example.context)
            found = question_windows(tokenizer, example.question, context, limits)
            cut += found.question_cut
            for window in found.encodings:
                places, spans = context_rows(window, example.context)
                # The first token stands for "no answer here".
                rows.append([start, *(start + place for place in places)])
                characters.append(np.array([(0, 0), *spans], dtype=np.int64).reshape(-1, 2))
                gold.append(gold_places(spans, example.answers))
                sequences.append(window.ids)
                types.append(window_types(window, limits))
                question.append(number)
                start += len(window.ids)
    ids, offsets = end_to_end(sequences)
    flat_rows, row_offsets = end_to_end(rows)
    chars = np.concatenate(characters)
    return EncodedDataset(
        ids=ids.astype(np.int32),
        types=end_to_end(types)[0].astype(np.uint8),
        offsets=offsets,
        over="sequence",
        rows=flat_rows,
        row_offsets=row_offsets,
        gold=np.array(gold, dtype=np.int32),
        units=_question_table(examples),
        arrays={
            "question": np.array(question, dtype=np.int64),
            "chars": chars,
            "places": places_of(chars),
        },
        truncated=cut,
    )


def _question_table(examples: Sequence[SpanExample]) -> pa.Table:
    texts = [[answer.text for answer in example.answers or ()] for example in examples]
    return unit_table(
        examples,
        question_id=pa.array([example.question_id for example in examples], pa.string()),
        context=pa.array([example.context for example in examples], pa.string()),
        answers=pa.array(texts, _ANSWER),
        known=pa.array([example.answers is not None for example in examples], pa.bool_()),
    )


def _predictions(tokens: EncodedDataset, scores: Floats, *, may_be_unanswerable: bool) -> Scored:
    contexts = tokens.units["context"].to_pylist()
    answers = tokens.units["answers"].to_pylist()
    known = tokens.units["known"].to_pylist()
    first_window = np.searchsorted(tokens.arrays["question"], np.arange(len(contexts) + 1))
    rows = tokens.row_offsets
    found_scores, found_texts, gold = [], [], []
    for number, context in enumerate(contexts):
        windows = [
            _by_place(scores[rows[w] : rows[w + 1]], tokens.arrays["chars"][rows[w] : rows[w + 1]])
            for w in range(first_window[number], first_window[number + 1])
        ]
        texts, values = best_spans(windows, context)
        if may_be_unanswerable:
            nothing = min(float(window.scores[0].sum()) for window in windows)
            texts, values = [*texts, NO_ANSWER], np.append(values, nothing)
        texts, values = _two_or_more(texts, values)
        right = answers[number] or ([NO_ANSWER] if known[number] else [])
        gold.append(next((place for place, text in enumerate(texts) if text in right), -1))
        found_texts.append(texts)
        found_scores.append(values)
    return Scored(
        units=tokens.units.select(["unit_id", "cluster_id", "language"]),
        scores=found_scores,
        gold=np.array(gold, dtype=np.int64),
        extra={
            "question_id": tokens.units["question_id"].to_pylist(),
            "choices": found_texts,
            "answers": answers,
        },
    )


def _by_place(scores: Floats, spans: npt.NDArray[np.int64]) -> Window:
    """Lay the scores of a window's tokens out by place."""
    rows, within, characters = place_spans(spans)
    return Window(
        scores=np.stack([scores[rows, within], scores[rows, PLACES + within]], axis=1),
        characters=characters,
        tokens=rows,
    )


def _two_or_more(
    texts: list[str], values: npt.NDArray[np.float64]
) -> tuple[list[str], npt.NDArray[np.float64]]:
    """Give a context of a single token a second choice, 100 below: predictions have two or more."""
    for stand_in in ("", "?"):
        if len(texts) < 2 and stand_in not in texts:
            texts, values = [*texts, stand_in], np.append(values, values.min(initial=0.0) - 100.0)
    return texts, values


def _answerable(tokens: EncodedDataset, scores: Floats, labels: Sequence[str]) -> Scored:
    return _predictions(tokens, scores, may_be_unanswerable=NO_ANSWER in labels)


SPAN = Family(
    name="span",
    outputs=lambda labels: 2 * PLACES,
    units_of=lambda tokens: tokens.arrays["question"],
    bias=(0.0, *[_WITHIN] * (PLACES - 1)) * 2,
    version=2,
    tokenise=_tokenise,
    predictions=_answerable,
    shared_labels=False,
)
