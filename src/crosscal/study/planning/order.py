"""In which order stages should run: what was begun is finished first, cheap before dear."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crosscal.study.execution.needs import readers
from crosscal.study.execution.stages import Node, Stage
from crosscal.study.planning.estimate import CostEstimate


def economical_order(stages: Sequence[Stage], estimates: Mapping[str, CostEstimate]) -> list[Stage]:
    """Sort stages by what should run first of those that can.

    What leaves nothing large first, as it lets what is large be read. Then the deepest: what a
    checkpoint was made for runs before another is made, so that it may be discarded soon and
    results come early. Of equally deep ones the cheapest first.
    """
    depths = _depths(stages)

    def rank(stage: Stage) -> tuple[bool, int, float]:
        estimate = estimates.get(stage.key)
        seconds = 0.0 if estimate is None else estimate.seconds
        return bool(stage.large), -depths[stage.node], seconds

    return sorted(stages, key=rank)


def _depths(stages: Sequence[Stage]) -> dict[Node, int]:
    """Count the stages on the longest way to each."""
    depths: dict[Node, int] = {}
    for stage in stages:
        depths[stage.node] = 1 + max((depths.get(n, 0) for n in stage.inputs.values()), default=0)
    return depths


@dataclass(frozen=True)
class DiskUse:
    """Bytes that a plan leaves in the end, and the most that it holds at any time."""

    end: int
    peak: int


def disk_use(
    stages: Sequence[Stage], estimates: Mapping[str, CostEstimate], *, discard: bool
) -> DiskUse:
    """Follow the disk through a plan whose stages run one after the other in this order.

    Stages without an estimate are there already; their files are not counted.
    """
    reading = readers(stages)
    waiting = [stage for stage in stages if stage.key in estimates]
    missing = {stage.node for stage in waiting}
    unread = {node: len([s for s in each if s.node in missing]) for node, each in reading.items()}
    by_node = {stage.node: stage for stage in waiting}
    held = peak = 0
    while waiting:
        stage = next(s for s in waiting if not missing & set(s.inputs.values()))
        waiting.remove(stage)
        missing.discard(stage.node)
        held += estimates[stage.key].bytes
        peak = max(peak, held)
        for node in set(stage.inputs.values()):
            unread[node] -= 1
            made = by_node.get(node)
            if discard and made is not None and made.large and not unread[node]:
                held -= estimates[made.key].bytes
    return DiskUse(held, peak)
