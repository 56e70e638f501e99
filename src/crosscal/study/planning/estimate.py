"""How long the missing stages will take and how much disk they need, from measured speed."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Literal

from crosscal.study.execution.metering import hardware
from crosscal.study.execution.needs import needed_stages
from crosscal.study.execution.stages import EncoderStage, Node, PrepareStage, TranslateStage
from crosscal.study.execution.stages.stage import TokenCounts
from crosscal.study.execution.store import Store
from crosscal.study.planning.plan import Plan
from crosscal.study.planning.probe import SpeedProbe, read_probes

# Share of the speed of a plain matrix product that the encoder reaches; measured with the
# packaged encoder, in float32 on two cores of an AVX2 processor, in bf16 on two with AMX. GPUs
# reach 1 to 25 % of it, by the size of encoder and batch: only a guess.
_MATRIX_SHARE = {"fp32": 0.8, "bf16": 0.12, "gpu": 0.05}
_CHARACTERS_PER_TOKEN = 3.5
# Of stages that run no encoder.
_TOKENS_PER_SECOND = 200_000
# Of a search among vectors, on one thread: `python benchmarks/retrieval.py --margins`.
_OPERATIONS_PER_SECOND = 1.7e10
_START_SECONDS = 3.0


# From what a speed is known: the best comes first.
SpeedSource = Literal["finished stages", "crosscal bench", "a matrix product"]


@dataclass(frozen=True, kw_only=True)
class CostEstimate:
    """What a stage will cost one worker, and how many bytes it will leave.

    `speed` tells from what its speed is known: finished stages of the same kind and encoder, what
    `crosscal bench` measured, or a matrix product timed just now. None: it runs no encoder.
    `hardware` is what the last two are of. `memory` is what training and prediction hold for the
    encoder, in bytes, of a GPU or of the processor's.
    """

    seconds: float
    bytes: int
    speed: SpeedSource | None
    hardware: str | None = None
    memory: int = 0


def estimate_stages(plan: Plan, output: Path) -> dict[str, CostEstimate]:
    """Estimate every stage that has to run, by key; the store lies in the folder of results."""
    store = Store.within(output)
    probes = read_probes(output, anywhere=plan.study.execution.executor == "slurm")
    counts = _PlanTokens(plan, store)
    rates = _Rates(plan, store, counts, probes)
    estimates = {}
    for stage in needed_stages(plan.stages, store):
        work = stage.workload(counts)
        speed: SpeedSource | None = None
        device: str | None = None
        seconds = work.tokens / _TOKENS_PER_SECOND + work.operations / _OPERATIONS_PER_SECOND
        if isinstance(stage, EncoderStage):
            rate, speed, device = rates.of(stage, work.precision)
            seconds = work.tokens * work.operations_per_token / rate
        elif isinstance(stage, TranslateStage):
            seconds = 0.0  # how fast a translator is nobody knows before
        estimates[stage.key] = CostEstimate(
            seconds=_START_SECONDS + seconds,
            bytes=work.bytes,
            speed=speed,
            hardware=device,
            memory=work.memory,
        )
    return estimates


class _Rates:
    """Operations a second of the encoder in each kind of stage and precision."""

    def __init__(
        self, plan: Plan, store: Store, counts: TokenCounts, probes: Sequence[SpeedProbe]
    ) -> None:
        self._finished = _finished_rates(plan, store, counts)
        self._probes = probes
        self._matrix = cache(partial(_matrix_rate, plan.study.execution.threads))

    def of(self, stage: EncoderStage, precision: str) -> tuple[float, SpeedSource, str | None]:
        """Return the rate of a stage, where it is from, and of which hardware."""
        finished = self._finished.get((stage.kind, precision))
        if finished:
            return finished, "finished stages", None
        # Of one process; those that share a stage are at best as many times as fast.
        for probe in reversed(self._probes):
            if probe.fits(stage, precision):
                rate = probe.operations_per_second * stage.devices
                return rate, "crosscal bench", probe.hardware
        return self._matrix(precision) * stage.devices, "a matrix product", hardware()


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
        # Many stages read each.
        self._of_artifacts: dict[Node, float] = {}

    def of_artifact(self, node: Node) -> float:
        """Tokens that a stage left, or those that it will read."""
        if node not in self._of_artifacts:
            known = self._store.details(*node).get("tokens")
            tokens = float(known) if known else self._stages[node].workload(self).tokens
            self._of_artifacts[node] = tokens
        return self._of_artifacts[node]

    def examples_of_artifact(self, node: Node) -> int:
        """Count the examples that are tokenised."""
        stage = self._stages[node]
        assert isinstance(stage, PrepareStage)
        return self.examples_of_source(stage.source.field)

    def of_source(self, field: str) -> float:
        """Tokens of a source, judged by its characters."""
        return self._datasets[field].characters / _CHARACTERS_PER_TOKEN

    def examples_of_source(self, field: str) -> int:
        """Count the examples of a source."""
        return self._datasets[field].examples


def _finished_rates(plan: Plan, store: Store, counts: TokenCounts) -> dict[tuple[str, str], float]:
    """Operations a second of finished stages that ran the encoder, by kind and precision."""
    totals: dict[tuple[str, str], list[float]] = {}
    for stage in plan.stages:
        if not isinstance(stage, EncoderStage):
            continue
        details = store.details(*stage.node)
        if details.get("seconds") and details.get("tokens"):
            work = stage.workload(counts)
            total = totals.setdefault((stage.kind, work.precision), [0.0, 0.0])
            total[0] += details["tokens"] * work.operations_per_token
            total[1] += details["seconds"]
    return {kind: operations / seconds for kind, (operations, seconds) in totals.items()}


def _matrix_rate(threads: int, precision: str) -> float:
    """Operations a second that an encoder reaches with a stage's threads, by a matrix product."""
    import torch

    from crosscal.training.precision import default_device, fast_in_bf16

    device = default_device()
    # Of a processor without a unit for it, products of bf16 say nothing.
    rounded = precision != "fp32" and fast_in_bf16(device)
    share = _MATRIX_SHARE["gpu" if device.type == "cuda" else "bf16" if rounded else "fp32"]
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        dtype = torch.bfloat16 if rounded else torch.float32
        a = torch.ones(1024, 384, dtype=dtype, device=device)
        b = torch.ones(384, 1536, dtype=dtype, device=device)
        float((a @ b)[0, 0])
        started = time.perf_counter()
        for _ in range(10):
            product = a @ b
        float(product[0, 0])  # waits for the device
        seconds: float = time.perf_counter() - started
        return share * 10 * 2 * 1024 * 384 * 1536 / seconds
    finally:
        torch.set_num_threads(before)
