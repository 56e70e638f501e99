"""What a study has cost: time, memory and energy of its stages, by kind."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from crosscal.study.execution.stages import Stage
from crosscal.study.execution.store import Store


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What several stages have cost.

    `seconds` are those of workers, of a stage that several processes share times their number;
    interrupted attempts are counted as far as they told. `memory` is
    the most that one process held, `device_memory` the same of a GPU, in bytes; `energy` is in
    joules. None is what nobody measured.
    """

    stages: int
    seconds: float
    processor_seconds: float | None
    memory: int | None
    device_memory: int | None
    energy: float | None
    hardware: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Bill:
    """What stages have cost, by kind: those of the last run, and all that the results rest on."""

    run: dict[str, Cost]
    study: dict[str, Cost]

    def to_dict(self) -> dict[str, Any]:
        """Return it in JSON types; the kinds and ``total``."""
        return {
            name: {kind: asdict(cost) for kind, cost in part.items()}
            for name, part in (("run", self.run), ("study", self.study))
        }


def bill(stages: Sequence[Stage], store: Store, ran: Collection[str]) -> Bill:
    """Add up what stages have cost; `ran` are the keys of those that ran now."""
    details = {stage.key: (stage.kind, store.details(*stage.node)) for stage in stages}
    return Bill(
        run=_by_kind([each for key, each in details.items() if key in ran]),
        study=_by_kind([*details.values()]),
    )


def _by_kind(facts: Sequence[tuple[str, dict[str, Any]]]) -> dict[str, Cost]:
    kinds = dict.fromkeys(kind for kind, _ in facts)
    by_kind = {kind: _cost([each for of, each in facts if of == kind]) for kind in kinds}
    return {**by_kind, "total": _cost([each for _, each in facts])}


def _cost(facts: Sequence[dict[str, Any]]) -> Cost:
    def values(name: str) -> list[Any]:
        return [each[name] for each in facts if each.get(name) is not None]

    measured = [each for each in facts if each.get("seconds") is not None]
    processor, energy = values("processor_seconds"), values("energy")
    return Cost(
        stages=len(facts),
        seconds=round(sum(each["seconds"] * each.get("processes", 1) for each in measured), 2),
        processor_seconds=round(sum(processor), 2) if processor else None,
        memory=max(values("memory"), default=None),
        device_memory=max(values("device_memory"), default=None),
        energy=round(sum(energy), 1) if energy else None,
        hardware=tuple(sorted(set(values("hardware")))),
    )
