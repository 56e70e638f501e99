"""How long the missing stages will take and how much disk they need, from measured speed."""

from __future__ import annotations

import time
from dataclasses import dataclass

from crosscal.encoders.architectures import encoder_config
from crosscal.study.execution.store import Store
from crosscal.study.planning.plan import TEXTS, Plan, Stage
from crosscal.study.planning.sources import characters

# Share of the speed of a plain matrix product that training and prediction reach; measured
# with the packaged encoder on two cores of an AVX2 processor.
_SHARE = {"train": 0.8, "predict": 0.8, "embed": 0.8}
_CHARACTERS_PER_TOKEN = 3.5


@dataclass(frozen=True, kw_only=True)
class CostEstimate:
    """What a stage will cost.

    Attributes
    ----------
    seconds : float
        Of one worker.
    bytes : int
        On disk, once finished.
    measured : bool
        Whether the speed is that of finished stages of the same kind and encoder, rather
        than of a matrix product timed just now.
    """

    seconds: float
    bytes: int
    measured: bool


def estimate_stages(plan: Plan, store: Store) -> dict[str, CostEstimate]:
    """Estimate every stage that the store does not hold.

    Returns
    -------
    dict of str to Estimate
        By key of the stage.
    """
    speeds = _measured_speeds(plan, store)
    fallback: float | None = None
    estimates = {}
    for stage in plan.stages:
        if store.has(*stage.node):
            continue
        tokens = _tokens(plan, stage, store)
        speed = speeds.get(stage.kind)
        measured = speed is not None
        if speed is None and stage.kind in _SHARE:
            fallback = fallback or _matrix_speed(plan.study.execution.threads)
            speed = fallback * _SHARE[stage.kind] / _operations_per_token(plan, stage)
        seconds = 3.0 + (tokens / speed if speed else tokens / 200_000)
        estimates[stage.key] = CostEstimate(
            seconds=seconds, bytes=_bytes(plan, stage, tokens), measured=measured
        )
    return estimates


def _measured_speeds(plan: Plan, store: Store) -> dict[str, float]:
    """Tokens a second of finished stages, by kind."""
    totals: dict[str, list[float]] = {}
    for stage in plan.stages:
        details = store.details(*stage.node)
        if stage.kind in _SHARE and details.get("seconds") and details.get("tokens"):
            total = totals.setdefault(stage.kind, [0.0, 0.0])
            total[0] += details["tokens"]
            total[1] += details["seconds"]
    return {kind: tokens / seconds for kind, (tokens, seconds) in totals.items()}


def _tokens(plan: Plan, stage: Stage, store: Store) -> float:
    """Tokens that a stage will process; counted where prepared, else judged by characters."""

    def of(node: tuple[str, str]) -> float:
        known = store.details(*node).get("tokens")
        if known:
            return float(known)
        source = next(s for s in plan.stages if s.node == node)
        return _characters(plan, source) / _CHARACTERS_PER_TOKEN

    if stage.kind == "train":
        training = stage.settings["training"]
        roles = {role: of(node) for role, node in stage.inputs.items() if role != "start"}
        development = sum(tokens for role, tokens in roles.items() if role.startswith("dev:"))
        examples = sum(
            tokens
            for role, tokens in roles.items()
            if role.startswith("train:") and role != f"train:{TEXTS}"
        )
        examples /= 1 - float(stage.settings["mixture"]["mlm"])
        return examples * float(training["epochs"]) + development * int(training["evaluations"]) / 3
    if stage.kind == "predict":
        return sum(of(node) for role, node in stage.inputs.items() if role != "model")
    if stage.kind in ("prepare", "embed", "translate"):
        return _characters(plan, stage) / _CHARACTERS_PER_TOKEN
    return 0.0


def _characters(plan: Plan, stage: Stage) -> float:
    reading = plan.datasets[stage.parameters["field"]]
    return float(sum(characters(example) for example in reading.examples))


def _operations_per_token(plan: Plan, stage: Stage) -> float:
    """Floating-point operations a token: 2 a weight forwards, 6 with the way back."""
    config = encoder_config(plan.encoder)
    hidden, inner, total = (
        int(str(config[name])) for name in ("hidden_size", "intermediate_size", "num_hidden_layers")
    )
    layers = stage.settings["layers"] or total
    weights = layers * (4 * hidden * hidden + 2 * hidden * inner)
    return weights * (6.0 if stage.kind == "train" else 2.0)


def _matrix_speed(threads: int) -> float:
    """Floating-point operations a second of a float32 matrix product with a stage's threads."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        a, b = torch.ones(1024, 384), torch.ones(384, 1536)
        a @ b
        started = time.perf_counter()
        for _ in range(10):
            a @ b
        seconds: float = time.perf_counter() - started
        return 10 * 2 * 1024 * 384 * 1536 / seconds
    finally:
        torch.set_num_threads(before)


def _bytes(plan: Plan, stage: Stage, tokens: float) -> int:
    if stage.kind != "train":
        return int(tokens * (6 if stage.kind == "prepare" else 0.5))
    config = encoder_config(plan.encoder)
    hidden, inner, total = (
        int(str(config[name])) for name in ("hidden_size", "intermediate_size", "num_hidden_layers")
    )
    layers = stage.settings["layers"] or total
    rows = 25_000 if stage.settings["trim"] else int(str(config["vocab_size"]))
    return 4 * (layers * (4 * hidden * hidden + 2 * hidden * inner) + rows * hidden)
