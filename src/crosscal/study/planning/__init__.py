"""From a study to its plan: every source read and checked, every stage laid out once."""

from crosscal.study.planning.runs import make_plan

__all__ = ["make_plan"]
