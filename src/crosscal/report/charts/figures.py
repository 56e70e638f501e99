"""All figures of an analysis, in order."""

from __future__ import annotations

from crosscal.analysis import Results
from crosscal.report.charts.chart import Chart
from crosscal.report.charts.dot_plot import dot_plot, overview
from crosscal.report.charts.reliability import reliability_figures
from crosscal.report.charts.scatter import scatter_figure


def all_figures(results: Results) -> list[Chart]:
    """Return whatever the results allow to be drawn; names are unique."""
    charts = [
        overview(results),
        dot_plot(results, "degradation"),
        dot_plot(results, "effect"),
        *reliability_figures(results),
        *reliability_figures(results, scaling="english"),
        scatter_figure(results),
    ]
    return [chart for chart in charts if chart is not None]
