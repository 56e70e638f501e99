"""What an event is: something a model holds true with a confidence, and whether it is true."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from crosscal.exceptions import DataError

Floats = NDArray[np.float64]
Texts = NDArray[np.str_]


@dataclass(frozen=True, kw_only=True)
class EventSettings:
    """What counts as the same answer, the same entity, an answer good enough.

    Attributes
    ----------
    rules : str
        How scoring compares: for answers ``sound`` (one rule for all languages), ``squad``,
        ``squad2`` or ``mlqa``; for entities ``sound`` (an I- without its B- begins one),
        ``seqeval`` (the same, types after the last hyphen) or ``strict`` (it is outside).
        Other families take no notice.
    level : float
        F1 from which an answer counts as right, for events about F1; above 0, at most 1.
    baseline_language : str
        Whose development rows a temperature is fitted on.
    """

    rules: str = "sound"
    level: float = 0.5
    baseline_language: str = "en"


@dataclass(frozen=True, kw_only=True)
class Recall:
    """Right entities (or pairs) of one type, and what the model made of them."""

    gold: int  # all there are
    found: int  # those predicted as they are
    # those that no prediction equals, but one overlaps: other ends, or another type
    partial_match: int = 0

    @property
    def missed(self) -> int:
        """Those where nothing was predicted; no confidence speaks of them."""
        return self.gold - self.found - self.partial_match


@dataclass(frozen=True, kw_only=True)
class RawEvents:
    """Events of one language and split before their scores are divided by a temperature."""

    # (n,): confidences in [0, 1]. The shift is 0 unless `shifted`
    confidence_at: Callable[[float, float], Floats]
    correct: Floats  # (n,): see `Events`
    # cluster_ids, unit_ids, kinds, chance, recall: see `Events`
    cluster_ids: Texts
    unit_ids: Texts
    kinds: Texts
    chance: Floats | None = None
    recall: Mapping[str, Recall] = field(default_factory=dict)
    # whether confidences come of a single score, so that a temperature alone, without a shift,
    # would leave them at one half or above
    shifted: bool = False


@dataclass(frozen=True, kw_only=True)
class Events:
    """Events of one language and split: what every measure of calibration takes.

    Attributes
    ----------
    confidence : ndarray of float64, shape (n,)
        In [0, 1]; n may be 0 (no entity was predicted).
    correct : ndarray of float64, shape (n,)
        0 or 1; of `soft` events a share from 0 to 1, as the F1 of an answer.
    cluster_ids : ndarray of str, shape (n,)
        What makes events dependent: sentence, paragraph.
    unit_ids : ndarray of str, shape (n,)
        The unit of the prediction table; of an entity its first word.
    kinds : ndarray of str, shape (n,)
        To look at events apart: predicted tag or type, number of options, direction.
    chance : ndarray of float64, shape (n,), or None
        Probability to be right by guessing, where that is known.
    recall : mapping of str to Recall
        By type, what was there to be predicted; empty where every unit is one event.
    temperature, shift : float
        What the scores were divided by, and what was added; 1 and 0 if nothing was fitted.
    """

    confidence: Floats
    correct: Floats
    cluster_ids: Texts
    unit_ids: Texts
    kinds: Texts
    chance: Floats | None = None
    recall: Mapping[str, Recall] = field(default_factory=dict)
    temperature: float = 1.0
    shift: float = 0.0

    def __len__(self) -> int:
        return len(self.confidence)

    @property
    def soft(self) -> bool:
        """Whether some outcome is neither 0 nor 1."""
        return bool(((self.correct != 0) & (self.correct != 1)).any())

    def as_choices(self) -> tuple[Floats, NDArray[np.int64]]:
        """Return the events as questions with the answers "no" and "yes": here class 1.

        For recalibrators and errors of one class: probabilities of shape (n, 2), and gold.

        Raises
        ------
        DataError
            The events are soft.
        """
        if self.soft:
            raise DataError(
                "an outcome is a share, neither right nor wrong",
                where="events",
                remedy="Use an event with a level, as f1",
            )
        values = np.stack([1.0 - self.confidence, self.confidence], axis=1)
        return values, self.correct.astype(np.int64)

    def of_kind(self, kind: str) -> Events:
        """Return the events of one kind; their recall is that of the type of this name."""
        of_this_kind = self.kinds == kind
        return Events(
            confidence=self.confidence[of_this_kind],
            correct=self.correct[of_this_kind],
            cluster_ids=self.cluster_ids[of_this_kind],
            unit_ids=self.unit_ids[of_this_kind],
            kinds=self.kinds[of_this_kind],
            chance=None if self.chance is None else self.chance[of_this_kind],
            recall={kind: self.recall[kind]} if kind in self.recall else {},
            temperature=self.temperature,
            shift=self.shift,
        )


def at_temperature(raw: RawEvents, temperature: float = 1.0, shift: float = 0.0) -> Events:
    """Return the events with the confidences they have at a temperature."""
    return Events(
        confidence=raw.confidence_at(temperature, shift),
        correct=raw.correct,
        cluster_ids=raw.cluster_ids,
        unit_ids=raw.unit_ids,
        kinds=raw.kinds,
        chance=raw.chance,
        recall=raw.recall,
        temperature=temperature,
        shift=shift,
    )
