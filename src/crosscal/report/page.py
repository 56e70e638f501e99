"""The report as one HTML file, with its figures and data beside it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from crosscal.analysis import Estimate, Results
from crosscal.analysis.recalibration_transfer import RegimeResults
from crosscal.artifacts import disk_errors, write_aside
from crosscal.languages import Language, find_language, table_code
from crosscal.report.answer import answer_clauses
from crosscal.report.autonyms import AUTONYMS
from crosscal.report.characters import clean
from crosscal.report.charts import all_figures
from crosscal.report.charts.chart import Chart
from crosscal.report.charts.kept_drawings import drawings_of
from crosscal.report.charts.layer_curve import layer_curve
from crosscal.report.charts.learning_curve import curve_subject_name, learning_curve
from crosscal.report.charts.markers import colour_class, style_of
from crosscal.report.charts.order import blocks
from crosscal.report.context import ReportContext
from crosscal.report.files import data_files
from crosscal.report.findings import RICH, language_name
from crosscal.report.headline import headline
from crosscal.report.html import draw, environment
from crosscal.report.layers import LayerSweep, layer_table, sweep_data
from crosscal.report.limitations import caution, limits
from crosscal.report.numbers import (
    duration,
    level_percent,
    metric_number,
    number,
    short_interval,
)
from crosscal.report.recalibration import regime_sections, subject_names
from crosscal.report.tables import group_rows, level_sections, part_sections


def write_report(
    results: Results,
    folder: Path,
    *,
    study: ReportContext,
    recalibration: RegimeResults | None = None,
    layers: LayerSweep | None = None,
) -> Path:
    """Write the report.

    Parameters
    ----------
    folder : Path
        Made if it is not there. Gets ``report.html``, ``results.json``, ``data/*.csv`` and, with
        matplotlib, ``figures/*.svg`` and ``figures/*.pdf``; files of the same names are replaced,
        others left alone. What is drawn there already is not drawn again.
    recalibration : RegimeResults, optional
        Adds a section, and ``recalibration.json``.
    layers : LayerSweep, optional
        Of a retrieval target; adds a section, and ``layers.json``.

    Returns
    -------
    Path
        Of ``report.html``, one file that needs none of the others and no network.

    Raises
    ------
    ArtifactError
        No space, or no permission to write.
    """
    with disk_errors(folder):
        for part in ("figures", "data"):
            (folder / part).mkdir(parents=True, exist_ok=True)
    charts = all_figures(results)
    curve = learning_curve(recalibration)
    if curve is not None:
        charts.append(curve)
    if layers is not None:
        charts.append(layer_curve(layers.rows))
    contents: dict[str, str | bytes] = {"results.json": results.to_json()}
    if recalibration is not None:
        contents["recalibration.json"] = recalibration.to_json()
    if layers is not None:
        contents |= sweep_data(layers)
    drawings = drawings_of(map(str, contents.values()), folder / "figures", lambda: draw(charts))
    tables = data_files(results, study, recalibration)
    contents |= {f"data/{name}": text for name, text in tables.items()}
    for drawing in drawings.values():
        contents |= {f"figures/{name}": content for name, content in drawing.files.items()}
    # The page comes last: where it is there, everything it speaks of is.
    contents["report.html"] = (
        _templates()
        .get_template("report.html")
        .render(
            **_content(results, study, charts),
            **_recalibration(recalibration),
            drawings=drawings,
            sweep=layers,
            sweep_table=[] if layers is None else layer_table(layers.rows),
        )
    )
    for name, content in contents.items():
        write_aside(folder / name, content.encode() if isinstance(content, str) else content)
    return folder / "report.html"


def _templates() -> Environment:
    templates = environment()
    templates.filters |= {
        "value": _value,
        "interval": short_interval,
        "duration": duration,
        "number": number,
        "percent": lambda share: number(100 * share),
        "thousandths": lambda value: number(1000 * value, signed=True),
        "soften": _soften,
    }
    templates.globals |= {"language_name": language_name}
    return templates


def _value(estimate: Estimate, signed: bool = False) -> str:
    return metric_number(estimate.value, estimate.metric, signed=signed)


def _soften(clause: str) -> Markup:
    """Mark what stands in brackets, so that a sentence can be read without it."""
    parts = re.split(r"(\([^()]*\))", clean(clause))
    soft = Markup('<span class="quiet">{}</span>')
    return Markup("").join(soft.format(p) if p.startswith("(") else p for p in parts)


def _content(results: Results, study: ReportContext, charts: list[Chart]) -> dict[str, Any]:
    runs = _runs(results, study)
    return {
        "results": results,
        "study": study,
        "title": results.title or study.study,
        "headline": headline(results),
        "answer": answer_clauses(results),
        "caution": caution(results),
        "figures": {figure.name: figure for figure in charts},
        "reliability": [f for f in charts if f.kind == "reliability"],
        "reliability_after": [f for f in charts if f.kind == "reliability, scaled"],
        "groups": group_rows(results),
        "tables": {s: level_sections(results, s) for s in ("none", "english")},
        "parts_tables": {s: part_sections(results, s) for s in ("none", "english")},
        "limits": limits(results),
        "recipes": _recipes(results),
        "languages": _languages(results, study),
        "runs": runs,
        "notes": any(run["note"] for run in runs),
        "size": _size(results),
        "level": level_percent(results),
        "english": language_name(results.baseline_language),
        "scalings": {e.scaling for e in results.estimates},
        "rich": RICH in results.groups,
        "colours": dict(_recipes(results)),
    }


def _recalibration(results: RegimeResults | None) -> dict[str, Any]:
    """Return what the section on recalibration shows: nothing if there is none."""
    return {
        "regimes": [] if results is None else regime_sections(results),
        "regime_subjects": [] if results is None else subject_names(results),
        "regime_subject": "" if results is None else curve_subject_name(results),
        "learnt_from": "" if results is None else results.settings["learnt_from"],
        "laws": [] if results is None else results.laws,
    }


def _recipes(results: Results) -> list[tuple[str, str]]:
    styles = style_of(results.recipes, results.baseline_recipe)
    return [(name, colour_class(s)) for name, s in styles.items() if name in results.recipes]


def _languages(results: Results, study: ReportContext) -> list[dict[str, Any]]:
    entries = {entry.code: entry for entry in study.languages}
    first = [(results.baseline_language, "baseline")]
    rest = [(code, b.heading or "") for b in blocks(results) for code in b.languages]
    rows = []
    for code, group in first + rest:
        entry: Language | None = entries.get(code) or find_language(code)
        rows.append(
            {
                "code": code,
                "name": entry.name if entry else code,
                "script": (entry and entry.script) or "not known",
                "direction": entry.direction if entry else "auto",
                "native": AUTONYMS.get(table_code(code), ""),
                "group": group,
            }
        )
    return rows


def _runs(results: Results, study: ReportContext) -> list[dict[str, Any]]:
    """Return one row a run: development accuracy, temperature, and what is to be said of it."""
    temperatures = {(t["recipe"], t["seed"]): t for t in results.temperatures}
    collapsed = {(c["recipe"], c["seed"]): c["reason"] for c in results.collapsed}
    keys = [*temperatures, *study.development, *collapsed]
    styles = style_of(results.recipes, results.baseline_recipe)
    keys.sort(key=lambda key: (styles.get(key[0], len(styles)), key[1]))
    return [
        {
            "recipe": recipe,
            "colour": colour_class(styles.get(recipe, 0)),
            "seed": seed,
            "development": study.development.get((recipe, seed)),
            "temperature": temperatures.get((recipe, seed)),
            "note": _note(temperatures.get((recipe, seed)), collapsed.get((recipe, seed))),
        }
        for recipe, seed in dict.fromkeys(keys)
    ]


def _note(temperature: dict[str, Any] | None, collapsed: str | None) -> str:
    if collapsed is not None:
        return f"left out: {collapsed}"
    unfit = temperature is not None and not temperature["converged"]
    return "no finite optimum" if unfit else ""


def _size(results: Results) -> dict[str, int] | None:
    levels = [e for e in results.find(quantity="level") if not e.is_group]
    if not levels:
        return None
    return {"n": min(e.n for e in levels), "clusters": min(e.clusters for e in levels)}
