"""What an evaluation says, in sentences."""

from __future__ import annotations

from crosscal.calibration.evaluation.results import Evaluation, GroupResult
from crosscal.calibration.statistics.multiplicity import holm
from crosscal.report.numbers import number

# Groups told one by one; more are counted.
_MOST = 5

CLEAR = 0.05
"""Adjusted p-value below which something is called clear."""

DEFINITIONS: dict[str, str] = {
    "ece": "mean distance between confidence and accuracy over bins of equal width",
    "ece_mass": "the same over bins of equal size; where most answers are right, its interval "
    "holds the truth in 90 of 100 samples: prefer ece_debiased",
    "ece_sweep": "the same over as many equally large bins as keep accuracy rising",
    "ece_debiased": "ece less the part that is expected to be noise",
    "rmsce": "root of the mean squared distance, over bins of equal size",
    "rmsce_debiased": "rmsce less the part that is expected to be noise",
    "mce": "the largest distance in any bin; mostly noise unless every bin is full",
    "smooth_ece": "distance after smoothing over confidence, without bins",
    "kernel_error": "distance by a kernel over confidence, without bins",
    "overconfidence": "part of ece from bins more confident than accurate",
    "underconfidence": "part of ece from bins less confident than accurate",
    "overconfident_errors": "share of rows that are wrong with confidence of 90 % or more",
    "classwise_ece": "ece of every class's probability, averaged over classes",
    "ace": "class-wise error over bins of equal size; its interval holds the truth in 87 to 94 of "
    "100 samples",
    "tace": "ace of probabilities above a threshold",
}


def main_error(evaluation: Evaluation) -> str:
    """Return the error that is told first: ece, or the first there is."""
    names = [name for group in evaluation.groups.values() for name in group.errors]
    return "ece" if "ece" in names else names[0]


def sentences(evaluation: Evaluation) -> list[str]:
    """Say what the numbers mean: of each group if they are few, else how many."""
    name = main_error(evaluation)
    clear = _clear(evaluation, name)
    if len(evaluation.groups) <= _MOST:
        texts = [
            _of_group(group, result, name, clear.get(group), alone=len(evaluation.groups) == 1)
            for group, result in evaluation.groups.items()
        ]
    else:
        texts = [_counted(evaluation, name, clear)]
    warnings = [f"Note: {warning}." for warning in evaluation.warnings]
    votes = _against_votes(evaluation)
    return [*warnings, *texts, *votes, *_differences(evaluation, name), *_notes(evaluation)]


def _clear(evaluation: Evaluation, name: str) -> dict[str, bool]:
    """Return whether each group's error is clearly more than noise, adjusted for their number."""
    p_values = {
        group: result.errors[name].p_value
        for group, result in evaluation.groups.items()
        if result.errors[name].p_value is not None
    }
    raised = holm([p or 0.0 for p in p_values.values()])
    return {group: p < CLEAR for group, p in zip(p_values, raised.tolist(), strict=True)}


def _direction(result: GroupResult) -> int:
    """Return 1 or -1 where the interval of the gap says over- or underconfident, else 0."""
    low, high = result.intervals.get("gap", (0.0, 0.0))
    return 1 if low > 0 else -1 if high < 0 else 0


def _of_group(
    group: str, result: GroupResult, name: str, clear: bool | None, *, alone: bool
) -> str:
    error, gap = result.errors[name], result.means["gap"] or 0.0
    start = "The predictions" if alone else f"{group}"
    shown = f"{name} {number(100 * error.value)} %"
    if clear is None:
        return f"{start}: {shown} of {result.n} row(s); how much of it is noise cannot be told."
    floor = f"noise alone would show about {number(100 * (error.noise_floor or 0))} %"
    if not clear:
        return (
            f"{start}: {shown}, {floor} (p {_p(error.p_value)}); miscalibration cannot be told "
            "from noise here."
        )
    side = "above" if gap > 0 else "below"
    words = {
        1: "overconfident",
        -1: "underconfident",
        0: "miscalibrated, though not clearly too sure or too unsure on the whole",
    }
    return (
        f"{start}: {words[_direction(result)]}; mean confidence lies "
        f"{number(100 * abs(gap))} points {side} accuracy; {shown}, {floor} "
        f"(p {_p(error.p_value)})."
    )


def _against_votes(evaluation: Evaluation) -> list[str]:
    """Say which groups are surer, or less sure, than the annotators are."""
    name = "entropy_calibration_debiased"
    excess = {g: r.human[name] for g, r in evaluation.groups.items() if name in r.human}
    # Few votes show too little entropy: what is less sure must be so by more than that.
    more = [g for g, e in excess.items() if e.low is not None and e.low > (e.noise_floor or 0.0)]
    less = [g for g, e in excess.items() if e.high is not None and e.high < 0]
    if not excess:
        return []
    parts = [
        f"{sure} in {_names(groups)}" if len(evaluation.groups) > 1 else sure
        for sure, groups in (
            ("less sure than the annotators", more),
            ("surer than the annotators", less),
        )
        if groups
    ]
    words = " and ".join(parts) or "neither surer nor less sure than the annotators, as far as seen"
    return [f"By the votes, predictions are {words}."]


def _counted(evaluation: Evaluation, name: str, clear: dict[str, bool]) -> str:
    worse = [evaluation.groups[group] for group, yes in clear.items() if yes]
    sides = [_direction(result) for result in worse]
    worst = max(evaluation.groups, key=lambda group: evaluation.groups[group].errors[name].value)
    value = evaluation.groups[worst].errors[name].value
    return (
        f"In {len(worse)} of {len(evaluation.groups)} groups {name} is clearly more than noise "
        f"(adjusted p below {CLEAR}): {sides.count(1)} overconfident, {sides.count(-1)} "
        f"underconfident, {sides.count(0)} in no clear direction. "
        f"Largest: {worst}, {number(100 * value)} %."
    )


def _differences(evaluation: Evaluation, name: str) -> list[str]:
    compared = [d for d in evaluation.differences if d.measure == name and d.low is not None]
    if not compared:
        return []
    clear = [d for d in compared if d.p_adjusted is not None and d.p_adjusted < CLEAR]
    worse = [d.group for d in clear if d.value > 0]
    better = [d.group for d in clear if d.value < 0]
    parts = [f"clearly larger in {_names(worse)}"] if worse else []
    parts += [f"clearly smaller in {_names(better)}"] if better else []
    if not parts:
        parts = ["not clearly other in any group"]
    return [f"Against {compared[0].baseline}, {name} is {' and '.join(parts)}."]


def _names(groups: list[str]) -> str:
    shown = ", ".join(groups[:8])
    return shown + (f" and {len(groups) - 8} more" if groups[8:] else "")


def _notes(evaluation: Evaluation) -> list[str]:
    return [f"{group}: {r.note}." for group, r in evaluation.groups.items() if r.note][:8]


def _p(value: float | None) -> str:
    return "" if value is None else f"{value:.2g}"
