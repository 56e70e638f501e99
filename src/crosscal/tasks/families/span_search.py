"""The best answers to a question, from scores of starts and ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

# Devlin et al. (2019) and the scripts of XTREME: so many starts, ends and answers are kept.
KEPT = 20
# Longest answer in tokens.
LONGEST = 30


@dataclass(frozen=True, kw_only=True)
class Window:
    """What of a context one input held, place by place.

    Attributes
    ----------
    scores : ndarray of float32, shape (P, 2)
        For a start and for an end at each place; the first stands for "no answer here".
    characters : ndarray of int64, shape (P, 2)
        Where in the context an answer starts that starts at the place, and where one ends that
        ends there.
    tokens : ndarray of int64, shape (P,)
        Number of the token that each place is in.
    """

    scores: npt.NDArray[np.float32]
    characters: npt.NDArray[np.int64]
    tokens: npt.NDArray[np.int64]


def best_spans(
    windows: Sequence[Window], context: str
) -> tuple[list[str], npt.NDArray[np.float64]]:
    """Return the best answer texts of a question over all its windows.

    Parameters
    ----------
    windows : sequence of Window
        The first place of each is left out.
    context : str
        The context.

    Returns
    -------
    texts : list of str
        Up to 20 different slices of the context, best first; none where no token is scored.
    scores : ndarray of float64
        Sum of the scores of start and end; for a text that stands in several places or is seen
        in several windows, the best. Ties: the earlier in the context, then the shorter.
    """
    found: dict[tuple[int, int], float] = {}
    for window in windows:
        for (start, end), value in _window_spans(window).items():
            found[start, end] = max(value, found.get((start, end), -np.inf))
    ordered = sorted(found.items(), key=lambda item: (-item[1], item[0][0], item[0][1]))
    texts: dict[str, float] = {}
    for (start, end), value in ordered:
        texts.setdefault(context[start:end], value)
        if len(texts) == KEPT:
            break
    return list(texts), np.array(list(texts.values()), dtype=np.float64)


def _window_spans(window: Window) -> dict[tuple[int, int], float]:
    scores, characters, tokens = window.scores[1:], window.characters[1:], window.tokens[1:]
    if not len(scores):
        return {}
    starts = np.argsort(-scores[:, 0], kind="stable")[:KEPT]
    ends = np.argsort(-scores[:, 1], kind="stable")[:KEPT]
    length = tokens[ends][None, :] - tokens[starts][:, None]
    # Within a token, and in tokens of bytes that cover one character together, an end can stand
    # before a start: a span must also have characters.
    some = characters[ends, 1][None, :] > characters[starts, 0][:, None]
    allowed = (length >= 0) & (length < LONGEST) & some
    total = scores[starts, 0].astype(np.float64)[:, None] + scores[ends, 1][None, :]
    found: dict[tuple[int, int], float] = {}
    for i, j in zip(*np.nonzero(allowed), strict=True):
        key = (int(characters[starts[i], 0]), int(characters[ends[j], 1]))
        found[key] = max(float(total[i, j]), found.get(key, -np.inf))
    return found
