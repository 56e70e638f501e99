"""All figures of a report, in order."""

from __future__ import annotations

from crosscal.analysis import Results
from crosscal.report.charts.dot_plot import dot_figure
from crosscal.report.charts.reliability import reliability_figures
from crosscal.report.charts.scatter import scatter_figure
from crosscal.report.svg import Figure


def all_figures(results: Results) -> list[Figure]:
    """Draw whatever the results allow.

    Parameters
    ----------
    results : Results

    Returns
    -------
    list of Figure
        Names are unique.
    """
    found = [dot_figure(results, "degradation"), dot_figure(results, "effect")]
    found += reliability_figures(results)
    found += reliability_figures(results, scaling="english")
    found.append(scatter_figure(results))
    return [figure for figure in found if figure is not None]
