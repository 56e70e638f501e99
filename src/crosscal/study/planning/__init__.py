"""From a study to its plan: every source read and checked, every stage laid out once."""

from crosscal.study.planning.encoder_limits import check_fits
from crosscal.study.planning.runs import make_plan

__all__ = ["check_fits", "make_plan"]
