"""The documentation is tested: commands parse, studies are accepted, code runs, links lead on."""

from __future__ import annotations

import copy
import json
import re
import shlex
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer.main
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from crosscal import exceptions as errors
from crosscal.cli.app import app
from crosscal.data import FORMATS
from crosscal.predictions import Predictions, Provenance, write_predictions
from crosscal.study.config.execution import Cluster, Execution, RayCluster, Tracking
from crosscal.study.config.load import parse_study, read_study
from crosscal.study.config.settings import (
    Analysis,
    EncoderSettings,
    Prediction,
    Recalibration,
    Recipe,
    Search,
    SourceConfig,
    Study,
    TargetTask,
    Translate,
)
from crosscal.tasks import TASKS
from crosscal.training.settings import TrainingSettings

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    [
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
        *(ROOT / "docs").glob("*.md"),
        ROOT / "studies" / "README.md",
    ]
)
STUDIES = sorted([*(ROOT / "studies").glob("*.toml"), ROOT / "src/crosscal/study/quickstart.toml"])
COMMAND = typer.main.get_command(app)
RUNNABLE = "<!-- runnable -->"
SHELLS = ("sh", "console", "bash")
WITHOUT_TORCH = """\
import sys
class Refuse:
    def find_spec(name, path=None, target=None):
        if name in ("torch", "transformers"):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Refuse)
"""

_FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_LINK = re.compile(r"(!?)\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
# A path from the root of a disk, or of a home: not behind a letter, a slash or a tag's bracket.
_ABSOLUTE = re.compile(r"(?<![\w/.:<>{}*)-])(?:/(?=[A-Za-z])|~/|[A-Za-z]:\\)[\w.~-]*")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: Path
    language: str
    text: str
    runnable: bool


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    return [
        Block(page, match[1], match[2], text[: match.start()].rstrip().endswith(RUNNABLE))
        for match in _FENCE.finditer(text)
    ]


def prose(page: Path) -> str:
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def of_language(*languages: str) -> list[Any]:
    found = [block for page in PAGES for block in blocks(page) if block.language in languages]
    return [pytest.param(b, id=f"{name(b.page)}-{i}") for i, b in enumerate(found)]


def walk(words: list[str]) -> tuple[Any, list[str]]:
    """Follow verbs down the tree of commands: the last of them, and what is left."""
    command = COMMAND
    while words and not words[0].startswith("-") and hasattr(command, "commands"):
        assert words[0] in command.commands, f"no verb {words[0]!r}"
        command, words = command.commands[words[0]], words[1:]
    return command, words


def options(command: Any) -> set[str]:
    return {"--help"} | {option for p in command.params for option in p.opts if option[0] == "-"}


def test_every_page_is_there():
    assert {name(page) for page in PAGES} >= {
        "README.md",
        *(
            f"docs/{page}.md"
            for page in (
                "studies data encoders predictions calibration report command-line executors "
                "development"
            ).split()
        ),
    }


@pytest.mark.parametrize("block", of_language(*SHELLS))
def test_commands_in_blocks_parse(block):
    for line in block.text.splitlines():
        words = shlex.split(line, comments=True)
        if not words:
            continue
        if words[0] == "torchrun":
            assert words[1:6] == ["--nproc-per-node", "2", "-m", "crosscal", "run"]
            words = words[4:]
        if words[0] == "crosscal":
            command, left = walk(words[1:])
            if "--help" not in left:
                command.make_context("crosscal", left)
        elif words[0] == "make":
            targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
            assert set(words[1:]) <= set(targets)
        else:
            assert words[:2] == ["pip", "install"], f"a command that is not tested: {line}"
            wanted = re.fullmatch(r"\.(?:\[(\w+)\])?", words[2])
            assert wanted
            extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
            assert wanted[1] is None or wanted[1] in extras["optional-dependencies"]


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_commands_in_sentences_exist(page):
    for code in _INLINE.findall(prose(page)):
        words = shlex.split(code) if code.startswith("crosscal ") else []
        if words:
            command, left = walk(words[1:])
            given = {word.partition("=")[0] for word in left if word.startswith("-")}
            assert given <= options(command), code
        if code.startswith("python benchmarks/"):
            assert (ROOT / code.split()[1]).is_file(), code


def test_every_verb_and_option_is_documented():
    text = (ROOT / "docs/command-line.md").read_text(encoding="utf-8")

    def leaves(command, words):
        if not hasattr(command, "commands"):
            yield words, command
        else:
            for verb, below in command.commands.items():
                yield from leaves(below, [*words, verb])

    table = {
        row[1]: row[2] for row in re.finditer(r"^\| `(--\w+)` \| ([^|]+) \|", text, re.MULTILINE)
    }
    for words, command in leaves(COMMAND, ["crosscal"]):
        assert f"| `{' '.join(words)}" in text
        for option in options(command) - {"--help"}:
            verb = " ".join(words[1:])
            covered = f"`{verb}`" in table[option] or table[option].startswith("all")
            assert covered, f"{option} of {verb}"


def test_exit_codes_are_documented():
    text = (ROOT / "docs/command-line.md").read_text(encoding="utf-8")
    listed = {int(code) for code in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)}
    kinds = [k for k in vars(errors).values() if isinstance(k, type)]
    assert listed == {0, 130} | {k.exit_code for k in kinds if issubclass(k, errors.CrosscalError)}


BASE = {
    "name": "base",
    "target": {
        "task": "mini-nli",
        **{split: {"format": "mini-nli"} for split in ("train", "dev", "test")},
    },
    "intermediate": {
        name: {
            "task": "answerability",
            **{split: {"format": "mini-answerability"} for split in ("train", "dev")},
        }
        for name in ("mrpc", "answers")
    },
    "mlm": {"texts": {"format": "text", "path": "text"}, "languages": ["de"]},
    "recipes": {"direct": {}},
}


def lay_over(base: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    merged = copy.deepcopy(base)
    if "targets" in part:
        merged.pop("target", None)
    for key, value in part.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = lay_over(merged[key], value) if both else value
    return merged


def check_names(study: Study) -> None:
    for data in (*study.targets.values(), *study.intermediate.values()):
        assert data.task in TASKS
        for split in ("train", "dev", "test"):
            source = getattr(data, split, None)
            assert source is None or source.format in FORMATS


@pytest.mark.parametrize("block", of_language("toml"))
def test_studies_are_accepted(block):
    """A part of a study is laid over a small one; a whole study stands alone."""
    document = tomllib.loads(block.text)
    whole = "name" in document and bool({"target", "targets"} & document.keys())
    check_names(parse_study(document if whole else lay_over(BASE, document), where="block"))


@pytest.mark.parametrize("path", STUDIES, ids=name)
def test_study_files_are_accepted_and_listed(path):
    check_names(read_study(path))
    assert path.name in (ROOT / "studies/README.md").read_text(encoding="utf-8")


SECTIONS: list[tuple[str, type[BaseModel], set[str]]] = [
    ("Top level", Study, {"paths", "encoder", "targets", "mlm", "intermediate", "recipes"}),
    ("`[encoder]`", EncoderSettings, set()),
    ("`[target]`", TargetTask, set()),
    ("Sources", SourceConfig, set()),
    ("Retrieval", Search, set()),
    ("Machine translation", Translate, set()),
    ("`[recipes.NAME]`", Recipe, set()),
    ("`[prediction]`", Prediction, set()),
    ("`[training]`", TrainingSettings, set()),
    ("`[analysis]`", Analysis, set()),
    ("`[recalibration]`", Recalibration, set()),
    ("`[execution]`", Execution, set()),
    ("`[cluster]`", Cluster, set()),
    ("`[ray]`", RayCluster, set()),
    ("`[tracking]`", Tracking, set()),
]


@pytest.mark.parametrize(("heading", "model", "elsewhere"), SECTIONS, ids=[s[0] for s in SECTIONS])
def test_every_setting_is_documented(heading, model, elsewhere):
    text = (ROOT / "docs/studies.md").read_text(encoding="utf-8")
    section = re.split(
        r"^##+ ", text.partition(f"# {heading}\n")[2], maxsplit=1, flags=re.MULTILINE
    )
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]+?) \|", section[0], re.MULTILINE))
    apart = {
        "training",
        "prediction",
        "analysis",
        "recalibration",
        "execution",
        "cluster",
        "ray",
        "tracking",
    }
    other = apart if model is Study else set()
    assert rows.keys() == model.model_fields.keys() - elsewhere - other
    for key, shown in rows.items():
        default = model.model_fields[key].default
        if shown.startswith("`") and default is not PydanticUndefined and default is not None:
            value = tomllib.loads(f"value = {shown.strip('`')}")["value"]
            assert value == (list(default) if isinstance(default, tuple) else default), key


@pytest.mark.parametrize(("page", "entries"), [("data", list(FORMATS)), ("tasks", list(TASKS))])
def test_every_format_and_task_is_documented(page, entries):
    text = (ROOT / f"docs/{page}.md").read_text(encoding="utf-8")
    for entry in entries:
        assert f"\n| `{entry}`" in text, entry


@pytest.mark.parametrize("block", of_language("json"))
def test_json_is_json(block):
    json.loads(block.text)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_python_runs_without_torch(page, tmp_path):
    found = [block for block in blocks(page) if block.language == "python"]
    if not found:
        pytest.skip("no Python on this page")
    assert all(block.runnable for block in found), f"a block that is not marked {RUNNABLE}"
    leave_predictions(tmp_path / "results/quickstart/predictions")
    code = WITHOUT_TORCH + "\n".join(block.text for block in found)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def leave_predictions(folder: Path) -> None:
    """Write what a study leaves: predictions of two recipes, in three languages."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(5)
    rows = [("dev", "en", n) for n in range(150)]
    rows += [("test", code, n) for code in ("de", "en", "sw") for n in range(90)]
    gold = np.array([n % 3 for _, _, n in rows])
    for recipe in ("direct", "paraphrase"):
        scores = rng.normal(size=(len(rows), 3))
        scores[np.arange(len(rows)), gold] += 2.0
        predictions = Predictions.from_arrays(
            Provenance(
                study="quickstart",
                recipe=recipe,
                seed=1,
                task="mini-nli",
                family="classification",
                encoder="none",
                choices=("entailment", "neutral", "contradiction"),
            ),
            unit_ids=[f"{split}-{n:05d}" for split, _, n in rows],
            cluster_ids=[f"{split}-premise-{n // 3:05d}" for split, _, n in rows],
            languages=[language for _, language, _ in rows],
            splits=[split for split, _, _ in rows],
            scores=scores,
            gold=gold,
        )
        write_predictions(predictions, folder / f"{recipe}-seed1.parquet")


def anchors(page: Path) -> set[str]:
    headings = _HEADING.findall(prose(page))
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


def links(page: Path, *, pictures: bool) -> list[str]:
    found = [(mark, target) for mark, target in _LINK.findall(prose(page)) if "://" not in target]
    return [target for mark, target in found if bool(mark) == pictures]


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page):
    for target in links(page, pictures=False):
        file, _, anchor = target.partition("#")
        path = (page.parent / file).resolve() if file else page
        assert path.is_relative_to(ROOT), f"{target} leads out of the project"
        assert path.exists(), f"{target} does not exist"
        if anchor:
            assert anchor in anchors(path), f"{target}: no such heading"


def test_pictures_are_there():
    for page in PAGES:
        for target in links(page, pictures=True):
            assert (page.parent / target).is_file(), f"{name(page)}: no picture {target}"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_no_path_outside_the_project(page):
    text = re.sub(r"https?://\S+", "", page.read_text(encoding="utf-8"))
    assert _ABSOLUTE.findall(text) == []
    for path in re.findall(r"(?:\.\./)+[\w./-]*", text):
        climbed = (page.parent / path).resolve()
        # In a study file, a path starts from the folder of studies.
        assert climbed.is_relative_to(ROOT) or path == "../data", path


def test_the_citation_has_what_the_format_needs():
    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    found = dict(re.findall(r"^([\w-]+): *(.*)$", text, re.MULTILINE))
    assert found["cff-version"] == "1.2.0"
    assert {"message", "title", "authors"} <= found.keys()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert (found["version"], found["license"]) == (project["version"], project["license"])
    assert [{"name": author} for author in re.findall(r"^  - name: (.*)$", text, re.MULTILINE)][
        :1
    ] == project["authors"]


def test_the_figures_of_giveaways_are_those_measured():
    text = (ROOT / "docs/data.md").read_text(encoding="utf-8")
    measured = json.loads((ROOT / "benchmarks/hypothesis_only.json").read_text(encoding="utf-8"))
    for scores in measured["accuracy"].values():
        assert f"| {100 * scores['dev']:.1f} % | {100 * scores['test']:.1f} % |" in text
    share = measured["share of words shared"]
    others = f"{share['entailment']:.2f} and\n{share['neutral']:.2f} of their words"
    assert f"({share['contradiction']:.2f} to {others})" in text
