"""How long the missing stages will take and how much disk they need, from measured speed."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial

from crosscal.study.execution.stages import EncoderStage, Node
from crosscal.study.execution.store import Store
from crosscal.study.planning.datasets import n_characters
from crosscal.study.planning.plan import Plan

# Share of the speed of a plain matrix product that the encoder reaches; measured with the
# packaged encoder, in float32 on two cores of an AVX2 processor, in bf16 on two with AMX.
_MATRIX_SHARE = {"fp32": 0.8, "bf16": 0.12}
_CHARACTERS_PER_TOKEN = 3.5
# Of stages that run no encoder.
_TOKENS_PER_SECOND = 200_000
_START_SECONDS = 3.0


@dataclass(frozen=True, kw_only=True)
class CostEstimate:
    """What a stage will cost one worker, and how many bytes it will leave.

    `measured` tells whether the speed is that of finished stages of the same kind and encoder,
    rather than of a matrix product timed just now.
    """

    seconds: float
    bytes: int
    measured: bool


def estimate_stages(plan: Plan, store: Store) -> dict[str, CostEstimate]:
    """Estimate every stage that the store does not hold, by key."""
    speeds = _measured_speeds(plan, store)
    counts = _PlanTokens(plan, store)
    matrix_speed = cache(partial(_matrix_speed, plan.study.execution.threads))
    estimates = {}
    for stage in plan.stages:
        if store.has(*stage.node):
            continue
        work = stage.workload(counts)
        speed = speeds.get(stage.kind)
        measured = speed is not None
        if speed is None and work.operations_per_token:
            speed = matrix_speed(work.precision) / work.operations_per_token
        estimates[stage.key] = CostEstimate(
            seconds=_START_SECONDS + work.tokens / (speed or _TOKENS_PER_SECOND),
            bytes=work.bytes,
            measured=measured,
        )
    return estimates


def wall_seconds(plan: Plan, estimates: Mapping[str, CostEstimate], workers: int) -> float:
    """Return how long so many workers take for all stages."""
    serial = sum(estimate.seconds for estimate in estimates.values())
    return max(_longest_chain(plan, estimates), serial / workers)


def _longest_chain(plan: Plan, estimates: Mapping[str, CostEstimate]) -> float:
    """Time of the longest chain of dependent stages: no number of workers can be faster."""
    ends: dict[Node, float] = {}
    for stage in plan.stages:
        start = max((ends[node] for node in stage.inputs.values()), default=0.0)
        seconds = estimates[stage.key].seconds if stage.key in estimates else 0.0
        ends[stage.node] = start + seconds
    return max(ends.values())


class _PlanTokens:
    """Tokens of a plan's sources and stages; see `TokenCounts`."""

    def __init__(self, plan: Plan, store: Store) -> None:
        self._datasets = plan.datasets
        self._stages = {stage.node: stage for stage in plan.stages}
        self._store = store

    def of_artifact(self, node: Node) -> float:
        """Tokens that a stage left, or those that it will read."""
        known = self._store.details(*node).get("tokens")
        return float(known) if known else self._stages[node].workload(self).tokens

    def of_source(self, field: str) -> float:
        """Tokens of a source, judged by its characters."""
        characters = sum(map(n_characters, self._datasets[field].examples))
        return characters / _CHARACTERS_PER_TOKEN


def _measured_speeds(plan: Plan, store: Store) -> dict[str, float]:
    """Tokens a second of finished stages that ran the encoder, by kind."""
    totals: dict[str, list[float]] = {}
    for stage in plan.stages:
        details = store.details(*stage.node)
        if isinstance(stage, EncoderStage) and details.get("seconds") and details.get("tokens"):
            total = totals.setdefault(stage.kind, [0.0, 0.0])
            total[0] += details["tokens"]
            total[1] += details["seconds"]
    return {kind: tokens / seconds for kind, (tokens, seconds) in totals.items()}


def _matrix_speed(threads: int, precision: str) -> float:
    """Operations a second that an encoder reaches with a stage's threads, by a matrix product."""
    import torch

    from crosscal.training.precision import fast_in_bf16

    # Of a processor without a unit for it, products of bf16 say nothing about a GPU.
    name = "fp32" if precision == "fp32" or not fast_in_bf16(torch.device("cpu")) else "bf16"
    dtype = torch.bfloat16 if name == "bf16" else torch.float32
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        a, b = torch.ones(1024, 384, dtype=dtype), torch.ones(384, 1536, dtype=dtype)
        a @ b
        started = time.perf_counter()
        for _ in range(10):
            a @ b
        seconds: float = time.perf_counter() - started
        return _MATRIX_SHARE[name] * 10 * 2 * 1024 * 384 * 1536 / seconds
    finally:
        torch.set_num_threads(before)
