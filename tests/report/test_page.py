"""The page: valid, self-contained, escaped, and there whatever is missing."""

from __future__ import annotations

import re
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from markupsafe import escape

from crosscal.analysis import Results
from crosscal.exceptions import ArtifactError
from crosscal.languages import XNLI
from crosscal.report import ReportContext, write_report
from crosscal.report.charts import all_figures
from crosscal.report.numbers import metric_number

Build = Callable[..., Results]
BuildContext = Callable[..., ReportContext]
VOID = {"meta", "link", "br", "hr", "img", "input"}


class Page(HTMLParser):
    """Reads a page, and fails on what is not closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), (tag, names)
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """Return the attributes of all elements of a name."""
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def folder(
    results: Results, context: ReportContext, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A report written once."""
    return write_report(results, tmp_path_factory.mktemp("report"), study=context).parent


@pytest.fixture(scope="module")
def html(folder: Path) -> str:
    """Its page."""
    return (folder / "report.html").read_text(encoding="utf-8")


def test_parses_and_ids_are_unique(html: str) -> None:
    page = Page(html)
    ids = [a["id"] for _, a in page.tags if "id" in a]
    assert len(ids) == len(set(ids))
    targets = {a["href"] for a in page.all("a") if str(a["href"]).startswith("#")}
    assert targets <= {f"#{ident}" for ident in ids}
    labels = [str(a["aria-labelledby"]).split() for a in page.all("svg")]
    assert {name for each in labels for name in each} <= set(ids)


def test_nothing_is_asked_of_the_network(html: str, folder: Path) -> None:
    page = Page(html)
    texts = [html, *(p.read_text(encoding="utf-8") for p in folder.glob("figures/*.svg"))]
    for text in texts:
        assert not re.search(r"""(src|href|action|data)\s*=\s*["']?\s*(https?:)?//""", text)
        assert not re.search(r"url\(|@import|@font-face", text)
        assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", text)
    assert not page.all("script")
    assert not [a for _, a in page.tags if any(name.startswith("on") for name in a)]


def test_what_it_links_to_is_there(html: str, folder: Path) -> None:
    links = {str(a["href"]) for a in Page(html).all("a")} - {""}
    files = {link for link in links if not link.startswith("#")}
    assert files
    assert all((folder / link).is_file() for link in files)


def test_every_figure_has_its_data(folder: Path) -> None:
    figures = {path.stem for path in folder.glob("figures/*.svg")}
    assert {"degradation", "effect", "ece-against-accuracy", "reliability-direct"} <= figures
    assert figures <= {path.stem for path in folder.glob("data/*.csv")}
    assert figures == {path.stem for path in folder.glob("figures/*.pdf")}


def test_figures_are_named_for_those_who_cannot_see_them(html: str) -> None:
    charts = Page(html).all("svg")
    assert len(charts) == 2 * (1 + 2 + 3 + 3 + 1)
    assert all(a["role"] == "img" and a["aria-labelledby"] for a in charts)


def test_tables_have_scopes(html: str) -> None:
    page = Page(html)
    assert all(a.get("scope") in {"col", "row", "rowgroup", "colgroup"} for a in page.all("th"))
    assert re.search(r'<span lang="ar" dir="rtl">', html)


def test_calibration_error_is_never_alone(html: str) -> None:
    for table in re.findall(r"<table.*?</table>", html, flags=re.DOTALL):
        if "ECE" in table:
            assert all(word in table for word in ("Accuracy", "NLL", "noise floor"))


def test_degradations_are_taken_apart(html: str, results: Results) -> None:
    tables = re.findall(r"<table.*?</table>", html, flags=re.DOTALL)
    parts = [table for table in tables if "Explained" in table]
    assert len(parts) == 2  # as trained, and after the temperature
    assert all(table.count("<tr") == 1 + 2 + 16 * 3 for table in parts)
    for metric in ("ece_explained_by_accuracy", "ece_beyond_accuracy", "gap_beyond_accuracy"):
        for found in results.find(quantity="degradation", metric=metric, scaling="none"):
            value = metric_number(found.value, metric, signed=True)
            assert f">{value}<" in parts[0]
    assert "take the temperature as given" in html


def test_equal_results_equal_bytes(
    results: Results, context: ReportContext, folder: Path, tmp_path: Path
) -> None:
    write_report(results, tmp_path, study=context)
    names = sorted(p.relative_to(folder) for p in folder.rglob("*") if p.is_file())
    assert names == sorted(p.relative_to(tmp_path) for p in tmp_path.rglob("*") if p.is_file())
    assert all((folder / n).read_bytes() == (tmp_path / n).read_bytes() for n in names)


def test_results_are_beside_it(results: Results, folder: Path) -> None:
    assert Results.from_json((folder / "results.json").read_text(encoding="utf-8")) == results


def test_figures_are_valid_and_speak_generic_fonts(folder: Path) -> None:
    for path in folder.glob("figures/*.svg"):
        root = ET.fromstring(path.read_text(encoding="utf-8"))
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert "sans-serif" in str(root.find("{http://www.w3.org/2000/svg}style").text)  # type: ignore[union-attr]
        x, y, width, height = (float(v) for v in root.attrib["viewBox"].split())
        assert (x, y) == (0, 0)
        assert width > 0
        assert height > 0


BAD = "</title><script>alert('x')</script><b \x00\x1b & \"q\" ]]>"


@pytest.mark.usefixtures("without_pdf")
def test_everything_is_escaped(build: Build, build_context: BuildContext, tmp_path: Path) -> None:
    results = build(languages=("en", "sw", "de"), recipes=("direct", BAD))
    results = replace(
        results,
        title=BAD,
        groups={BAD if g == "others" else g: codes for g, codes in results.groups.items()},
        estimates=[
            replace(e, language=BAD) if e.language == "others" else e for e in results.estimates
        ],
        collapsed=[{"recipe": BAD, "seed": 3, "reason": BAD}],
    )
    context = build_context(
        question=BAD,
        study=BAD,
        encoder=BAD,
        task=BAD,
        recipes={BAD: BAD},
        training={BAD: BAD},
        settings_toml=BAD,
        warnings=(BAD,),
        version=BAD,
        versions={BAD: BAD},
        data_files={BAD: BAD},
        development={(BAD, 0): 0.5},
    )
    path = write_report(results, tmp_path, study=context)
    html = path.read_text(encoding="utf-8")
    page = Page(html)
    assert not page.all("script")
    assert not page.all("b")
    assert "\x00" not in html
    assert "\x1b" not in html
    for figure in tmp_path.glob("figures/*.svg"):
        ET.fromstring(figure.read_text(encoding="utf-8"))
    assert all(re.fullmatch(r"[a-z0-9.-]+", p.name) for p in tmp_path.glob("*/*"))


CASES: dict[str, dict[str, object]] = {
    "one recipe": {"recipes": ("direct",)},
    "no baseline recipe": {"recipes": ("mrpc", "qqp")},
    "one seed": {"seeds": (0,)},
    "no groups": {"grouped": False},
    "single language": {"languages": ("en",), "grouped": False},
    "two languages": {"languages": ("en", "sw")},
    "no temperature": {"scalings": ("none",)},
    "many recipes": {"recipes": ("direct", *"abcdefgh")},
}


@pytest.mark.usefixtures("without_pdf")
@pytest.mark.parametrize("case", CASES)
def test_missing_pieces(
    case: str, build: Build, build_context: BuildContext, tmp_path: Path
) -> None:
    arguments = {"languages": ("en", "sw", "tr", "zh"), **CASES[case]}
    path = write_report(build(**arguments), tmp_path, study=build_context())
    html = path.read_text(encoding="utf-8")
    page = Page(html)
    links = {str(a["href"]) for a in page.all("a")}
    assert all((tmp_path / link).is_file() for link in links if not link.startswith("#"))
    assert "What could not be concluded" in html
    assert ("What the recipes change" in html) == (
        case not in {"one recipe", "no baseline recipe", "single language"}
    )


@pytest.mark.usefixtures("without_pdf")
def test_bare_context(build: Build, tmp_path: Path) -> None:
    context = ReportContext(question="Does it?", study="mine")
    few = build(languages=("en", "sw"))
    html = write_report(few, tmp_path, study=context).read_text(encoding="utf-8")
    Page(html)


def test_nothing_left(build: Build, context: ReportContext, tmp_path: Path) -> None:
    collapsed = [{"recipe": "direct", "seed": s, "reason": "at chance"} for s in (0, 1)]
    results = replace(
        build(languages=("en", "sw")),
        estimates=[],
        reliability=[],
        temperatures=[],
        collapsed=collapsed,
        groups={},
    )
    html = write_report(results, tmp_path, study=context).read_text(encoding="utf-8")
    Page(html)
    assert "left out: at chance" in html


@pytest.mark.usefixtures("without_pdf")
def test_no_finite_temperature_is_said(
    build: Build, context: ReportContext, tmp_path: Path
) -> None:
    results = build(languages=("en", "sw"))
    results.temperatures[0]["converged"] = False
    html = write_report(results, tmp_path, study=context).read_text(encoding="utf-8")
    assert "no finite optimum" in html
    assert "Temperatures without an optimum" in html


@pytest.mark.usefixtures("without_pdf")
@pytest.mark.parametrize(("code", "shown"), [("tlh", "Klingon"), ("qtx", "qtx")])
def test_languages_without_an_entry_are_named_or_shown_by_code(
    build: Build, build_context: BuildContext, tmp_path: Path, code: str, shown: str
) -> None:
    results = build(languages=("en", "sw"), grouped=False)
    text = results.to_json().replace('"sw"', f'"{code}"')
    context = build_context(languages=())
    html = write_report(Results.from_json(text), tmp_path, study=context).read_text("utf-8")
    assert f"In {shown}, calibration degrades" in html


def test_without_matplotlib_tables_stand_and_figures_are_named(
    results: Results,
    context: ReportContext,
    html: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    path = write_report(results, tmp_path, study=context)
    bare = path.read_text(encoding="utf-8")
    page = Page(bare)
    assert not page.all("svg")
    assert not list(tmp_path.glob("figures/*"))
    links = {str(a["href"]) for a in page.all("a")}
    assert all((tmp_path / link).is_file() for link in links if not link.startswith("#"))
    assert bare.count("pip install 'crosscal[report]'") == 1 + 2 + 3 + 3 + 1
    for figure in all_figures(results):
        assert escape(figure.description) in bare
    tables = re.compile(r"<table.*?</table>", flags=re.DOTALL)
    assert tables.findall(bare) == tables.findall(html)


def test_folder_that_cannot_be_written(
    results: Results, context: ReportContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(tmp_path))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(ArtifactError, match="permission"):
        write_report(results, tmp_path / "there", study=context)


def test_all_languages_are_shown(html: str) -> None:
    assert all(f">{code}<" in html for code in XNLI)
