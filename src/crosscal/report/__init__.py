"""Results as tables, charts and one self-contained page."""

from crosscal.report.answer import answer
from crosscal.report.context import ReportContext, StageNote
from crosscal.report.limitations import Limit, caution, limits
from crosscal.report.page import write_report
from crosscal.report.terminal.summary import SummaryRow, render_text_table, summary_table

__all__ = [
    "Limit",
    "ReportContext",
    "StageNote",
    "SummaryRow",
    "answer",
    "caution",
    "limits",
    "render_text_table",
    "summary_table",
    "write_report",
]
