"""One labelled pair of texts: what every reader yields and every task consumes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PairExample:
    """Two texts in one language, with a label in words.

    Attributes
    ----------
    unit_id : str
        Names the row within its split, for example ``"test-00017"``: the split and the
        zero-based number of the data row, zero-padded, so that code-point order is row
        order. Parallel languages share their ids.
    cluster_id : str
        What makes rows dependent: the premise, the question, the sentence.
    language : str
        Code of `crosscal.languages`.
    text_a, text_b : str
        Premise and hypothesis, first and second sentence, question and sentence.
    label : str or None
        One of the task's labels; None where the file has none.
    """

    unit_id: str
    cluster_id: str
    language: str
    text_a: str
    text_b: str
    label: str | None
