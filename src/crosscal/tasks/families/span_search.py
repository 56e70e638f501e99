"""The best answers to a question, from scores of starts and ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

# Devlin et al. (2019) and the scripts of XTREME: so many starts, ends and answers are kept.
N_BEST = 20
MAX_ANSWER_TOKENS = 30


@dataclass(frozen=True, kw_only=True)
class Window:
    """What of a context one input held: S slots, one or more for each of its tokens.

    Attributes
    ----------
    scores : ndarray of float32, shape (S, 2)
        For a start and for an end at each slot; the first stands for "no answer here".
    characters : ndarray of int64, shape (S, 2)
        Where in the context an answer starts that starts at the slot, and where one ends that
        ends there.
    tokens : ndarray of int64, shape (S,)
        Number of the token that each slot is in.
    """

    scores: npt.NDArray[np.float32]
    characters: npt.NDArray[np.int64]
    tokens: npt.NDArray[np.int64]


def best_spans(
    windows: Sequence[Window], context: str
) -> tuple[list[str], npt.NDArray[np.float64]]:
    """Return up to 20 answer texts of a question over all its windows, best first, and scores.

    A score is the sum of those of start and end, the highest where a text is found more than once.
    Of equal ones the earlier in the context comes first, then the shorter.
    """
    spans: dict[tuple[int, int], float] = {}
    for window in windows:
        for span, score in _window_spans(window).items():
            spans[span] = max(score, spans.get(span, -np.inf))
    ordered = sorted(spans.items(), key=lambda item: (-item[1], item[0][0], item[0][1]))
    texts: dict[str, float] = {}
    for (start, end), score in ordered:
        texts.setdefault(context[start:end], score)
        if len(texts) == N_BEST:
            break
    return list(texts), np.array(list(texts.values()), dtype=np.float64)


def _window_spans(window: Window) -> dict[tuple[int, int], float]:
    # The first slot stands for "no answer here".
    scores, characters, tokens = window.scores[1:], window.characters[1:], window.tokens[1:]
    if not len(scores):
        return {}
    starts = np.argsort(-scores[:, 0], kind="stable")[:N_BEST]
    ends = np.argsort(-scores[:, 1], kind="stable")[:N_BEST]
    length = tokens[ends][None, :] - tokens[starts][:, None]  # (starts, ends), in tokens
    # Within a token, and in tokens of bytes that cover one character together, an end can stand
    # before a start: a span must also have characters.
    not_empty = characters[ends, 1][None, :] > characters[starts, 0][:, None]
    allowed = (length >= 0) & (length < MAX_ANSWER_TOKENS) & not_empty
    total = scores[starts, 0].astype(np.float64)[:, None] + scores[ends, 1][None, :]
    spans: dict[tuple[int, int], float] = {}
    for i, j in zip(*np.nonzero(allowed), strict=True):
        span = (int(characters[starts[i], 0]), int(characters[ends[j], 1]))
        spans[span] = max(float(total[i, j]), spans.get(span, -np.inf))
    return spans
