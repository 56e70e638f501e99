"""The span family: a question and a context in, scored stretches of the context out.

A head scores every character of the context as the start and as the end of the answer, from the
token that holds it and its slot within. Long contexts are seen through overlapping windows; their
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
    MAX_CHAR_SLOTS,
    context_tokens,
    gold_slots,
    lost_characters,
    question_windows,
    slot_counts,
    slot_spans,
    split_punctuation,
    window_token_types,
)
from crosscal.tasks.families.tokens import EncodedDataset, concat_ragged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tokenizers import Encoding, Tokenizer

    from crosscal.data.examples import SpanExample

NO_ANSWER = ""
_ANSWERS = pa.list_(pa.string())
# In TyDi QA's English 0.4 % of answers start within a token and 0.6 % end within one, which has
# three or four slots to do so: about one in a thousand for each, e^-7.
_WITHIN_TOKEN = -7.0
# Files put the questions about a context one after another, or nearly.
_CACHED_CONTEXTS = 64


def _tokenise(
    tokenizer: Tokenizer,
    examples: Sequence[SpanExample],
    labels: Sequence[str],
    limits: InputLimits,
) -> EncodedDataset:
    sequences: list[list[int]] = []
    token_types: list[list[int]] = []
    scored_positions: list[list[int]] = []
    char_spans: list[npt.NDArray[np.int64]] = []
    gold: list[tuple[int, int]] = []
    question: list[int] = []
    start = cut = 0

    @lru_cache(maxsize=_CACHED_CONTEXTS)
    def tokenised(context: str) -> Encoding:
        return tokenizer.encode(context, add_special_tokens=False)

    with split_punctuation(tokenizer):
        for number, example in enumerate(examples):
            context = tokenised(example.context)
            windows = question_windows(tokenizer, example.question, context, limits)
            cut += windows.question_cut
            for window in windows.encodings:
                positions, spans = context_tokens(window, example.context)
                # The first token stands for "no answer here", the last where it alone saw them all.
                nowhere = len(window) - 1 if limits.causal else 0
                scored_positions.append([start + position for position in (nowhere, *positions)])
                char_spans.append(np.array([(0, 0), *spans], dtype=np.int64).reshape(-1, 2))
                gold.append(gold_slots(spans, example.answers))
                sequences.append(window.ids)
                token_types.append(window_token_types(window, limits))
                question.append(number)
                start += len(window.ids)
    ids, offsets = concat_ragged(sequences)
    rows, row_offsets = concat_ragged(scored_positions)
    chars = np.concatenate(char_spans)  # (rows, 2)
    return EncodedDataset(
        ids=ids.astype(np.int32),
        token_type_ids=concat_ragged(token_types)[0].astype(np.uint8),
        offsets=offsets,
        softmax_over="sequence",
        scored_positions=rows,
        row_offsets=row_offsets,
        gold=np.array(gold, dtype=np.int32),
        units=_question_table(examples),
        arrays={
            "question": np.array(question, dtype=np.int64),
            "chars": chars,
            "places": slot_counts(chars),
        },
        truncated=cut,
    )


def _question_table(examples: Sequence[SpanExample]) -> pa.Table:
    texts = [[answer.text for answer in example.answers or ()] for example in examples]
    return unit_table(
        examples,
        question_id=pa.array([example.question_id for example in examples], pa.string()),
        context=pa.array([example.context for example in examples], pa.string()),
        answers=pa.array(texts, _ANSWERS),
        known=pa.array([example.answers is not None for example in examples], pa.bool_()),
    )


def _predictions(dataset: EncodedDataset, scores: Floats, labels: Sequence[str]) -> Scored:
    contexts = dataset.units["context"].to_pylist()
    answers = dataset.units["answers"].to_pylist()
    known = dataset.units["known"].to_pylist()
    # Windows first_window[q]:first_window[q + 1] are those of question q.
    first_window = np.searchsorted(dataset.arrays["question"], np.arange(len(contexts) + 1))
    bounds, chars = dataset.row_offsets, dataset.arrays["chars"]
    candidate_scores, candidate_texts, gold = [], [], []
    for number, context in enumerate(contexts):
        windows = [
            _window(scores[bounds[w] : bounds[w + 1]], chars[bounds[w] : bounds[w + 1]])
            for w in range(first_window[number], first_window[number + 1])
        ]
        texts, totals = best_spans(windows, context)
        if NO_ANSWER in labels:
            # Every window must say that it has no answer: the least of their scores counts.
            no_answer = min(float(window.scores[0].sum()) for window in windows)
            texts, totals = [*texts, NO_ANSWER], np.append(totals, no_answer)
        texts, totals = _two_or_more(texts, totals)
        accepted = answers[number] or ([NO_ANSWER] if known[number] else [])
        gold.append(next((index for index, text in enumerate(texts) if text in accepted), -1))
        candidate_texts.append(texts)
        candidate_scores.append(totals)
    return Scored(
        units=dataset.units.select(["unit_id", "cluster_id", "language"]),
        scores=candidate_scores,
        gold=np.array(gold, dtype=np.int64),
        extra={
            "question_id": dataset.units["question_id"].to_pylist(),
            "choices": candidate_texts,
            "answers": answers,
        },
    )


def _window(scores: Floats, char_spans: npt.NDArray[np.int64]) -> Window:
    """Take from the scores of a window's tokens, (R, 2 * 16), those of their slots, (S, 2)."""
    rows, slots, characters = slot_spans(char_spans)
    return Window(
        scores=np.stack([scores[rows, slots], scores[rows, MAX_CHAR_SLOTS + slots]], axis=1),
        characters=characters,
        tokens=rows,
    )


def _two_or_more(
    texts: list[str], totals: npt.NDArray[np.float64]
) -> tuple[list[str], npt.NDArray[np.float64]]:
    """Give a context of a single token a second choice, 100 below: predictions have two or more."""
    for stand_in in ("", "?"):
        if len(texts) < 2 and stand_in not in texts:
            texts, totals = [*texts, stand_in], np.append(totals, totals.min(initial=0.0) - 100.0)
    return texts, totals


SPAN = Family(
    name="span",
    outputs=lambda labels: 2 * MAX_CHAR_SLOTS,
    units_of=lambda dataset: dataset.arrays["question"],
    bias=(0.0, *[_WITHIN_TOKEN] * (MAX_CHAR_SLOTS - 1)) * 2,
    version=2,
    renewed=lost_characters,
    tokenise=_tokenise,
    predictions=_predictions,
    shared_labels=False,
)
