"""The figures of a report."""

from crosscal.report.charts.figures import all_figures

__all__ = ["all_figures"]
